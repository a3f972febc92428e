"""The watch as a deployment of a real server: its page, its alarm, cancelled, killed, and handed over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.watch_flow import lag_words, overdue
from lake.records.watch_state import WatchState
from lake.storage import clock
from tests.flows.runtime.server import Server, eventually
from tests.flows.test_watch import uris
from tests.house import ROOT

pytest.importorskip("watchfiles")

FLEET = """
lakes:
  manuals:
    lake: lake
    sources: [docs=docs]
    recipe: {{embedder: hash}}
    watch: {{lag: {lag}, settle: 0.1}}
"""
OURS = {"deployments": {"name": {"any_": ["manuals"]}}}
#: A start of a process takes long on a machine with other work.
_SECONDS = 180.0
#: In place of five minutes; read by the run's own process.
_SOON = "import flows.watch_flow as w; w._LEAST, w._SHOW, w._LOOK = 2.0, 1.0, 0.5"


def test_what_is_late_is_said() -> None:
    now = clock.now()
    state = WatchState((), 60, now, waiting_since=now - timedelta(seconds=90), failure="TransientError")
    assert "has waited for 90 s, longer than the promised 60 s; the last run failed with TransientError" in str(
        overdue(state)
    )
    assert overdue(WatchState((), 60, now, waiting_since=now)) is None
    assert lag_words(WatchState((), 60, now)) == "no change to publish (promised: 60 s)"


class Deployed:
    """A server, and a process that runs what is due."""

    def __init__(self, server: Server, place: Path) -> None:
        self.server, self.place = server, place

    def start(self) -> str:
        return self.server.start_run("watch", "manuals")

    def runs(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.server.ask("flow_runs/filter")
        return found

    def state(self, run: str) -> str:
        return str(self.server.ask(f"flow_runs/{run}", "GET")["state"]["name"])

    def artifact(self, run: str) -> dict[str, Any]:
        of_run = {"flow_run_id": {"any_": [run]}, "key": {"any_": ["watch-lake"]}}
        return next(iter(self.server.ask("artifacts/filter", artifacts=of_run)), {})

    def events(self, name: str) -> list[dict[str, Any]]:
        found = self.server.ask("events/filter", filter={"event": {"name": [name]}}, limit=10)["events"]
        return [event["payload"] for event in found]

    def until(self, condition: Callable[[], Any], what: str = "") -> Any:
        found = eventually(condition, _SECONDS)
        assert found, f"{what} {[(run['name'], run['state']['name']) for run in self.runs()]} {self.log()}"
        return found

    def log(self) -> str:
        return (self.place / "serve.log").read_text()[-3000:]

    def of_run(self) -> int:
        """The process of the run that is at work."""
        found = subprocess.run(["pgrep", "-f", "prefect.*flow.run|prefect.engine"], capture_output=True, text=True)
        ours = []
        for pid in map(int, found.stdout.split()):
            environment = Path(f"/proc/{pid}/environ")
            if environment.exists() and str(self.place).encode() in environment.read_bytes():
                ours.append(pid)
        return max(ours)


@contextmanager
def deployed(server: Server, place: Path, lag: float) -> Iterator[Deployed]:
    (place / "docs").mkdir()
    (place / "docs" / "a.md").write_text("A pump.\n")
    (place / "raglake.yaml").write_text(FLEET.format(lag=lag))
    (place / "patch").mkdir()
    (place / "patch" / "usercustomize.py").write_text("")
    (place / "patch" / "sitecustomize.py").write_text(
        f"import sys\nif any('engine' in word or 'flow' in word for word in sys.orig_argv):\n    {_SOON}\n"
    )
    paths = os.pathsep.join([str(ROOT), str(place / "patch")])
    environment = {**server.environment, "RAGLAKE_HOME": str(place), "PYTHONPATH": paths}
    command = [sys.executable, "-m", "flows", "deployments", "serve", "--config", str(place / "raglake.yaml")]
    with (place / "serve.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, cwd=place, stdout=log, stderr=log, start_new_session=True)
    try:
        one = Deployed(server, place)
        one.until(
            lambda: any(d["entrypoint"] == "raglake.deployed.watch" for d in server.ask("deployments/filter", **OURS)),
            "no deployment",
        )
        yield one
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.prefect
def test_a_watch_under_prefect(tmp_path: Path, server: Server) -> None:
    docs, lake = tmp_path / "docs", tmp_path / "lake"
    with deployed(server, tmp_path, 0.01) as one:
        first = one.start()
        one.until(lambda: "a.md" in uris(lake), "no release")
        (docs / "b.md").write_text("A kettle.\n")
        one.until(lambda: "b.md" in uris(lake), "not followed")
        one.until(lambda: "1 change live" in (one.artifact(first).get("description") or ""), "no artifact")
        assert "promised: 0.01 s" in one.artifact(first)["data"]
        (late,) = one.until(lambda: one.events("raglake.lake.late"), "no alarm")
        assert "promised 0.01 s" in late["reason"]

        second = one.start()  # which waits, and the first ends
        one.until(lambda: one.state(first) == "Completed", "the first did not end")
        one.until(lambda: one.state(second) == "Running", "the second did not begin")
        assert "1 change live" in server.ask(f"flow_runs/{first}", "GET")["state"]["message"]

        one.until(lambda: one.artifact(second), "the second watches")
        os.kill(one.of_run(), signal.SIGKILL)
        one.until(lambda: one.state(second) == "Crashed", "nobody noticed")
        (docs / "c.md").write_text("A lamp.\n")
        third = one.start()
        one.until(lambda: "c.md" in uris(lake), "lost by kill -9")

        server.ask(f"flow_runs/{third}/set_state", state={"type": "CANCELLING", "name": "Cancelling"})
        one.until(lambda: one.state(third) == "Cancelled", "not cancelled")
        (docs / "d.md").write_text("A crane.\n")
        assert not eventually(lambda: "d.md" in uris(lake), 5), "its process is gone"
