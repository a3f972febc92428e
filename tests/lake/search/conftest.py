"""A rerank endpoint on this machine that misbehaves on request."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from threading import Thread
from time import sleep
from typing import Any

import pytest

from tests.lake.answer.conftest import QuietServer


class Endpoint:
    """A text's score is its length; ``faults`` are used up in order: a status with headers, a body, or a delay."""

    def __init__(self) -> None:
        self.faults: deque[dict[str, Any]] = deque()
        self.requests: list[tuple[str, str, dict[str, Any]]] = []
        self.url = ""

    def body(self, request: dict[str, Any]) -> bytes:
        results = [{"index": i, "relevance_score": float(len(t))} for i, t in enumerate(request["documents"])]
        return json.dumps({"results": sorted(results, key=lambda r: -r["relevance_score"])}).encode()


def handler_of(endpoint: Endpoint) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            endpoint.requests.append((self.path, self.headers.get("authorization", ""), request))
            fault = endpoint.faults.popleft() if endpoint.faults else {}
            sleep(fault.get("delay", 0))
            if fault.get("drop"):
                self.close_connection = True
                return
            body = fault["body"] if "body" in fault else endpoint.body(request)
            self.send_response(fault.get("status", 200))
            for name, value in {**fault.get("headers", {}), "content-length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    return Handler


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    endpoint = Endpoint()
    server = QuietServer(("127.0.0.1", 0), handler_of(endpoint))
    endpoint.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield endpoint
    server.shutdown()
    thread.join()
    server.server_close()
