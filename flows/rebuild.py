"""The LanceDB tables of every release made again from Parquet, as a Prefect flow."""

from __future__ import annotations

from typing import Any

from prefect import State, flow
from prefect.states import Completed

from flows.forms.operations import RebuildParameters
from flows.runtime.run import ended
from flows.runtime.run_names import named
from lake.reporting import counted
from tasks import step_tasks


@flow(name="rebuild", flow_run_name=named("rebuild"), persist_result=False)
def rebuild(params: RebuildParameters) -> State[Any]:
    """Make the LanceDB tables of every release again, from Parquet alone; readers switch when all are done.

    Completed: the message states how many releases and which generation holds them. Failed: another run is writing, or
    a Parquet file that is needed is damaged.
    """
    return ended(params, lambda: _rebuilt(params))


def _rebuilt(params: RebuildParameters) -> State[Any]:
    generation, releases = step_tasks.rebuild(params.lake)
    return Completed(message=f"made {counted(len(releases), 'release')} again from Parquet, in generation {generation}")
