"""Releases, and sides of trials, by how people judged their passages; two of them compared."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import product
from math import comb, prod
from typing import TYPE_CHECKING, Any

import numpy as np

from expectations.resampling import N_RESAMPLES
from lake.errors import UsageError

if TYPE_CHECKING:
    from lake.index import Index

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
    recent = _since(rows, since)
    sessions = [_sessions(recent, release) for release in (a, b)]
    for release, mine in zip((a, b), sessions, strict=True):
        if not mine:
            judged = ", ".join(f"{n:,} of {side}" for side, n in sorted(Counter(map(_side_of, recent)).items()))
            raise UsageError(f"nobody judged a passage of {release}; judgements so far: {judged or 'none'}")
    before, after = (_side(release, mine) for release, mine in zip((a, b), sessions, strict=True))
    rng = np.random.default_rng(seed)
    draws = [_resampled(mine, rng) for mine in sessions]
    low, high = np.quantile(draws[1] - draws[0], [0.025, 0.975])
    p = permutation_p(sessions[0], sessions[1], seed)
    return FeedbackComparison(before, after, after.share - before.share, float(low), float(high), p)


def compared(
    index: Index, a: str, b: str, since: datetime | None = None
) -> tuple[FeedbackComparison, list[dict[str, Any]]]:
    """Two sides by the lake's judgements, and ``compared_questions``.

    ``a`` and ``b`` are variants, or releases in any way to name one. Raises UsageError if nobody judged one of them.
    """
    rows = index.judgements().to_pylist()
    variants = {row["variant"] for row in rows}
    first, second = (name if name in variants else index.release(name).id for name in (a, b))
    return compare_feedback(rows, first, second, since), compared_questions(rows, first, second, since)


def judged_sides(rows: Iterable[Mapping[str, Any]], since: datetime | None = None) -> list[dict[str, Any]]:
    """Each release and variant with judgements: its Side, ``is_variant`` and ``last_at``; the one judged last first."""
    recent = _since(rows, since)
    last_at = {_side_of(row): row["given_at"] for row in recent}
    variants = {row["variant"] for row in recent}
    found = [
        {**asdict(_side(name, _sessions(recent, name))), "is_variant": name in variants, "last_at": at}
        for name, at in last_at.items()
    ]
    return sorted(found, key=lambda one: one["last_at"], reverse=True)


def compared_questions(
    rows: Iterable[Mapping[str, Any]], a: str, b: str, since: datetime | None = None
) -> list[dict[str, Any]]:
    """Questions judged on both sides, with useful and all judgements of each, the largest differences first."""
    last: dict[tuple[str, ...], bool] = {}
    for row in _since(rows, since):
        voter = row["voter"] or row["feedback_id"]
        last[_side_of(row), " ".join(row["question"].split()), row["chunk_id"], voter] = row["useful"]
    counts: defaultdict[str, dict[str, list[int]]] = defaultdict(lambda: {a: [0, 0], b: [0, 0]})
    for (side, question, *_), useful in last.items():
        if side in (a, b):
            counts[question][side][0] += useful
            counts[question][side][1] += 1
    found = []
    for question, of in counts.items():
        if of[a][1] and of[b][1]:
            shares = [of[side][0] / of[side][1] for side in (a, b)]
            numbers = dict(zip(("useful_a", "n_a", "useful_b", "n_b"), (*of[a], *of[b]), strict=True))
            found.append({"question": question, **numbers, "difference": shares[1] - shares[0]})
    return sorted(found, key=lambda one: (-abs(one["difference"]), one["question"]))


def _since(rows: Iterable[Mapping[str, Any]], since: datetime | None) -> list[Mapping[str, Any]]:
    return [row for row in rows if since is None or row["given_at"] >= since]


def _side_of(row: Mapping[str, Any]) -> str:
    return str(row["variant"] or row["release"])


def _sessions(rows: Iterable[Mapping[str, Any]], release: str) -> list[_Session]:
    """Of each session at a release or variant; if a session judged a passage twice, the last judgement counts."""
    last: dict[str, dict[tuple[str, str], bool]] = defaultdict(dict)
    for row in rows:
        if _side_of(row) == release:
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
