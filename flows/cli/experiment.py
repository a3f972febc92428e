"""The command that tries recipes and ways of asking side by side."""

from __future__ import annotations

import logging
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.declared import with_options
from flows.cli.options import JsonOption, LakeOption, SetOption, show
from flows.cli.show import experiment as show_experiment
from flows.cli.show import terminal
from lake.directory import Lake, configuration
from lake.errors import StorageError, UsageError
from lake.options import RecipeOptions, RunOptions, options
from lake.records import experiments as experiments_kept
from lake.records.experiment_plots import experiment_plots

if TYPE_CHECKING:
    from expectations.experiment.values import Experiment

_log = logging.getLogger(__name__)

_SOURCES = "Sources of the lake; needed to vary the recipe or to --sample."
Sources = Annotated[list[str] | None, typer.Argument(help=_SOURCES)]
_VARY = "NAME=VALUE,VALUE of the recipe (child_tokens, embedder) or the search (mode, alpha, rerank, k); repeatable."
Vary = Annotated[list[str] | None, typer.Option("--vary", help=_VARY)]
Grid = Annotated[str | None, typer.Option(help="YAML or JSON file of names and their values, in place of --vary.")]
_SAMPLE = "Number of documents to try on: those that answer questions, and others at random. [default: all]"
Sample = Annotated[int | None, typer.Option(help=_SAMPLE, min=1)]
Seed = Annotated[int, typer.Option(help="Random seed for --sample.")]
_MEASURE = 'Measure such as "document nDCG@10"; repeatable, the first decides. [default: the headline measures]'
Measure = Annotated[list[str] | None, typer.Option("--measure", help=_MEASURE)]
_KEEP = "Keep the lakes of the recipes in this folder, for another experiment to continue from."
Keep = Annotated[str | None, typer.Option(help=_KEEP)]
Out = Annotated[str, typer.Option(help="Folder for the table (Parquet, CSV), the page and the plot.")]
_APPLY = "Write search options into the lake's configuration, if half of the questions choose and the others confirm."
Apply = Annotated[bool, typer.Option("--apply", help=_APPLY)]


@with_options
def experiment(
    lake: LakeOption,
    options: Annotated[dict[str, Any], RunOptions, ("include", "exclude", "workers")],
    sources: Sources = None,
    vary: Vary = None,
    grid: Grid = None,
    sample: Sample = None,
    seed: Seed = 0,
    set_: SetOption = None,
    measure: Measure = None,
    keep: Keep = None,
    out: Out = "experiment",
    apply: Apply = False,
    as_json: JsonOption = False,
) -> None:
    """Try recipes and search options on the same questions; show gains, costs and which to choose."""
    from expectations.experiment.grid import axes_of
    from flows import experiment as experiments

    axes = axes_of(vary or (), grid)
    workers = options.pop("workers", None)
    trial = experiments.Trial(
        lake,
        axes,
        tuple(sources or ()),
        sample=sample,
        seed=seed,
        set=set_,
        measures=tuple(measure or ()),
        keep=keep,
        **options,
    )
    with terminal.progress(quiet=as_json) as progress:
        found = experiments.experiment(trial, progress, n_workers=workers)
    advice = _advice(found, trial.sources, lake)
    shown = {**found.to_json(), "written": _written(found, Path(out).expanduser(), advice), **advice, "applied": False}
    if apply:
        shown["applied"] = _apply(lake, advice["confirmed_search"])
    shown["experiment_id"] = _kept(lake, shown)
    show(shown, as_json, show_experiment.experiment)


def _word(value: object) -> str:
    """A value of an option as an ingest takes it; several embedders are joined by +."""
    return "+".join(value) if isinstance(value, tuple) else str(value)


def _advice(found: Experiment, sources: tuple[str, ...], lake: str) -> dict[str, Any]:
    """What the chosen cell wants: ``search`` settings of the configuration; the ``ingest`` that makes its recipe."""
    chosen = next(one.cell for one in found.outcomes if one.cell.number == found.choice.chosen)
    base, search = found.outcomes[0].cell, _search(found, found.choice.chosen)
    changed = [
        name
        for name in options(RecipeOptions)
        if getattr(chosen.settings, name) not in (None, getattr(base.settings, name))
    ]
    recipe = [
        word for name in changed for word in (f"--{name.replace('_', '-')}", _word(getattr(chosen.settings, name)))
    ]
    words = ["raglake", "ingest", *sources, "--lake", lake, *recipe, "--change-recipe"]
    confirmed = found.choice.confirmed
    return {
        "search": search,
        "confirmed_search": {} if confirmed is None else _search(found, confirmed),
        "ingest": shlex.join(words) if changed else None,
    }


def _search(found: Experiment, number: int) -> dict[str, Any]:
    """The settings of the configuration in which a cell differs from the base."""
    cell = next(one.cell for one in found.outcomes if one.cell.number == number)
    return cell.search_unlike(found.outcomes[0].cell)


def _apply(lake: str, search: dict[str, Any]) -> bool:
    """Set what the confirmed cell wants; whether that is anything."""
    store = Lake.existing(lake).store
    for name, value in search.items():
        configuration.put(store, f"search.{name}", value)
    return bool(search)


def _kept(lake: str, shown: dict[str, Any]) -> str | None:
    """The id under which the lake keeps the result; None for a lake that can't be written to."""
    try:
        found = {name: one for name, one in shown.items() if name != "written"}
        return experiments_kept.keep(Lake.existing(lake), found)
    except (StorageError, OSError) as error:
        _log.warning("the lake can't be written to, so it keeps nothing of this experiment: %s", error)
        return None


def _written(found: Experiment, folder: Path, advice: dict[str, Any]) -> list[str]:
    """The table as Parquet and CSV, the page, and the plots."""
    import polars as pl
    import pyarrow.parquet as pq

    from expectations.report import rendering

    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in ("experiment.parquet", "experiment.csv", "experiment.html", "experiment.png")]
    pq.write_table(found.table, paths[0])
    flat = pl.DataFrame(found.table).with_columns(pl.col("on_front").list.join("+"))
    flat.write_csv(paths[1])
    paths[2].write_text(rendering.experiment_page(found, advice), encoding="utf-8")
    try:
        rendering.write_sheet(experiment_plots(found.to_json()), paths[3], n_columns=2)
    except UsageError:  # without matplotlib the page has the plot
        paths.pop()
    return [str(path) for path in paths]


COMMANDS = (experiment,)
