"""Charts as PNG files, for reports that are no web pages; the only module that knows matplotlib."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from expectations.report.charts import Chart, Mark, Series, short, shown_labels
from expectations.report.scatter import Scatter
from expectations.report.scatter import short as short_number
from lake.errors import UsageError

#: As on the page, on white.
_COLOURS = ("#1f6fb4", "#c4560f", "#2a8a57", "#8a4fb5", "#a8327a", "#6b6f1d")
_BAD, _SOFT, _RULE = "#b3261e", "#5d636b", "#dfe2e6"
_SHAPES: dict[Mark, str] = {"live": "o", "published": "o", "candidate": "o", "refused": "x", "rolled back": "v"}
_HOLLOW = ("candidate", "rolled back")
_MOST_LABELS, _DPI, _DODGE = 10, 150, 0.06
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


def write_png(charts: Sequence[Chart], folder: Path) -> list[Path]:
    """One file for each chart; UsageError without matplotlib."""
    figures = _figures()
    folder.mkdir(parents=True, exist_ok=True)
    return [_write(chart, figures(figsize=(7, 4), layout="constrained"), folder) for chart in charts]


def _figures() -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise UsageError(f"PNG plots need matplotlib ({error}); pip install 'raglake[report]' brings it") from error
    return Figure


def write_scatters(plots: Sequence[Scatter], path: Path) -> None:
    """All of them side by side in one file; UsageError without matplotlib."""
    figure = _figures()(figsize=(6.2 * len(plots), 4.8), layout="constrained")
    for axes, plot in zip(figure.subplots(1, len(plots), squeeze=False)[0], plots, strict=True):
        _scatter(axes, plot)
    if len(groups := plots[0].groups) > 1:
        handles = [axes.plot([], [], color=_COLOURS[n % len(_COLOURS)], lw=3)[0] for n in range(len(groups))]
        words = {"loc": "outside lower center", "ncols": 3, "frameon": False, "fontsize": 9, "labelcolor": _SOFT}
        figure.legend(handles, groups, **words)
    figure.savefig(path, dpi=_DPI)


def _scatter(axes: Any, plot: Scatter) -> None:
    axes.plot([dot.x for dot in plot.front], [dot.y for dot in plot.front], color=_SOFT, lw=1, ls=(0, (4, 3)))
    for dot in plot.dots:
        colour = _COLOURS[dot.colour % len(_COLOURS)]
        if dot.is_marked:
            axes.vlines(dot.x, dot.low, dot.high, color=colour, alpha=0.35, lw=1.2)
        face = colour if dot.on_front else "white"
        for size, inside in ((36, face), (140, "none"))[: 1 + dot.is_chosen]:
            axes.scatter(dot.x, dot.y, s=size, facecolors=inside, edgecolors=colour, zorder=3, clip_on=False)
    for label in plot.labels:
        place, side = ((-8, 6), "right") if label.on_left else ((8, 6), "left")
        words = {"textcoords": "offset points", "ha": side, "fontsize": 9, "zorder": 4}
        axes.annotate(label.text, (label.x, label.y), place, **words)
    axes.set_title(plot.heading, pad=16, loc="left", fontsize=11, fontweight="bold", parse_math=False)
    axes.set_xlabel(plot.across, color=_SOFT)
    axes.set_xticks(plot.across_ticks, [short_number(tick) for tick in plot.across_ticks])
    axes.set_xlim(0, plot.across_ticks[-1])
    axes.set_yticks(plot.up_ticks)
    axes.set_ylim(plot.up_ticks[0], plot.up_ticks[-1])
    _plain(axes)


def _plain(axes: Any) -> None:
    """As on the page: lines across, and nothing else around the points."""
    axes.grid(axis="y", color=_RULE)
    axes.set_axisbelow(True)
    axes.tick_params(colors=_SOFT, length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _write(chart: Chart, figure: Any, folder: Path) -> Path:
    axes, n = figure.add_subplot(), len(chart.series)
    for number, series in enumerate(chart.series):
        _draw(axes, chart, series, (number - (n - 1) / 2) * _DODGE, _colour(series))
    _frame(axes, chart)
    path = folder / f"{_NOT_IN_NAMES.sub('-', chart.name)}.png"
    figure.savefig(path, dpi=_DPI)
    return path


def _colour(series: Series) -> str:
    return _COLOURS[series.colour % len(_COLOURS)]


def _draw(axes: Any, chart: Chart, series: Series, shift: float, colour: str) -> None:
    if chart.joined:
        axes.plot([p.x + shift for p in series.points], [p.y for p in series.points], color=colour, alpha=0.7, lw=1.3)
    for point in series.points:
        if point.low is not None and point.high is not None:
            axes.vlines(point.x + shift, point.low, point.high, color=colour, alpha=0.5, lw=1.6)
        face, edge = ("white" if point.mark in _HOLLOW else colour), (_BAD if point.mark == "refused" else colour)
        shown = {"c": edge} if point.mark == "refused" else {"facecolors": face, "edgecolors": edge}
        axes.scatter(point.x + shift, point.y, marker=_SHAPES[point.mark], s=34, zorder=3, clip_on=False, **shown)
        if point.mark == "live":
            axes.scatter(point.x + shift, point.y, s=110, facecolors="none", edgecolors=colour, zorder=3, clip_on=False)


def _frame(axes: Any, chart: Chart) -> None:
    places = list(shown_labels(chart.labels, _MOST_LABELS if chart.joined else len(chart.labels)))
    slanted = {} if chart.joined else {"rotation": 25, "ha": "right"}
    axes.set_title(chart.title, loc="left", fontsize=11, fontweight="bold", parse_math=False)
    axes.set_xticks([place for place, _ in places], [short(label) for _, label in places], **slanted)
    axes.set_xlim(-0.5, len(chart.labels) - 0.5)
    axes.set_yticks(chart.ticks)
    axes.set_ylim(chart.ticks[0], chart.ticks[-1])
    if chart.unit == "percent":
        axes.yaxis.set_major_formatter(lambda value, _: f"{value * 100:.3g} %")
    else:
        axes.set_ylabel({"ms": "ms", "hours": "hours"}.get(chart.unit, ""), color=_SOFT)
    _plain(axes)
    _legend(axes, chart)


def _legend(axes: Any, chart: Chart) -> None:
    handles: dict[str, Any] = {}
    for series in chart.named:
        handles[series.name] = axes.plot([], [], color=_colour(series), lw=3)[0]
    for mark in chart.marks if chart.joined else ():
        handles[mark] = _sign(axes, mark)
    if handles:
        words = {"loc": "outside lower center", "ncols": 4, "frameon": False, "fontsize": 9, "labelcolor": _SOFT}
        axes.figure.legend([*handles.values()], [*handles], **words)


def _sign(axes: Any, mark: Mark) -> Any:
    """What stands for a mark in the legend; two signs drawn over one another are a tuple of them."""
    colour = _BAD if mark == "refused" else _SOFT
    face = "white" if mark in _HOLLOW else colour
    sign = axes.plot([], [], ls="none", marker=_SHAPES[mark], ms=5, mec=colour, mfc=face)[0]
    ring = {"ls": "none", "marker": "o", "ms": 10, "mec": colour, "mfc": "none"}
    return (sign, axes.plot([], [], **ring)[0]) if mark == "live" else sign
