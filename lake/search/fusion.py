"""Two ranked lists into one."""

from __future__ import annotations

import numpy as np

#: Reciprocal rank fusion's constant (Cormack, Clarke and Büttcher, SIGIR 2009).
RRF = 60


def reciprocal_ranks(*ranks: np.ndarray, weights: tuple[float, ...] | None = None) -> np.ndarray:
    """Each leg gives weight / (60 + rank) to what it found; rank 0 says that it did not.

    >>> reciprocal_ranks(np.array([1, 0]), np.array([2, 1])).round(5).tolist()
    [0.03252, 0.01639]
    """
    scores = np.zeros(len(ranks[0]))
    for leg, weight in zip(ranks, weights or (1.0,) * len(ranks), strict=True):
        scores += np.where(leg > 0, weight / (RRF + leg), 0.0)
    return scores
