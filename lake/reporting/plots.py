"""Plots as values; one template draws them, in reports, in the console and in PNG files."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, ClassVar, Literal

Unit = Literal["score", "count", "percent", "ms", "hours", "USD", "tokens", "MB"]
Side = Literal["start", "end"]
Shape = Literal["dot", "hollow", "cross", "triangle", ""]

#: Status of a release -> its sign, and whether a ring surrounds it; the sign tells what readers never saw.
SIGNS: dict[str, tuple[Shape, bool]] = {
    "live": ("dot", True),
    "published": ("dot", False),
    "candidate": ("hollow", False),
    "refused": ("cross", False),
    "rolled back": ("triangle", False),
}
_MANTISSAS = (1, 2, 2.5, 5, 10)
#: Minimum span of an axis of scores, so that noise does not look like a fall.
_SCORE_SPAN = 0.1
_MAX_LABELS, _MAX_LABEL_LENGTH = 8, 16
#: Width of a letter of a label.
_LETTER = 7
#: Height of a label's line, and half the width of a point's sign.
_LINE, _SIGN = 10, 4


@dataclass(frozen=True, slots=True)
class Point:
    """``low`` and ``high`` bound ``y`` if an interval is known; ``text`` is shown on hover.

    ``label`` stands beside the point, which is at its start or its end, and a little above it or ``below``.
    """

    x: float
    y: float
    low: float | None = None
    high: float | None = None
    text: str = ""
    shape: Shape = "dot"
    ring: bool = False
    label: str = ""
    anchor: Side = "start"
    below: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """``colour`` indexes the palette; ``line`` is the style of the line. Without a name: not in a legend."""

    name: str
    points: tuple[Point, ...]
    colour: int = 0
    line: Literal["line", "front", ""] = "line"


@dataclass(frozen=True, slots=True)
class Axis:
    """``ticks``: position and label."""

    low: float
    high: float
    ticks: Sequence[tuple[float, str]]
    name: str = ""
    slanted: bool = False


@dataclass(frozen=True, slots=True)
class Plot:
    """``name`` is that of its file, ``statuses`` are those whose signs occur. Lengths are in SVG's user units."""

    name: str
    title: str
    x: Axis
    y: Axis
    series: Sequence[Series]
    statuses: Sequence[str] = ()
    bottom: int = 200

    left: ClassVar[int] = 54
    right: ClassVar[int] = 420
    top: ClassVar[int] = 10
    width: ClassVar[int] = 440

    @property
    def height(self) -> int:
        return self.bottom + (42 if self.x.name else 24) + (60 if self.x.slanted else 0)

    @property
    def newest(self) -> str:
        """The last point of each line in words, for those who can't see the plot."""
        return "; ".join(one.points[-1].text for one in self.series if one.line and one.points and one.points[-1].text)

    @property
    def legend(self) -> list[Series]:
        """The named series, unless the title already names the only one."""
        named = [series for series in self.series if series.name]
        return named if len(named) > 1 or [series.name for series in named] != [self.title] else []

    def across(self, x: float) -> float:
        return round(self.left + (x - self.x.low) / (self.x.high - self.x.low) * (self.right - self.left), 1)

    def down(self, y: float) -> float:
        """Values beyond the axis, as an interval may have, are clipped."""
        share = (self.y.high - min(max(y, self.y.low), self.y.high)) / (self.y.high - self.y.low)
        return round(self.top + share * (self.bottom - self.top), 1)

    def place_of_label(self, point: Point) -> tuple[float, float]:
        """Where the base line of a point's label begins or ends."""
        aside, down = 9 if point.anchor == "start" else -9, 16 if point.below else -7
        return self.across(point.x) + aside, self.down(point.y) + down

    def hidden_by_label(self, point: Point, others: Iterable[Point]) -> int:
        """How many of the others a point's label would lie on."""
        at, line = self.place_of_label(point)
        width = _LETTER * len(point.label)
        first = at if point.anchor == "start" else at - width
        return sum(
            first - _SIGN <= self.across(one.x) <= first + width + _SIGN
            and line - _LINE - _SIGN <= self.down(one.y) <= line + _SIGN
            for one in others
        )


def release_plot(
    name: str, title: str, releases: Sequence[str], unit: Unit, rows: Mapping[str, Sequence[dict[str, Any]]],
    colours: Sequence[str] = (),
) -> Plot:  # fmt: skip
    """A plot over releases of the ``value`` of each series' rows (``release``, ``status``; ``low``, ``high`` if known).

    A series has the colour of its place in ``colours``, so that it looks the same in several plots. Its line is broken
    where ``alike`` of two rows differs, since their values were not measured alike.
    """
    palette = list(colours or rows)
    apart = min(len(releases) / 27, 1 / (len(rows) + 2))  # so that intervals stand side by side
    shifts = {one: (n - (len(rows) - 1) / 2) * apart for n, one in enumerate(rows)}
    series = [
        Series(
            "" if n else one, tuple(_point(row, releases, one, unit, shifts[one]) for row in run), palette.index(one)
        )
        for one, of in rows.items()
        for n, run in enumerate(_alike(of))
    ]
    statuses = {_sign_of(row["status"]) for of in rows.values() for row in of}
    shown = tuple(status for status in SIGNS if status in statuses)
    return Plot(name, title, _over(releases), value_axis(series, unit), series, shown)


def _alike(rows: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    return [list(run) for _, run in groupby(rows, lambda row: row.get("alike"))]


def _sign_of(status: str) -> str:
    return status if status in SIGNS else "published"


def _point(row: Mapping[str, Any], releases: Sequence[str], name: str, unit: Unit, shift: float) -> Point:
    status, interval = _sign_of(row["status"]), (row.get("low"), row.get("high"))
    ends = " to ".join(measured(end, unit) for end in interval if end is not None)
    between = f", 95 % interval {ends}" if ends else ""
    text = f"{name} at {row['release']} ({status}): {measured(row['value'], unit)}{between}"
    return Point(releases.index(row["release"]) + shift, row["value"], *interval, text, *SIGNS[status])


def _over(releases: Sequence[str]) -> Axis:
    """As many labels as find room, evenly spaced, the last release among them; ids without their year."""
    labels = [one[5:] for one in releases]
    n_most = max(
        1, min(_MAX_LABELS, (Plot.right - Plot.left) // (_LETTER * max(map(len, labels), default=1) + _LETTER))
    )
    step = -(-len(releases) // n_most)
    shown = range((len(releases) - 1) % step, len(releases), step)
    return Axis(-0.5, len(releases) - 0.5, [(n, labels[n]) for n in shown])


def label_axis(labels: Sequence[str]) -> Axis:
    """One slanted label for each position; the end of a long one, which is what differs between paths."""
    cut = [one if len(one) <= _MAX_LABEL_LENGTH else f"…{one[1 - _MAX_LABEL_LENGTH :]}" for one in labels]
    return Axis(-0.5, len(labels) - 0.5, [*enumerate(cut)], slanted=True)


def value_axis(series: Iterable[Series], unit: Unit) -> Axis:
    """An axis for all values and intervals; that of scores need not start at 0."""
    points = [point for one in series for point in one.points]
    values = [v for p in points for v in (p.y, p.low, p.high) if v is not None and math.isfinite(v)] or [0.0, 1.0]
    low, high = min(values), max(values)
    if unit != "score":
        return round_axis(0.0, high or (0.05 if unit == "percent" else 1.0), unit)
    middle = (low + high) / 2
    return round_axis(max(0.0, min(low, middle - _SCORE_SPAN / 2)), min(1.0, max(high, middle + _SCORE_SPAN / 2)), unit)


def round_axis(low: float, high: float, unit: Unit, name: str = "") -> Axis:
    """An axis of about four round steps that span both.

    >>> [label for _, label in round_axis(0.61, 0.78, "score").ticks]
    ['0.60', '0.65', '0.70', '0.75', '0.80']
    >>> [label for _, label in round_axis(0.0, 39870.0, "count").ticks]
    ['0', '10k', '20k', '30k', '40k']
    >>> [label for _, label in round_axis(0.0, 1.0, "count").ticks]
    ['0', '1']
    """
    rough = max((high - low) / 4, 1.0 if unit == "count" else 0.0)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in _MANTISSAS if m * power >= rough * 0.99)
    steps = range(math.floor(low / step + 1e-6), math.ceil(high / step - 1e-6) + 1)
    places = [round(number * step, 10) for number in steps]
    return Axis(places[0], places[-1], [(place, _tick(place, unit, round(step, 10))) for place in places], name)


def _tick(value: float, unit: Unit, step: float) -> str:
    if unit == "score":
        return f"{value:.{2 if round(step, 2) == step else 3}f}"
    if unit == "percent":
        return f"{value * 100:.3g} %"
    number = f"{value / 1000:,.4g}k" if value >= 10_000 else f"{value:,.10g}"
    return number + {"ms": " ms", "hours": " h", "MB": " MB"}.get(unit, "")


def measured(value: float, unit: Unit) -> str:
    """
    >>> measured(0.7, "score"), measured(12345, "count"), measured(0.05, "percent"), measured(7.25, "ms")
    ('0.700', '12,345', '5.0 %', '7.2 ms')
    """
    if unit in ("count", "tokens"):
        return f"{value:,.0f}{' tokens' if unit == 'tokens' else ''}"
    if unit == "percent":
        return f"{value * 100:.1f} %"
    if unit == "USD":
        return f"{value:,.4g} USD"
    return f"{value:.3f}" if unit == "score" else f"{value:,.1f} {'h' if unit == 'hours' else unit}"
