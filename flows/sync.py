"""Bringing destinations to live, as a Prefect flow of its own and at the end of flows that change live."""

from __future__ import annotations

from typing import Any

from prefect import State, flow
from prefect.states import Completed, Failed

from flows.forms.operations import SyncParameters
from flows.runtime.run import ended
from flows.runtime.run_names import named
from lake.destinations.operations import targets
from lake.destinations.sync import Synced
from lake.directory import Lake, configuration
from lake.errors import LakeError, UsageError
from lake.options.sync import SyncOptions
from lake.reporting import counted, listed
from tasks.server_watch import WATCH
from tasks.step_tasks import sync_destination


@flow(name="sync", flow_run_name=named("sync"), persist_result=False)
def sync(params: SyncParameters) -> State[Any]:
    """Bring a destination, or each one that the lake knows, to live or another release, and verify it.

    Completed: the message states what was written to each. Failed: the first destination that could not be brought
    there, and why; the others are. A retry goes on from there.
    """
    return ended(params, lambda: _synced(params))


def _synced(params: SyncParameters) -> State[Any]:
    names = [params.destination] if params.destination else targets(Lake.existing(params.lake))
    if not names:
        raise UsageError(f"{params.lake} knows no destination; name one")
    return _each(params.lake, names, params.at, params.options(), "")


def with_destinations(lake: str, state: State[Any]) -> State[Any]:
    """The state, once the destinations that the lake's configuration names hold live.

    Failed if one of them can't be brought there: what the run did stands, and a retry does the rest.
    """
    place = Lake(lake)
    if not state.is_completed() or not place.exists() or place.log.read().live is None:
        return state
    names = configuration.read(place.store).sync.destinations
    if not names:
        return state
    return _each(lake, list(names), "live", SyncOptions(), f"{state.message}; ", state.data)


def _each(lake: str, names: list[str], at: str, options: SyncOptions, before: str, data: Any = None) -> State[Any]:
    done, failures = [], []
    for name in names:
        try:
            run = sync_destination.fn if WATCH.is_lost else sync_destination
            done.append(_words(run(lake, name, at, options)))
        except LakeError as error:  # the others must not wait for it
            failures.append((name, error))
    if failures:
        told = "; ".join(f"not synced: {name}: {error}" for name, error in failures)
        return Failed(message=f"{before}{told}", data=failures[0][1])
    return Completed(message=before + "; ".join(done), data=data)


def _words(synced: Synced) -> str:
    holds = f"{synced.destination} holds {synced.release}"
    changes = {name: getattr(synced, f"n_{name}") for name in ("added", "changed", "removed")}
    if synced.method == "none":
        return f"{holds} already"
    return f"{holds}: {counted(synced.n_rows['chunks'], 'chunk')}, {listed(changes)}"
