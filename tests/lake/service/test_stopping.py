"""SIGTERM ends the service within 5 seconds, even while a request waits for a model that never answers."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time

import httpx
import pytest

from tests.conftest import free_port
from tests.lake.service.conftest import TwoReleases


@pytest.fixture
def silent() -> int:
    """The port of a server that accepts connections and never answers."""
    listening = socket.create_server(("127.0.0.1", 0))
    kept: list[socket.socket] = [listening]

    def accept() -> None:
        try:
            while True:
                kept.append(listening.accept()[0])
        except OSError:
            return

    threading.Thread(target=accept, daemon=True).start()
    return int(listening.getsockname()[1])


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_soon(two_releases: TwoReleases, silent: int, sent: signal.Signals) -> None:
    port = free_port()
    words = ["serve", "--lake", two_releases.url, "--port", str(port), "--model", "openai:silent"]
    settings = {"OPENAI_API_KEY": "x", "OPENAI_BASE_URL": f"http://127.0.0.1:{silent}/v1"}
    server = subprocess.Popen(
        [sys.executable, "-m", "raglake", *words], stderr=subprocess.PIPE, text=True, env={**os.environ, **settings}
    )
    assert server.stderr
    assert "listening" in server.stderr.readline()
    url = f"http://127.0.0.1:{port}"
    waiting = threading.Thread(target=lambda: _ask(url), daemon=True)
    waiting.start()
    time.sleep(2)
    assert httpx.get(f"{url}/health").status_code == 200
    assert waiting.is_alive()
    started = time.monotonic()
    server.send_signal(sent)
    server.wait(20)
    assert time.monotonic() - started < 6
    server.stderr.close()


def _ask(url: str) -> None:
    try:
        httpx.post(f"{url}/answer", json={"question": "Lamp 7 burns olive oil, he said."}, timeout=60)
    except httpx.HTTPError:
        return
