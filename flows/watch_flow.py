"""The watch as a Prefect flow: one long run, whose page shows the lag, until it is cancelled or the next run waits."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import copy_context
from typing import Any
from uuid import UUID

from prefect import State, flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateName,
)
from prefect.runtime import deployment
from prefect.states import Completed

from flows.forms.watch import WatchParameters
from flows.runtime.run import ended
from flows.runtime.run_names import named
from flows.steps import PlainSteps
from flows.watch import SourceWatch
from lake.records.watch_state import WatchState
from lake.reporting import counted, markdown_cell
from lake.storage import clock
from tasks.artifacts import LiveArtifact
from tasks.events import tell
from tasks.server_watch import WATCH, best_effort

_log = logging.getLogger(__name__)

#: Seconds between looks at the lag, and between signs on the run's page.
_LOOK, _SHOW = 5.0, 30.0
#: Seconds between two alarms about the same lake.
_ALARM = 600.0
#: Seconds after which a run makes way for the next one of its deployment: a later start of the same would never end.
_LEAST = 300.0
#: What Prefect calls a run that waits until the deployment's limit lets it begin.
_NEXT = "AwaitingConcurrencySlot"
_LINES = 20


@flow(name="watch", flow_run_name=named("watch"), persist_result=False)
def watch(params: WatchParameters) -> State[Any]:
    """Publish changes of the sources within seconds.

    Completed: the next run of the deployment waits, or a worker ended; the message states how many changes became
    live, and how soon. Failed: it could not begin. An event `raglake.lake.late` is the alarm for a change that waits
    longer than the promised lag.
    """
    return ended(params, lambda: _watched(params))


def _watched(params: WatchParameters) -> State[Any]:
    lines: list[str] = []

    def report(text: str) -> None:
        _log.info("%s", text)
        lines.append(f"{clock.now():%H:%M:%S} {text}")
        del lines[:-_LINES]

    job, began = params.job(), time.monotonic()
    with PlainSteps(n_workers=job.workers) as steps, _quiet():
        watched = SourceWatch(job, params.promise(), steps, report, retention=params.retention())
        page = _Page(params.lake, watched, lines)
        with _stopped_by_signals(watched.stop), page.kept():
            watched.run()
    minutes = max(1, round((time.monotonic() - began) / 60))
    return Completed(message=f"{lag_words(watched.state)}; watched for {counted(minutes, 'minute')}")


def lag_words(state: WatchState) -> str:
    """How a watch did, in one line.

    >>> lag_words(WatchState((), 60, clock.now()).published([1.0, 2.0, 70.0]))
    '3 changes live, half within 2.0 s, 95 % within 70.0 s, 1 late (promised: 60 s)'
    """
    half, most = state.quantile(0.5), state.quantile(0.95)
    if half is None or most is None:
        return f"no change to publish (promised: {state.target:g} s)"
    late = f"{state.n_late:,} late" if state.n_late else "none late"
    changes = counted(state.n_changes, "change")
    return f"{changes} live, half within {half:.1f} s, 95 % within {most:.1f} s, {late} (promised: {state.target:g} s)"


@contextmanager
def _quiet() -> Iterator[None]:
    """Of each run over a few documents the page shows one line, not its plan."""
    loggers = [logging.getLogger(name) for name in ("lake", "expectations", "tasks")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


@contextmanager
def _stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    """Let SIGTERM, by which Prefect cancels, end the watch after the run that is at work."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Page:
    """What people see of a watch while it runs: its lag, its last lines, and the alarm."""

    def __init__(self, lake: str, watched: SourceWatch, lines: list[str]) -> None:
        self._lake, self._watched, self._lines = lake, watched, lines
        self._artifact = LiveArtifact("watch", lake)
        self._ended = threading.Event()
        self._began, self._shown_at, self._alarm_at = time.monotonic(), 0.0, float("-inf")
        self._n_late = 0

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keep the page up to date while the watch runs."""
        context = copy_context()  # a thread knows neither the run nor its server, unless it is told
        thread = threading.Thread(target=lambda: context.run(self._keep), name="raglake-page", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join(_SHOW)
            self._show()

    def _keep(self) -> None:
        while not self._ended.wait(_LOOK):
            state = self._watched.state
            self._alarm(state)
            if time.monotonic() - self._shown_at >= _SHOW:
                self._shown_at = time.monotonic()
                self._show()
                if time.monotonic() - self._began >= _LEAST and _next_waits():
                    _log.info("the next run of this deployment waits; this one ends")
                    self._watched.stop.set()

    def _alarm(self, state: WatchState) -> None:
        reason = overdue(state)
        is_new = reason is not None or state.n_late > self._n_late
        if is_new and time.monotonic() - self._alarm_at >= _ALARM:
            self._alarm_at = time.monotonic()
            n = counted(state.n_late - self._n_late, "change")
            told = reason or f"{n} became live later than the promised {state.target:g} s"
            _log.warning("%s", told)
            tell(self._lake, "late", reason=told, failure=state.failure)
            self._n_late = state.n_late

    def _show(self) -> None:
        self._artifact.show(_markdown(self._watched.state, self._lines), lag_words(self._watched.state))


def overdue(state: WatchState) -> str | None:
    """What is late at the moment, in words; None if nothing waits longer than was promised."""
    waits = (clock.now() - state.waiting_since).total_seconds() if state.waiting_since else 0.0
    if waits <= state.target:
        return None
    why = f"; the last run failed with {state.failure}" if state.failure else ""
    return f"a change has waited for {waits:,.0f} s, longer than the promised {state.target:g} s{why}"


def _markdown(state: WatchState, lines: list[str]) -> str:
    lags = {"half": 0.5, "95 %": 0.95, "all": 1.0}
    found = {name: state.quantile(share) for name, share in lags.items()}
    within = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in found.items() if seconds is not None)
    rows = {
        "Changes": f"{state.n_changes:,} live, {state.n_waiting:,} wait",
        "Live within": within or "no change yet",
        "Late": f"{state.n_late:,} (promised: {state.target:g} s)",
        "Runs": f"{state.n_runs:,}, {state.n_failed:,} failed",
    }
    table = "\n".join(f"| {name} | {value} |" for name, value in rows.items())
    told = "\n".join(f"- {markdown_cell(line)}" for line in reversed(lines))
    problem = f"**{overdue(state)}**\n\n" if overdue(state) else ""
    return f"{problem}| Sources | {markdown_cell(', '.join(state.sources))} |\n|---|---|\n{table}\n\n{told}\n"


def _next_waits() -> bool:
    """Whether another run of this deployment waits for this one to end."""
    if not deployment.id or WATCH.is_lost:
        return False
    waiting = FlowRunFilter(
        deployment_id=FlowRunFilterDeploymentId(any_=[UUID(str(deployment.id))]),
        state=FlowRunFilterState(name=FlowRunFilterStateName(any_=[_NEXT])),
    )
    with best_effort(), suppress(OSError), get_client(sync_client=True) as client:
        return bool(client.read_flow_runs(flow_run_filter=waiting, limit=1))
    return False
