"""Two releases compared by how people judged their passages while both were live."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import product
from math import comb, prod
from typing import Any

import numpy as np

from expectations.resampling import N_RESAMPLES
from lake.errors import UsageError

#: Up to so many kinds of assignment, each is counted.
_EXACTLY = 50_000
#: A difference is told as one from this p-value down.
LEVEL = 0.05
#: Useful and all judgements of one session.
_Session = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Side:
    """A release or a variant: its judgements, by how many sessions, and how many of them were useful."""

    release: str
    n: int
    sessions: int
    useful: int
    share: float


@dataclass(frozen=True, slots=True)
class FeedbackComparison:
    """``difference``: share of useful ones in ``b`` less that in ``a``, with a 95 % interval and a p-value."""

    a: Side
    b: Side
    difference: float
    low: float
    high: float
    p: float

    @property
    def word(self) -> str:
        if self.p >= LEVEL:
            return "no difference shown"
        return "better" if self.difference > 0 else "worse"

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "word": self.word}


def compare_feedback(
    rows: Iterable[Mapping[str, Any]], a: str, b: str, since: datetime | None = None, seed: int = 0
) -> FeedbackComparison:
    """FEEDBACK rows of two releases or variants, oldest first; raises UsageError if one of them has none.

    Judgements of one session depend on each other, so sessions, not judgements, are resampled and exchanged: a
    bootstrap for the interval, a permutation of all sessions between the releases for p. It is exact if few assignments
    differ. Judgements without a session count as one each.
    """
    if a == b:
        raise UsageError(f"{a} can't be compared with itself by feedback")
    recent = [row for row in rows if since is None or row["given_at"] >= since]
    sessions = [_sessions(recent, release) for release in (a, b)]
    for release, mine in zip((a, b), sessions, strict=True):
        if not mine:
            known = dict(Counter(row["variant"] or row["release"] for row in recent))
            raise UsageError(f"nobody judged a passage of {release}; judgements by release and variant: {known}")
    before, after = (_side(release, mine) for release, mine in zip((a, b), sessions, strict=True))
    rng = np.random.default_rng(seed)
    draws = [_resampled(mine, rng) for mine in sessions]
    low, high = np.quantile(draws[1] - draws[0], [0.025, 0.975])
    p = permutation_p(sessions[0], sessions[1], seed)
    return FeedbackComparison(before, after, after.share - before.share, float(low), float(high), p)


def _sessions(rows: Iterable[Mapping[str, Any]], release: str) -> list[_Session]:
    """Of each session at a release or variant; if a session judged a passage twice, the last judgement counts."""
    last: dict[str, dict[tuple[str, str], bool]] = defaultdict(dict)
    for row in rows:
        if (row["variant"] or row["release"]) == release:
            last[row["voter"] or row["feedback_id"]][row["question"], row["chunk_id"]] = row["useful"]
    return [(sum(said.values()), len(said)) for said in last.values()]


def _side(release: str, sessions: list[_Session]) -> Side:
    useful, n = (sum(one[i] for one in sessions) for i in (0, 1))
    return Side(release, n, len(sessions), useful, useful / n)


def _kinds(sessions: Iterable[_Session]) -> tuple[np.ndarray, np.ndarray]:
    """Distinct sessions [kinds, 2], and how many there are of each: equal sessions need not be distinguished."""
    counted = sorted(Counter(sessions).items())
    return np.array([kind for kind, _ in counted], float), np.array([n for _, n in counted])


def _resampled(sessions: list[_Session], rng: np.random.Generator) -> np.ndarray:
    """Shares of useful judgements in bootstrap samples of sessions."""
    kinds, counts = _kinds(sessions)
    drawn = rng.multinomial(len(sessions), counts / len(sessions), size=N_RESAMPLES)
    return _share(drawn @ kinds)


def _share(sums: np.ndarray) -> np.ndarray:
    shares: np.ndarray = sums[:, 0] / sums[:, 1]
    return shares


def permutation_p(a: list[_Session], b: list[_Session], seed: int = 0) -> float:
    """How often sessions dealt out at random to two sides of these sizes differ at least as much; two-sided.

    >>> permutation_p([(0, 1)] * 3, [(1, 1)] * 3)
    0.1
    >>> permutation_p([(1, 1), (0, 1)], [(1, 1), (0, 1)])
    1.0
    """
    kinds, counts = _kinds([*a, *b])
    whole = counts @ kinds

    def differences(dealt: np.ndarray) -> np.ndarray:
        first = dealt @ kinds
        apart: np.ndarray = np.abs(_share(first) - _share(whole - first))
        return apart

    mine = Counter(a)
    observed = np.array([[mine[int(useful), int(n)] for useful, n in kinds]])
    # A difference that differs by rounding alone is as large.
    reached = float(differences(observed)[0]) * (1 - 1e-9)
    if prod(int(n) + 1 for n in counts) <= _EXACTLY:
        dealt = np.array([one for one in product(*(range(n + 1) for n in counts)) if sum(one) == len(a)])
        ways = np.array([prod(comb(int(n), int(k)) for n, k in zip(counts, one, strict=True)) for one in dealt], object)
        return float(sum(ways[differences(dealt) >= reached]) / sum(ways))
    rng = np.random.default_rng(seed)
    drawn = rng.multivariate_hypergeometric(counts, len(a), size=N_RESAMPLES, method="marginals")
    return (int((differences(drawn) >= reached).sum()) + 1) / (N_RESAMPLES + 1)
