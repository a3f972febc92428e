"""Measures how many of the true nearest neighbours an approximate vector index finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lake.recipe import VECTOR_COLUMNS

if TYPE_CHECKING:
    from lake.recipe import VectorIndex
    from lake.tables.reader import TableReader

#: Rows whose vectors serve as queries, evenly spaced; one scan of the vectors gives all exact answers.
_N_QUESTIONS = 20
_K = 10
#: A neighbour as near as the last true one counts as true.
_TOLERANCE = 1e-5


def missed_neighbours(chunks: TableReader, index: VectorIndex) -> tuple[int, int]:
    """(missed, looked up) among the 10 nearest neighbours of 20 rows, by each column of vectors with an index.

    ``index`` is the recipe's.
    """
    each = [_missed(chunks, column, index) for column in VECTOR_COLUMNS if column in chunks.unindexed()]
    return sum(missed for missed, _ in each), sum(looked_up for _, looked_up in each)


def _missed(chunks: TableReader, column: str, index: VectorIndex) -> tuple[int, int]:
    n_rows = chunks.count()
    rows = chunks.dataset().take(np.linspace(0, n_rows - 1, _N_QUESTIONS).astype(int), columns=[column])
    queries = np.array(rows.column(column).to_pylist(), np.float32)
    missed, looked_up = 0, 0
    for vector, exact in zip(queries, _nearest_distances(chunks, queries, column), strict=True):
        found = chunks.nearest(vector, _K, column=column, index=index).column("_distance").to_numpy()
        n_exact = int(np.isfinite(exact).sum())
        looked_up += n_exact
        missed += n_exact - int(np.sum(found <= exact[:n_exact].max(initial=0.0) + _TOLERANCE))
    return missed, looked_up


def _nearest_distances(chunks: TableReader, queries: np.ndarray, column: str) -> np.ndarray:
    """Cosine distances of the 10 rows that are nearest to each vector, ascending; infinite if there are fewer."""
    best = np.full((len(queries), _K), np.inf, np.float32)
    for batch in chunks.batches((column,)):
        rows = batch.column(column).drop_null()
        values = rows.flatten().to_numpy(zero_copy_only=False).reshape(len(rows), -1).astype(np.float32, copy=False)
        with np.errstate(invalid="ignore", divide="ignore"):
            lengths = np.linalg.norm(queries, axis=1)[:, None] * np.sqrt(np.einsum("ij,ij->i", values, values))
            distances = np.nan_to_num(1 - queries @ values.T / lengths, nan=np.inf)
        best = np.partition(np.concatenate([best, distances], axis=1), _K - 1, axis=1)[:, :_K]
    return np.sort(best, axis=1)
