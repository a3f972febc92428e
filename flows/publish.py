"""Publishing a candidate by hand, as a Prefect flow."""

from __future__ import annotations

from typing import Any

from prefect import State, flow
from prefect.states import Completed, Failed

from flows.forms.operations import PublishParameters
from flows.runtime.run import BLOCKED, ended
from flows.runtime.run_names import named
from flows.sync import with_destinations
from lake.directory import Lake
from tasks.assets import materializing
from tasks.step_tasks import evaluate, publish_by_hand
from tasks.steps import gate_by_hand


@flow(name="publish", flow_run_name=named("publish"), persist_result=False)
def publish(params: PublishParameters) -> State[Any]:
    """Make a candidate live after looking at it, unless it answers the lake's questions worse than it may.

    Completed: the message states what is live. Failed: no such candidate, a pin, or a newer release is live. Blocked:
    its audit or its gate refuses it; ``force`` goes over all of that, and the lake's log says so.
    """
    return ended(params, lambda: with_destinations(params.lake, _published(params)))


def _published(params: PublishParameters) -> State[Any]:
    lake = Lake.existing(params.lake)
    history = lake.log.read()
    release = history.resolve(params.candidate)
    if history.live == release:
        return Completed(message=f"{release.id} was live already; nothing to do")
    gate = None if params.force else gate_by_hand(lake, release, lambda: evaluate(params.lake, release))
    if gate and gate.outcome == "blocked":
        return Failed(name=BLOCKED, message=gate.summary())
    publishing = materializing(publish_by_hand, params.lake)
    publishing(params.lake, release.id, params.why or "", force=params.force)
    was = history.live.id if history.live else "nothing"
    remark = f"; {gate.summary()}" if gate and gate.outcome == "warned" else ""
    return Completed(message=f"live is {release.id}, was {was}{remark}")
