"""``raglake plan`` and ``raglake ingest``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.declared import with_options
from flows.cli.options import QUARANTINED, REFUSED, JsonOption, LakeOption, show
from flows.cli.show import terminal
from flows.reindex import reindex
from flows.runtime.lineage import observed
from flows.steps import PlainSteps
from lake.options import RecipeOptions, RunOptions
from lake.reporting import counted
from tasks.job import Job

if TYPE_CHECKING:
    from flows.outcome import Outcome

Sources = Annotated[list[str], typer.Argument(help="Folders, globs, files or fsspec URLs; NAME=... names one.")]
#: Options of a run that change what it would do or cost.
_OF_PLAN = (
    "include",
    "exclude",
    "only",
    "verify",
    "full",
    "change_recipe",
    "allow_removals",
    "allow_opening",
    "batch_hours",
    "budget_usd",
)
Recipe = Annotated[dict[str, Any], RecipeOptions]


@with_options
def plan(
    sources: Sources,
    lake: LakeOption,
    recipe: Recipe,
    run: Annotated[dict[str, Any], RunOptions, _OF_PLAN],
    as_json: JsonOption = False,
) -> None:
    """Show what a run would do and cost; write nothing."""
    from flows.cli.preview import preview

    with terminal.progress(quiet=as_json) as progress:
        shown = preview(Job(tuple(sources), lake, RecipeOptions(**recipe), **run), progress)
    show(shown, as_json, terminal.plan)


@with_options
def ingest(
    sources: Sources,
    lake: LakeOption,
    recipe: Recipe,
    run: Annotated[dict[str, Any], RunOptions],
    prefect: Annotated[bool, typer.Option("--prefect", help="Run as a Prefect flow run.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Index what changed, audit the candidate and publish it as a release."""
    job = Job(tuple(sources), lake, RecipeOptions(**recipe), **run)
    outcome = _run(job, as_json, under_prefect=prefect or bool(os.environ.get("PREFECT_API_URL")))
    show(outcome.to_json(), as_json, terminal.outcome)
    needs_correction = job.strict and outcome.n_sidecar_problems and not outcome.blocked
    if outcome.refused and not needs_correction:
        raise typer.Exit(REFUSED)
    if needs_correction or (job.strict and outcome.n_quarantined):
        terminal.say(f"raglake: status 4, since the run is strict: {_unsound(outcome)}", stderr=True)
        raise typer.Exit(QUARANTINED)


def _unsound(outcome: Outcome) -> str:
    """What ends a strict run with another status than 0."""
    counts = {"sidecar problem": outcome.n_sidecar_problems, "document": outcome.n_quarantined}
    told = [counted(n, noun) + " in quarantine" * (noun == "document") for noun, n in counts.items() if n]
    return " and ".join(told)


def _run(job: Job, as_json: bool, *, under_prefect: bool) -> Outcome:
    if under_prefect:
        # Read when Prefect is imported: a server that hangs or restarts costs at most a minute and a half a request.
        os.environ.setdefault("PREFECT_CLIENT_MAX_RETRIES", "3")
        os.environ.setdefault("PREFECT_API_REQUEST_TIMEOUT", "20")
        from flows.ingest import run_as_flow

        return run_as_flow(job)
    with terminal.progress(quiet=as_json) as progress, PlainSteps(n_workers=job.workers, progress=progress) as steps:
        return observed(job, lambda: reindex(job, steps))


COMMANDS = (plan, ingest)
