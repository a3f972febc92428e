"""Pages and PNG files from templates: no script, nothing loaded, and everything that a lake holds escaped."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment

from expectations.experiment.grid import said, worded
from expectations.experiment.values import Experiment
from expectations.report.values import Report
from lake.errors import UsageError
from lake.records.experiment_plots import experiment_plots
from lake.releases.values import quarantine_share
from lake.reporting import counted, listed
from lake.reporting.plots import SIGNS, Plot
from lake.reporting.templates import environment

_TEMPLATES = Path(__file__).parent / "templates"
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")
_SMALL = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><style>{}</style>{}</svg>'


def report_page(report: Report) -> str:
    return _environment().get_template("report.html").render(report=report)


def experiment_page(found: Experiment, advice: Mapping[str, Any]) -> str:
    """``advice`` holds the ``search`` settings and the ``ingest`` command that the chosen cell needs."""
    plots = experiment_plots(found.to_json())
    return _environment().get_template("experiment.html").render(found=found, advice=advice, plots=plots)


def write_png(plots: Sequence[Plot], folder: Path) -> list[Path]:
    """Writes one file for each plot; UsageError if the PNG library or a font is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{_NOT_IN_NAMES.sub('-', plot.name)}.png" for plot in plots]
    for plot, path in zip(plots, paths, strict=True):
        write_sheet([plot], path)
    return paths


def write_sheet(plots: Sequence[Plot], path: Path, n_columns: int = 1) -> None:
    """Writes plots with the same series side by side into one PNG file, above one legend."""
    try:
        from resvg_py import svg_to_bytes
    except ImportError as error:
        raise UsageError(f"PNG plots need resvg-py ({error}); pip install 'raglake[report]' brings it") from error
    font, _, _ = _environment().get_template("plot.css").render().partition("\n")  # what a machine lacks may be another
    if len({svg_to_bytes(svg_string=_SMALL.format(font, inside)) for inside in ("", "<text y='15'>A</text>")}) == 1:
        raise UsageError("PNG plots need a font, and this machine has none; install one, such as fonts-dejavu-core")
    path.write_bytes(svg_to_bytes(svg_string=sheet(plots, n_columns), zoom=2))


def sheet(plots: Sequence[Plot], n_columns: int = 1) -> str:
    """Plots as one SVG document, in the page's light colours."""
    loader = _environment()
    light, _, _ = loader.get_template("console.css").render().partition("}")
    colours = dict(re.findall(r"--([\w-]+): (#\w+)", light))
    style = re.sub(r"var\(--([\w-]+)\)", lambda name: colours[name[1]], loader.get_template("plot.css").render())
    return loader.get_template("sheet.svg").render(plots=plots, n_columns=n_columns, style=style)


@cache
def _environment() -> Environment:
    found = environment(_TEMPLATES, finalize=lambda value: "" if value is None else value)
    found.filters |= {"fmt": _formatted, "counted": counted, "listed": listed, "sizes": _sizes, "age": _age}
    found.filters |= {"said": said, "worded": worded, "shell": shlex.quote}
    found.globals |= {"quarantine_share": quarantine_share, "signs": SIGNS}
    return found


def _formatted(value: Any, spec: str) -> str:
    return "" if value is None else format(value, spec)


def _sizes(changes: Mapping[str, Sequence[Any]]) -> str:
    return listed({kind: len(rows) for kind, rows in changes.items()}).replace("nothing", "unchanged")


def _age(age: timedelta) -> str:
    hours = age.total_seconds() / 3600
    if hours < 1:
        return f"{counted(round(hours * 60), 'minute')} ago"
    return f"{hours:.1f} hours ago" if hours < 48 else f"{hours / 24:.1f} days ago"
