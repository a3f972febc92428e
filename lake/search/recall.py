"""How many of the true nearest neighbours an approximate vector index finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lake.table_reader import TableReader

#: Rows whose own vectors ask, evenly spread; each exact answer reads every vector of the table.
_N_QUESTIONS = 20
_K = 10
#: A neighbour as near as the last true one counts as true.
_TOLERANCE = 1e-5


def missed_neighbours(chunks: TableReader) -> tuple[int, int]:
    """(missed, looked up) among the 10 nearest neighbours of 20 rows; both 0 without an index."""
    if "vector" not in chunks.unindexed():
        return 0, 0
    n_rows = chunks.count()
    rows = chunks.dataset().take(np.linspace(0, n_rows - 1, _N_QUESTIONS).astype(int), columns=["vector"])
    missed, looked_up = 0, 0
    for vector in rows.column("vector").to_pylist():
        asked = np.array(vector, np.float32)
        exact = chunks.nearest_exactly(asked, _K).column("_distance").to_numpy()
        found = chunks.nearest(asked, _K).column("_distance").to_numpy()
        looked_up += len(exact)
        missed += len(exact) - int(np.sum(found <= exact.max(initial=0.0) + _TOLERANCE))
    return missed, looked_up
