"""The command line: a thin caller of the library and of the flow; knows exit statuses and nothing else."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.exceptions import TyperException

from flows import (
    cli_ask,
    cli_automations,
    cli_config,
    cli_deployments,
    cli_diff,
    cli_doctor,
    cli_evaluate,
    cli_experiment,
    cli_feedback,
    cli_query,
    cli_questions,
    cli_releases,
    cli_report,
    cli_serve,
    cli_upkeep,
    cli_why,
    console,
    console_query,
)
from flows.cli_options import JsonOption, LakeOption, show
from lake.errors import LakeError, RefusedError, UsageError

if TYPE_CHECKING:
    from flows.reindex import Job, Outcome

#: How typer reports Ctrl-C.
_INTERRUPTED = 130
_STOPPED = "interrupted; nothing of this run was published, the next one goes on from here"

OK, FAILED, USAGE, REFUSED, QUARANTINED = range(5)

app = typer.Typer(
    help="Keep a search index over documents right, night after night.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # it would take [@DIMENSIONS] for markup
)

Sources = Annotated[list[str], typer.Argument(help="Folders, globs, files or fsspec URLs; NAME=... names one.")]
Include = Annotated[list[str] | None, typer.Option(help="Only files that match this glob; several allowed.")]
Exclude = Annotated[list[str] | None, typer.Option(help="No files that match this glob; several allowed.")]
_EMBEDDERS = "minilm, st:MODEL_OR_PATH, openai:MODEL[@DIMENSIONS] or hash. [the lake's own; minilm in a new one]"
Embedder = Annotated[str | None, typer.Option(help=_EMBEDDERS)]
_BACKENDS = "What computes a local model: openvino/bfloat16, torch-cpu/float32, ... [the lake's own; the quickest]"
Backend = Annotated[str | None, typer.Option(help=_BACKENDS)]
Strategy = Annotated[str | None, typer.Option(help="How to chunk: hierarchical, paragraph or window.")]
ParentTokens = Annotated[int | None, typer.Option(help="Most cl100k tokens of a parent. [1200]")]
ChildTokens = Annotated[int | None, typer.Option(help="Most tokens of a child, as the embedder counts. [200]")]
Overlap = Annotated[int | None, typer.Option(help="Tokens that neighbouring children share at most. [32]")]
HeadingTokens = Annotated[int | None, typer.Option(help="Room for the headings embedded before a child. [48]")]
VectorDtype = Annotated[str | None, typer.Option(help="How vectors are stored: float32 or float16.")]
_TOKENIZERS = "How full text is cut into words: icu/split, icu, simple, whitespace or ngram. [icu/split]"
TextTokenizer = Annotated[str | None, typer.Option(help=_TOKENIZERS)]
TextLanguage = Annotated[str | None, typer.Option(help="Whose endings and stop words full text knows. [English]")]
Verify = Annotated[bool, typer.Option("--verify", help="Read every byte again; store again what the lake lost.")]
ChangeRecipe = Annotated[bool, typer.Option("--change-recipe", help="Rebuild what another recipe touches.")]
_BATCHES = "Embed by the provider's Batch API, at half the price, and wait up to so many hours for it."
BatchHours = Annotated[float | None, typer.Option(help=_BATCHES, min=0)]
BudgetUsd = Annotated[float | None, typer.Option(help="Stop before embedding costs more than this.", min=0)]
AllowRemovals = Annotated[int, typer.Option(help="Let the run remove up to this many documents.", min=0)]


@app.command()
def plan(
    sources: Sources,
    lake: LakeOption,
    include: Include = None,
    exclude: Exclude = None,
    embedder: Embedder = None,
    backend: Backend = None,
    strategy: Strategy = None,
    parent_tokens: ParentTokens = None,
    child_tokens: ChildTokens = None,
    overlap_tokens: Overlap = None,
    heading_tokens: HeadingTokens = None,
    vector_dtype: VectorDtype = None,
    text_tokenizer: TextTokenizer = None,
    text_language: TextLanguage = None,
    verify: Verify = False,
    change_recipe: ChangeRecipe = False,
    allow_removals: AllowRemovals = 0,
    batch_hours: BatchHours = None,
    budget_usd: BudgetUsd = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a run would do and cost; write nothing."""
    from flows.preview import preview

    job = _job(locals())
    with console.progress(quiet=as_json) as progress:
        shown = preview(job, progress)
    show(shown, as_json, console.plan)


@app.command()
def ingest(
    sources: Sources,
    lake: LakeOption,
    include: Include = None,
    exclude: Exclude = None,
    embedder: Embedder = None,
    backend: Backend = None,
    strategy: Strategy = None,
    parent_tokens: ParentTokens = None,
    child_tokens: ChildTokens = None,
    overlap_tokens: Overlap = None,
    heading_tokens: HeadingTokens = None,
    vector_dtype: VectorDtype = None,
    text_tokenizer: TextTokenizer = None,
    text_language: TextLanguage = None,
    verify: Verify = False,
    change_recipe: ChangeRecipe = False,
    allow_removals: AllowRemovals = 0,
    batch_hours: BatchHours = None,
    budget_usd: BudgetUsd = None,
    publish: Annotated[bool, typer.Option(help="Publish the release if it passes; else leave a candidate.")] = True,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 4 if documents are in quarantine.")] = False,
    workers: Annotated[int | None, typer.Option(help="Shards parsed at a time. [one per core]", min=1)] = None,
    shard_documents: Annotated[int, typer.Option(help="Most documents of a shard.", min=1)] = 2000,
    prefect: Annotated[bool, typer.Option("--prefect", help="Run as a Prefect flow run.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Index what changed, audit the candidate and publish it as a release."""
    job = _job(locals())
    outcome = _run(job, workers, as_json, under_prefect=prefect or bool(os.environ.get("PREFECT_API_URL")))
    show(outcome.to_json(), as_json, console.outcome)
    if outcome.refused:
        raise typer.Exit(REFUSED)
    if strict and outcome.n_quarantined:
        raise typer.Exit(QUARANTINED)


def _run(job: Job, workers: int | None, as_json: bool, *, under_prefect: bool) -> Outcome:
    if under_prefect:
        from flows.ingest import run_as_flow

        return run_as_flow(job, workers)
    from flows.lineage import observed
    from flows.reindex import reindex
    from flows.steps import PlainSteps

    with console.progress(quiet=as_json) as progress, PlainSteps(n_workers=workers, progress=progress) as steps:
        return observed(job, lambda: reindex(job, steps))


@app.command()
def demo(
    folder: Annotated[str, typer.Argument(help="Where to put the documents and the lake.")] = "raglake-demo",
    as_json: JsonOption = False,
) -> None:
    """Index the descriptions of the installed Python packages and answer a few questions from them."""
    from pathlib import Path

    from flows.demo import run, wrong_answers

    outcome, hits = run(Path(folder))
    wrong = wrong_answers(hits)
    answers = {question: table.to_pylist() for question, table in hits.items()}
    show({**outcome.to_json(), "answers": answers, "wrong": wrong}, as_json, console_query.demo)
    if wrong:
        raise typer.Exit(FAILED)


for group in (
    *(cli_query, cli_ask, cli_why, cli_evaluate, cli_experiment, cli_report),
    *(cli_releases, cli_diff, cli_upkeep, cli_doctor, cli_serve),
):
    for command in group.COMMANDS:
        app.command()(command)


app.add_typer(cli_questions.app, name="questions")
app.add_typer(cli_feedback.app, name="feedback")
app.add_typer(cli_config.app, name="config")
app.add_typer(cli_deployments.app, name="deployments")
app.add_typer(cli_automations.app, name="automations")


def _job(arguments: dict[str, Any]) -> Job:
    """The job that a command's arguments describe."""
    from flows.reindex import Job
    from lake.scan import Settings

    settings = {name: arguments[name] for name in Settings.__dataclass_fields__ if name in arguments}
    names = ("verify", "change_recipe", "allow_removals", "publish", "shard_documents", "batch_hours", "budget_usd")
    return Job(
        sources=tuple(arguments["sources"]),
        lake=arguments["lake"],
        include=tuple(arguments["include"] or ()),
        exclude=tuple(arguments["exclude"] or ()),
        settings=Settings(**settings),
        **{name: arguments[name] for name in names if name in arguments},
    )


def main(arguments: list[str] | None = None) -> None:
    """Run a command and exit: 0 done, 1 failed, 2 the caller's words, 3 refused, 4 quarantine under --strict."""
    logging.basicConfig(stream=sys.stderr, level=os.environ.get("RAGLAKE_LOG", "WARNING"), format="%(message)s")
    sys.exit(_exit_status(arguments))


def _exit_status(arguments: list[str] | None) -> int:
    try:
        result = app(arguments, standalone_mode=False)
        status = result if isinstance(result, int) else OK
        return status if status != _INTERRUPTED else _say(_STOPPED, FAILED)
    except typer.Exit as leave:
        return leave.exit_code
    except TyperException as error:
        hint = "raglake --help lists the commands, raglake COMMAND --help their options"
        return _say(f"{error.format_message().rstrip('.')}; {hint}", USAGE)
    except UsageError as error:
        return _say(error, USAGE)
    except RefusedError as error:
        return _say(error, REFUSED)
    except LakeError as error:
        return _say(error, FAILED)
    except (KeyboardInterrupt, typer.Abort):
        return _say(_STOPPED, FAILED)
    except OSError as error:
        return _say(error, FAILED)
    except Exception as error:  # noqa: BLE001 - the last line of defence: a bug must not look like an answer
        if os.environ.get("RAGLAKE_LOG", "").upper() == "DEBUG":
            traceback.print_exc()
        return _say(f"{type(error).__name__}: {error} (a defect of raglake; RAGLAKE_LOG=DEBUG shows where)", FAILED)


def _say(error: object, status: int) -> int:
    print(f"raglake: {error}", file=sys.stderr)
    return status
