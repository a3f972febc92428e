"""Plots of an experiment: score by latency, and score by cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from expectations.experiment.grid import OF_RECIPE, worded
from lake.plots import Axis, Plot, Point, Series, Unit, measured, round_axis

if TYPE_CHECKING:
    from expectations.experiment.values import CellOutcome, Experiment

_LEAST_SPAN = 0.02
#: Points nearer than this share of both axes have one label together; beyond the other, it stands on their left.
_NEAR, _FAR_RIGHT = 0.06, 0.88


def experiment_plots(found: Experiment) -> list[Plot]:
    """Score by latency and by cost: USD if a model has a price, else tokens to embed."""
    unit: Unit = "USD" if any(one.cost for one in found.outcomes) else "tokens"
    return [
        _plot(found, "latency", "search latency, p50", "ms"),
        _plot(found, "cost", f"{unit} to embed the sample", unit),
    ]


def recipe_label(one: CellOutcome) -> str:
    """The part of a cell that its colour shows."""
    return worded({name: value for name, value in one.cell.varied.items() if name in OF_RECIPE}) or "the lake's recipe"


def _plot(found: Experiment, name: str, x_name: str, unit: Unit) -> Plot:
    front = found.fronts[name]
    points = {one.cell.number: _point(found, one, name, unit) for one in found.outcomes}
    low, high = min(point.y for point in points.values()), max(point.y for point in points.values())
    room = max(_LEAST_SPAN, (high - low) * 0.2)
    x = round_axis(0.0, max(point.x for point in points.values()) or 1.0, unit, x_name)
    y = round_axis(max(0.0, low - room), min(1.0, high + room), "score")
    points |= dict(_labelled({n: point for n, point in points.items() if point.low is not None}, x, y))
    line = sorted((replace(points[n], shape="", label="") for n in front), key=lambda point: (point.x, point.y))
    title = f"{found.measures[0]} by {name}; front: {', '.join(map(str, sorted(front)))}"
    return Plot(name, title, x, y, [Series("", tuple(line), line="front"), *_series(found, points, front)], bottom=250)


def _point(found: Experiment, one: CellOutcome, name: str, unit: Unit) -> Point:
    """Only points on the front, the base and the chosen one have an interval; all of them would hide each other."""
    measure, number, on_front = found.measures[0], one.cell.number, one.cell.number in found.fronts[name]
    score, is_chosen = one.scores[measure], number == found.choice.chosen
    x = {"ms": one.p50 * 1000, "USD": one.cost}.get(unit, float(one.built.n_tokens))
    between = f"95 % interval {score.low:.3f} to {score.high:.3f}"
    text = f"{number}: {worded(one.cell.varied)}; {measure} {score.mean:.3f}, {between}; {measured(x, unit)}"
    low, high = (score.low, score.high) if on_front or is_chosen or number == 0 else (None, None)
    return Point(x, score.mean, low, high, text, "dot" if on_front else "hollow", is_chosen)


def _series(found: Experiment, points: Mapping[int, Point], front: frozenset[int]) -> Iterator[Series]:
    """One for each recipe; what is on the front comes last, so that nothing hides it."""
    groups = {one.cell.number: recipe_label(one) for one in found.outcomes}
    names = list(dict.fromkeys(groups.values()))
    for on_front in (False, True):
        for colour, name in enumerate(names):
            shown = tuple(points[n] for n in groups if groups[n] == name and (n in front) == on_front)
            yield Series("" if on_front or len(names) == 1 else name, shown, colour, line="")


def _labelled(points: Mapping[int, Point], x: Axis, y: Axis) -> Iterator[tuple[int, Point]]:
    """Points that lie together have one label, at the outermost, so that it hides none of them."""
    groups: list[list[int]] = []
    for n, point in points.items():
        beside = next((group for group in groups if _are_near(points[group[0]], point, x, y)), None)
        if beside is None:
            groups.append([n])
        else:
            beside.append(n)
    for group in groups:
        on_left = max(points[n].x for n in group) > _FAR_RIGHT * x.high
        outermost = (min if on_left else max)(group, key=lambda n: points[n].x)
        label = ", ".join(map(str, group))
        yield outermost, replace(points[outermost], label=label, anchor="end" if on_left else "start")


def _are_near(a: Point, b: Point, x: Axis, y: Axis) -> bool:
    return abs(a.x - b.x) < _NEAR * x.high and abs(a.y - b.y) < _NEAR * (y.high - y.low)
