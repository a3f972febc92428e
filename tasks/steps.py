"""The steps of a run as plain functions, free of Prefect: what the command line runs and what each task wraps."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from lake.directory import Lake, configuration
from lake.errors import UsageError
from lake.plugins.later import Later
from lake.reporting import Progress, silent
from lake.sources.scope import SourceScope

if TYPE_CHECKING:
    import pyarrow as pa

    from expectations import audit as audits
    from expectations import audit_settings, gate, gating
    from expectations.gate import GateVerdict
    from expectations.gating import Answers
    from expectations.verdict import Verdict
    from lake import embed
    from lake.embed.base import Embedder
    from lake.embed.batch_api import BatchApi
    from lake.ingest import batch_jobs, build, isolation, sentences
    from lake.ingest import commit as commits
    from lake.ingest import scan as scans
    from lake.ingest.isolation import IsolatedFunction
    from lake.ingest.plan import Shard
    from lake.ingest.scan import Scan
    from lake.recipe import Recipe
    from lake.releases import publishing
    from lake.releases.values import Release, Spent
    from tasks import spending, writing
    from tasks.job import Job
else:  # what only a run that scans, or one with work, needs
    pa, scans = Later("pyarrow"), Later("lake.ingest.scan")
    audits, audit_settings = Later("expectations.audit"), Later("expectations.audit_settings")
    gate, gating = Later("expectations.gate"), Later("expectations.gating")
    embed, batch_jobs, build = Later("lake.embed"), Later("lake.ingest.batch_jobs"), Later("lake.ingest.build")
    isolation, sentences = Later("lake.ingest.isolation"), Later("lake.ingest.sentences")
    commits, publishing = Later("lake.ingest.commit"), Later("lake.releases.publishing")
    spending, writing = Later("tasks.spending"), Later("tasks.writing")

_OF_THREAD = threading.local()


def scan(job: Job) -> Scan:
    """The plan of a job; writes nothing."""
    lake = lake_of(job)
    with configuration.in_use(lake.store):
        found = scans.scan(
            lake,
            list(job.open_sources().values()),
            job.settings,
            verify=job.verify,
            full=job.full,
            change_recipe=job.change_recipe,
            allow_removed=job.allow_removals,
            allow_opening=job.allow_opening,
            completeness=configuration.read(lake.store).completeness,
            scope=SourceScope.of(job.only) if job.only else None,
        )
    if found.plan.recipe.chunking.is_semantic and job.batch_hours is not None:
        raise UsageError(
            "semantic chunking needs vectors of the sentences before there are chunks, which a Batch API gives hours "
            "later; leave --batch-hours out, or choose another --strategy"
        )
    return found


def index_shard(job: Job, shard: Shard, recipe: Recipe, embedder: Embedder | None = None) -> str | None:
    """Parse and chunk one shard; the path of its Parquet file, which the same contents always bear.

    The embedder embeds the sentences of semantic chunking.
    """
    lake, sources, chunking = lake_of(job), job.open_sources(), recipe.chunking
    if not (chunking.is_semantic or chunking.is_written):
        return build.index_shard(lake, shard, sources, recipe, _child())
    with configuration.in_use(lake.store), writing.writing(job, shard, recipe) as write:
        vectors = sentences.SentenceVectors(
            lake, recipe, lambda: embedder or _embedder(recipe), partial(spending.check_budget, job, recipe.embedder)
        )
        return build.index_shard(
            lake, shard, sources, recipe, _child(), vectors if chunking.is_semantic else None, write
        )


def _embedder(recipe: Recipe) -> Embedder:
    return embed.load_embedder(recipe.embedder.name, expected=recipe.embedder)


def _child() -> IsolatedFunction:
    """The child process of this thread, which ends with it: half a second of imports is paid once, not per shard."""
    if not hasattr(_OF_THREAD, "child"):
        _OF_THREAD.child = isolation.IsolatedFunction("lake.ingest.contents:content_step")
    child: IsolatedFunction = _OF_THREAD.child
    return child


def embed_texts(
    job: Job, request: str, recipe: Recipe, embedder: Embedder | None = None, progress: Progress | None = None
) -> int:
    """Embed a request's texts with the recipe's embedder and store their vectors; how many.

    What is stored already is not embedded again.
    """
    lake = _lake_of_thread(job.lake)
    with configuration.in_use(lake.store):
        chosen = embedder or _embedder(recipe)
    return build.embed_texts(lake, request, recipe, chosen, progress=progress)


def lake_of(job: Job) -> Lake:
    """The lake, or the place of a new one; of a run over some keys as this thread knows it, since they come often.

    Raises UsageError if a later raglake wrote what is there.
    """
    if not job.only:
        return Lake.writable(job.lake)
    lake = _lake_of_thread(job.lake)
    if lake.exists():
        lake.check_format()
    return lake


def _lake_of_thread(url: str) -> Lake:
    """The lake as this thread came to know it: which vectors are stored is read once, not for every request."""
    known: dict[str, Lake] = _OF_THREAD.__dict__.setdefault("lakes", {})
    if url not in known:
        known.clear()
        known[url] = Lake(url)
    return known[url]


def submit_texts(job: Job, request: str, recipe: Recipe) -> int:
    """Hand a request's texts to the provider's Batch API; how many."""
    lake = Lake(job.lake)
    return batch_jobs.submit(lake, request, recipe, _batch_api(lake, recipe))


def collect_vectors(job: Job, recipe: Recipe, progress: Progress = silent) -> int:
    """Wait for what the Batch API was given, as long as the job may, and store its vectors; how many."""
    lake = Lake(job.lake)
    return batch_jobs.collect(lake, recipe, _batch_api(lake, recipe), job.batch_hours or 0, progress)


def _batch_api(lake: Lake, recipe: Recipe) -> BatchApi:
    with configuration.in_use(lake.store):
        return batch_jobs.batch_api(recipe)


def commit(job: Job, found: Scan, spent: Spent | None = None) -> Release:
    """Write one version per table and log them as a candidate; a retry starts again from the base's versions."""
    return commits.commit(lake_of(job), found, spent)


def audit(job: Job, candidate: Release) -> Verdict:
    """Great Expectations' verdict on a candidate, which the lake keeps.

    A run over everything reads all rows of what a run over some documents made.
    """
    lake = lake_of(job)
    completeness = configuration.read(lake.store).completeness
    settings = audit_settings.AuditSettings(allow_removed=job.allow_removals, completeness=completeness)
    verdict = audits.audit(lake, candidate, settings, whole=candidate.is_scoped and not job.only)
    findings = pa.concat_tables([verdict.to_arrow(), gate.of_gate(lake.findings(candidate.id))])
    lake.keep_findings(candidate.id, findings)
    why = "" if verdict.passed else verdict.summary()
    publishing.record_audit(lake.log, candidate, verdict=verdict.to_json(), why=why)
    return verdict


def is_of_sample(job: Job, candidate: Release) -> bool:
    """Whether audit and gate look at a sample: in runs over some documents, but for what a run over everything left."""
    return candidate.is_scoped and bool(job.only)


def evaluate(url: str, candidate: Release, progress: Progress = silent, *, of_sample: bool = False) -> Answers | None:
    """The gate's verdict on a candidate beside live, which the lake keeps; None if the gate has no questions.

    A run that dies here leaves the scores that were taken so far to the next one.
    """
    lake = _lake_of_thread(url) if of_sample else Lake(url)  # which knows the log, whose entries may be thousands
    answers = gating.ask(lake, candidate, progress, of_sample=of_sample)
    findings = gate.without_gate(lake.findings(candidate.id))
    if answers is None:
        before = lake.log.read().gate(candidate.id)
        if before is not None and (before.facts["outcome"] == "blocked" or before.facts.get("of_sample")):
            # By questions that are asked no more.
            lake.keep_findings(candidate.id, findings)
            publishing.record_gate(lake.log, candidate, outcome="off", why="")
        return None
    verdict = answers.verdict
    lake.keep_findings(candidate.id, pa.concat_tables([findings, verdict.to_arrow()]))
    why = verdict.summary() if verdict.outcome == "blocked" else ""
    publishing.record_gate(lake.log, candidate, outcome=verdict.outcome, why=why, **verdict.to_json())
    return answers


def measure(url: str, release: Release, progress: Progress = silent, *, again: bool) -> pa.Table:
    """SCORES rows of a release for the questions of the gate, searched as the gate does.

    ``again`` repeats those that are kept.
    """
    return gating.measure(Lake(url), release, again=again, progress=progress)


def gate_by_hand(lake: Lake, release: Release, ask: Callable[[], Answers | None]) -> GateVerdict | None:
    """The gate's verdict when somebody publishes a release.

    None if it is live, failed its audit, or the gate has no questions.

    Publishing itself refuses what the audit refused.
    """
    history = lake.log.read()
    audit = history.verdict(release.id)
    if history.live == release or audit is None or not audit["passed"]:
        return None
    answers = ask()
    return answers.verdict if answers else None


def publish(job: Job, candidate: Release) -> None:
    """Make the candidate live; RefusedError if its audit, its gate, a pin or a moved ``live`` forbids it."""
    publishing.publish(lake_of(job).log, candidate)


def n_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0))


def quarantined(job: Job, release: Release, n_rows: int) -> list[dict[str, str]]:
    """The first documents of a release's quarantine: uri, class, reason."""
    table = Lake(job.lake).tables(release.generation).at("quarantine", release.versions["quarantine"])
    rows = table.scan(["uri", "error_class", "reason"]).sort_by("uri").slice(0, n_rows)
    shown: list[dict[str, str]] = rows.rename_columns(["uri", "class", "reason"]).to_pylist()
    return shown
