"""Names of flow runs: what a run is about while it runs, what it came to once it has ended, and when it is due."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.runtime import flow_run

if TYPE_CHECKING:
    from prefect import State
    from prefect.client.orchestration import SyncPrefectClient

    from flows.reindex import Outcome

#: What the tag of a lake's deployments and runs begins with.
LAKE_TAG = "lake:"
_LONGEST = 120
#: How the reason of an ingest begins that built no release.
STANDS = ("nothing", "rights of")
#: How many runs that are due are named ahead; each run names the next ones.
_AHEAD = 5


def named(action: str) -> Callable[[], str]:
    """What gives a run its name: the lake, the action, and when the run was due."""

    def name() -> str:
        params: Any = flow_run.parameters["params"]
        lake = params["lake"] if isinstance(params, dict) else params.lake
        return due(called(lake), action, flow_run.scheduled_start_time)

    return name


def called(lake: str) -> str:
    """What the file of lakes calls the lake of this run; else where the lake is."""
    return next((tag.removeprefix(LAKE_TAG) for tag in flow_run.tags if tag.startswith(LAKE_TAG)), lake)


def due(lake: str, action: str, at: datetime) -> str:
    """
    >>> due("handbook", "ingest", datetime(2026, 11, 29, 2))
    'handbook: ingest of 2026-11-29 02:00:00 UTC'
    """
    return f"{lake}: {action} of {at:%Y-%m-%d %H:%M:%S} UTC"


def headline(action: str, state: State[Any], outcome: Outcome | None) -> str:
    """What a run came to, in a few words that name no document."""
    if outcome is not None:
        return _of_ingest(outcome)
    if state.is_completed() and state.message:
        return f"{action}: {re.split('; |: ', state.message)[0]}"[:_LONGEST]
    return f"{action} {(state.name or 'ended').lower()}"


def _of_ingest(outcome: Outcome) -> str:
    if outcome.published:
        return f"published {outcome.release}{changes(outcome)}"
    if outcome.refused:
        return f"{'blocked' if outcome.blocked else 'did not publish'} {outcome.release}{changes(outcome)}"
    if outcome.reason.startswith(STANDS):
        return outcome.reason.split("; ")[0].split(": ")[0]
    return f"built {outcome.release}{changes(outcome)}, which waits"


def changes(outcome: Outcome) -> str:
    """The changes of documents.

    >>> from flows.reindex import Outcome
    >>> changes(Outcome("r", True, "", added=12, changed=3, removed=1)), changes(Outcome("r", True, "", moved=2))
    (' (+12 ~3 -1)', ' (2 moved)')
    """
    counts = (("+", outcome.added), ("~", outcome.changed), ("-", outcome.removed))
    parts = [f"{mark}{n:,}" for mark, n in counts if n] + ([f"{outcome.moved:,} moved"] if outcome.moved else [])
    return f" ({' '.join(parts)})" if parts else ""


def name_scheduled(client: SyncPrefectClient, deployment: UUID, lake: str, action: str) -> None:
    """Name the deployment's next runs by lake and time, which Prefect names at random until they begin."""
    waiting = FlowRunFilter(
        deployment_id=FlowRunFilterDeploymentId(any_=[deployment]),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
    )
    by_time = FlowRunSort.EXPECTED_START_TIME_ASC
    for run in client.read_flow_runs(flow_run_filter=waiting, sort=by_time, limit=_AHEAD):
        if run.expected_start_time and run.name != (name := due(lake, action, run.expected_start_time)):
            client.set_flow_run_name(run.id, name)
