"""Pin and unpin as Prefect flows."""

from __future__ import annotations

from typing import Any

from prefect import State, flow
from prefect.states import Completed

from flows.forms.operations import PinParameters, UnpinParameters
from flows.runtime.run import ended
from flows.runtime.run_names import named
from tasks import step_tasks


@flow(name="pin", flow_run_name=named("pin"), persist_result=False)
def pin(params: PinParameters) -> State[Any]:
    """Keep live as it is: runs go on building and auditing candidates and publish none; rollback stays free.

    Completed: the message states which release is held. Failed: nothing is live yet.
    """
    return ended(params, lambda: _pinned(params))


def _pinned(params: PinParameters) -> State[Any]:
    return Completed(message=f"{step_tasks.pin(params.lake, params.why)} is pinned; {params.why}")


@flow(name="unpin", flow_run_name=named("unpin"), persist_result=False)
def unpin(params: UnpinParameters) -> State[Any]:
    """Let the next run publish again.

    Completed: the message states which release is live and free to be replaced.
    """
    return ended(params, lambda: _unpinned(params))


def _unpinned(params: UnpinParameters) -> State[Any]:
    return Completed(message=f"{step_tasks.unpin(params.lake)} is live, and the next run may replace it")
