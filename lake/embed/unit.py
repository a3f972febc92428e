"""Unit vectors: the only place that makes vectors float32 rows of length one."""

from __future__ import annotations

import numpy as np

from lake.errors import ContractError


def unit_rows(vectors: np.ndarray, made_by: str) -> np.ndarray:
    """Rows scaled to length one, float32; each row's bytes depend on that row alone.

    Norms are taken in float64, so that models which normalise in a lower precision come out exact.
    Raises ContractError for a row that is not finite or has no direction.
    """
    rows = np.ascontiguousarray(vectors, dtype=np.float64)
    norms = np.sqrt(np.square(rows).sum(axis=1, keepdims=True))
    if not np.isfinite(norms).all() or (norms == 0).any():
        raise ContractError(
            f"{made_by} returned a vector that is zero or not finite; check the model, nothing was stored"
        )
    unit: np.ndarray = (rows / norms).astype(np.float32)
    return unit
