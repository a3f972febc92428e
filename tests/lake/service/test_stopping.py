"""A signal ends the service within 5 seconds: what can be answered until then is, the rest is to come again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.lake.answer.conftest import ChatEndpoint
from tests.lake.service.conftest import TwoReleases
from tests.waiting import free_port


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_requests_under_way_end_and_the_service_soon_after(
    two_releases: TwoReleases, endpoint: ChatEndpoint, sent: signal.Signals
) -> None:
    port = free_port()
    words = ["serve", "--lake", two_releases.url, "--port", str(port), "--model", "openai:slow"]
    settings = {"OPENAI_API_KEY": "x", "OPENAI_BASE_URL": f"{endpoint.url}/v1"}
    server = subprocess.Popen(
        [sys.executable, "-m", "raglake", *words], stderr=subprocess.PIPE, text=True, env={**os.environ, **settings}
    )
    assert server.stderr
    assert "listening" in server.stderr.readline()
    with ThreadPoolExecutor(2) as clients:
        assert _answer(port, 0).status_code == 200  # by now the client of the model is loaded
        waiting = []
        for delay in (20.0, 1.2):
            endpoint.delay = delay
            waiting.append(clients.submit(_answer, port, 1 + len(waiting)))
            until = time.monotonic() + 30
            while len(endpoint.requests) <= len(waiting) and time.monotonic() < until:
                time.sleep(0.02)
        assert len(endpoint.requests) == 3
        time.sleep(0.1)  # the endpoint has read its delay
        started = time.monotonic()
        server.send_signal(sent)
        server.wait(20)
        assert time.monotonic() - started < 6
        too_long, answered = (client.result() for client in waiting)
    assert (answered.status_code, answered.json()["text"]) == (200, "Whale oil [1].")
    assert (too_long.status_code, too_long.json()["error"]) == (503, "busy")
    assert "Retry-After" in too_long.headers
    server.stderr.close()


def _answer(port: int, number: int) -> httpx.Response:
    body = {"question": f"Lamp {7 + number} burns olive oil, he said."}
    return httpx.post(f"http://127.0.0.1:{port}/answer", json=body, timeout=60)


HANGING = """
import re, sys, threading, time
from types import SimpleNamespace
from lake.service.capacity import Capacity
from lake.service.server import listening, serve

class App(SimpleNamespace):
    async def __call__(self, scope, receive, send):
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        {hang}

serve(App(stop=lambda: None), Capacity(), listening("127.0.0.1", 0), started=lambda: print("listening", flush=True))
"""


@pytest.mark.parametrize(
    ("hang", "status", "shown"),
    [
        ("time.sleep(60)", 0, ""),
        ("threading.Thread(target=time.sleep, args=(60,)).start()", -signal.SIGTERM, ""),  # which uvicorn sends again
        ("re.match('(a+)+b', 'a' * 60)", 1, "Timeout (0:00:04.9"),  # it holds the interpreter, where no timer runs
    ],
)
def test_an_application_that_hangs_while_it_closes_does_not_keep_the_service(
    hang: str, status: int, shown: str
) -> None:
    command = [sys.executable, "-c", HANGING.replace("{hang}", hang)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout
        assert server.stderr
        assert server.stdout.readline() == "listening\n"
        started = time.monotonic()
        server.send_signal(signal.SIGTERM)
        try:
            assert (server.wait(20), time.monotonic() - started < 6) == (status, True)
        finally:
            server.kill()
        assert shown in server.stderr.read()
