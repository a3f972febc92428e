"""Going back to an earlier release, as a Prefect flow."""

from __future__ import annotations

import logging
from typing import Any

from prefect import State, flow
from prefect.states import Completed

from flows.forms.operations import RollbackParameters
from flows.runtime.run import ended, named
from flows.sync import with_destinations
from lake.errors import LakeError
from lake.index import open_lake
from tasks.artifacts import show_difference
from tasks.step_tasks import roll_back

_log = logging.getLogger(__name__)


@flow(name="rollback", flow_run_name=named("rollback"), persist_result=False)
def rollback(params: RollbackParameters) -> State[Any]:
    """Make an earlier release live again: readers switch at once, the next ingest goes on from there.

    Completed: the message states what is live and what was. Failed: no such release, or one that never was live.
    """
    return ended(params, lambda: with_destinations(params.lake, _rolled_back(params)))


def _rolled_back(params: RollbackParameters) -> State[Any]:
    was, now = roll_back(params.lake, params.release, params.why)
    if was == now:
        return Completed(message=f"{now} was live already; nothing to do", data=now)
    if was is not None:
        _compare(params.lake, was, now)
    return Completed(message=f"live is {now}, was {was}; {params.why}", data=now)


def _compare(lake: str, was: str, now: str) -> None:
    """Show how far the two differ; readers have switched, so what fails here fails nothing."""
    try:
        show_difference(lake, open_lake(lake).diff(was, now))
    except LakeError as error:
        _log.warning("could not compare %s with %s: %s", was, now, error)
