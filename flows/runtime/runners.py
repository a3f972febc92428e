"""Where the shards of an ingest are parsed: threads, processes, a Dask or a Ray cluster; the bytes are the same."""

from __future__ import annotations

import multiprocessing
import os
import threading
from typing import TYPE_CHECKING, Any

from prefect.task_runners import ProcessPoolTaskRunner, TaskRunner, ThreadPoolTaskRunner

from lake.errors import UsageError
from tasks.steps import n_cores

if TYPE_CHECKING:
    from flows.forms.ingest import IngestParameters


def task_runner(params: IngestParameters) -> TaskRunner[Any]:
    """The task runner that a form names; raises UsageError if its library is not installed."""
    n_workers = params.workers or n_cores()
    if params.runner == "dask":
        return _dask(params.runner_address, n_workers)
    if params.runner == "ray":
        return _ray(params.runner_address, n_workers)
    if params.runner_address is not None:
        raise UsageError(f"runner={params.runner} has no cluster; leave its address out, or choose dask or ray")
    if params.runner == "processes":
        return ProcessPoolTaskRunner(max_workers=n_workers, initializer=end_with_parent)
    return ThreadPoolTaskRunner(max_workers=n_workers)


def end_with_parent() -> None:
    """In a process of a pool: end when the process that started it is gone.

    If that is killed nothing else notices it.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent,), name="raglake-parent", daemon=True).start()


def _end_after(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _dask(address: str | None, n_workers: int) -> TaskRunner[Any]:
    try:
        from prefect_dask import DaskTaskRunner
    except ImportError as error:
        raise _missing("dask") from error
    # A cluster that lives as long as the run needs no page; its scheduler listens anyway, and there may be two.
    anywhere = {"dashboard_address": ":0"}
    own = {"n_workers": n_workers, "threads_per_worker": 1, "dashboard_address": None, "scheduler_kwargs": anywhere}
    made: TaskRunner[Any] = DaskTaskRunner(address=address) if address else DaskTaskRunner(cluster_kwargs=own)
    return made


def _ray(address: str | None, n_workers: int) -> TaskRunner[Any]:
    try:
        from prefect_ray import RayTaskRunner
    except ImportError as error:
        raise _missing("ray") from error
    own = {"num_cpus": n_workers, "include_dashboard": False}
    made: TaskRunner[Any] = RayTaskRunner(address=address) if address else RayTaskRunner(init_kwargs=own)
    return made


def _missing(extra: str) -> UsageError:
    return UsageError(f"runner={extra} needs its library; pip install 'raglake[{extra}]', here and on its workers")
