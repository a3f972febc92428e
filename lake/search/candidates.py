"""What the legs of a search found, as one ranked table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

#: What is read of every candidate, by what they are grouped into: enough to order and to group them.
_PLACE = {
    "none": ("chunk_id",),
    "parent": ("chunk_id", "parent_id"),
    "window": ("chunk_id", "parent_id", "ordinal"),
}


@dataclass(frozen=True, slots=True)
class Leg:
    """What one way of searching found: row ids of the chunks table and scores, higher is better."""

    name: str  # vector or text
    row_ids: np.ndarray
    scores: np.ndarray


#: Scores of candidates from each leg's ranks (from 1; 0 where it did not find one) and scores (0 there).
Fuse = Callable[[dict[str, np.ndarray], dict[str, np.ndarray]], np.ndarray]


def place(expand: str) -> tuple[str, ...]:
    """Columns of the chunks table."""
    return _PLACE[expand]


def ranked(legs: list[Leg], depth: int, places: Callable[[np.ndarray], pa.Table], fuse: Fuse) -> pa.Table:
    """One row for each chunk that a leg found among its first ``depth``, best first.

    Columns: ``_rowid``, those of ``places``, ``score``, and rank and score of each leg, null where it did not find the
    chunk.
    Equal scores stand in order of chunk_id, in a leg and in the end.
    """
    row_ids = np.unique(np.concatenate([leg.row_ids for leg in legs]))
    placed = places(row_ids)
    by_id = pc.sort_indices(placed.column("chunk_id")).to_numpy()
    tie = np.empty_like(by_id)
    tie[by_id] = np.arange(len(by_id))
    ranks, scores = {}, {}
    for leg in legs:
        at = np.searchsorted(row_ids, leg.row_ids)
        order = np.lexsort((tie[at], -leg.scores))[:depth]
        ranks[leg.name], scores[leg.name] = np.zeros(len(row_ids), np.int32), np.zeros(len(row_ids))
        ranks[leg.name][at[order]] = np.arange(1, len(order) + 1)
        scores[leg.name][at[order]] = leg.scores[order]
    total = fuse(ranks, scores)
    found = np.any([rank > 0 for rank in ranks.values()], axis=0)
    order = np.lexsort((tie, -total))
    return _table(row_ids, placed, total, ranks, scores).take(pa.array(order[found[order]]))


def _table(
    row_ids: np.ndarray,
    placed: pa.Table,
    total: np.ndarray,
    ranks: dict[str, np.ndarray],
    scores: dict[str, np.ndarray],
) -> pa.Table:
    columns = {"_rowid": pa.array(row_ids, pa.uint64()), **dict(zip(placed.column_names, placed.columns, strict=True))}
    columns["score"] = pa.array(total, pa.float64())
    for name in ("vector", "text"):
        rank = ranks.get(name, np.zeros(len(row_ids), np.int32))
        columns[f"{name}_rank"] = pa.array(rank, pa.int32(), mask=rank == 0)
        columns[f"{name}_score"] = pa.array(scores.get(name, np.zeros(len(row_ids))), pa.float64(), mask=rank == 0)
    return pa.table(columns)
