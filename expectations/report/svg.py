"""Charts as SVG inside a page: colours come from the page, so that they follow light, dark and print."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from expectations.report.charts import Chart, Mark, Point, Series, said, short, shown_labels
from expectations.report.markup import Markup, element, joined

_WIDTH, _HEIGHT = 440.0, 230.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 48.0, 14.0, 10.0, 28.0
_MOST_LABELS = 8
#: Colours there are; a chart with more series uses them again.
N_COLOURS = 6
#: Series stand so far apart at one place at most, so that their intervals can be told from one another.
_DODGE = 14.0


def drawn(chart: Chart) -> Markup:
    """A figure with its title, legend and plot; what a point says is shown when it is pointed at."""
    area = _PlotArea(chart, chart.ticks)
    words = f"{chart.title}: {', '.join(series.name for series in chart.series)}"
    box = f"0 0 {_WIDTH:.0f} {_HEIGHT:.0f}"
    plot = element("svg", area.grid(), area.labels(), area.lines(), viewBox=box, role="img", aria_label=words)
    legend = element("div", *_legend(chart), class_="legend") if chart.named else None
    return element("figure", element("figcaption", chart.title), legend, plot)


def _legend(chart: Chart) -> Iterator[Markup]:
    for series in chart.named:
        yield element("span", element("i", class_=_colour(series)), series.name)


def _colour(series: Series) -> str:
    return f"c{series.colour % N_COLOURS}"


@dataclass(frozen=True, slots=True)
class _PlotArea:
    """Where values stand on the paper."""

    chart: Chart
    ticks: list[float]

    def x(self, place: int) -> float:
        step = (_WIDTH - _LEFT - _RIGHT) / max(1, len(self.chart.labels))
        return _LEFT + step * (place + 0.5)

    def y(self, value: float) -> float:
        low, high = self.ticks[0], self.ticks[-1]
        return _TOP + (high - value) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    def grid(self) -> Iterator[Markup]:
        for tick in self.ticks:
            height = self.y(tick)
            yield element("line", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=height, y2=height, class_="grid")
            yield element("text", self._tick(tick), x=_LEFT - 6, y=height + 3.5, text_anchor="end")

    def _tick(self, value: float) -> str:
        unit, step = self.chart.unit, round(self.ticks[1] - self.ticks[0], 10)
        if unit == "score":
            return f"{value:.2f}" if round(step, 2) == step else f"{value:.3f}"
        if unit == "percent":
            return f"{value * 100:.3g} %"
        return f"{value:,.10g}" + {"ms": " ms", "hours": " h"}.get(unit, "")

    def labels(self) -> Iterator[Markup]:
        for place, label in shown_labels(self.chart.labels, _MOST_LABELS):
            yield element("text", short(label), x=self.x(place), y=_HEIGHT - 8, text_anchor="middle")

    def lines(self) -> Iterator[Markup]:
        n = len(self.chart.series)
        apart = min(_DODGE, (self.x(1) - self.x(0)) / (n + 2))
        for number, series in enumerate(self.chart.series):
            shift = (number - (n - 1) / 2) * apart
            yield element("g", *self._series(series, shift), class_=_colour(series))

    def _series(self, series: Series, shift: float) -> Iterator[Markup]:
        places = [(self.x(p.x) + shift, self.y(p.y)) for p in series.points]
        if self.chart.joined and len(places) > 1:
            yield element("path", d="M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places), class_="line")
        for point, (x, y) in zip(series.points, places, strict=True):
            yield element("g", *self._interval(point, x), marked(point.mark, x, y), self._words(series, point))

    def _interval(self, point: Point, x: float) -> Iterator[Markup]:
        if point.low is not None and point.high is not None:
            yield element("line", x1=x, x2=x, y1=self.y(point.low), y2=self.y(point.high), class_="interval")

    def _words(self, series: Series, point: Point) -> Markup:
        chart, value = self.chart, said(point.y, self.chart.unit)
        interval = (
            f", 95 % interval {said(point.low, chart.unit)} to {said(point.high, chart.unit)}"
            if point.low is not None and point.high is not None
            else ""
        )
        mark = f" ({point.mark})" if chart.joined else ""
        return element("title", f"{series.name} at {chart.labels[point.x]}{mark}: {value}{interval}")


def marked(mark: Mark, x: float, y: float) -> Markup:
    """The sign of a release: filled where readers saw it, a ring around what they see now."""
    if mark == "refused":
        size = 4.0
        left, right, top, bottom = (f"{value:.1f}" for value in (x - size, x + size, y - size, y + size))
        d = f"M{left} {top}L{right} {bottom}M{left} {bottom}L{right} {top}"
        return element("path", d=d, class_="cross")
    if mark == "rolled back":
        return element("path", d=f"M{x - 5:.1f} {y - 4:.1f}h10L{x:.1f} {y + 5:.1f}Z", class_="hollow")
    if mark == "candidate":
        return element("circle", cx=x, cy=y, r=4.0, class_="hollow")
    dot = element("circle", cx=x, cy=y, r=3.4, class_="dot")
    return joined(dot, element("circle", cx=x, cy=y, r=6.2, class_="ring")) if mark == "live" else dot


def key(marks: list[Mark]) -> Markup:
    """What the signs mean."""
    signs = (
        element("span", element("svg", marked(mark, 8.0, 8.0), viewBox="0 0 16 16", class_="sign c0"), mark)
        for mark in marks
    )
    return element("div", *signs, class_="legend")


def bar(mean: float, low: float, high: float) -> Markup:
    """A mean with its interval on a line from 0 to 1, for a cell of a table."""
    line = element("line", x1=4.0, x2=116.0, y1=8.0, y2=8.0, class_="grid")
    span = element("line", x1=4 + 112 * low, x2=4 + 112 * high, y1=8.0, y2=8.0, class_="interval wide")
    return element(
        "svg", line, span, marked("published", 4 + 112 * mean, 8.0), viewBox="0 0 120 16", class_="bar c0", role="img",
        aria_label=f"{mean:.3f}, {low:.3f} to {high:.3f}",
    )  # fmt: skip
