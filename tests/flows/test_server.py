"""A real server starts, takes the deployment and schedules its runs, as the pinned packages must let it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.prefect

REPOSITORY = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def eventually(ask: Callable[[], Any], seconds: float) -> Any:
    """The first true answer, or the last one when the time is over."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()) and time.monotonic() < deadline:
        time.sleep(0.25)
    return answer


class Server:
    def __init__(self, home: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/api"
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")} | {
            "PREFECT_HOME": str(home),
            "PREFECT_API_URL": self.url,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
            "RAGLAKE_HOME": str(home),
        }

    def prefect(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "prefect", *words]
        return subprocess.run(
            command, env=self.environment, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False
        )

    def start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(self.port)]
        log = (Path(self.environment["PREFECT_HOME"]) / "server.log").open("wb")
        with log:
            return subprocess.Popen(command, env=self.environment, stdout=log, stderr=log, start_new_session=True)

    def is_up(self) -> bool:
        try:
            return bool(urllib.request.urlopen(f"{self.url}/health", timeout=2).status == 200)
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            return False

    def ask(self, path: str, **body: Any) -> Any:
        data = json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/{path}", data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    process = server.start()
    try:
        assert eventually(server.is_up, 90), (tmp_path / "server.log").read_text()
        yield server
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(5)
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_the_deployments_have_forms_and_get_scheduled_runs(server: Server) -> None:
    created = server.prefect("work-pool", "create", "local", "--type", "process")
    assert created.returncode == 0, created.stderr
    deployed = server.prefect("--no-prompt", "deploy", "--all")
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    deployments = {deployment["entrypoint"]: deployment for deployment in server.ask("deployments/filter")}
    assert {entrypoint: deployment["name"] for entrypoint, deployment in deployments.items()} == {
        "flows.ingest.ingest": "nightly",
        "flows.maintain.maintain": "weekly",
        "flows.evaluate.evaluate": "daily",
        "flows.rollback.rollback": "on-demand",
        "flows.forget.forget": "on-demand",
    }
    for deployment in deployments.values():
        assert deployment["pull_steps"][0]["prefect.deployments.steps.set_working_directory"]["directory"]
        assert deployment["work_pool_name"] == "local"
        definitions = deployment["parameter_openapi_schema"]["definitions"]
        [form] = [form for form in definitions.values() if form["title"] in TITLES]
        assert form["properties"]["lake"]["title"] == "Lake"
        assert set(deployment["parameters"]["params"]) <= set(form["properties"])
    scheduled = {entrypoint: d["schedules"] for entrypoint, d in deployments.items() if d["schedules"]}
    assert set(scheduled) == {"flows.ingest.ingest", "flows.maintain.maintain", "flows.evaluate.evaluate"}
    for entrypoint in scheduled:
        assert deployments[entrypoint]["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"
    nightly = due(server, deployments["flows.ingest.ingest"])
    assert len(nightly) > 1
    assert {hour for hour, _ in nightly} == {2}
    assert due(server, deployments["flows.maintain.maintain"]) == {(4, SUNDAY)}


TITLES = ("Ingest", "Maintain", "Evaluate", "Rollback", "Forget")
SUNDAY = 6


def due(server: Server, deployment: dict[str, Any]) -> set[tuple[int, int]]:
    """Hour (UTC) and weekday of the runs that the server's scheduler made."""
    of_it = {"id": {"any_": [deployment["id"]]}}
    runs = eventually(lambda: server.ask("flow_runs/filter", deployments=of_it), 60)
    assert {run["state"]["type"] for run in runs} == {"SCHEDULED"}
    assert all(run["auto_scheduled"] for run in runs)
    moments = [datetime.fromisoformat(run["expected_start_time"]).astimezone(UTC) for run in runs]
    assert all(moment.minute == 0 for moment in moments)
    return {(moment.hour, moment.weekday()) for moment in moments}
