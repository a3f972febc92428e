"""What every flow of raglake does around its work: its name, its log on the run's page, refusals as its state."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from prefect import State
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    TaskRunFilter,
    TaskRunFilterState,
    TaskRunFilterStateType,
)
from prefect.client.schemas.objects import StateType, TaskRun
from prefect.context import FlowRunContext, TaskRunContext
from prefect.exceptions import FailedRun
from prefect.logging.handlers import APILogHandler
from prefect.runtime import deployment, flow_run
from prefect.states import Crashed, Failed, Running
from pydantic import BaseModel

from expectations.gating import check_configuration
from flows.runtime import tracing
from flows.runtime.conclusion import conclude
from lake.directory import Lake, configuration
from lake.errors import LakeError
from lake.reporting import with_lake
from lake.storage import lease
from tasks.server_watch import WATCH, best_effort, fail_fast

_log = logging.getLogger(__name__)

# With the module: the span of a flow run begins before its function does.
tracing.start()

#: The name of the state in which audit or gate kept a candidate back: of the type Failed, and not what broke.
BLOCKED = "Blocked"
#: The name of the state of a run that waits for another one to be done with the lake: of the type Running.
WAITING = "Waiting"

#: What the work of flow runs ended with, whether or not Prefect's server could be told.
_results: ContextVar[list[Any]] = ContextVar("results", default=[])  # noqa: B039 - a sink that nobody reads

_AFTERWARDS = "Engine execution exited with unexpected exception"
_OUR_LOGGERS = ("lake", "expectations", "tasks", "flows")
#: An option of the command line, as messages name them.
_OPTION = re.compile(r"--([a-z]+(?:-[a-z]+)*)(?: (\d+))?")


def ended(params: BaseModel, work: Callable[[], State[Any]]) -> State[Any]:
    """The state that ``work`` ends in; Failed with the reason if raglake refused or a promise does not hold.

    ``wait_minutes`` of a form limits how long a run waits while another one writes to the lake.
    """
    with in_prefect(), lease.waiting(60 * getattr(params, "wait_minutes", 0), _show_waiting):
        try:
            state = _worked(params, work)
        except Exception as error:
            _without_server("Failed", f"{type(error).__name__}: {error}")
            conclude(_lake(params), Failed(message=f"{type(error).__name__}: {error}"))
            raise
        conclude(_lake(params), state)
    _without_server(state.name, state.message)
    return state


def _lake(params: Any) -> str:
    lake: str = params.lake
    return lake


def _without_server(name: str | None, message: str | None) -> None:
    """If Prefect's server is lost: log what the run ended as, and do not wait for it to be told."""
    if WATCH.is_lost:
        fail_fast()
        _log.warning("this run ended as %s: %s; Prefect may show another state", name, message)


def _worked(params: BaseModel, work: Callable[[], State[Any]]) -> State[Any]:
    results = _results.get()
    with WATCH.watching():
        try:
            state = work()
        except LakeError as error:
            state = Failed(message=by_form(str(error), params), data=error)
        except Exception as error:
            results.append(error)
            raise
    if state.message:
        state.message = with_lake(state.message, _lake(params))
    results.append(state.data)
    return state


@contextmanager
def results_kept() -> Iterator[list[Any]]:
    """Inside, the result of a flow run's work, or its error, as it was before Prefect was told of it."""
    results: list[Any] = []
    token = _results.set(results)
    try:
        yield results
    finally:
        _results.reset(token)


def by_form(message: str, params: BaseModel) -> str:
    """The message, with the name in the form beside each option of the command line that it names.

    >>> class Form(BaseModel):
    ...     allow_removals: int = 0
    >>> by_form("allow it with --allow-removals 12; see --help", Form())
    'allow it with --allow-removals 12 (in the parameters "allow_removals": 12); see --help'
    """
    fields = type(params).model_fields

    def named(option: re.Match[str]) -> str:
        name = option[1].replace("-", "_")
        if name not in fields:
            return option[0]
        value = option[2] or ("true" if fields[name].annotation is bool else None)
        return f'{option[0]} (in the parameters "{name}"{f": {value}" if value else ""})'

    return _OPTION.sub(named, message)


def _show_waiting(why: str | None) -> None:
    """Show in the run's state and log which run it waits for, and when it continues."""
    _log.info("waiting: %s", why) if why else _log.info("the lake is free, going on")
    if flow_run.id:
        state: State[Any] = Running(name=WAITING, message=why) if why else Running()
        with best_effort(), get_client(sync_client=True) as client:
            # By force, since orchestration would count it as another attempt.
            client.set_flow_run_state(UUID(flow_run.id), state, force=True)


def obeying(lake: Lake, policy: Mapping[str, Any] | None) -> bool:
    """Store a run's limits in the lake's configuration; returns whether there is a lake."""
    if not lake.exists():
        return False
    if policy:
        check_configuration(configuration.Configuration.of(policy))
        if configuration.obey(lake.store, policy):
            _log.info("set %s in %s of %s, as this run was told", " and ".join(policy), configuration.FILE, lake.url)
    return True


@contextmanager
def in_prefect() -> Iterator[None]:
    """Around the work of a flow run, also one that is tried again after it was killed."""
    logging.getLogger("prefect.flow_runs").addFilter(_is_news)
    with _logs_in_prefect():
        _bury_killed_task_runs()
        yield


def _is_news(record: logging.LogRecord) -> bool:
    """Drops the forty lines of traceback that Prefect logs after a run that reported its own failure."""
    error = record.exc_info[1] if record.exc_info else None
    return not (isinstance(error, LakeError | FailedRun) and record.msg == _AFTERWARDS)


def _bury_killed_task_runs() -> None:
    """Task runs that a killed run left behind would be shown as running for ever."""
    for killed in _killed():
        bury(killed, "ended with its process")


def bury(killed: FlowRunFilter, why: str, task: str | None = None) -> None:
    """Mark task runs that nobody is at work on as Crashed: all of these flow runs, or those whose name starts so."""
    unfinished = TaskRunFilterStateType(any_=[StateType.PENDING, StateType.RUNNING])
    left = TaskRunFilter(state=TaskRunFilterState(type=unfinished))
    found: list[TaskRun] = []
    with best_effort(), get_client(sync_client=True) as client:
        while page := client.read_task_runs(flow_run_filter=killed, task_run_filter=left, offset=len(found)):
            found += page
        for task_run in found:
            if task is None or task_run.name.startswith(task):
                client.set_task_run_state(task_run.id, Crashed(message=why), force=True)


def this_run() -> FlowRunFilter:
    """The flow run that this code is part of."""
    return FlowRunFilter(id=FlowRunFilterId(any_=[UUID(flow_run.id)]))


def _killed() -> Iterator[FlowRunFilter]:
    """An earlier attempt of this run, and the crashed runs of its deployment: the automation starts a new one."""
    if flow_run.id and flow_run.run_count > 1:
        yield this_run()
    if deployment.id:
        yield FlowRunFilter(
            deployment_id=FlowRunFilterDeploymentId(any_=[UUID(str(deployment.id))]),
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.CRASHED])),
        )


def _is_in_run(_record: logging.LogRecord) -> bool:
    """Threads of our own have no run to log to, and Prefect would warn of each of their lines."""
    return (FlowRunContext.get() or TaskRunContext.get()) is not None


@contextmanager
def _logs_in_prefect() -> Iterator[None]:
    """Send what raglake logs to the run's page, whatever Prefect's settings for extra loggers."""
    handler = APILogHandler()
    handler.addFilter(_is_in_run)
    loggers = [logging.getLogger(name) for name in _OUR_LOGGERS]
    ours = [logger for logger in loggers if not any(isinstance(h, APILogHandler) for h in logger.handlers)]
    before = [logger.level for logger in ours]
    for logger in ours:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        for logger, level in zip(ours, before, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)
