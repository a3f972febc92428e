"""``raglake plan`` and ``raglake ingest``: the words that describe a job, written once."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.options import QUARANTINED, REFUSED, JsonOption, LakeOption, show
from flows.cli.show import terminal

if TYPE_CHECKING:
    from flows.reindex import Outcome
    from tasks.job import Job

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


def _describe(
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
) -> Job:
    """The job that a command's words describe."""
    from lake.ingest.scan import RecipeOptions
    from tasks.job import Job

    words = dict(locals())
    settings = {name: words[name] for name in RecipeOptions.__dataclass_fields__}
    return Job(
        sources=tuple(sources),
        lake=lake,
        include=tuple(include or ()),
        exclude=tuple(exclude or ()),
        settings=RecipeOptions(**settings),
        verify=verify,
        change_recipe=change_recipe,
        allow_removals=allow_removals,
        batch_hours=batch_hours,
        budget_usd=budget_usd,
    )


def _of_a_job(command: Callable[..., None]) -> Callable[..., None]:
    """``command`` with the words of ``_describe`` in place of its first parameter, the job."""
    described = _parameters(_describe)
    _, *own = _parameters(command)

    @wraps(command)
    def taking(**words: Any) -> None:
        job = _describe(**{parameter.name: words.pop(parameter.name) for parameter in described})
        command(job, **words)

    taking.__signature__ = Signature([*described, *own])  # type: ignore[attr-defined]
    taking.__annotations__ = {parameter.name: parameter.annotation for parameter in [*described, *own]}
    return taking


def _parameters(function: Callable[..., Any]) -> list[Parameter]:
    """As typer wants them: their annotations are types, and each can be told by its name."""
    found = signature(function, eval_str=True, locals={"Job": object}).parameters.values()
    return [parameter.replace(kind=Parameter.KEYWORD_ONLY) for parameter in found]


@_of_a_job
def plan(job: Job, as_json: JsonOption = False) -> None:
    """Say what a run would do and cost; write nothing."""
    from flows.cli.preview import preview

    with terminal.progress(quiet=as_json) as progress:
        shown = preview(job, progress)
    show(shown, as_json, terminal.plan)


@_of_a_job
def ingest(
    job: Job,
    publish: Annotated[bool, typer.Option(help="Publish the release if it passes; else leave a candidate.")] = True,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 4 if documents are in quarantine.")] = False,
    workers: Annotated[int | None, typer.Option(help="Shards parsed at a time. [one per core]", min=1)] = None,
    shard_documents: Annotated[int, typer.Option(help="Most documents of a shard.", min=1)] = 2000,
    prefect: Annotated[bool, typer.Option("--prefect", help="Run as a Prefect flow run.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Index what changed, audit the candidate and publish it as a release."""
    job = replace(job, publish=publish, shard_documents=shard_documents)
    outcome = _run(job, workers, as_json, under_prefect=prefect or bool(os.environ.get("PREFECT_API_URL")))
    show(outcome.to_json(), as_json, terminal.outcome)
    if outcome.refused:
        raise typer.Exit(REFUSED)
    if strict and outcome.n_quarantined:
        raise typer.Exit(QUARANTINED)


def _run(job: Job, workers: int | None, as_json: bool, *, under_prefect: bool) -> Outcome:
    if under_prefect:
        from flows.ingest import run_as_flow

        return run_as_flow(job, workers)
    from flows.reindex import reindex
    from flows.runtime.lineage import observed
    from flows.steps import PlainSteps

    with terminal.progress(quiet=as_json) as progress, PlainSteps(n_workers=workers, progress=progress) as steps:
        return observed(job, lambda: reindex(job, steps))


COMMANDS = (plan, ingest)
