"""Joins the ranked lists of a search in one table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

#: Columns that are read for every candidate, by kind of passage: enough to order and group candidates.
_PLACE = {
    "none": ("chunk_id",),
    "parent": ("chunk_id", "parent_id"),
    "window": ("chunk_id", "parent_id", "ordinal"),
}


@dataclass(frozen=True, slots=True)
class RankedList:
    """The result of one retriever: row ids of the chunks table and scores, higher is better.

    ``n_merged`` rows that it found are not among them, since another one stands for each.
    """

    name: str  # text, or a column of vectors
    row_ids: np.ndarray
    scores: np.ndarray
    n_merged: int = 0


#: What each retriever adds to candidates' scores, by its ranks (from 1; 0: not found) and scores (0: not found).
Fuse = Callable[[dict[str, np.ndarray], dict[str, np.ndarray]], dict[str, np.ndarray]]


def place(expand: str) -> tuple[str, ...]:
    """Columns of the chunks table."""
    return _PLACE[expand]


def ranked(lists: list[RankedList], depth: int, places: Callable[[np.ndarray], pa.Table], fuse: Fuse) -> pa.Table:
    """One row for each chunk in the first ``depth`` of any list, best first.

    Columns: ``_rowid``, those of ``places``, ``score``, and each retriever's rank and score, null if it did not
    find the chunk, and what it ``added``. Equal scores are in order of chunk_id, within a list and in the result.
    """
    row_ids = _distinct(np.concatenate([one.row_ids for one in lists]))
    placed = places(row_ids)
    by_id = pc.sort_indices(placed.column("chunk_id")).to_numpy()
    tie = np.empty_like(by_id)
    tie[by_id] = np.arange(len(by_id))
    ranks, scores = {}, {}
    for one in lists:
        at = np.searchsorted(row_ids, one.row_ids)
        order = np.lexsort((tie[at], -one.scores))[:depth]
        ranks[one.name], scores[one.name] = np.zeros(len(row_ids), np.int32), np.zeros(len(row_ids))
        ranks[one.name][at[order]] = np.arange(1, len(order) + 1)
        scores[one.name][at[order]] = one.scores[order]
    added = fuse(ranks, scores)
    total = np.sum(list(added.values()), axis=0)
    found = np.any([rank > 0 for rank in ranks.values()], axis=0)
    order = by_id[np.argsort(-total[by_id], kind="stable")]
    order = order[found[order]]
    # Arrays are ordered before they become a table, which takes each column several times as long.
    columns = {"_rowid": pa.array(row_ids[order], pa.uint64())}
    columns |= zip(placed.column_names, placed.take(pa.array(order)).columns, strict=True)
    columns["score"] = pa.array(total[order], pa.float64())
    none = np.zeros(len(row_ids))
    for name in dict.fromkeys(("vector", *ranks, "text")):
        rank = ranks.get(name, none)[order]
        columns[f"{name}_rank"] = pa.array(rank.astype(np.int32), pa.int32(), mask=rank == 0)
        columns[f"{name}_score"] = pa.array(scores.get(name, none)[order], pa.float64(), mask=rank == 0)
    columns |= {f"{name}_added": pa.array(part[order], pa.float64()) for name, part in added.items()}
    return pa.table(columns)


def _distinct(values: np.ndarray) -> np.ndarray:
    """What ``np.unique`` returns, in a third of its time: it hashes before it sorts.

    >>> _distinct(np.array([3, 1, 3])), _distinct(np.array([]))
    (array([1, 3]), array([], dtype=float64))
    """
    values = np.sort(values)
    return values[np.concatenate(([True], values[1:] != values[:-1]))] if len(values) else values
