"""A real Prefect server for tests, and what they ask it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.house import ROOT
from tests.waiting import SECONDS, free_port


def eventually(ask: Callable[[], Any], seconds: float) -> Any:
    """The first true answer, or the last one when the time is over."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()) and time.monotonic() < deadline:
        time.sleep(0.25)
    return answer


def is_up(url: str) -> bool:
    """Whether a server answers at the address of its API."""
    try:
        return bool(urllib.request.urlopen(f"{url}/health", timeout=2).status == 200)
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False


class Server:
    """A server whose home holds a copy of this empty database, which spares it the migrations."""

    def __init__(self, home: Path, database: Path) -> None:
        self.home = home
        self.database = home / "prefect.db"
        shutil.copy(database, self.database)
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
            command, env=self.environment, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False
        )

    def start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(self.port)]
        log = (self.home / "server.log").open("wb")
        with log:
            return subprocess.Popen(command, env=self.environment, stdout=log, stderr=log, start_new_session=True)

    def is_up(self) -> bool:
        return is_up(self.url)

    def ask(self, path: str, method: str = "POST", **body: Any) -> Any:
        data = json.dumps(body.pop("rows", body)).encode()
        request = urllib.request.Request(
            f"{self.url}/{path}", data, {"Content-Type": "application/json"}, method=method
        )
        deadline = time.monotonic() + 30
        while True:
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    return json.loads(answer.read() or "null")
            except urllib.error.HTTPError as error:
                # SQLite may be too busy to write; Prefect's own client asks again as well.
                if error.code != 503 or time.monotonic() > deadline:
                    raise
                time.sleep(0.5)

    def start_run(self, entrypoint: str, name: str) -> str:
        """Let a deployment run now, as ``prefect deployment run`` does, whose process would import for seconds."""
        named = self.ask("deployments/filter", deployments={"name": {"any_": [name]}})
        (one,) = [each for each in named if each["entrypoint"] == f"raglake.deployed.{entrypoint}"]
        return str(self.ask(f"deployments/{one['id']}/create_flow_run", state={"type": "SCHEDULED"})["id"])


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """The server from when it answers; afterwards none of its processes is left."""
    process = server.start()
    try:
        assert eventually(server.is_up, SECONDS), (server.home / "server.log").read_text()
        server.ask("work_pools/", name="local", type="process")
        yield server
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(5)
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
