"""Calls an ASGI application without a socket, as uvicorn would."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; ``status`` 0 if nothing did."""

    status: int
    headers: dict[str, str]
    body: bytes


@asynccontextmanager
async def started(app: Any) -> AsyncIterator[None]:
    """The lifespan of an application."""
    to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    to_us: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
    running = asyncio.create_task(app(scope, to_app.get, to_us.put))
    await to_app.put({"type": "lifespan.startup"})
    assert (await to_us.get())["type"] == "lifespan.startup.complete"
    yield
    await to_app.put({"type": "lifespan.shutdown"})
    await running


async def call(
    app: Any, method: str, path: str, query: str = "", headers: Sequence[tuple[str, str]] = (), body: bytes = b""
) -> Reply:
    """``path`` and ``query`` as they stand in a request's first line."""
    pairs = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in headers]
    if body:
        pairs.append((b"content-length", str(len(body)).encode()))
    fixed = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "root_path": ""}
    line = {"method": method, "path": unquote(path), "raw_path": path.encode(), "query_string": query.encode()}
    ends = {"client": ("127.0.0.1", 50_000), "server": ("127.0.0.1", 80)}
    scope = {**fixed, **line, **ends, "headers": [(b"host", b"127.0.0.1"), *pairs], "state": {}}
    waiting = [{"type": "http.request", "body": body, "more_body": False}]
    status, sent, parts = 0, dict[str, str](), list[bytes]()

    async def receive() -> Any:
        return waiting.pop() if waiting else await asyncio.Event().wait()

    async def send(message: Any) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
            sent.update({name.decode("latin-1").lower(): value.decode("latin-1") for name, value in message["headers"]})
        else:
            parts.append(message.get("body", b""))

    await app(scope, receive, send)
    return Reply(status, sent, b"".join(parts))
