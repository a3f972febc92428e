"""What is plotted, as values that both the page and the PNG files are drawn from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Unit = Literal["score", "count", "percent", "ms", "hours", "USD", "tokens"]
#: How a release is marked; those that readers never saw, or were taken off, must not look like the others.
Mark = Literal["live", "published", "candidate", "refused", "rolled back"]

_MANTISSAS = (1, 2, 2.5, 5, 10)
#: A plot of scores spans at least so much, so that noise does not look like a fall.
_LEAST_SPAN = 0.1
#: How far an axis from 0 goes at least, where all values are 0.
_LEAST_TOP: dict[Unit, float] = {"percent": 0.05}


@dataclass(frozen=True, slots=True)
class Point:
    """``x`` is a place among the chart's labels; ``low`` and ``high`` bound ``y`` where an interval is known."""

    x: int
    y: float
    low: float | None = None
    high: float | None = None
    mark: Mark = "published"


@dataclass(frozen=True, slots=True)
class Series:
    """``colour`` numbers the colours there are; what is the same in several charts has the same one."""

    name: str
    points: tuple[Point, ...]
    colour: int = 0


@dataclass(frozen=True, slots=True)
class Chart:
    """``name`` is that of its file. ``joined``: the labels follow one another in time."""

    name: str
    title: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    unit: Unit
    joined: bool = True

    @property
    def points(self) -> list[Point]:
        return [point for series in self.series for point in series.points]

    @property
    def named(self) -> list[Series]:
        """The series that a legend names: all, unless there is one and it is what the title says."""
        return [series for series in self.series if len(self.series) > 1 or series.name != self.title]

    @property
    def marks(self) -> list[Mark]:
        """The marks that occur, each once."""
        return list(dict.fromkeys(point.mark for point in self.points))

    @property
    def ticks(self) -> list[float]:
        """Values of the vertical axis, from its lower end to its upper one."""
        values = [v for p in self.points for v in (p.y, p.low, p.high) if v is not None and math.isfinite(v)]
        low, high = (min(values), max(values)) if values else (0.0, 1.0)
        if self.unit != "score":
            return ticks(0.0, max(high, _LEAST_TOP.get(self.unit, 0.0)) or 1.0)
        middle = (low + high) / 2
        return ticks(max(0.0, min(low, middle - _LEAST_SPAN / 2)), min(1.0, max(high, middle + _LEAST_SPAN / 2)))


def ticks(low: float, high: float, n: int = 4) -> list[float]:
    """About ``n`` round steps that span both.

    >>> ticks(0.61, 0.78), ticks(0.0, 3987.0)
    ([0.6, 0.65, 0.7, 0.75, 0.8], [0.0, 1000.0, 2000.0, 3000.0, 4000.0])
    """
    rough = (high - low) / n
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in _MANTISSAS if m * power >= rough * 0.99)
    first, last = math.floor(low / step + 1e-6), math.ceil(high / step - 1e-6)
    return [round(number * step, 10) for number in range(first, last + 1)]


def said(value: float, unit: Unit) -> str:
    """
    >>> said(0.7, "score"), said(12345, "count"), said(0.05, "percent"), said(7.25, "ms")
    ('0.700', '12,345', '5.0 %', '7.2 ms')
    """
    if unit in ("count", "tokens"):
        return f"{value:,.0f}{' tokens' if unit == 'tokens' else ''}"
    if unit == "USD":
        return f"{value:,.4g} USD"
    if unit == "percent":
        return f"{value:.1%}".replace("%", " %")
    return f"{value:.3f}" if unit == "score" else f"{value:,.1f} {'h' if unit == 'hours' else unit}"


def short(release: str) -> str:
    """A release's id without its year, as it stands under an axis.

    >>> short("2026-11-21.9"), short("text/markdown")
    ('11-21.9', 'text/markdown')
    """
    return release[5:] if release[:4].isdigit() and release[4:5] == "-" else release


def shown_labels(labels: Sequence[str], most: int) -> Iterable[tuple[int, str]]:
    """At most so many labels with their places, evenly spaced, the last one among them."""
    step = -(-len(labels) // most) if labels else 1
    return [(n, label) for n, label in enumerate(labels) if (len(labels) - 1 - n) % step == 0]
