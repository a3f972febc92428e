"""The command that tries recipes and ways of asking side by side."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.ingest import Exclude, Include
from flows.cli.options import JsonOption, LakeOption, show
from flows.cli.show import experiment as show_experiment
from flows.cli.show import terminal

if TYPE_CHECKING:
    from expectations.experiment.values import Experiment

_SOURCES = "What the lake is made from; needed where a recipe or --sample is tried."
Sources = Annotated[list[str] | None, typer.Argument(help=_SOURCES)]
_VARY = "NAME=VALUE,VALUE of the recipe (child_tokens, embedder) or a question (mode, alpha, rerank, k); several."
Vary = Annotated[list[str] | None, typer.Option("--vary", help=_VARY)]
Grid = Annotated[str | None, typer.Option(help="A YAML or JSON file of names and their values, in place of --vary.")]
_SAMPLE = "Documents to try on: those that answer questions, others drawn by lot. [all]"
Sample = Annotated[int | None, typer.Option(help=_SAMPLE, min=1)]
Seed = Annotated[int, typer.Option(help="Of the lot.")]
SetOption = Annotated[str | None, typer.Option("--set", help="The set of questions. [all]")]
_MEASURE = 'As "document nDCG@10"; several allowed, the first decides. [the usual ones]'
Measure = Annotated[list[str] | None, typer.Option("--measure", help=_MEASURE)]
_KEEP = "Keep the lakes of the recipes in this folder; another experiment goes on from there. [none is kept]"
Keep = Annotated[str | None, typer.Option(help=_KEEP)]
Out = Annotated[str, typer.Option(help="Folder for the table (Parquet, CSV), the page and the plot.")]
_APPLY = "Write the chosen settings of questions into the lake's configuration."
Apply = Annotated[bool, typer.Option("--apply", help=_APPLY)]


def experiment(
    lake: LakeOption,
    sources: Sources = None,
    vary: Vary = None,
    grid: Grid = None,
    sample: Sample = None,
    seed: Seed = 0,
    set_: SetOption = None,
    measure: Measure = None,
    include: Include = None,
    exclude: Exclude = None,
    keep: Keep = None,
    out: Out = "experiment",
    apply: Apply = False,
    workers: Annotated[int | None, typer.Option(help="Shards parsed at a time. [one per core]", min=1)] = None,
    as_json: JsonOption = False,
) -> None:
    """Try recipes and ways of asking on the same questions; say what is gained, at what cost, and what to take."""
    from expectations.experiment.grid import axes_of
    from flows.experiment import Trial
    from flows.experiment import experiment as run

    axes = axes_of(vary or (), grid)
    globs = tuple(include or ()), tuple(exclude or ())
    trial = Trial(lake, axes, tuple(sources or ()), *globs, sample, seed, set_, tuple(measure or ()), keep)
    with terminal.progress(quiet=as_json) as progress:
        found = run(trial, progress, n_workers=workers)
    advice = _advice(found, trial.sources, lake)
    shown = {**found.to_json(), "written": _written(found, Path(out).expanduser(), advice), **advice, "applied": apply}
    if apply:
        _apply(lake, advice["search"])
    show(shown, as_json, show_experiment.experiment)


def _advice(found: Experiment, sources: tuple[str, ...], lake: str) -> dict[str, Any]:
    """What the chosen cell wants: ``search`` settings of the configuration; the ``ingest`` that makes its recipe."""
    from expectations.experiment.grid import OF_QUESTION, OF_RECIPE

    chosen = next(one.cell for one in found.outcomes if one.cell.number == found.choice.chosen)
    base = found.outcomes[0].cell
    other = {name: value for name, value in chosen.varied.items() if value != base.varied[name]}
    search = {n: v for n, v in other.items() if n in OF_QUESTION and (v is not None or n != "fusion")}
    changed = [name for name in OF_RECIPE if getattr(chosen.settings, name) not in (None, getattr(base.settings, name))]
    options = [
        word for name in changed for word in (f"--{name.replace('_', '-')}", str(getattr(chosen.settings, name)))
    ]
    words = ["raglake", "ingest", *sources, "--lake", lake, *options, "--change-recipe"]
    return {"search": search, "ingest": shlex.join(words) if changed else None}


def _apply(lake: str, search: dict[str, Any]) -> None:
    from lake import configuration
    from lake.directory import Lake

    store = Lake.existing(lake).store
    for name, value in search.items():
        configuration.put(store, f"search.{name}", value)


def _written(found: Experiment, folder: Path, advice: dict[str, Any]) -> list[str]:
    """The table as Parquet and CSV, the page, and the plot where matplotlib is installed."""
    import polars as pl
    import pyarrow.parquet as pq

    from expectations.report.experiment_plots import experiment_plots
    from expectations.report.rendering import experiment_page, write_sheet
    from lake.errors import UsageError

    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in ("experiment.parquet", "experiment.csv", "experiment.html", "experiment.png")]
    pq.write_table(found.table, paths[0])
    flat = pl.DataFrame(found.table).with_columns(pl.col("on_front").list.join("+"))
    flat.write_csv(paths[1])
    paths[2].write_text(experiment_page(found, advice), encoding="utf-8")
    try:
        write_sheet(experiment_plots(found), paths[3], n_columns=2)
    except UsageError:  # without matplotlib the page has the plot
        paths.pop()
    return [str(path) for path in paths]


COMMANDS = (experiment,)
