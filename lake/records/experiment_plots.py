"""Plots of an experiment, of the JSON that is kept of it: score by latency, by cost, and by size."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from itertools import product
from typing import Any

from lake.reporting.plots import Axis, Plot, Point, Series, Side, Unit, measured, round_axis

_LEAST_SPAN = 0.02
#: Points nearer than this share of both axes have one label together; beyond the other, it stands on their left.
_NEAR, _FAR_RIGHT = 0.06, 0.88
_BOTTOM = 250
Cell = Mapping[str, Any]


def experiment_plots(found: Mapping[str, Any], measure: str | None = None) -> list[Plot]:
    """Score by latency, by cost (USD if a model has a price, else tokens to embed), and by size if that is known.

    ``measure`` is one of ``measures``; the one that decided if None.
    """
    cells = found["cells"]
    chosen = measure or found["measures"][0]
    unit: Unit = "USD" if any(one["cost_usd"] for one in cells) else "tokens"
    plots = [
        _plot(found, chosen, "latency", "search latency, p50", "ms"),
        _plot(found, chosen, "cost", f"{unit} to embed the sample", unit),
    ]
    sizes = {one["n_bytes"] for one in cells}
    if len(sizes) < 2 or None in sizes:
        return plots
    return [*plots, _plot(found, chosen, "size", "size of the tables", "MB")]


def _place(one: Cell, unit: Unit) -> float:
    if unit == "ms":
        return float(one["p50_seconds"] * 1000)
    if unit == "MB":
        return float(one["n_bytes"] / 1e6)
    return float(one["cost_usd"] or 0.0) if unit == "USD" else float(one["n_tokens"])


def _front(found: Mapping[str, Any], measure: str, name: str, unit: Unit) -> frozenset[int]:
    """The cells that no other beats; those that the experiment kept, for what it decided by."""
    cells = found["cells"]
    if measure == found["measures"][0] and name != "size":
        return frozenset(one["cell"] for one in cells if name in one["on_front"])
    best, front = float("-inf"), set()
    for one in sorted(cells, key=lambda one: (_place(one, unit), -one[measure])):
        if one[measure] > best:
            best = one[measure]
            front.add(one["cell"])
    return frozenset(front)


def _plot(found: Mapping[str, Any], measure: str, name: str, x_name: str, unit: Unit) -> Plot:
    front = _front(found, measure, name, unit)
    labels = {one["cell"]: label for one, label in zip(found["cells"], found["labels"], strict=True)}
    points = {
        one["cell"]: _point(one, labels[one["cell"]]["words"], measure, unit, on_front=one["cell"] in front)
        for one in found["cells"]
    }
    low, high = min(point.y for point in points.values()), max(point.y for point in points.values())
    room = max(_LEAST_SPAN, (high - low) * 0.2)
    x = round_axis(0.0, max(point.x for point in points.values()) or 1.0, unit, x_name)
    y = round_axis(max(0.0, low - room), min(1.0, high + room), "score")
    empty = Plot(name, "", x, y, (), bottom=_BOTTOM)
    for n, point in _labelled({n: point for n, point in points.items() if point.low is not None}, x, y):
        points[n] = _apart(point, empty, points.values())
    line = sorted((replace(points[n], shape="", label="") for n in front), key=lambda point: (point.x, point.y))
    title = f"{measure} by {name}; front: {', '.join(map(str, sorted(front)))}"
    groups = {number: label["recipe"] for number, label in labels.items()}
    return Plot(
        name, title, x, y, [Series("", tuple(line), line="front"), *_series(groups, points, front)], bottom=_BOTTOM
    )


def _point(one: Cell, words: str, measure: str, unit: Unit, *, on_front: bool) -> Point:
    """Only points on the front, the base and the chosen one have an interval; all of them would hide each other."""
    mean, low, high = (one[name] for name in (measure, f"{measure} low", f"{measure} high"))
    x = _place(one, unit)
    text = f"{one['cell']}: {words}; {measure} {mean:.3f}, 95 % interval {low:.3f} to {high:.3f}; {measured(x, unit)}"
    if not (on_front or one["is_chosen"] or one["is_base"]):
        low = high = None
    return Point(x, mean, low, high, text, "dot" if on_front else "hollow", one["is_chosen"])


def _series(groups: Mapping[int, str], points: Mapping[int, Point], front: frozenset[int]) -> Iterator[Series]:
    """One for each recipe; what is on the front comes last, so that nothing hides it."""
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


def _apart(point: Point, plot: Plot, points: Collection[Point]) -> Point:
    """The point with its label where that lies on the fewest others; as it is if nowhere is better."""
    near: tuple[Side, Side] = ("start", "end") if point.anchor == "start" else ("end", "start")
    places = [replace(point, anchor=anchor, below=below) for below, anchor in product((False, True), near)]
    return min(places, key=lambda one: plot.hidden_by_label(one, points))


def _are_near(a: Point, b: Point, x: Axis, y: Axis) -> bool:
    return abs(a.x - b.x) < _NEAR * x.high and abs(a.y - b.y) < _NEAR * (y.high - y.low)
