"""The command that writes a report of a lake's releases."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

import lake as library
from flows.cli.options import JsonOption, LakeOption, SetOption, show
from flows.cli.show import terminal

Out = Annotated[str, typer.Option(help="File to write.")]
Png = Annotated[str | None, typer.Option(help="Also write each plot as a PNG file into this folder.")]
Last = Annotated[int, typer.Option(help="Cover the last N releases.", min=1)]


def report(
    lake: LakeOption,
    set_: SetOption = None,
    out: Out = "report.html",
    png: Png = None,
    last: Last = 30,
    as_json: JsonOption = False,
) -> None:
    """Write an HTML page about the quality of the last releases.

    Shows scores, slices, latency, cost, the worst questions and what changed.
    """
    from expectations.report import gather, report_page, write_png

    found = gather(library.open_lake(lake), set_, last)
    path = Path(out).expanduser()
    plots = write_png(found.plots, Path(png).expanduser()) if png else []
    path.write_text(report_page(found), encoding="utf-8")
    written = {"report": str(path), "plots": [str(plot) for plot in plots]}
    show({**written, "releases": len(found.releases), "sets": [one.name for one in found.sets]}, as_json, _written)


def _written(shown: dict[str, Any]) -> None:
    out = terminal.terminal()
    for path in (shown["report"], *shown["plots"]):
        out.print(f"written: {path}", markup=False)
    if not shown["sets"]:
        terminal.paragraph(out, "no release was evaluated yet; `raglake evaluate` measures one")


COMMANDS = (report,)
