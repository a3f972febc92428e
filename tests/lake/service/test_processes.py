"""A service of two processes: one address, one sum of figures, the dead are replaced, and all stop together."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from lake.service.worker_metrics import summed
from tests.lake.service.conftest import TwoReleases
from tests.waiting import free_port, until

SENT = 40


def children(process: subprocess.Popen[str]) -> set[int]:
    found = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return set(map(int, found.split()))


def counted(url: str) -> float:
    text = httpx.get(f"{url}/metrics", timeout=60).text
    [n] = re.findall(r'^raglake_requests_total\{.*route="/query",status="200"\} (\S+)', text, re.M)
    return float(n)


@pytest.fixture
def service(two_releases: TwoReleases) -> Iterator[tuple[subprocess.Popen[str], str]]:
    port = free_port()
    words = ["--port", str(port), "--processes", "2", "--rate", "10000", "--cache-mb", "0"]
    command = [sys.executable, "-m", "raglake", "serve", "--lake", two_releases.url, *words]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    assert "listening" in process.stderr.readline()
    threading.Thread(target=process.stderr.read, daemon=True).start()
    yield process, f"http://127.0.0.1:{port}"
    if process.poll() is None:
        process.kill()
    process.wait()


def test_two_processes_serve_as_one(service: tuple[subprocess.Popen[str], str]) -> None:
    process, url = service
    first = children(process)
    assert len(first) == 2
    for _ in range(SENT):  # each on a connection of its own, so that both processes get some
        assert httpx.post(f"{url}/query", json={"text": "lamp oil"}, timeout=60).status_code == 200
    assert {counted(url) for _ in range(6)} == {SENT}

    time.sleep(1.5)  # what the dead one counted longer ago than a second is kept
    killed = first.pop()
    os.kill(killed, signal.SIGKILL)
    assert httpx.post(f"{url}/query", json={"text": "lamp oil"}, timeout=60).status_code == 200
    assert counted(url) == SENT + 1
    until(lambda: len(children(process) - {killed}) == 2)

    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    stopping = httpx.get(f"{url}/health/ready", timeout=60)
    assert (stopping.status_code, stopping.json()["status"]) == (503, "stopping")
    assert httpx.get(f"{url}/health/live", timeout=60).status_code == 200
    assert httpx.post(f"{url}/query", json={"text": "lamp oil"}, timeout=60).status_code == 200
    assert process.wait(60) == 0
    assert time.monotonic() - begun < 5.5


def test_processes_end_with_their_supervisor(service: tuple[subprocess.Popen[str], str]) -> None:
    process, _ = service
    left = children(process)
    process.kill()
    until(
        lambda: (
            not any(Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes() for pid in left)
        )
    )


def test_figures_of_several_processes_are_added() -> None:
    counters = (
        '# HELP a_total A.\n# TYPE a_total counter\na_total{{k="1"}} {}\n# HELP p_up P.\n# TYPE p_up gauge\np_up {}\n'
    )
    found = summed([counters.format(2, 1), counters.format(3, 0)]).decode()
    assert 'a_total{k="1"} 5.0' in found
    assert "p_up 0.0" in found
