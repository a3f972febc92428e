"""A server on this machine that answers as it is told, and the variables that lead to it."""

from __future__ import annotations

import json
import os
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest


@dataclass(frozen=True)
class Reply:
    """``pieces`` are sent as a stream; ``seconds`` pass before the answer, ``pause`` after each byte of it."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    pieces: tuple[str, ...] = ()
    seconds: float = 0.0
    pause: float = 0.0


@dataclass(frozen=True)
class Request:
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


def mutated(value: Any) -> Iterator[Any]:
    """The value with each of its parts replaced by what does not belong there."""
    yield from ([1], {"x": 1}, -1)
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        for other in mutated(part):
            changed = value.copy()
            changed[key] = other
            yield changed


class Server:
    """Sends its ``replies`` in turn, and the last one again and again."""

    def __init__(self) -> None:
        self.replies: deque[Reply] = deque()
        self.requests: list[Request] = []
        self.url = ""

    def says(self, *replies: Reply) -> None:
        self.replies = deque(replies)
        self.requests.clear()


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            headers = {name.lower(): value for name, value in self.headers.items()}
            server.requests.append(Request(self.path, headers, body))
            reply = server.replies.popleft() if len(server.replies) > 1 else server.replies[0]
            time.sleep(reply.seconds)
            data = "".join(reply.pieces) if reply.pieces else reply.body
            data = data if isinstance(data, str | bytes) else json.dumps(data)
            data = data.encode() if isinstance(data, str) else data
            self.send_response(reply.status)
            kind = "text/event-stream" if reply.pieces else "application/json"
            for name, value in {"content-type": kind, **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            for part in (data,) if not reply.pause else (data[n : n + 1] for n in range(len(data))):
                self.wfile.write(part)
                time.sleep(reply.pause)

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    return Handler


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A client that gave up closes the connection."""


@pytest.fixture(scope="module")
def _started() -> Iterator[Server]:
    server = Server()
    http = _Quiet(("127.0.0.1", 0), _handler(server))
    server.url = f"http://127.0.0.1:{http.server_port}"
    thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.fixture
def server(_started: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The server, in an environment that names no endpoint."""
    for name in list(os.environ):
        if name.startswith("RAGLAKE_") or name.endswith(("_API_KEY", "_BASE_URL", "_ENDPOINT")):
            monkeypatch.delenv(name)
    _started.says(Reply(500))
    return _started
