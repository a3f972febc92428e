"""How the steps of a run are carried out: an interface, and the way without Prefect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, as_completed, wait
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from lake.embed.base import listed
from lake.reporting import Progress, silent
from tasks import steps

if TYPE_CHECKING:
    from expectations.gating import Answers
    from expectations.verdict import Verdict
    from lake.embed.base import Embedder
    from lake.ingest.plan import Shard
    from lake.ingest.scan import Scan
    from lake.recipe import Recipe
    from lake.releases.values import Release, Spent
    from tasks.job import Job

__all__ = ["PlainSteps", "Steps"]


class Steps(Protocol):
    """How each step of ``flows.reindex`` is run. ``progress(what, n_done, n_more)`` reports to a person.

    ``are_shown``: somebody watches the steps, so that none is left out.
    """

    progress: Progress
    are_shown: bool

    def scan(self, job: Job) -> Scan: ...
    def each_indexed(self, job: Job, shards: Sequence[Shard], recipe: Recipe) -> Iterator[Shard]: ...
    def embed(self, job: Job, request: str, recipe: Recipe) -> Any: ...
    def results(self, futures: Iterable[Any]) -> list[int]: ...
    def submit(self, job: Job, request: str, recipe: Recipe) -> int: ...
    def collect(self, job: Job, recipe: Recipe) -> int: ...
    def commit(self, job: Job, found: Scan, spent: Spent | None = None) -> Release: ...
    def audit(self, job: Job, candidate: Release) -> Verdict: ...
    def evaluate(self, job: Job, candidate: Release) -> Answers | None: ...
    def publish(self, job: Job, candidate: Release) -> None: ...


class PlainSteps:
    """The steps in this process: shards in threads that each drive a child, embedding in one more thread."""

    are_shown = False
    scan = staticmethod(steps.scan)
    submit = staticmethod(steps.submit_texts)
    commit = staticmethod(steps.commit)
    audit = staticmethod(steps.audit)
    publish = staticmethod(steps.publish)

    def __init__(
        self,
        *,
        n_workers: int | None = None,
        embedder: Embedder | Sequence[Embedder] | None = None,
        progress: Progress = silent,
    ) -> None:
        self.progress, self._embedders = progress, listed(embedder)
        self._n_workers = n_workers or steps.n_cores()
        self._embedding = ThreadPoolExecutor(1, thread_name_prefix="embed")
        # Kept for the next run over a few documents, and with it the child that parses them.
        self._indexing = ThreadPoolExecutor(1, thread_name_prefix="index")

    def __enter__(self) -> PlainSteps:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pool in (self._embedding, self._indexing):
            pool.shutdown(wait=True, cancel_futures=True)

    def each_indexed(self, job: Job, shards: Sequence[Shard], recipe: Recipe) -> Iterator[Shard]:
        if len(shards) < 2:
            for shard in shards:
                self._indexing.submit(steps.index_shard, job, shard, recipe, self._own(recipe)).result()
                yield shard
            return
        pool = ThreadPoolExecutor(min(self._n_workers, len(shards)) or 1, thread_name_prefix="index")
        try:
            futures = {pool.submit(steps.index_shard, job, shard, recipe, self._own(recipe)): shard for shard in shards}
            for future in as_completed(futures):
                future.result()
                yield futures[future]
        finally:
            pool.shutdown(wait=True, cancel_futures=True)  # and with the threads their children go

    def embed(self, job: Job, request: str, recipe: Recipe) -> Future[int]:
        return self._embedding.submit(steps.embed_texts, job, request, recipe, self._own(recipe), self.progress)

    def _own(self, recipe: Recipe) -> Embedder | None:
        """The caller's embedder of this name; None if it passed none."""
        return next((one for one in self._embedders if one.identity.name == recipe.embedder.name), None)

    def results(self, futures: Iterable[Future[int]]) -> list[int]:
        done, pending = wait(futures, return_when=FIRST_EXCEPTION)
        for future in pending:  # there are some only where one failed, and the next ones would fail like it
            future.cancel()
        return [future.result() for future in done]

    def collect(self, job: Job, recipe: Recipe) -> int:
        return steps.collect_vectors(job, recipe, self.progress)

    def evaluate(self, job: Job, candidate: Release) -> Answers | None:
        return steps.evaluate(job.lake, candidate, self.progress, of_sample=steps.is_of_sample(job, candidate))
