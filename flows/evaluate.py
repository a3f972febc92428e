"""The questions whose answers are known, searched on a schedule at live and at the newest candidate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from prefect import State, flow
from prefect.states import Completed, Failed

from expectations.gating import check, check_measures, judged, overview, sets_of, shown
from expectations.summary import latencies
from flows.forms.operations import EvaluateParameters
from flows.runtime.run import ended, obeying
from flows.runtime.run_names import named
from lake.directory import Lake, configuration
from lake.inspect.alarms import Watched, raised
from lake.inspect.sources import listed_at
from lake.maintenance.operate import gate_asks
from lake.questions import questions
from lake.storage import clock
from tasks.artifacts import show_alarms, show_gate, show_scores
from tasks.step_tasks import measure

if TYPE_CHECKING:
    import pyarrow as pa

    from lake.directory.configuration import Configuration, Gate
    from lake.releases.values import Release

#: Means that the message of a run repeats; its artifact has all.
_TOLD = 3


@flow(name="evaluate", flow_run_name=named("evaluate"), persist_result=False)
def evaluate(params: EvaluateParameters) -> State[Any]:
    """Search live, and the newest candidate, for every question of the gate; the scores are kept with their release.

    Completed: the message states how live answers. Failed: live passes a limit of the lake's ``alarms``, which the
    message names, or what broke. What is found of a candidate fails nothing and publishes nothing.
    """
    return ended(params, lambda: _evaluated(params))


def _evaluated(params: EvaluateParameters) -> State[Any]:
    lake = Lake.existing(params.lake)
    obeying(lake, params.policy.settings())
    told, history = configuration.read(lake.store), lake.log.read()
    check(told.gate)
    check_measures(list(told.alarms.scores))
    live, candidate = history.resolve("live"), history.newest_candidate()
    rows = {"live": measure(params.lake, live, again=True)}
    if candidate is not None and params.candidate:
        rows["candidate"] = measure(params.lake, candidate, again=False)
        _judge(params.lake, lake, told.gate, (candidate, rows["candidate"]), (live, rows["live"]))
    asked = {"live": live.id, "candidate": candidate.id if candidate and params.candidate else None}
    show_scores(params.lake, _table(told, rows), asked)
    watched = Watched.of(history, live, rows["live"], listed_at(lake))
    alarms = raised(told.alarms, watched, clock.now())
    show_alarms(params.lake, live.id, alarms)
    if alarms:
        return Failed(message="; ".join(alarms))
    return Completed(message=_told(told, live, rows["live"]))


def _judge(
    called: str, lake: Lake, policy: Gate, candidate: tuple[Release, pa.Table], live: tuple[Release, pa.Table]
) -> None:
    """Show the verdict of the gate now; only a run that may publish records it."""
    if gate_asks(lake):
        show_gate(called, judged(policy, sets_of(policy, questions(lake)), candidate, live).verdict)


def _table(told: Configuration, rows: Mapping[str, pa.Table]) -> list[dict[str, Any]]:
    """Means, then seconds of a search, of each set."""
    found = overview(rows, shown(told.gate, told.alarms))
    for name in ("p50", "p95", "p99"):
        for set_, seconds in _seconds(rows, name).items():
            found.append({"set": set_, "measure": f"seconds of a search, {name}", **seconds})
    return found


def _seconds(rows: Mapping[str, pa.Table], name: str) -> dict[str, dict[str, float]]:
    by_set: dict[str, dict[str, float]] = {}
    for of, table in rows.items():
        for row in latencies(table):
            by_set.setdefault(row["set"], {})[of] = round(row[name], 4)
    return by_set


def _told(told: Configuration, live: Release, rows: pa.Table) -> str:
    first = overview({"live": rows}, shown(told.gate, told.alarms))
    parts = [f"{row['measure']} of {row['set']} {row['live']:.4f}" for row in first[:_TOLD]]
    return f"{live.id} is live: {', '.join(parts) if parts else 'the lake has no questions to ask'}"
