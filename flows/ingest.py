"""The ingest as a Prefect flow: the same steps in the same order, as task runs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError
from contextlib import ExitStack, suppress
from contextvars import copy_context
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from prefect import State, flow
from prefect.futures import as_completed
from prefect.settings import PREFECT_API_URL
from prefect.states import Completed, Failed
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from flows.forms.ingest import IngestParameters
from flows.reindex import Outcome, reindex
from flows.runtime.lineage import observed
from flows.runtime.run import BLOCKED, bury, by_form, ended, obeying, results_kept, this_run
from flows.runtime.run_names import named
from flows.runtime.runners import task_runner
from flows.runtime.server import some_server
from flows.steps import PlainSteps
from flows.sync import with_destinations
from lake.directory import Lake, configuration
from lake.errors import RefusedError, TransientError
from lake.inspect.alarms import too_much_in_quarantine
from lake.maintenance.operate import gate_asks
from lake.reporting import Progress, counted
from tasks import step_tasks, steps
from tasks.artifacts import ProgressArtifacts
from tasks.assets import materializing
from tasks.events import tell
from tasks.server_watch import WATCH, is_of_server

if TYPE_CHECKING:
    from types import TracebackType

    from prefect.futures import PrefectFuture

    from expectations.gating import Answers
    from lake.ingest.plan import Shard
    from lake.recipe import Recipe
    from lake.releases.values import Release
    from tasks.job import Job


_log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

#: Remarks on sidecars that a flow run's message repeats; a command line shows them all.
_REMARKS = 3
#: Pools of processes that one run may wear out.
_POOLS = 3
#: How names of task runs that parse begin.
_INDEXING = "index shard"


class _KeptBack(RefusedError):
    """Why nothing was published, as the error that a failed run must end with, and all that the run did."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


def shown(task: Callable[P, R], plain: Callable[P, R]) -> Callable[P, R]:
    """The step as a task run, or as the plain function if Prefect's server is lost; each step can be repeated."""

    @wraps(plain)
    def run(*args: P.args, **named: P.kwargs) -> R:
        if not WATCH.is_lost:
            try:
                return task(*args, **named)
            except Exception as error:
                if not is_of_server(error):
                    raise
        return plain(*args, **named)

    return run


def _publish(job: Job, candidate: Release) -> None:
    materializing(step_tasks.publish, job.lake, job.open_sources().values())(job, candidate)


class PrefectSteps:
    """The steps as task runs: shards in the runner of ``indexing``, embedding in one thread of this process.

    One thread embeds, since a model already uses every core.
    """

    are_shown = True
    scan = staticmethod(shown(step_tasks.scan, steps.scan))
    submit = staticmethod(shown(step_tasks.submit_texts, steps.submit_texts))
    commit = staticmethod(shown(step_tasks.commit, steps.commit))
    audit = staticmethod(shown(step_tasks.audit, steps.audit))
    publish = staticmethod(shown(_publish, steps.publish))

    def __init__(self, lake: str, indexing: TaskRunner[Any]) -> None:
        self.progress: Progress = ProgressArtifacts(lake)
        self._indexing = indexing
        self._embedding: ThreadPoolTaskRunner[Any] = ThreadPoolTaskRunner(max_workers=1)
        self._n_requests = 0
        self._running = ExitStack()

    def __enter__(self) -> PrefectSteps:
        self._running.enter_context(self._embedding)
        self._running.enter_context(self._indexing)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()

    def each_indexed(self, job: Job, shards: Sequence[Shard], recipe: Recipe) -> Iterator[Shard]:
        left = dict(enumerate(shards, 1))
        for n_pools in range(0 if WATCH.is_lost else _POOLS, 0, -1):
            try:
                for number in self._indexed(job, left, len(shards), recipe):
                    yield left.pop(number)
                return
            except BrokenExecutor as error:
                self._renew_indexing(error, len(left), is_last=n_pools == 1)
            except Exception as error:
                if not is_of_server(error):
                    raise
                break
        # Tasks in other processes need a server to begin.
        with PlainSteps(n_workers=job.workers) as plain:
            yield from plain.each_indexed(job, list(left.values()), recipe)

    def _indexed(self, job: Job, shards: dict[int, Shard], n_shards: int, recipe: Recipe) -> Iterator[int]:
        """Numbers of shards, each when it is done."""
        futures: dict[PrefectFuture[str | None], int] = {}
        for number, shard in shards.items():
            name = f"{_INDEXING} {number} of {n_shards}: {counted(len(shard.contents), 'document')}"
            named = step_tasks.index_shard.with_options(task_run_name=name)
            futures[self._indexing.submit(named, {"job": job, "shard": shard, "recipe": recipe})] = number
        for future in as_completed(list(futures)):
            future.result()
            yield futures[future]

    def _renew_indexing(self, error: BrokenExecutor, n_left: int, *, is_last: bool) -> None:
        """A pool that lost a process takes no more work; another one does what is left."""
        bury(this_run(), "ended with its process", _INDEXING)
        if is_last:
            raise TransientError(
                f"processes that parse shards were killed {_POOLS} times, {counted(n_left, 'shard')} unfinished; is "
                "memory short? Take fewer workers, then retry: finished shards are kept"
            ) from error
        _log.warning("a process that parsed shards was killed; others do the %s left", counted(n_left, "shard"))
        self._indexing = self._running.enter_context(self._indexing.duplicate())

    def embed(self, job: Job, request: str, recipe: Recipe) -> PrefectFuture[int]:
        self._n_requests += 1
        named = step_tasks.embed_texts.with_options(task_run_name=f"embed texts, request {self._n_requests}")
        future = self._embedding.submit(named, {"job": job, "request": request, "recipe": recipe})
        # Called in a thread that knows neither the run nor where its server is, unless it is told.
        context = copy_context()
        future.add_done_callback(lambda done: context.run(self._count_texts, done))
        return future

    def _count_texts(self, future: PrefectFuture[int]) -> None:
        n_texts: Any = None
        with suppress(CancelledError):  # of what never began, where the run was cancelled or failed
            n_texts = future.result(raise_on_failure=False)
        if isinstance(n_texts, int):
            self.progress("texts", n_texts, None)

    def results(self, futures: Iterable[PrefectFuture[int]]) -> list[int]:
        return [future.result() for future in futures]

    def collect(self, job: Job, recipe: Recipe) -> int:
        return shown(step_tasks.collect_vectors, steps.collect_vectors)(job, recipe, self.progress)

    def evaluate(self, job: Job, candidate: Release) -> Answers | None:
        # A task run that asks nothing would only raise questions.
        shown_run: Callable[..., Answers | None] = shown(step_tasks.evaluate, lambda *a, **k: steps.evaluate(*a, **k))
        run = shown_run if gate_asks(Lake(job.lake)) else steps.evaluate
        return run(job.lake, candidate, of_sample=steps.is_of_sample(job, candidate))


@flow(name="ingest", flow_run_name=named("ingest"), persist_result=False)
def ingest(params: IngestParameters) -> State[Any]:
    """Index what changed, audit the candidate, measure it by the lake's questions and publish it as a release.

    Completed: published, nothing to do, or a candidate if publishing is off; the message
    states which, and how many documents are in quarantine. Blocked: audit or gate kept the candidate back, and why.
    Failed: the message is why raglake refused (guard, pin, another run at work) or what broke. A retry finds finished
    shards in the lake.
    """
    return ended(params, lambda: with_destinations(params.lake, _ingested(params)))


def _ingested(params: IngestParameters) -> State[Any]:
    job = params.job()
    obeyed = obeying(Lake(job.lake), params.policy.settings())
    with PrefectSteps(job.lake, task_runner(params)) as steps:
        outcome = observed(job, lambda: reindex(job, steps))
    if not obeyed:  # there was no lake, and so nothing that its policy could have judged
        obeying(Lake(job.lake), params.policy.settings())
    return _state(params, job, outcome)


def _state(params: IngestParameters, job: Job, outcome: Outcome) -> State[Any]:
    _tell(job, outcome)
    if outcome.refused:
        name = BLOCKED if outcome.blocked else "Failed"
        return Failed(name=name, message=by_form(outcome.reason, params), data=_KeptBack(outcome))
    told = f"published {outcome.release}: {_counts(outcome)}" if outcome.published else outcome.reason
    return Completed(message=_with_quarantine(told, outcome), data=outcome)


def _tell(job: Job, outcome: Outcome) -> None:
    """Events: whether readers have what the sources hold, what was kept back, and too much in quarantine."""
    if outcome.blocked:
        tell(job.lake, "blocked", release=outcome.release, reason=outcome.reason)
    elif not outcome.refused and (outcome.published or job.publish):
        tell(job.lake, "current", release=outcome.release, published=outcome.published)
    alarms = configuration.read(Lake(job.lake).store).alarms
    for reason in too_much_in_quarantine(alarms, outcome.n_quarantined, outcome.n_documents):
        tell(job.lake, "quarantine", release=outcome.release, reason=reason)


def _counts(outcome: Outcome) -> str:
    return f"{outcome.n_documents:,} documents, {outcome.n_chunks:,} chunks"


def _with_quarantine(message: str, outcome: Outcome) -> str:
    quarantine = f"; {outcome.n_quarantined:,} in quarantine" if outcome.n_quarantined else ""
    remarked = f"; {outcome.n_remarked:,} remarked on" if outcome.n_remarked else ""
    copies = f"; {outcome.n_copies:,} exact copies" if outcome.n_copies else ""
    return "; ".join([message + quarantine + remarked + copies, *outcome.remarks[:_REMARKS]])


def run_as_flow(job: Job) -> Outcome:
    """Run a job as a flow run from here; its outcome. Raises what the steps raise."""
    with some_server(), results_kept() as results:
        state = _run(IngestParameters.of(job), results)
    result: Any = results[-1] if state is None else state.result(raise_on_failure=False)
    if isinstance(result, _KeptBack):
        return result.outcome
    if isinstance(result, BaseException):
        raise result
    return cast("Outcome", result)


def _run(params: IngestParameters, results: list[Any]) -> State[Any] | None:
    """The state of the flow run; None if ``results`` has what it ended with, which Prefect's server was not told."""
    try:
        state = ingest(params, return_state=True)
        return state if not WATCH.is_lost or not results else None
    except Exception as error:
        if results:
            return None
        if not is_of_server(error):
            raise
        raise TransientError(
            f"no Prefect server answers at {PREFECT_API_URL.value()}, and nothing was done; start it, or run without "
            "PREFECT_API_URL"
        ) from error
