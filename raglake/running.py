"""Runs from Python: the steps of ``raglake ingest`` and ``raglake plan`` in this process."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from flows.reindex import Outcome, reindex
from flows.runtime.lineage import observed
from flows.steps import PlainSteps
from lake.errors import UsageError
from lake.options import RecipeOptions, RunOptions
from lake.reporting import Progress, silent
from tasks.job import Job
from tasks.steps import scan

if TYPE_CHECKING:
    from lake.embed.base import Embedder
    from lake.ingest.plan import Plan

Sources = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]


def ingest(
    sources: Sources,
    lake: str | os.PathLike[str],
    *,
    recipe: RecipeOptions | None = None,
    run: RunOptions | None = None,
    embedder: Embedder | Sequence[Embedder] | None = None,
    progress: Progress = silent,
) -> Outcome:
    """Index what changed in the sources, audit the candidate and publish it as a release.

    A source is a folder, a glob, a file or an fsspec URL; ``NAME=SOURCE`` names it. ``embedder`` takes the place of the
    one of its name in the recipe; several may be passed. The outcome says what was published, or why a candidate was
    refused.
    """
    job = _job(sources, lake, recipe, run)
    with PlainSteps(n_workers=job.workers, embedder=embedder, progress=progress) as steps:
        return observed(job, lambda: reindex(job, steps))


def plan(
    sources: Sources,
    lake: str | os.PathLike[str],
    *,
    recipe: RecipeOptions | None = None,
    run: RunOptions | None = None,
) -> Plan:
    """What ``ingest`` with these arguments would write and remove; writes nothing."""
    return scan(_job(sources, lake, recipe, run)).plan


def _job(sources: Sources, lake: str | os.PathLike[str], recipe: RecipeOptions | None, run: RunOptions | None) -> Job:
    for value, kind in ((recipe, RecipeOptions), (run, RunOptions)):
        if not isinstance(value, kind | None):
            raise UsageError(f"{value!r:.80} is no {kind.__name__}; write raglake.{kind.__name__}(...)")
    return Job(_named(sources), os.fspath(lake), recipe or RecipeOptions(), **asdict(run or RunOptions()))


def _named(sources: Sources) -> tuple[str, ...]:
    if isinstance(sources, Mapping):
        raise UsageError("sources are a list; name one by NAME=SOURCE, such as 'handbook=/srv/handbook'")
    listed = [sources] if isinstance(sources, str | os.PathLike) else sources
    named = tuple(os.fspath(source) for source in listed)
    if not named:
        raise UsageError("no sources; name at least one folder, glob, file or URL")
    return named
