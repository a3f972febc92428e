"""What a sample of questions shows: bootstrap intervals of a mean, and a paired randomisation test. Seeded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

#: Resamples; with 10,000 a p-value near .05 is known to about .004.
N_RESAMPLES = 10_000
_AT_A_TIME = 1 << 22
#: Up to so many differences other than 0, every assignment of signs is counted.
_EXACTLY = 13


def interval(values: np.ndarray, confidence: float = 0.95, seed: int = 0) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean of ``values`` [n]; nan for none.

    >>> interval(np.array([0.5, 0.5, 0.5]))
    (0.5, 0.5)
    """
    if not len(values):
        return float("nan"), float("nan")
    means = np.concatenate(list(_means(np.asarray(values, float), np.random.default_rng(seed))))
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def _means(values: np.ndarray, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Means of resamples, in pieces that fit into memory."""
    step = max(1, _AT_A_TIME // len(values))
    for start in range(0, N_RESAMPLES, step):
        n = min(step, N_RESAMPLES - start)
        yield values[rng.integers(0, len(values), (n, len(values)))].mean(axis=1)


def randomisation_p(differences: np.ndarray, seed: int = 0) -> float:
    """How often a mean at least as far from 0 comes about if each difference might as well have the other sign.

    Two-sided. Exact in that it errs with at most the stated probability whatever the differences are like: the
    observed assignment counts as one of those drawn.

    >>> randomisation_p(np.array([0.0, 0.0])), randomisation_p(np.array([1.0, 1.0, 1.0]))
    (1.0, 0.25)
    """
    nonzero = np.asarray(differences, float)
    nonzero = nonzero[nonzero != 0]
    if not len(nonzero):
        return 1.0
    # A sum that differs by rounding alone is as far away.
    reached = abs(nonzero.sum()) * (1 - 1e-9)
    if len(nonzero) <= _EXACTLY:
        signs = np.array(list(product((-1.0, 1.0), repeat=len(nonzero))))
        return float((abs(signs @ nonzero) >= reached).mean())
    rng, n_reached = np.random.default_rng(seed), 0
    step = max(1, _AT_A_TIME // len(nonzero))
    for start in range(0, N_RESAMPLES, step):
        n = min(step, N_RESAMPLES - start)
        is_kept = rng.integers(0, 2, (n, len(nonzero)), dtype=bool)  # a bit each: a fifth of the time of whole numbers
        sums = 2 * (is_kept.astype(float) @ nonzero) - nonzero.sum()
        n_reached += int((abs(sums) >= reached).sum())
    return (n_reached + 1) / (N_RESAMPLES + 1)


def holm(ps: Sequence[float]) -> list[float]:
    """P-values corrected for their number: rejecting those at most alpha errs in any of them with at most alpha.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    corrected, highest = [1.0] * len(ps), 0.0
    for rank, number in enumerate(sorted(range(len(ps)), key=lambda n: ps[n])):
        highest = max(highest, min(1.0, ps[number] * (len(ps) - rank)))
        corrected[number] = highest
    return corrected
