"""What a service does when it is asked too much, too slowly, or while the lake changes under it."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

import lake
from lake import operate
from lake.service.keys import Key, KeyRing
from lake.service.problems import Problem
from lake.service.service import encode
from tests.lake.service.conftest import Running, Start, TwoReleases
from tests.waiting import free_port

_HEAD = b"POST /query HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"


def spoken(running: Running, *parts: bytes, wait: float = 0.0) -> tuple[int, dict[str, str], float]:
    """Status, refusal and seconds of a request whose bytes are sent as they are; 0 where the connection just ended."""
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", running.port), timeout=20) as line:
        for part in parts:
            line.sendall(part)
            time.sleep(wait)
        answer = http.client.HTTPResponse(line)
        try:
            answer.begin()
        except (http.client.HTTPException, ConnectionError):
            return 0, {}, time.monotonic() - begun
        return answer.status, json.loads(answer.read()), time.monotonic() - begun


def chunked(n_bytes: int) -> list[bytes]:
    piece = b"a" * 50_000
    pieces = [f"{len(piece):x}\r\n".encode() + piece + b"\r\n"] * (n_bytes // len(piece))
    return [_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *pieces, b"0\r\n\r\n"]


def test_a_body_that_is_too_large_is_refused(start: Start) -> None:
    running = start(body_bytes=100_000)
    for n_bytes in (100_001, 3_000_000):
        answer = httpx.post(f"{running.url}/query", content=b"a" * n_bytes, timeout=60)
        assert (answer.status_code, answer.json()["error"]) == (413, "too_large")
        status, refusal, _ = spoken(running, *chunked(n_bytes + 50_000))
        assert (status, refusal["error"]) == (413, "too_large")
    stated = _HEAD + b"Content-Length: 10000000000\r\nExpect: 100-continue\r\n\r\n"
    assert spoken(running, stated)[0] == 413
    body = json.dumps({"text": "lamp " * 3_000}).encode().ljust(100_000)
    assert httpx.post(
        f"{running.url}/query", content=body, headers={"Content-Type": "application/json"}, timeout=60
    ).is_success


def test_a_stranger_is_refused_before_the_body_is_read(start: Start) -> None:
    running = start(KeyRing([Key("team", "0" * 64)]))
    status, refusal, seconds = spoken(running, _HEAD + b"Content-Length: 1000\r\n\r\n")
    assert (status, refusal["error"]) == (401, "unauthorized")
    assert seconds < 3


def test_a_slow_client_is_given_up(start: Start) -> None:
    running = start(head_seconds=0.7, body_seconds=0.7)
    status, refusal, seconds = spoken(running, _HEAD + b'Content-Length: 1000\r\n\r\n{"text":')
    assert (status, refusal["error"]) == (408, "slow_client")
    assert 0.6 < seconds < 5
    trickle = [_HEAD + b"Content-Length: 1000\r\n\r\n", *[b"a"] * 5]
    status, _, seconds = spoken(running, *trickle, wait=0.1)
    assert status == 408
    assert seconds < 1.1
    for beginning in (b"", b"POST /query HTT", _HEAD):
        status, _, seconds = spoken(running, beginning)
        assert status == 0
        assert 0.6 < seconds < 5
    assert running.post(text="lamp").status_code == 200


def test_a_client_that_does_not_read_is_cut_off(start: Start) -> None:
    running = start(send_seconds=0.5, max_k=1000, body_bytes=1 << 20)
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.connect(("127.0.0.1", running.port))
        body = b'{"text": "lamp", "k": 40, "expand": "none"}'
        request = _HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode() + body
        with pytest.raises(ConnectionError):  # noqa: PT012 - it is the many requests that fill what lies between us
            for _ in range(2_000):
                line.sendall(request)
                time.sleep(0.005)
    assert running.post(text="lamp").status_code == 200


class Blocked:
    """A service some of whose threads are kept busy until the end of the block."""

    def __init__(self, running: Running, n: int) -> None:
        self._running, self._n, self._end = running, n, threading.Event()

    def __enter__(self) -> None:
        workers = self._running.service.workers
        for _ in range(self._n):
            asyncio.run_coroutine_threadsafe(workers.run(lambda: self._end.wait(20), 20), self._running.loop)
        while workers.n_taken < self._n:
            time.sleep(0.01)

    def __exit__(self, *_: object) -> None:
        self._end.set()


def test_what_takes_too_long_is_given_up_and_keeps_its_place(start: Start) -> None:
    running = start(n_threads=1, n_waiting=1, seconds=1.0)
    with Blocked(running, 1):
        workers = running.service.workers
        with pytest.raises(Problem) as given_up:  # the search may take no time at all once its turn comes
            asyncio.run_coroutine_threadsafe(workers.run(lambda: 1, 0.4), running.loop).result()
        assert given_up.value.status == 504
        assert running.get("/health").status_code == 200
    while running.service.workers.n_taken:
        time.sleep(0.01)
    assert running.post(text="lamp").status_code == 200


@pytest.mark.parametrize("stream", [False, True])
def test_who_stands_in_line_for_too_long_is_told_to_come_again(start: Start, stream: bool) -> None:
    running = start(n_threads=1, n_waiting=5, seconds=1.0)
    workers, done = running.service.workers, []

    async def streamed() -> None:
        async for _ in workers.stream(lambda: iter([done.append(1)]), 30):
            pass

    with Blocked(running, 1):
        begun = time.monotonic()
        waiting = streamed() if stream else workers.run(lambda: done.append(1), 30)
        with pytest.raises(Problem) as sent_away:
            asyncio.run_coroutine_threadsafe(waiting, running.loop).result()
        assert (sent_away.value.status, sent_away.value.error) == (503, "busy")
        assert 0.4 < time.monotonic() - begun < 5
        answer = running.post(text="lamp")
        assert (answer.status_code, answer.json()["error"], answer.headers["retry-after"]) == (503, "busy", "5")
    while workers.n_taken:
        time.sleep(0.01)
    assert done == []  # nobody waits for it any more


def test_a_full_line_takes_nobody_more(start: Start) -> None:
    running = start(n_threads=2, n_waiting=1)
    with Blocked(running, 3):
        answer = running.post(text="lamp")
        assert (answer.status_code, answer.json()["error"]) == (503, "busy")
        assert int(answer.headers["retry-after"]) > 0
        assert running.get("/health").status_code == 200


def test_other_sites_cannot_use_a_browser_to_ask(two_releases: TwoReleases) -> None:
    port = free_port()
    with serving(two_releases.url, port) as process:
        answer = httpx.get(f"http://127.0.0.1:{port}/releases", headers={"Host": "evil.example"}, timeout=60)
        assert (answer.status_code, answer.json()["error"]) == (421, "wrong_host")
        assert httpx.get(f"http://localhost:{port}/releases", timeout=60).status_code == 200
        with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
            body = b'{"text": "which lamp burns olive oil?"}'
            line.sendall(_HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode() + body[:10])
            time.sleep(0.3)
            process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            line.sendall(body[10:])
            answer_of_last = http.client.HTTPResponse(line)
            answer_of_last.begin()
            assert answer_of_last.status == 200
            assert json.loads(answer_of_last.read())["release"] == two_releases.after
        assert process.wait(20) == -signal.SIGTERM


class serving:
    """``raglake serve`` in a process of its own."""

    def __init__(self, url: str, port: int) -> None:
        self._command = [sys.executable, "-m", "flows", "serve", "--lake", url, "--port", str(port)]
        self._health = f"http://127.0.0.1:{port}/health"

    def __enter__(self) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
        self._process = subprocess.Popen(self._command, env=environment, stderr=subprocess.DEVNULL)
        for _ in range(300):
            try:
                if httpx.get(self._health, timeout=60).is_success:
                    break
            except httpx.TransportError:
                time.sleep(0.1)
        return self._process

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()


def test_a_rollback_in_the_middle_mixes_nothing(start: Start, two_releases: TwoReleases) -> None:
    index, running = lake.open_lake(two_releases.url), start(n_threads=2, n_waiting=100)
    questions = ["which lamp burns olive oil?", "whale", "Lamp 7 burns", "he said"]
    expected = {
        (release, question): json.loads(encode(index.search(question, 8, at=release).to_pylist()))
        for release in (two_releases.before, two_releases.after)
        for question in questions
    }
    done, seen = threading.Event(), Counter[tuple[int, str]]()

    def ask(number: int) -> None:
        with httpx.Client(base_url=running.url, timeout=30) as client:
            while not done.is_set():
                question = questions[number % len(questions)]
                answer = client.post("/query", json={"text": question, "k": 8})
                found = answer.json()
                assert found["hits"] == expected[found["release"], question]
                assert answer.headers["raglake-release"] == found["release"]
                seen[answer.status_code, found["release"]] += 1

    def until_answered_from(release: str) -> None:
        enough, until = seen[200, release] + 20, time.monotonic() + 30
        while seen[200, release] < enough and not any(one.done() for one in asked):
            assert time.monotonic() < until
            time.sleep(0.01)

    with ThreadPoolExecutor(8) as askers:
        asked = [askers.submit(ask, number) for number in range(8)]
        try:
            for _ in range(4):
                until_answered_from(two_releases.after)
                operate.rollback(two_releases.url, two_releases.before, why="wrong oil")
                until_answered_from(two_releases.before)
                operate.publish(two_releases.url, two_releases.after, force=True)
        finally:
            done.set()
            for one in asked:
                one.result()
    assert set(seen) == {(200, two_releases.before), (200, two_releases.after)}
