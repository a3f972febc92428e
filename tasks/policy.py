"""How every task runs: never cached, and retried only if another attempt can succeed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from prefect import Task, task
from prefect.assets import materialize
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff

from lake.errors import TransientError

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State, TaskRun
    from prefect.tasks import MaterializingTask

P = ParamSpec("P")
R = TypeVar("R")

RETRIES = 4
#: The first delay; each further one is twice as long, and all of them up to half longer by chance.
DELAY_SECONDS, JITTER = 2.0, 0.5


def is_transient(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Whether a failed task run may succeed when tried again."""
    return isinstance(state.result(raise_on_failure=False), TransientError)


def step(name: str, run_name: str | None = None) -> Callable[[Callable[P, R]], Task[P, R]]:
    """Make a function the task ``name``; ``run_name`` is a template over its arguments.

    Never cached: Prefect's default policy consumes streams to hash them, and what is done already the
    lake knows better, by content.
    """
    return task(**_options(name, run_name))


def publication(name: str, run_name: str) -> Callable[[Callable[P, R]], MaterializingTask[P, R]]:
    """Make a function the task ``name``, which materializes a lake; ``tasks.assets`` states which one."""
    return materialize("raglake://lake", by="raglake", **_options(name, run_name))


def _options(name: str, run_name: str | None) -> Any:
    return {
        "name": name,
        "task_run_name": run_name or name,
        "cache_policy": NO_CACHE,
        "persist_result": False,
        "retries": RETRIES,
        "retry_delay_seconds": exponential_backoff(DELAY_SECONDS),
        "retry_jitter_factor": JITTER,
        "retry_condition_fn": is_transient,
    }
