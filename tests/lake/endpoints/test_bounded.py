"""Answers that come byte by byte, or never end: no request is held longer than its limits."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import partial

import httpx
import pytest

from lake.endpoints.bounded import bounded
from lake.endpoints.deadline import deadline
from lake.endpoints.http_get import fetched
from lake.endpoints.retry import Retries
from lake.errors import TransientError
from lake.sources.guarded_http import GuardedClient

OK, BODY = b"HTTP/1.1 200 OK\r\n", b"content-length: 100000\r\n\r\n"
#: What is sent at once, and what then comes again and again.
SLOW = {
    "header": (OK + b"x-a: ", b"a"),
    "status line": (b"HTTP/1.1 200 ", b"O"),
    "hints": (b"", b"HTTP/1.1 103 Early Hints\r\nx: y\r\n\r\n"),
    "garbage": (b"\xff\xfe no end", b"\x00"),
}


@pytest.fixture
def slow() -> Iterator[Callable[[str], str]]:
    """The address of a server that drips, until the test ends."""
    ended = threading.Event()
    listening = [socket.create_server(("127.0.0.1", 0)) for _ in (*SLOW, "body")]

    def serve(server: socket.socket, first: bytes, then: bytes) -> None:
        while True:
            try:
                line, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=drip, args=(line, first, then), daemon=True).start()

    def drip(line: socket.socket, first: bytes, then: bytes) -> None:
        with suppress(OSError), closing(line):
            line.recv(1 << 16)
            line.sendall(first)
            while not ended.wait(0.01):
                line.sendall(then)

    answers = [*SLOW.values(), (OK + BODY, b"a")]
    for server, (first, then) in zip(listening, answers, strict=True):
        threading.Thread(target=serve, args=(server, first, then), daemon=True).start()
    ports = {name: server.getsockname()[1] for name, server in zip((*SLOW, "body"), listening, strict=True)}
    yield lambda name: f"http://127.0.0.1:{ports[name]}/"
    ended.set()
    for server in listening:
        server.close()


@pytest.mark.parametrize("kind", SLOW)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_headers_that_drip_end_with_the_timeouts(slow: Callable[[str], str], kind: str, method: str) -> None:
    with bounded(httpx.Client)(timeout=0.1) as client, pytest.raises(httpx.ReadTimeout):
        client.request(method, slow(kind))


def test_a_deadline_ends_them_sooner(slow: Callable[[str], str]) -> None:
    with bounded(httpx.Client)(timeout=600) as client, deadline(0.1), pytest.raises(httpx.ReadTimeout):
        client.post(slow("header"))


@pytest.mark.parametrize("kind", [*SLOW, "body"])
def test_a_directory_of_groups_that_drips_is_given_up(slow: Callable[[str], str], kind: str) -> None:
    with pytest.raises(TransientError):
        fetched(slow(kind), None, 0.1)


def test_a_site_holds_no_crawl(slow: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lake.sources.guarded_http._LONGEST_PAGE", 0.1)
    once = Retries(1)
    words = {"home": "", "private": True, "per_second": 1000.0, "max_bytes": 1 << 20, "headers": {}, "retries": once}
    get = partial(GuardedClient(**words).get, allowed=lambda _: True)  # type: ignore[arg-type]
    with pytest.raises(TransientError, match="takes longer than 0 s"):
        get(slow("body"))
    with deadline(0.1), pytest.raises(TransientError, match="headers of the answer take too long"):
        get(slow("header"))
