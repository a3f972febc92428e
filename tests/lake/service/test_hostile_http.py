"""Requests that two readers of HTTP may understand differently, or that cost much more to read than to send."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import time
from typing import Any

from lake.service.capacity import Capacity
from lake.service.guard import Guard
from lake.service.keys import Key, KeyRing, digest_of
from tests.lake.service.conftest import ANONYMOUS, Running, Start

KEY = "k" * 20
_HOST = b"Host: 127.0.0.1\r\n"
_QUERY = b"POST /query HTTP/1.1\r\n" + _HOST + b"Content-Type: application/json\r\n"
_CHUNKED = b"Transfer-Encoding: chunked\r\n"
_BODY = b'{"text":"lamp"}'
_SENT = b"f\r\n" + _BODY + b"\r\n0\r\n\r\n"
_LENGTH = b"Content-Length: 15\r\n"


_STATUS = re.compile(rb"HTTP/1\.1 (?=\d{3} )")


def answers(running: Running, request: bytes, silent: float = 0.3, n: int = 1) -> list[bytes]:
    """Everything that comes back, each response as one item; the connection has ended, or is silent after ``n``."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=20) as line:
        came = b""
        try:
            line.sendall(request)
            while piece := line.recv(1 << 16):
                came += piece
                line.settimeout(silent if len(_STATUS.findall(came)) >= n else 20)
        except (TimeoutError, ConnectionError):
            pass
    return _STATUS.split(came)[1:]


_REQUESTS: list[tuple[bytes, int, bool]] = [
    (_QUERY + _LENGTH + _CHUNKED + b"\r\n" + _SENT, 400, True),
    (_QUERY + b"Content-Length: 6\r\n" + _CHUNKED + b"\r\n0\r\n\r\nGET /releases HTTP/1.1\r\n\r\n", 400, True),
    (_QUERY + _LENGTH + b"Content-Length: 3\r\n\r\n" + _BODY, 400, True),
    (_QUERY + b"Content-Length: +15\r\n\r\n" + _BODY, 400, True),
    (_QUERY + b"Content-Length: 1_5\r\n\r\n" + _BODY, 400, True),
    (_QUERY + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + _SENT, 400, True),
    (_QUERY + b"Transfer-Encoding : chunked\r\n\r\n" + _SENT, 400, True),
    (_QUERY + _CHUNKED + b"\r\n0xf\r\n" + _SENT[3:], 400, True),
    (_QUERY + _CHUNKED + b"\r\n" + b"1\r\n \r\n" * 5_000 + b"0\r\n\r\n", 400, True),
    (_QUERY + b"X: a\rTransfer-Encoding: chunked\r\n\r\n" + _SENT, 400, True),
    (_QUERY + b"X: " + b"a" * 40_000 + b"\r\n" + _LENGTH + b"\r\n" + _BODY, 431, True),
    (_QUERY + b"X: a\r\n" * 300 + _LENGTH + b"\r\n" + _BODY, 431, True),
    (b"GET /documents/a?at=" + b"9" * 40_000 + b" HTTP/1.1\r\n" + _HOST + b"\r\n", 431, True),
    (b"GET /releases HTTP/1.1\r\n" + _HOST + b"Host: evil.example\r\n\r\n", 400, True),
    (b"GET /health HTTP/3.7\r\n" + _HOST + b"\r\n", 505, True),
    (b"GET /health HTTP/1.1\r\n" + _HOST + _LENGTH + b"\r\n" + _BODY, 413, True),
    (b"GET /health HTTP/1.1\r\n" + _HOST + _CHUNKED + b"\r\n" + _SENT, 413, True),
    (b"GET /health HTTP/1.1\r\n" + _HOST + b"Content-Length: 0\r\n\r\n", 200, False),
    (b"GET http://evil.example/nowhere HTTP/1.1\r\n" + _HOST + b"\r\n", 404, False),
    (b"CONNECT evil.example:443 HTTP/1.1\r\n" + _HOST + b"\r\n", 404, False),
    (b"TRACE /query HTTP/1.1\r\n" + _HOST + b"X-Secret: 1\r\n\r\n", 405, False),
    (b"GET /health HTTP/1.1\r\n" + _HOST + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n", 200, False),
    (_QUERY + b"Connection: Upgrade\r\nUpgrade: websocket\r\n" + _LENGTH + b"\r\n" + _BODY, 200, False),
]


def test_a_request_has_one_meaning_or_none(start: Start) -> None:
    running = start()
    for request, status, is_closed in _REQUESTS:
        second = b"GET /docs HTTP/1.1\r\n" + _HOST + b"\r\n"
        came = answers(running, request + second, n=1 if is_closed else 2)
        assert [int(one[:3]) for one in came] == ([status] if is_closed else [status, 200]), request[:200]
        assert b"X-Secret" not in came[0]


def test_pipelined_answers_keep_their_order(start: Start) -> None:
    paths = ["/health", "/nowhere", "/openapi.json", "/releases", "/health"] * 20
    heads = [b"GET " + path.encode() + b" HTTP/1.1\r\n" + _HOST for path in paths]
    came = answers(start(), b"\r\n".join(heads) + b"Connection: close\r\n\r\n", silent=10)
    statuses = {"/nowhere": 404}
    assert [int(one[:3]) for one in came] == [statuses.get(path, 200) for path in paths]
    begun = [one.partition(b"\r\n\r\n")[2].startswith(b'{"releases":') for one in came]
    assert begun == [path == "/releases" for path in paths]


def test_two_keys_in_a_request_are_refused(start: Start) -> None:
    running = start(KeyRing([Key("team", digest_of(KEY))]))
    right, wrong = (f"Authorization: Bearer {key}\r\n".encode() for key in (KEY, "x" * 20))
    for headers, status in ((right, 200), (wrong, 401), (right + wrong, 400), (wrong + right, 400)):
        assert int(answers(running, b"GET /releases HTTP/1.1\r\n" + _HOST + headers + b"\r\n")[0][:3]) == status


def test_a_body_in_tiny_chunks_delays_nobody(start: Start) -> None:
    running = start()
    tiny = _QUERY + _CHUNKED + b"\r\n" + b"1\r\n \r\n" * 100_000
    with socket.create_connection(("127.0.0.1", running.port), timeout=20) as line:
        line.setblocking(False)
        line.send(tiny)
        begun = time.monotonic()
        assert running.get("/health").status_code == 200
        assert time.monotonic() - begun < 1
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (b'{"text":', b" " * 60, b'"lamp"}'))
    assert int(answers(running, _QUERY + _CHUNKED + b"\r\n" + chunks + b"0\r\n\r\n")[0][:3]) == 200


def test_a_websocket_is_closed_by_whatever_serves_the_application() -> None:
    sent: list[Any] = []

    async def application(*_: object) -> None:
        sent.append("reached")

    async def send(message: Any) -> None:
        sent.append(message["type"])

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    guard = Guard(application, ANONYMOUS, Capacity(), lambda *_: None)
    asyncio.run(guard({"type": "websocket", "path": "/query", "headers": []}, receive, send))
    assert sent == ["websocket.close"]


_NO_JSON = [
    b'{"text":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b'{"text":"a","k":' + b"1" * 100_000 + b"}",
    b'{"text":"a","min_score":NaN}',
    b'{"text":"a","filters":{"metadata.x":Infinity}}',
    b'{"text":"\\ud800"}',
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    b'{"text":"\xff\xfe"}',
]


def test_what_is_no_json_for_us_is_refused(start: Start) -> None:
    running = start()
    for body in _NO_JSON:
        begun = time.monotonic()
        came = answers(running, _QUERY + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        assert int(came[0][:3]) in (400, 422)
        assert json.loads(came[0].partition(b"\r\n\r\n")[2])["request_id"]
        assert time.monotonic() - begun < 5
