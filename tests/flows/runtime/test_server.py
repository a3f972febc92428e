"""A real server starts, takes the deployment and schedules its runs, as the pinned packages must let it."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
import yaml
from prefect.events.schemas.automations import AutomationCore

from tests.flows.runtime.server import Server, eventually
from tests.waiting import SECONDS, until

pytestmark = pytest.mark.prefect


def test_the_deployments_have_forms_and_get_scheduled_runs(server: Server) -> None:
    deployed = server.prefect("--no-prompt", "deploy", "--all")
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    deployments = {deployment["entrypoint"]: deployment for deployment in server.ask("deployments/filter")}
    assert {entrypoint: deployment["name"] for entrypoint, deployment in deployments.items()} == {
        "raglake.deployed.ingest": "nightly",
        "raglake.deployed.maintain": "weekly",
        "raglake.deployed.evaluate": "daily",
        "raglake.deployed.doctor": "daily",
        "raglake.deployed.rollback": "on-demand",
        **dict.fromkeys(BY_HAND, "on-demand"),
    }
    for deployment in deployments.values():
        assert deployment["pull_steps"][0]["prefect.deployments.steps.set_working_directory"]["directory"]
        assert deployment["work_pool_name"] == "local"
        assert deployment["job_variables"] == {"env": {"PYTHONSAFEPATH": "1"}}
        definitions = deployment["parameter_openapi_schema"]["definitions"]
        [form] = [form for form in definitions.values() if form["title"] in TITLES]
        assert form["properties"]["lake"]["title"] == "Lake"
        assert set(deployment["parameters"]["params"]) <= set(form["properties"])
    scheduled = {entrypoint: d["schedules"] for entrypoint, d in deployments.items() if d["schedules"]}
    assert set(scheduled) == {f"raglake.deployed.{name}" for name in ("ingest", "maintain", "evaluate", "doctor")}
    for entrypoint in scheduled:
        assert deployments[entrypoint]["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"
    nightly = due(server, deployments["raglake.deployed.ingest"])
    assert len(nightly) > 1
    assert {hour for hour, _ in nightly} == {2}
    assert due(server, deployments["raglake.deployed.maintain"]) == {(4, SUNDAY)}


BY_HAND = (
    *("raglake.deployed.forget", "raglake.deployed.publish", "raglake.deployed.pin", "raglake.deployed.unpin"),
    *("raglake.deployed.rebuild", "raglake.deployed.questions", "raglake.deployed.sync"),
    *("raglake.deployed.judge", "raglake.deployed.watch"),
)
TITLES = (
    *(
        "Ingest",
        "Maintain",
        "Evaluate",
        "Rollback",
        "Forget",
        "Publish",
        "Pin",
        "Unpin",
        "Rebuild",
        "Doctor",
        "Sync",
        "Judge",
        "Watch",
        "Questions",
    ),
)
SUNDAY = 6


def due(server: Server, deployment: dict[str, Any]) -> set[tuple[int, int]]:
    """Hour (UTC) and weekday of the runs that the server's scheduler made."""
    of_it = {"id": {"any_": [deployment["id"]]}}
    runs = eventually(lambda: server.ask("flow_runs/filter", deployments=of_it), SECONDS)
    assert {run["state"]["type"] for run in runs} == {"SCHEDULED"}
    assert all(run["auto_scheduled"] for run in runs)
    moments = [datetime.fromisoformat(run["expected_start_time"]).astimezone(UTC) for run in runs]
    assert all(moment.minute == 0 for moment in moments)
    return {(moment.hour, moment.weekday()) for moment in moments}


class Listener(http.server.BaseHTTPRequestHandler):
    """Where people would be told: keeps each message it gets."""

    heard: ClassVar[list[dict[str, str]]] = []

    def do_POST(self) -> None:
        self.heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def listener() -> Iterator[str]:
    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{listening.server_port}/"
    listening.shutdown()
    listening.server_close()


FLEET = """
defaults: {timezone: Europe/Berlin, schedules: {ingest: "0 2 * * *", maintain: "0 4 * * SUN"}}
lakes:
  manuals:
    lake: manuals
    sources: ["docs=manuals/docs"]
    notify: [webhook/operators]
    gate: {mode: warn}
"""


def test_the_file_of_lakes_becomes_deployments_and_automations_that_fire(
    server: Server, tmp_path: Path, listener: str
) -> None:
    from prefect.blocks.webhook import Webhook
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from flows.fleet import automations, deployments
    from flows.fleet import file as fleet

    file = tmp_path / "raglake.yaml"
    file.write_text(FLEET)
    with temporary_settings({PREFECT_API_URL: server.url}):
        Webhook(url=listener, allow_private_urls=True).save("operators")
        assert deployments.apply(fleet.read(file), tmp_path, "local") == ([], [])
        applied, gone = automations.apply(fleet.read(file))
        assert automations.apply(fleet.read(file)) == (applied, gone) == (applied, [])
        printed = yaml.safe_load(automations.as_yaml(fleet.read(file)))["automations"]
    assert [AutomationCore.model_validate(one).name for one in printed] == applied
    assert sorted(one["name"] for one in server.ask("automations/filter")) == sorted(applied)

    ours = {found["entrypoint"].split(".")[-1]: found for found in of_lake(server, "manuals")}
    assert set(ours) == {flow.name for flow in deployments.FLOWS}
    assert ours["ingest"]["schedules"][0]["schedule"]["timezone"] == "Europe/Berlin"
    assert ours["ingest"]["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"
    assert ours["ingest"]["parameters"]["params"]["policy"] == {"gate": {"mode": "warn"}}
    assert "rerun-crashed" in ours["ingest"]["tags"]
    assert [name for name, found in ours.items() if found["schedules"]] == ["ingest", "maintain"]

    # What an operator paused, either way that Prefect has, stays so until the file says otherwise.
    server.ask(f"deployments/{ours['maintain']['id']}/pause_deployment")
    [nightly] = ours["ingest"]["schedules"]
    server.ask(f"deployments/{ours['ingest']['id']}/schedules/{nightly['id']}", method="PATCH", active=False)
    with temporary_settings({PREFECT_API_URL: server.url}):
        again = deployments.apply(fleet.read(file), tmp_path, "local")
    assert (again.paused, paused(server)) == (["ingest/manuals", "maintain/manuals"], {"ingest", "maintain"})
    file.write_text(f"{FLEET}    paused: false\n")
    with temporary_settings({PREFECT_API_URL: server.url}):
        assert deployments.apply(fleet.read(file), tmp_path, "local").paused == []
    assert paused(server) == set()

    told, *_ = until(lambda: heard(server, "raglake.lake.blocked", {"reason": 'nDCG@10 of "halls" fell by 0.1'}))
    assert told["subject"] == "raglake manuals: candidate blocked"
    assert told["body"].startswith('nDCG@10 of "halls" fell by 0.1')
    assert UUID(told["event"])  # by which a repetition can be told

    # The file loses a schedule, a lake changes its name and its policy on overlaps, and nobody is told any more.
    fewer = FLEET.replace("manuals", "pumps").replace(', maintain: "0 4 * * SUN"', "")
    fewer = fewer.replace("notify: [webhook/operators]", "overlap: queue")
    file.write_text(fewer)
    with temporary_settings({PREFECT_API_URL: server.url}):
        assert deployments.apply(fleet.read(file), tmp_path, "local") == ([], ["manuals"])
        applied, gone = automations.apply(fleet.read(file))
    assert (len(applied), len(gone), of_lake(server, "manuals")) == (3, 6, [])
    renamed = {found["entrypoint"]: found for found in of_lake(server, "pumps")}
    assert renamed["raglake.deployed.ingest"]["concurrency_options"]["collision_strategy"] == "ENQUEUE"
    assert renamed["raglake.deployed.maintain"]["schedules"] == []


def paused(server: Server) -> set[str]:
    """The flows of manuals that have a schedule and don't run by it."""
    found = {one["entrypoint"].split(".")[-1]: one for one in of_lake(server, "manuals") if one["schedules"]}
    return {name for name, one in found.items() if one["paused"] or not one["schedules"][0]["active"]}


def of_lake(server: Server, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.ask("deployments/filter", deployments={"name": {"any_": [name]}})
    return found


def heard(server: Server, event: str, payload: dict[str, Any]) -> list[dict[str, Any]]:
    """What is notified within seconds of what a run of manuals tells; nothing until the automations are loaded."""
    tag = {"prefect.resource.id": "prefect.tag.lake:manuals", "prefect.resource.role": "tag"}
    row = {"event": event, "resource": {"prefect.resource.id": "raglake.lake.x"}, "related": [tag], "payload": payload}
    server.ask("events", rows=[row | {"id": str(uuid4()), "occurred": datetime.now(UTC).isoformat()}])
    found: list[dict[str, Any]] = eventually(lambda: Listener.heard, 5)
    return found
