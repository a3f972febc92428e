"""Retention as a Prefect flow: old releases are dropped and their disk is given back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect import State, flow
from prefect.states import Completed

from flows.forms.operations import MaintainParameters
from flows.runtime.run import ended
from flows.runtime.run_names import named
from lake.reporting import counted, in_bytes
from tasks.step_tasks import prune

if TYPE_CHECKING:
    from lake.maintenance.prune import Pruned


@flow(name="maintain", flow_run_name=named("maintain"), persist_result=False)
def maintain(params: MaintainParameters) -> State[Any]:
    """Drop the releases that no rule keeps, and give back the disk that only they and dead runs held.

    Readers notice nothing. Completed: the message states how many releases were dropped and how much was given
    back. Failed: another run is writing, or what broke; a retry goes on from there.
    """
    return ended(params, lambda: _maintained(params))


def _maintained(params: MaintainParameters) -> State[Any]:
    pruned = prune(params.lake, params.retention(), dry_run=params.dry_run)
    return Completed(message=_told(pruned), data=pruned)


def _told(pruned: Pruned) -> str:
    n, size = len(pruned.dropped), in_bytes(pruned.vacuumed.n_bytes)
    releases = counted(n, "release")
    if pruned.dry_run:
        return f"dry run: would drop {releases} and give back at least {size}; {len(pruned.kept):,} kept"
    return f"dropped {releases}, gave back {size}, {len(pruned.kept):,} kept"
