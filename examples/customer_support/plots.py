"""The plots of docs/example.md, by raglake's own drawing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from expectations.report.rendering import write_png
from lake.reporting.plots import Plot, Point, Series, label_axis, round_axis

_KINDS = ("fact", "comparison", "procedure", "table")
_MEASURES = ("R@10", "RR", "nDCG@10", "Success@1", "Success@5")


def draw(measured: Mapping[str, Any], folder: Path) -> list[Path]:
    drawn = [_search(measured["search"]["by_kind"]), _refusals(measured["refusals"]["curve"])]
    if "load" in measured:
        drawn.append(_load(measured["load"]))
    return write_png(drawn, folder)


def _search(by_kind: Mapping[str, Mapping[str, float]]) -> Plot:
    series = [
        Series(kind, tuple(Point(x + (n - 1.5) / 9, by_kind[kind][name]) for x, name in enumerate(_MEASURES)), n, "")
        for n, kind in enumerate(_KINDS)
    ]
    return Plot("example-search", "Search", label_axis(_MEASURES), round_axis(0.2, 1.0, "score"), series)


def _refusals(curve: list[list[float]]) -> Plot:
    series = []
    for n, name in enumerate(("questions with an answer", "questions without one"), 1):
        series.append(Series(name, tuple(Point(row[0], row[n], shape="") for row in curve), n - 1, "line"))
    x = round_axis(0.0, 0.6, "score", "least evidence")
    return Plot("example-refusals", "Declined", x, round_axis(0.0, 1.0, "percent"), series)


def _load(runs: Mapping[str, Mapping[str, Any]]) -> Plot:
    series = []
    for n, (name, run) in enumerate(runs.items()):
        times = run["seconds"]
        points = tuple(Point(p / 100, times[len(times) * p // 100], shape="") for p in range(100))
        series.append(Series(name, points, n, "line"))
    most = max(point.y for one in series for point in one.points)
    x = round_axis(0.0, 1.0, "percent", "of the answers")
    return Plot("example-load", "Seconds at most", x, round_axis(0.0, most, "count"), series)
