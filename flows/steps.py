"""The steps of a run as plain functions, and the interface that Prefect's tasks fill in as well."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from lake.build import embed_texts, index_shard
from lake.commit import commit
from lake.directory import Lake
from lake.plan import Shard
from lake.recipe import Recipe
from lake.releases import Release, publish, refuse
from lake.scan import Scan, scan

if TYPE_CHECKING:
    from expectations.verdict import Verdict
    from flows.reindex import Job
    from lake.embed.base import Embedder

Progress = Callable[[str, int, int | None], None]


class Steps(Protocol):
    """How each step of ``flows.reindex`` is run. ``progress(what, n_done, n_more)`` reports to a person."""

    progress: Progress

    def scan(self, job: Job) -> Scan: ...
    def each_indexed(self, job: Job, shards: Sequence[Shard], recipe: Recipe) -> Iterator[Shard]: ...
    def embed(self, job: Job, request: str, recipe: Recipe) -> Any: ...
    def results(self, futures: Iterable[Any]) -> list[int]: ...
    def commit(self, job: Job, found: Scan) -> Release: ...
    def audit(self, job: Job, candidate: Release) -> Verdict: ...
    def refuse(self, job: Job, candidate: Release, verdict: Verdict) -> str: ...
    def publish(self, job: Job, candidate: Release, verdict: Verdict) -> None: ...


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
    """Parse and chunk one shard in a child process of its own; the path of its Parquet file."""
    from lake.isolation import IsolatedFunction

    with IsolatedFunction("lake.contents:content_row") as isolated:
        return index_shard(Lake(job.lake), shard, job.open_sources(), recipe, isolated)


def embed_one(lake: Lake, request: str, recipe: Recipe, embedder: Embedder | None = None, progress: Progress | None = None) -> int:
    """Embed one request with the recipe's embedder; how many texts."""
    from lake.embed import load_embedder

    chosen = embedder or load_embedder(recipe.embedder.name, expected=recipe.embedder)
    return embed_texts(lake, request, recipe, chosen, progress=progress)


def audit_one(job: Job, candidate: Release) -> Verdict:
    """Great Expectations' verdict on a candidate."""
    from expectations.audit import audit

    return audit(Lake(job.lake), candidate)


def publish_one(job: Job, candidate: Release, verdict: Verdict) -> None:
    """Make the candidate live; RefusedError where a pin or a moved ``live`` forbids it."""
    publish(Lake(job.lake).log, candidate, verdict=verdict.to_json())


def refuse_one(job: Job, candidate: Release, verdict: Verdict) -> str:
    """Log that the candidate failed its audit; the reason."""
    reason = verdict.summary()
    refuse(Lake(job.lake).log, candidate, verdict=verdict.to_json(), why=reason)
    return reason


def n_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0))


class PlainSteps:
    """The steps in this process: shards in threads that each drive a child, embedding in one more thread."""

    def __init__(
        self,
        *,
        n_workers: int | None = None,
        embedder: Embedder | None = None,
        progress: Progress = lambda what, n_done, n_more: None,
    ) -> None:
        self.progress, self._embedder = progress, embedder
        self._indexing = ThreadPoolExecutor(n_workers or n_cores(), thread_name_prefix="index")
        self._embedding = ThreadPoolExecutor(1, thread_name_prefix="embed")
        self._lake: Lake | None = None

    def __enter__(self) -> PlainSteps:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for pool in (self._indexing, self._embedding):
            pool.shutdown(wait=True, cancel_futures=True)

    def scan(self, job: Job) -> Scan:
        return scan_job(job)

    def each_indexed(self, job: Job, shards: Sequence[Shard], recipe: Recipe) -> Iterator[Shard]:
        futures = {self._indexing.submit(index_one, job, shard, recipe): shard for shard in shards}
        for future in as_completed(futures):
            future.result()
            yield futures[future]

    def embed(self, job: Job, request: str, recipe: Recipe) -> Future[int]:
        if self._lake is None:
            self._lake = Lake(job.lake)
        return self._embedding.submit(embed_one, self._lake, request, recipe, self._embedder, self.progress)

    def results(self, futures: Iterable[Future[int]]) -> list[int]:
        return [future.result() for future in futures]

    def commit(self, job: Job, found: Scan) -> Release:
        return commit(Lake(job.lake), found)

    def audit(self, job: Job, candidate: Release) -> Verdict:
        return audit_one(job, candidate)

    def refuse(self, job: Job, candidate: Release, verdict: Verdict) -> str:
        return refuse_one(job, candidate, verdict)

    def publish(self, job: Job, candidate: Release, verdict: Verdict) -> None:
        publish_one(job, candidate, verdict)


def warm_up_audit() -> threading.Thread:
    """Import Great Expectations beside the run's first steps; it takes seconds and nothing waits for it yet."""
    thread = threading.Thread(target=__import__, args=("great_expectations",), daemon=True)
    thread.start()
    return thread
