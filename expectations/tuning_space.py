"""What `tune` tries: for each part of a search profile its axes, which list points that differ in one respect."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from lake.options import Boosts
from lake.options.boosts import boosts_of
from lake.options.search import weights_of

if TYPE_CHECKING:
    from lake.options import SearchDefaults

#: Options of a search that are learned, with their values.
Point = Mapping[str, Any]
#: Points that differ from one in a single respect, that one among them.
Axis = Callable[[Point], list[Point]]

OF_PART = {
    "fusion": ("fusion", "alpha", "weights"),
    "boosts": ("boosts",),
    "rerank": ("rerank", "rerank_depth", "rerank_weight"),
}
_ALPHAS = (None, *(tenths / 10 for tenths in range(1, 10)))
_WEIGHTS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)
_FACTORS = (0.5, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0)
_RECENCIES = ((None, 0.2), *((days, weight) for days in (30.0, 90.0, 365.0) for weight in (0.1, 0.2, 0.5)))
_DEPTHS, _RERANK_WEIGHTS = (10, 20, 40), (0.1, 0.2, 0.3, 0.5, 0.7, 1.0)


@dataclass(frozen=True, slots=True)
class Space:
    """What there is to learn: the lake's search defaults, its embedders, its sources, and values to boost by column."""

    base: SearchDefaults
    embedders: Sequence[str]
    sources: Sequence[str]
    values: Mapping[str, Sequence[str]]
    reranker: str | None

    @property
    def point(self) -> Point:
        """The options as they are."""
        point = {name: getattr(self.base, name) for names in OF_PART.values() for name in names}
        boosts = None if self.base.boosts is None else boosts_of(self.base.boosts)
        return {**point, "boosts": boosts}

    def axes(self, part: str) -> list[Axis]:
        """The axes of a part; none if there is nothing to choose."""
        if part == "fusion":
            return [*([_fusions] if self.base.mode == "hybrid" else []), *self._weights()]
        if part == "boosts":
            return self._boosts()
        return [] if self.reranker is None else [partial(_rerankings, self.reranker)]

    def _weights(self) -> list[Axis]:
        if len(self.embedders) < 2 or self.base.mode == "text":
            return []
        # The first one's weight is the unit of two; of three, each varies beside the others.
        return [partial(_weighings, self.embedders, name) for name in self.embedders]

    def _boosts(self) -> list[Axis]:
        axes: list[Axis] = [_recencies]
        if len(self.sources) > 1:
            axes += [partial(_of_source, name) for name in self.sources]
        return axes + [partial(_of_value, column, value) for column, known in self.values.items() for value in known]


def _fusions(point: Point) -> list[Point]:
    pairs = [(fusion, alpha) for fusion in ("adaptive", "rrf") for alpha in dict.fromkeys([*_ALPHAS, point["alpha"]])]
    return [{**point, "fusion": fusion, "alpha": alpha} for fusion, alpha in pairs]


def _weighings(names: Sequence[str], name: str, point: Point) -> list[Point]:
    present = {one: 1.0 for one in names} | (weights_of(point["weights"]) if point["weights"] else {})
    tried = ({**present, name: weight} for weight in dict.fromkeys([present[name], *_WEIGHTS]))
    return [point, *({**point, "weights": _scaled(one)} for one in tried if any(one[known] for known in names))]


def _scaled(weights: Mapping[str, float]) -> dict[str, float] | None:
    """The same weights with 1 as the highest; None if all are equal, which is the default.

    >>> _scaled({"minilm": 4.0, "multilingual": 1.0}), _scaled({"minilm": 2.0, "multilingual": 2.0})
    ({'minilm': 1.0, 'multilingual': 0.25}, None)
    """
    if len(set(weights.values())) == 1:
        return None
    return {name: weight / max(weights.values()) for name, weight in weights.items()}


def _boosted(point: Point, boosts: Boosts) -> Point:
    """With these boosts; none if all leave every score as it is."""
    is_neutral = boosts.recency_half_life_days is None and not boosts.sources and not boosts.values
    return {**point, "boosts": None if is_neutral else boosts}


def _recencies(point: Point) -> list[Point]:
    boosts = point["boosts"] or Boosts()
    changed = [
        replace(boosts, recency_half_life_days=days, recency_weight=weight if days else Boosts().recency_weight)
        for days, weight in _RECENCIES
    ]
    return [point, *(_boosted(point, one) for one in changed)]


def _of_source(source: str, point: Point) -> list[Point]:
    boosts = point["boosts"] or Boosts()
    return [point, *(_boosted(point, replace(boosts, sources=_with(boosts.sources, source, f))) for f in _FACTORS)]


def _of_value(column: str, value: str, point: Point) -> list[Point]:
    boosts, found = point["boosts"] or Boosts(), [point]
    for factor in _FACTORS:
        of_column = _with(boosts.values.get(column, {}), value, factor)
        values = {name: known for name, known in {**boosts.values, column: of_column}.items() if known}
        found.append(_boosted(point, replace(boosts, values=values)))
    return found


def _with(factors: Mapping[str, float], name: str, factor: float) -> dict[str, float]:
    """The factors with another one; a factor of 1 is none."""
    others = {known: number for known, number in factors.items() if known != name}
    return others if factor == 1 else {**others, name: factor}


def _rerankings(reranker: str, point: Point) -> list[Point]:
    without: Point = {**point, "rerank": None, "rerank_depth": None, "rerank_weight": None}
    pairs = [(depth, weight) for depth in _DEPTHS for weight in _RERANK_WEIGHTS]
    named = [{"rerank": reranker, "rerank_depth": depth, "rerank_weight": weight} for depth, weight in pairs]
    return [point, without, *({**point, **one} for one in named)]
