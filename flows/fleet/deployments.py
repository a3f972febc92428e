"""The deployments that the file of lakes stands for: each flow of each lake, as ``ACTION/LAKE``."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, get_args

from prefect import Flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectNotFound
from prefect.runner.storage import LocalStorage
from prefect.types.entrypoint import EntrypointType

from flows.doctor import doctor
from flows.evaluate import evaluate
from flows.fleet.file import Fleet, FleetLake, Scheduled
from flows.forget import forget
from flows.forms.watch import OF_RETENTION
from flows.ingest import ingest
from flows.judge import judge
from flows.maintain import maintain
from flows.pin import pin, unpin
from flows.publish import publish
from flows.questions import questions
from flows.rebuild import rebuild
from flows.rollback import rollback
from flows.runtime.run_names import LAKE_TAG
from flows.sync import sync
from flows.watch_flow import watch
from lake.errors import UsageError

_log = logging.getLogger(__name__)

FLOWS: tuple[Flow[..., Any], ...] = (
    *(ingest, evaluate, maintain, doctor),
    *(rollback, publish, pin, unpin, forget, rebuild, questions, sync, judge, watch),
)
SCHEDULED: tuple[Scheduled, ...] = get_args(Scheduled)
#: Those that want the writer lease.
WRITERS = ("ingest", "maintain", "forget", "rebuild")
_STRATEGY = {"skip": ConcurrencyLimitStrategy.CANCEL_NEW, "queue": ConcurrencyLimitStrategy.ENQUEUE}
#: Seconds between the signs of life of a run; ``flows.fleet.automations`` calls one dead that misses three.
HEARTBEAT = 30
#: Most rows that Prefect's API gives at once.
PAGE = 200
#: Tags: of all runs, of one lake's, and of those that are run again when they crashed.
TAG, RERUN = "raglake", "rerun-crashed"


def tag_of(lake: str) -> str:
    """The tag that all runs of a lake bear."""
    return f"{LAKE_TAG}{lake}"


def home(file: Path) -> Path:
    """Where relative paths in the file start: RAGLAKE_HOME, or the folder of the file."""
    return Path(os.environ.get("RAGLAKE_HOME") or file.parent).expanduser().absolute()


def deployments(fleet: Fleet, home: Path) -> Iterator[RunnerDeployment]:
    """Each flow of each lake, with the parameters, schedule, tags and limit that the file gives it."""
    for name, lake in fleet.lakes.items():
        for flow in FLOWS:
            yield _deployment(flow, name, lake, home)


def _deployment(flow: Flow[..., Any], name: str, lake: FleetLake, home: Path) -> RunnerDeployment:
    scheduled = next((action for action in SCHEDULED if action == flow.name), None)
    cron = lake.cron(scheduled) if scheduled else None
    # The next run of a watch waits for the one before, which then ends; skipped it would never begin.
    strategy = ConcurrencyLimitStrategy.ENQUEUE if scheduled == "watch" else _STRATEGY[lake.overlap]
    made: RunnerDeployment = flow.to_deployment(  # type: ignore[assignment]
        name,
        schedules=[CronSchedule(cron=cron, timezone=lake.timezone)] if cron else [],
        parameters={"params": parameters(flow.name, lake)},
        tags=[TAG, tag_of(name), *([RERUN] if scheduled and lake.rerun_crashed else [])],
        # What is asked for by hand is never dropped nor kept waiting; where it writes, the writer lease decides.
        concurrency_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=strategy) if scheduled else None,
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    made.entrypoint = f"raglake.deployed.{flow.name}"  # ours, whatever packages the working directory has
    made.storage = LocalStorage(str(home))
    return made


def parameters(action: str, lake: FleetLake) -> dict[str, Any]:
    """The fields of a flow's form that the file sets."""
    said: dict[str, Any] = {"lake": lake.lake}
    if action in WRITERS:
        said["wait_minutes"] = lake.wait_minutes
    if action in ("ingest", "evaluate") and lake.policy:
        said["policy"] = lake.policy
    if action == "maintain":
        said |= lake.retention.model_dump(exclude_unset=True)
    if action == "doctor":
        said["parts"] = lake.doctor_parts
    if action == "judge":
        said |= lake.judging.model_dump(exclude_none=True)
    if action == "watch":
        said |= {"sources": lake.sources, "recipe": lake.recipe.model_dump(exclude_none=True)}
        said |= lake.model_dump(include={"include", "exclude", "budget_usd"})
        said |= lake.retention.model_dump(exclude_unset=True, include=set(OF_RETENTION))
        said |= lake.watch.model_dump(exclude_unset=True) | {"workers": lake.runner.workers}
    if action == "ingest":
        said |= {"sources": lake.sources, "recipe": lake.recipe.model_dump(exclude_none=True)}
        of_run = {"include", "exclude", "strict", "shard_documents", "batch_hours", "budget_usd"}
        said |= lake.model_dump(include=of_run)
        said |= {"runner": lake.runner.kind, "workers": lake.runner.workers, "runner_address": lake.runner.address}
    return {field: value for field, value in said.items() if value is not None}


class Applied(NamedTuple):
    """Names of the deployments that are paused now, and of the lakes whose deployments were deleted."""

    paused: list[str]
    gone: list[str]


def apply(fleet: Fleet, home: Path, pool: str, image: str | None = None) -> Applied:
    """Register all deployments with a work pool, and delete those of lakes that the file names no more."""
    with get_client(sync_client=True) as client:
        try:
            client.read_work_pool(pool)
        except ObjectNotFound as error:
            raise UsageError(
                f"no work pool {pool!r}; create it with `prefect work-pool create {pool} --type process`"
            ) from error
    made = list(deployments(fleet, home))
    paused = keep_pauses(made, fleet)
    for one in made:
        # A worker gives it to its runs, whatever else the pool's own template sets.
        one.job_variables = {"env": environment()}
        one.apply(work_pool_name=pool, image=image)
    return Applied(paused, prune(fleet))


def keep_pauses(made: list[RunnerDeployment], fleet: Fleet) -> list[str]:
    """Let what an operator paused stay paused, unless the file has ``paused``; the names of all that are."""
    with get_client(sync_client=True) as client:
        for one in made:
            said = fleet.lakes[one.name].paused
            runs, ticks = _pauses(one, client) if said is None else (said, False)
            one.paused = runs
            for schedule in one.schedules or []:
                schedule.active = not ticks
    return [one.full_name for one in made if one.schedules and (one.paused or not one.schedules[0].active)]


def _pauses(made: RunnerDeployment, client: SyncPrefectClient) -> tuple[bool, bool]:
    """Whether the deployment is paused on the server, and whether its schedule is: Prefect knows both."""
    try:
        found = client.read_deployment_by_name(made.full_name)
    except ObjectNotFound:
        return False, False
    return found.paused, bool(found.schedules) and not any(one.active for one in found.schedules)


def environment() -> dict[str, str]:
    """What each run needs in its environment."""
    return {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT), "PYTHONSAFEPATH": "1"}


def prune(fleet: Fleet) -> list[str]:
    """Delete the deployments of lakes that the file names no more; their names. Their runs stay."""
    from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags

    wanted, gone = {tag_of(name) for name in fleet.lakes}, set()
    tagged = DeploymentFilter(tags=DeploymentFilterTags(all_=[TAG]))
    with get_client(sync_client=True) as client:
        found: list[DeploymentResponse] = []
        while page := client.read_deployments(deployment_filter=tagged, limit=PAGE, offset=len(found)):
            found += page
        for one in found:
            of = {tag for tag in one.tags if tag.startswith(tag_of(""))}
            if of and not of & wanted:
                client.delete_deployment(one.id)
                gone.add(one.name)
    return sorted(gone)


def serve(fleet: Fleet, home: Path, limit: int) -> None:
    """Register all deployments and run what is due in processes of this machine, until interrupted."""
    from prefect import serve as run

    os.environ |= environment() | {name: value for name, value in os.environ.items() if name in environment()}
    prune(fleet)
    made = list(deployments(fleet, home))
    for name in keep_pauses(made, fleet):
        _log.warning("%s is paused and stays so; resume it in the UI, or say paused: false in the file", name)
    for one in made:
        one.work_pool_name = None  # said, so that no worker of a pool that had it takes its runs as well
    # Left to tick when this ends: what is due meanwhile is told to be late, and a pause is always an operator's.
    run(*made, limit=limit, pause_on_shutdown=False)
