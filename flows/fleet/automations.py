"""The automations that the file of lakes stands for: who is notified of what, and what happens to dead runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import StateType
from prefect.events.actions import CallWebhook, ChangeFlowRunState, RunDeployment, SendNotification
from prefect.events.schemas.automations import Automation, AutomationCore, EventTrigger, Posture
from prefect.exceptions import ObjectNotFound

from flows.fleet.deployments import HEARTBEAT, PAGE, RERUN, TAG, tag_of
from flows.runtime.run import BLOCKED
from lake.errors import UsageError
from tasks.events import event

if TYPE_CHECKING:
    from flows.fleet.file import Fleet, FleetLake

#: A run that shows no sign of life for this long is dead: three heartbeats and a little.
_DEAD_AFTER = timedelta(seconds=3 * HEARTBEAT + 5)
#: A run that a worker took and did not start for so long is lost with it; a large image takes minutes to pull.
_LOST_AFTER = timedelta(minutes=20)
#: At most one rerun of a crashed deployment in this time, so that what always crashes does not run for ever.
_RERUN_EVERY = timedelta(hours=1)

#: Labels that an event's resource must have.
_Match = dict[str, str | list[str]]
_RUNS: _Match = {"prefect.resource.id": "prefect.flow-run.*"}


def _becomes(*states: str) -> set[str]:
    """Events of runs that change to one of these states."""
    return {f"prefect.flow-run.{state}" for state in states}


_FAILED = _becomes("Failed", "TimedOut", "Crashed")
_ENDED = _FAILED | _becomes("Completed", BLOCKED, "Cancelled")
_STARTED = _ENDED | _becomes("Running", "Late", "AwaitingConcurrencySlot")

_OF_RUN = "{{ flow_run.name }}: {{ flow_run.state.message }} {{ flow_run|ui_url }}"
_OF_EVENT = "{{ event.payload.reason }} {{ flow_run|ui_url }}"

#: Makes the action that tells somebody: from a subject and a body, which are templates.
Notify = Callable[[str, str], SendNotification | CallWebhook]


class _Alarm(NamedTuple):
    """One thing that people are notified of about a lake."""

    name: str
    means: str
    trigger: EventTrigger
    body: str


def automations(fleet: Fleet, client: SyncPrefectClient) -> Iterator[AutomationCore]:
    """The automations of the file. Raises UsageError if a block that it names is not on the server."""
    # These three are about every run that bears our tags, whichever file it is of.
    yield _named("dead runs are Crashed", f"Marks a run that shows {_DEAD}.", _dead(), _crash(_DEAD))
    yield _named("lost runs are Crashed", f"Marks a run that was {_LOST}.", _lost(), _crash(_LOST))
    yield _named("crashed runs run again", _AGAIN, _crashed(), _RUN_AGAIN)
    for name, lake in fleet.lakes.items():
        tell = [_notify(client, block) for block in lake.notify]
        for alarm in _alarms(name, lake) if tell else ():
            subject = f"raglake {name}: {alarm.name}"
            actions = (one(subject, alarm.body) for one in tell)
            yield _named(f"{name}, {alarm.name}", f"Tells that {alarm.means}.", alarm.trigger, *actions)


def _named(name: str, description: str, trigger: EventTrigger, *actions: Any) -> AutomationCore:
    return AutomationCore(
        name=f"raglake: {name}", description=description, trigger=trigger, actions=list(actions), tags=[TAG]
    )


_DEAD = f"no sign of life for {_DEAD_AFTER.seconds} seconds: its process, its worker or their machine is gone"

_LOST = f"taken by a worker and not started for {_LOST_AFTER.seconds // 60} minutes: the worker is gone"
_AGAIN = "At most once an hour for each deployment; the new run goes on from what the crashed one left in the lake."
_RUN_AGAIN = RunDeployment.model_validate({"source": "inferred"})


def _crash(message: str) -> ChangeFlowRunState:
    return ChangeFlowRunState.model_validate({"state": StateType.CRASHED, "message": message})


def _lost() -> EventTrigger:
    taken = _becomes("Pending", "Submitting", "InfrastructurePending")
    return EventTrigger(
        posture=Posture.Proactive,
        match=_RUNS,
        match_related=_tagged(TAG),
        for_each={"prefect.resource.id"},
        after=taken,
        expect=_STARTED,
        threshold=1,
        within=_LOST_AFTER,
    )


def _dead() -> EventTrigger:
    beat = "prefect.flow-run.heartbeat"
    return EventTrigger(
        posture=Posture.Proactive,
        match=_RUNS,
        match_related=_tagged(TAG),
        for_each={"prefect.resource.id"},
        after={beat},
        expect={beat, *_ENDED},
        threshold=1,
        within=_DEAD_AFTER,
    )


def _crashed() -> EventTrigger:
    return EventTrigger(
        posture=Posture.Reactive,
        match=_RUNS,
        match_related=_tagged(RERUN),
        for_each={"related:deployment:prefect.resource.id"},
        expect=_becomes("Crashed"),
        threshold=1,
        within=_RERUN_EVERY,
    )


def _alarms(name: str, lake: FleetLake) -> Iterator[_Alarm]:
    yield _Alarm("run failed", "any run of the lake failed or crashed", _seen(name, _FAILED, _RUNS), _OF_RUN)
    yield _Alarm("candidate blocked", "audit or gate kept a candidate back", _seen(name, {event("blocked")}), _OF_EVENT)
    yield _Alarm(
        "too much in quarantine",
        "more is in quarantine than the alarms allow",
        _seen(name, {event("quarantine")}),
        _OF_EVENT,
    )
    yield _Alarm(
        "change late",
        "a change waits longer than the watch promises",
        _seen(name, {event("late")}),
        _OF_EVENT,
    )
    minutes = f"{lake.late_minutes:g} minute{'' if lake.late_minutes == 1 else 's'}"
    waits = f"a run of {name} has not started {minutes} after it was found late; is a worker running?"
    taken = _STARTED - _becomes("Late") | _becomes("Pending")
    late = _missed(name, _becomes("Late"), taken, timedelta(minutes=lake.late_minutes), _RUNS)
    yield _Alarm("run late", waits, late, waits)
    idle = f"no ingest of {name} has published or found nothing to do for {lake.silent_hours:g} hours"
    current = {event("current")}
    yield _Alarm("nothing published", idle, _missed(name, current, current, timedelta(hours=lake.silent_hours)), idle)


def _seen(name: str, events: set[str], match: _Match | None = None) -> EventTrigger:
    """Whenever one of these happens."""
    return EventTrigger(
        posture=Posture.Reactive,
        match=match or {},
        match_related=_tagged(tag_of(name)),
        expect=events,
        threshold=1,
        within=timedelta(0),
    )


def _missed(
    name: str, after: set[str], expect: set[str], within: timedelta, match: _Match | None = None
) -> EventTrigger:
    """When none of ``expect`` follows upon ``after`` in time, for each run or lake."""
    return EventTrigger(
        posture=Posture.Proactive,
        match=match or {},
        match_related=_tagged(tag_of(name)),
        for_each={"prefect.resource.id"},
        after=after,
        expect=expect,
        threshold=1,
        within=within,
    )


def _tagged(tag: str) -> _Match:
    return {"prefect.resource.id": f"prefect.tag.{tag}", "prefect.resource.role": "tag"}


def _notify(client: SyncPrefectClient, block: str) -> Notify:
    """Through a notification block, or a webhook block, which gets subject and body as JSON."""
    kind, name = block.split("/")
    try:
        found = client.read_block_document_by_name(name, kind, include_secrets=False)
    except ObjectNotFound as error:
        remedy = "make it in the UI under Blocks, or with prefect block create; prefect block ls lists those there are"
        raise UsageError(f"no block {block} on the server; {remedy}") from error
    if kind == "webhook":
        return lambda subject, body: CallWebhook(block_document_id=found.id, payload=_json(subject, body))
    return lambda subject, body: SendNotification(block_document_id=found.id, subject=subject, body=body)


def _json(subject: str, body: str) -> str:
    """A template whose text is JSON whatever its parts hold.

    Prefect reports an event again if its database was locked for another automation; ``event`` stays the same.
    """
    said = '{"subject": "' + subject + '", "body": {{ body|tojson }}, "event": "{{ event.id }}"}'
    return "{% set body %}" + body + "{% endset %}" + said


def apply(fleet: Fleet) -> tuple[list[str], list[str]]:
    """Create, or bring up to date by name, all automations; delete ours that the file lacks. The names of both."""
    with get_client(sync_client=True) as client:
        wanted = {one.name: one for one in automations(fleet, client)}
        left, gone = dict(wanted), []
        for found in _ours(client):
            if found.name in left:
                client.update_automation(found.id, left.pop(found.name))
            else:  # of no lake that there is, or there twice
                client.delete_automation(found.id)
                gone.append(found.name)
        for one in left.values():
            client.create_automation(one)
    return list(wanted), sorted(gone)


def _ours(client: SyncPrefectClient) -> list[Automation]:
    found: list[Automation] = []
    while page := client.read_automations(limit=PAGE, offset=len(found)):
        found += page
    return [one for one in found if TAG in one.tags]


def as_yaml(fleet: Fleet) -> str:
    """What ``prefect automation create --from-file`` takes."""
    import yaml

    with get_client(sync_client=True) as client:
        said = [_plain(one.model_dump(mode="json", exclude_none=True)) for one in automations(fleet, client)]
    return str(yaml.safe_dump({"automations": said}, sort_keys=False, width=120))


def _plain(value: Any) -> Any:
    """Without what is empty, and with the members of sets in an order that lasts."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items() if one not in ("", [], {})}
    if isinstance(value, list):
        return sorted(value) if all(isinstance(one, str) for one in value) else [_plain(one) for one in value]
    return value
