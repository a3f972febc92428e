"""Plots of points by two figures, drawn as SVG inside a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from expectations.report.charts import Unit, said, ticks
from expectations.report.markup import Markup, element

_WIDTH, _HEIGHT = 440.0, 300.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 48.0, 18.0, 22.0, 42.0
_LEAST_SPAN = 0.02
#: Points nearer than this share of both axes have one label together; beyond the other, labels stand on the left.
_NEAR, _FAR_RIGHT = 0.06, 0.88


@dataclass(frozen=True, slots=True)
class Dot:
    """One point: ``label`` stands beside it, ``name`` says what it is; ``low`` and ``high`` bound ``y``."""

    x: float
    y: float
    low: float
    high: float
    label: str
    name: str
    colour: int = 0
    on_front: bool = False
    is_base: bool = False
    is_chosen: bool = False

    @property
    def is_marked(self) -> bool:
        """Whether it has a label and an interval, which of all points could not be told apart."""
        return self.on_front or self.is_base or self.is_chosen


@dataclass(frozen=True, slots=True)
class Scatter:
    """``groups`` name the colours. ``unit`` is that of the horizontal axis, which begins at 0."""

    title: str
    across: str
    up: str
    unit: Unit
    dots: tuple[Dot, ...]
    groups: tuple[str, ...] = ()

    @property
    def front(self) -> list[Dot]:
        """From left to right."""
        return sorted((dot for dot in self.dots if dot.on_front), key=lambda dot: (dot.x, dot.y))

    @property
    def across_ticks(self) -> list[float]:
        return ticks(0.0, max(dot.x for dot in self.dots) or 1.0)

    @property
    def up_ticks(self) -> list[float]:
        """About the points themselves: intervals may reach beyond, which is cut off."""
        low, high = min(dot.y for dot in self.dots), max(dot.y for dot in self.dots)
        room = max(_LEAST_SPAN, (high - low) * 0.2)
        return ticks(max(0.0, low - room), min(1.0, high + room))

    @property
    def heading(self) -> str:
        """The title, and which points are on the front."""
        return f"{self.title}; front: {', '.join(dot.label for dot in self.front)}"

    @property
    def labels(self) -> list[Label]:
        """Of the points that are on the front, the base or chosen; one for those that lie together."""
        wide, high = self.across_ticks[-1], self.up_ticks[-1] - self.up_ticks[0]
        groups: list[list[Dot]] = []
        for dot in (dot for dot in self.dots if dot.is_marked):
            near = (g for g in groups if abs(g[0].x - dot.x) < _NEAR * wide and abs(g[0].y - dot.y) < _NEAR * high)
            beside = next(near, None)
            if beside is None:
                groups.append([dot])
            else:
                beside.append(dot)
        return [_label(group, max(dot.x for dot in group) > _FAR_RIGHT * wide) for group in groups]


@dataclass(frozen=True, slots=True)
class Label:
    """What stands beside a point, or on its left."""

    x: float
    y: float
    text: str
    on_left: bool


def _label(dots: Sequence[Dot], on_left: bool) -> Label:
    """At the outer corner of its points, so that it hides none of them."""
    beside = (min if on_left else max)(dot.x for dot in dots)
    return Label(beside, max(dot.y for dot in dots), ", ".join(dot.label for dot in dots), on_left)


def drawn(plot: Scatter) -> Markup:
    """A figure: title and front, what the colours mean, the plot. A point says more when it is pointed at."""
    area = _Area(plot, plot.across_ticks, plot.up_ticks)
    box = f"0 0 {_WIDTH:.0f} {_HEIGHT:.0f}"
    svg = element(
        "svg", area.axes(), area.line(), area.points(), area.labels(), viewBox=box, role="img", aria_label=plot.title
    )
    named = (element("span", element("i", class_=_colour(n)), name) for n, name in enumerate(plot.groups))
    legend = element("div", *named, class_="legend") if len(plot.groups) > 1 else None
    return element("figure", element("figcaption", plot.heading), legend, svg)


def _colour(number: int) -> str:
    return f"c{number % 6}"


@dataclass(frozen=True, slots=True)
class _Area:
    """Where values stand on the paper."""

    plot: Scatter
    across: list[float]
    up: list[float]

    def x(self, value: float) -> float:
        return _LEFT + value / self.across[-1] * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        low, high = self.up[0], self.up[-1]
        return _TOP + (high - min(max(value, low), high)) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    def axes(self) -> Iterator[Markup]:
        bottom = _HEIGHT - _BOTTOM
        for tick in self.up:
            height = self.y(tick)
            yield element("line", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=height, y2=height, class_="grid")
            yield element("text", said(tick, "score"), x=_LEFT - 6, y=height + 4, text_anchor="end")
        for tick in self.across:
            place = self.x(tick)
            yield element("line", x1=place, x2=place, y1=bottom, y2=bottom + 4, class_="grid")
            yield element("text", short(tick), x=place, y=bottom + 16, text_anchor="middle")
        middle = (_LEFT + _WIDTH - _RIGHT) / 2
        yield element("text", self.plot.across, x=middle, y=_HEIGHT - 6, text_anchor="middle")

    def line(self) -> Iterator[Markup]:
        for a, b in pairwise(self.plot.front):
            ends = {"x1": self.x(a.x), "y1": self.y(a.y), "x2": self.x(b.x), "y2": self.y(b.y)}
            yield element("line", **ends, class_="front")

    def points(self) -> Iterator[Markup]:
        for dot in sorted(self.plot.dots, key=lambda dot: dot.on_front):
            yield element("g", *self._point(dot), class_=_colour(dot.colour))

    def _point(self, dot: Dot) -> Iterator[Markup]:
        x, y = self.x(dot.x), self.y(dot.y)
        yield element("title", told(self.plot, dot))
        if dot.is_marked:
            yield element("line", x1=x, x2=x, y1=self.y(dot.low), y2=self.y(dot.high), class_="interval")
        yield element("circle", cx=x, cy=y, r=4.0, class_="dot" if dot.on_front else "hollow")
        if dot.is_chosen:
            yield element("circle", cx=x, cy=y, r=7.5, class_="ring")

    def labels(self) -> Iterator[Markup]:
        for label in self.plot.labels:
            anchor, aside = ("end", -9.0) if label.on_left else ("start", 9.0)
            place = {"x": self.x(label.x) + aside, "y": self.y(label.y) - 7}
            yield element("text", label.text, **place, text_anchor=anchor, class_="tag")


def short(value: float) -> str:
    """A number as it stands under an axis.

    >>> short(0.0), short(2.5), short(300000.0), short(0.00002)
    ('0', '2.5', '300k', '2e-05')
    """
    return f"{value / 1000:,.4g}k" if value >= 10_000 else f"{value:g}"


def told(plot: Scatter, dot: Dot) -> str:
    """All of a point in words."""
    value = said(dot.x, plot.unit)
    return f"{dot.label}: {dot.name}; {plot.up} {dot.y:.3f}, 95 % interval {dot.low:.3f} to {dot.high:.3f}; {value}"
