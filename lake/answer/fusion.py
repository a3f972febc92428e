"""Fuses the rankings of several queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence

_RRF = 60


def fuse(rankings: Sequence[pa.Table], k: int, key: str = "chunk_id") -> pa.Table:
    """The best ``k`` rows by reciprocal rank fusion over ``key``, which also breaks ties.

    ``score`` is the fused score; all else comes from the row's best appearance, the earlier ranking if equal.
    """
    if len(rankings) == 1:
        return rankings[0].slice(0, k)
    scores: dict[str, float] = {}
    best: dict[str, tuple[int, int]] = {}
    for number, ranking in enumerate(rankings):
        for rank, value in enumerate(ranking.column(key).to_pylist()):
            scores[value] = scores.get(value, 0.0) + 1.0 / (_RRF + rank + 1)
            best[value] = min(best.get(value, (rank, number)), (rank, number))
    order = sorted(scores, key=lambda value: (-scores[value], value))[:k]
    if not order:
        return rankings[0]
    rows = pa.concat_tables(rankings[best[value][1]].slice(best[value][0], 1) for value in order)
    fused = pa.array([scores[value] for value in order], pa.float64())
    return rows.set_column(rows.schema.get_field_index("score"), rows.schema.field("score"), fused)
