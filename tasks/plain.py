"""The steps of a run as plain functions: what each task runs, and what the command line runs without Prefect."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from lake.directory import Lake
from lake.ingest.batch_jobs import batch_api, collect, submit
from lake.ingest.build import embed_texts, index_shard
from lake.ingest.commit import commit
from lake.ingest.scan import Scan, scan
from lake.progress import Progress, silent
from lake.releases.publishing import publish, record_audit, record_gate
from lake.releases.values import Release, Spent

if TYPE_CHECKING:
    import pyarrow as pa

    from expectations.gating import Answers
    from expectations.verdict import Verdict
    from lake.embed.base import Embedder
    from lake.ingest.isolation import IsolatedFunction
    from lake.ingest.plan import Shard
    from lake.recipe import Recipe
    from tasks.job import Job


_OF_THREAD = threading.local()


def scan_job(job: Job) -> Scan:
    """The plan of a job; writes nothing."""
    return scan(
        Lake(job.lake),
        list(job.open_sources().values()),
        job.settings,
        verify=job.verify,
        change_recipe=job.change_recipe,
        allow_removed=job.allow_removals,
    )


def index_one(job: Job, shard: Shard, recipe: Recipe) -> str | None:
    """Parse and chunk one shard in this thread's child process; the path of its Parquet file."""
    return index_shard(Lake(job.lake), shard, job.open_sources(), recipe, _child())


def _child() -> IsolatedFunction:
    """The child process of this thread, which ends with it: half a second of imports is paid once, not per shard."""
    from lake.ingest.isolation import IsolatedFunction

    if not hasattr(_OF_THREAD, "child"):
        _OF_THREAD.child = IsolatedFunction("lake.ingest.contents:content_row")
    child: IsolatedFunction = _OF_THREAD.child
    return child


def lake_of_thread(url: str) -> Lake:
    """The lake as this thread came to know it: which vectors are stored is read once, not for every request."""
    known: dict[str, Lake] = _OF_THREAD.__dict__.setdefault("lakes", {})
    if url not in known:
        known.clear()
        known[url] = Lake(url)
    return known[url]


def embed_one(
    lake: Lake, request: str, recipe: Recipe, embedder: Embedder | None = None, progress: Progress | None = None
) -> int:
    """Embed one request with the recipe's embedder; how many texts."""
    from lake.embed import load_embedder

    chosen = embedder or load_embedder(recipe.embedder.name, expected=recipe.embedder)
    return embed_texts(lake, request, recipe, chosen, progress=progress)


def submit_one(lake: Lake, request: str, recipe: Recipe) -> int:
    """Hand one request's texts to the provider's Batch API; how many texts."""
    return submit(lake, request, recipe, batch_api(recipe))


def collect_one(job: Job, recipe: Recipe, progress: Progress = silent) -> int:
    """Store the vectors of what was handed over, waiting for them as long as the job says; how many."""
    return collect(Lake(job.lake), recipe, batch_api(recipe), job.batch_hours or 0, progress)


def commit_one(job: Job, found: Scan, spent: Spent | None = None) -> Release:
    """The candidate that a scan and what is stored of its contents make."""
    return commit(Lake(job.lake), found, spent)


def audit_one(job: Job, candidate: Release) -> Verdict:
    """Great Expectations' verdict on a candidate, which the lake keeps."""
    from expectations.audit import audit
    from expectations.audit_settings import AuditSettings

    lake = Lake(job.lake)
    verdict = audit(lake, candidate, AuditSettings(allow_removed=job.allow_removals))
    lake.keep_findings(candidate.id, verdict.to_arrow())
    why = "" if verdict.passed else verdict.summary()
    record_audit(lake.log, candidate, verdict=verdict.to_json(), why=why)
    return verdict


def evaluate_one(lake: Lake, candidate: Release, progress: Progress = silent) -> Answers | None:
    """What the lake's questions say of a candidate beside live, which the lake keeps; None where there are none.

    A run that dies here leaves the scores that were taken so far to the next one.
    """
    import pyarrow as pa

    from expectations.gate import without_gate
    from expectations.gating import ask

    answers, audited = ask(lake, candidate, progress), without_gate(lake.findings(candidate.id))
    if answers is None:
        if lake.log.read().is_blocked(candidate.id):  # by questions that are asked no more
            lake.keep_findings(candidate.id, audited)
            record_gate(lake.log, candidate, outcome="off", why="")
        return None
    verdict = answers.verdict
    lake.keep_findings(candidate.id, pa.concat_tables([audited, verdict.to_arrow()]))
    why = verdict.summary() if verdict.outcome == "blocked" else ""
    record_gate(lake.log, candidate, outcome=verdict.outcome, why=why, **verdict.to_json())
    return answers


def measure_one(lake: Lake, release: Release, progress: Progress = silent, *, again: bool) -> pa.Table:
    """SCORES rows of a release for the questions of the gate, as it asks them; ``again``, though they are kept."""
    from expectations.gating import measure

    return measure(lake, release, again=again, progress=progress)


def publish_one(job: Job, candidate: Release) -> None:
    """Make the candidate live; RefusedError where its audit, its gate, a pin or a moved ``live`` forbids it."""
    publish(Lake(job.lake).log, candidate)


def n_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0))


def quarantined(job: Job, release: Release, n_rows: int) -> list[dict[str, str]]:
    """The first documents of a release's quarantine: uri, class, reason."""
    table = Lake(job.lake).tables(release.generation).at("quarantine", release.versions["quarantine"])
    rows = table.scan(["uri", "error_class", "reason"]).sort_by("uri").slice(0, n_rows)
    shown: list[dict[str, str]] = rows.rename_columns(["uri", "class", "reason"]).to_pylist()
    return shown
