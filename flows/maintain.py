"""Retention as a Prefect flow: old releases are dropped and their disk is given back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect import State, flow
from prefect.states import Completed

from flows.forms.operations import MaintainParameters
from flows.runtime.run import ended, named
from lake.reporting import counted, in_bytes
from tasks.artifacts import show_pruned
from tasks.step_tasks import prune

if TYPE_CHECKING:
    from lake.maintenance.prune import Pruned
    from lake.vacuum import Vacuumed


@flow(name="maintain", flow_run_name=named("maintain"), persist_result=False)
def maintain(params: MaintainParameters) -> State[Any]:
    """Drop the releases that no rule keeps, and give back the disk that only they and dead runs held.

    Readers notice nothing. Completed: the message states how many releases were dropped and how much was given
    back. Failed: another run is writing, or what broke; a retry goes on from there.
    """
    return ended(params, lambda: _maintained(params))


def _maintained(params: MaintainParameters) -> State[Any]:
    pruned = prune(params.lake, params.retention(), dry_run=params.dry_run)
    show_pruned(params.lake, pruned, _given_back(pruned.vacuumed, dry_run=pruned.dry_run))
    return Completed(message=_told(pruned), data=pruned)


def _told(pruned: Pruned) -> str:
    n, size = len(pruned.dropped), in_bytes(pruned.vacuumed.n_bytes)
    releases = counted(n, "release")
    if pruned.dry_run:
        return f"dry run: would drop {releases} and give back at least {size}; {len(pruned.kept):,} kept"
    return f"dropped {releases}, gave back {size}, {len(pruned.kept):,} kept"


def _given_back(vacuumed: Vacuumed, *, dry_run: bool) -> str:
    """What a vacuum removed, by kind.

    >>> from lake.vacuum import Vacuumed
    >>> _given_back(Vacuumed(n_tables=3, n_bytes=1_200_000), dry_run=False)
    'gave back 1.2 MB: 3 tables'
    """
    counts = {
        "old generations": vacuumed.n_generations,
        "tables": vacuumed.n_tables,
        "contents": vacuumed.n_contents,
        "vectors": vacuumed.n_vectors,
        "other files": vacuumed.n_files,
    }
    parts = ", ".join(f"{n:,} {what}" for what, n in counts.items() if n)
    verb = "would give back at least" if dry_run else "gave back"
    return f"{verb} {in_bytes(vacuumed.n_bytes)}{': ' if parts else ''}{parts}"
