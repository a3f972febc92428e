"""Going back to an earlier release, as a Prefect flow."""

from __future__ import annotations

from typing import Any

from prefect import State, flow
from prefect.states import Completed

from flows.forms.operations import RollbackParameters
from flows.runtime.run import ended
from flows.runtime.run_names import named
from flows.sync import with_destinations
from tasks.assets import materializing
from tasks.step_tasks import roll_back


@flow(name="rollback", flow_run_name=named("rollback"), persist_result=False)
def rollback(params: RollbackParameters) -> State[Any]:
    """Make an earlier release live again: readers switch at once, the next ingest goes on from there.

    Completed: the message states what is live and what was. Failed: no such release, or one that never was live.
    """
    return ended(params, lambda: with_destinations(params.lake, _rolled_back(params)))


def _rolled_back(params: RollbackParameters) -> State[Any]:
    was, now = materializing(roll_back, params.lake)(params.lake, params.release, params.why)
    if was == now:
        return Completed(message=f"{now} was live already; nothing to do", data=now)
    return Completed(message=f"live is {now}, was {was}; {params.why}", data=now)
