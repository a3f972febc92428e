"""Search options learned from questions, each judged by questions that did not choose it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from expectations.comparison import ALPHA, LEAST, MARGIN, PairedVerdict, judge
from expectations.profiles import profile_text
from expectations.retrieval import DEPTH, measured, ranking
from expectations.tuning_space import OF_PART, Axis, Point, Space
from lake.ids import value_digest
from lake.options import Boosts
from lake.options.checks import split_measure

if TYPE_CHECKING:
    from lake.index import Index
    from lake.questions import Resolved
    from lake.reporting import Progress
    from lake.search.recorded import RecordedSearch

#: Fewer questions can't be learned from and judged by: a verdict alone wants half as many.
LEAST_QUESTIONS = 2 * LEAST
#: Gain on the questions that choose for which a value leaves what holds, and how often all axes are tried.
_STEP, _ROUNDS = 0.002, 2
#: A test with 5 % finds a gain with a probability of .8 that lies this many standard errors above 0.
_POWER = 1.96 + 0.84


class Scores:
    """Each question's value of one measure under any point; every search ran once."""

    def __init__(
        self,
        index: Index,
        release: str,
        asked: Sequence[tuple[Resolved, RecordedSearch]],
        measure: str,
        progress: Progress,
    ) -> None:
        self._index, self._release, self._progress = index, release, progress
        self._resolved, self._recorded = [one for one, _ in asked], [recorded for _, recorded in asked]
        self._level, self._name = split_measure(measure)
        self._known: dict[str, np.ndarray] = {}

    @property
    def n_profiles(self) -> int:
        """Points that were tried."""
        return len(self._known)

    @property
    def texts(self) -> list[str]:
        return [one.question.text for one in self._resolved]

    def of(self, point: Point) -> np.ndarray:
        """float64 [questions]."""
        key = profile_text(point)
        if key not in self._known:
            self._known[key] = self._measured(point)
            self._progress("profiles", 1, 1)
        return self._known[key]

    def _measured(self, point: Point) -> np.ndarray:
        names = [one.question.question_id for one in self._resolved]
        found = dict(zip(names, (self._hits(one, point) for one in self._recorded), strict=True))
        ranked = {name: ranking(hits, "document") for name, hits in found.items()}
        resolved = self._index.resolve_copies(self._resolved, ranked, self._release)
        values = measured(resolved, found, [] if self._level == "span" else [self._name], [self._level])
        return np.array([values[name].get((self._level, self._name), np.nan) for name in names])

    @staticmethod
    def _hits(recorded: RecordedSearch, point: Point) -> list[dict[str, Any]]:
        return [{**row, "chunk_ids": [row["chunk_id"]]} for row in recorded.ordered(**point)]


@dataclass(frozen=True, slots=True)
class PartOutcome:
    """What learning one part came to, on top of the parts before it.

    ``values``: what all questions choose, in which it differs from the lake's. ``by_fold``: what the others of each
    fold chose. ``verdict``: of the questions of each fold under what the others chose. ``is_kept``: better at
    ``alpha``, the usual one over the number of parts.
    """

    part: str
    values: Mapping[str, Any]
    by_fold: tuple[Mapping[str, Any], ...]
    verdict: PairedVerdict
    alpha: float
    n_needed: int

    @property
    def is_kept(self) -> bool:
        return self.verdict.word == "better" and bool(self.values)

    def to_json(self) -> dict[str, Any]:
        own = {
            name: plain(getattr(self, name)) for name in ("part", "values", "by_fold", "alpha", "n_needed", "is_kept")
        }
        return {**own, "verdict": asdict(self.verdict)}


@dataclass(frozen=True)
class Tuning:
    """What was learned; ``changes`` are written by --apply, ``total`` is the verdict on all of them together."""

    lake: str
    release: str
    measure: str
    sets: tuple[str, ...]
    n_questions: int
    n_left_out: int
    n_drafts: int
    n_folds: int
    n_profiles: int
    base: float
    parts: tuple[PartOutcome, ...]
    total: PairedVerdict
    learned: Mapping[str, Any]
    before: Mapping[str, Any]

    @cached_property
    def changes(self) -> dict[str, Any]:
        """Search options to set; None removes one. Nothing unless all together are better."""
        return dict(self.learned) if self.total.word == "better" else {}

    def to_json(self) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in ("parts", "total")}
        parts = [one.to_json() for one in self.parts]
        told: dict[str, Any] = plain({**own, "parts": parts, "total": asdict(self.total), "changes": self.changes})
        return told


def plain(value: Any) -> Any:
    """Values as JSON has them; boosts with the fields that differ from their defaults."""
    if isinstance(value, Boosts):
        return plain(value.given)
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list | tuple) else value


def folds_of(texts: Sequence[str], n: int, seed: int) -> np.ndarray:
    """The fold of each question, by digest; questions of the same words are in the same one.

    >>> folds_of(["a", "A ", "b", "c"], 2, 0).tolist()
    [0, 0, 0, 1]
    """
    words = [" ".join(text.casefold().split()) for text in texts]
    order = sorted(set(words), key=lambda one: value_digest([seed, one]))
    places = {one: place % n for place, one in enumerate(order)}
    return np.array([places[one] for one in words])


def learned(
    scores: Scores, space: Space, parts: Sequence[str], folds: np.ndarray
) -> tuple[list[PartOutcome], Point, PairedVerdict]:
    """Learn part after part; a part that is not better on questions that did not choose it is left as it was.

    Returns the outcome of each part, the point that all questions choose, and the verdict on all parts kept.
    """
    base, tried = space.point, [part for part in parts if space.axes(part)]
    of_fold = {int(fold): base for fold in np.unique(folds)}
    whole, outcomes = base, list[PartOutcome]()
    for part in tried:
        axes, alpha = space.axes(part), ALPHA / len(tried)
        chosen = {fold: _climbed(scores, axes, point, folds != fold) for fold, point in of_fold.items()}
        of_all = _climbed(scores, axes, whole, np.ones(len(folds), bool))
        gains = _held_out(scores, folds, chosen) - _held_out(scores, folds, of_fold)
        by_fold = tuple(_unlike(point, base, part) for point in chosen.values())
        verdict = judge(gains, alpha=alpha)
        outcome = PartOutcome(part, _unlike(of_all, base, part), by_fold, verdict, alpha, n_needed(gains))
        outcomes.append(outcome)
        if outcome.is_kept:
            of_fold, whole = chosen, of_all
    return outcomes, whole, judge(_held_out(scores, folds, of_fold) - scores.of(base))


def _held_out(scores: Scores, folds: np.ndarray, points: Mapping[int, Point]) -> np.ndarray:
    """Each question's value under what the other folds chose."""
    values = np.zeros(len(folds))
    for fold, point in points.items():
        values[folds == fold] = scores.of(point)[folds == fold]
    return values


def _climbed(scores: Scores, axes: Sequence[Axis], point: Point, among: np.ndarray) -> Point:
    """The best point that steps along one axis after another reach, by the questions ``among``."""

    def mean(one: Point) -> float:
        return float(scores.of(one)[among].mean())

    best = mean(point)
    for _ in range(_ROUNDS):
        before = point
        for axis in axes:
            found = max(axis(point), key=mean)
            if mean(found) >= best + _STEP:
                point, best = found, mean(found)
        if point == before:
            break
    return point


def _unlike(point: Point, base: Point, part: str) -> dict[str, Any]:
    return {name: point[name] for name in OF_PART[part] if point[name] != base[name]}


def n_needed(differences: np.ndarray) -> int:
    """Questions by which a gain like this, at least the smallest that matters, would be found four times in five.

    >>> n_needed(np.array([0.1, -0.1, 0.0, 0.08] * 25))
    122
    """
    gain = max(abs(float(differences.mean())), MARGIN)
    return max(LEAST_QUESTIONS, int(np.ceil((_POWER * float(differences.std()) / gain) ** 2)))


def depth_for(measure: str, cut: int) -> int:
    """Chunks that a search is recorded with: as many as an evaluation retrieves, more for a deep measure."""
    return max(DEPTH, 4 * cut) if split_measure(measure)[0] != "span" else DEPTH
