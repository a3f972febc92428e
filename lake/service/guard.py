"""Wraps the application: assigns request ids, checks heads, keys, hosts, rates, and passes on complete bodies only."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import secrets
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from lake.endpoints.tracing import span
from lake.service import docs_page
from lake.service.capacity import HOOKS
from lake.service.keys import Key, KeyRing
from lake.service.problems import MEDIA_TYPE, Problem, busy, problem_of
from lake.service.rate_limits import RateLimits
from lake.service.watching import RequestNotes, noting

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from lake.service.capacity import Capacity
    from lake.service.cross_origin import AllowedOrigins

log = logging.getLogger("raglake.access")

#: Paths that reveal nothing about the lake: for load balancers, and for people who read the API's description.
OPEN = frozenset(("/", "/health", "/health/live", "/health/ready", "/openapi.json", *docs_page.PATHS))
#: Below this path are documents, which callers with a right to write may store.
DOCUMENTS = "/documents/"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
#: Bytes of an oversized body that are read and discarded, so that the client gets to read the refusal.
_DISCARDED = 1 << 24
#: Maximum size and number of a request's headers.
_HEAD_BYTES, _MOST_HEADERS = 1 << 15, 200

Count = Callable[[str, int, str, float], None]


@dataclass(slots=True)
class _Exchange:
    """One request and its outcome."""

    scope: Scope
    send_on: Send
    id: str
    method: str
    begun: float = field(default_factory=time.monotonic)
    caller: str = "-"
    status: int = 0
    release: str = "-"
    notes: RequestNotes = field(init=False)

    def __post_init__(self) -> None:
        self.notes = noting(self.id)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message.get("headers", ()), (b"x-request-id", self.id.encode())]
            self.release = next((v.decode() for k, v in headers if k == b"raglake-release"), "-")
            message = {**message, "headers": headers}
        await self.send_on(message)

    async def refuse(self, problem: Problem) -> None:
        body = problem.to_bytes(self.id)
        stated = {"Content-Type": MEDIA_TYPE, "Content-Length": str(len(body)), **problem.headers}
        headers = [(name.lower().encode(), value.encode()) for name, value in stated.items()]
        await self.send({"type": "http.response.start", "status": problem.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})


class _GoneError(Exception):
    """The client disconnected before its request was complete."""


class Guard:
    """An ASGI application around another one, which finds the caller's Key in ``scope["state"]``.

    ``hosts``: the host names it accepts, None for any. This keeps out web pages that make a browser on this machine
    call a service without keys. ``origins``: the pages that may read responses; None for those of the service alone.
    """

    def __init__(
        self,
        app: ASGIApp,
        keys: KeyRing,
        bounds: Capacity,
        count: Count,
        hosts: Collection[str] | None = None,
        origins: AllowedOrigins | None = None,
    ) -> None:
        self.app, self._keys, self._bounds, self._count = app, keys, bounds, count
        self._hosts, self._origins = hosts, origins
        self._routes = getattr(app, "routes", ())
        self._limits = RateLimits()
        self._uploads = asyncio.Semaphore(bounds.n_uploads)
        #: Below this path are pages for people. They need no key: what they show they get from here, with a key.
        self.pages: str | None = None
        self.is_stopping = False

    def stop(self) -> None:
        """Says in ``/health`` that the service is not ready, and asks clients not to keep their connections."""
        self.is_stopping = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        if self._origins is not None:
            send = self._origins.marking(scope, send)
        if self.is_stopping:
            send = _closing(send)
        given = _header(scope, b"x-request-id") or ""
        request_id, method = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8), scope["method"]
        if method == "HEAD":  # monitors and load balancers send it
            scope, send = {**scope, "method": "GET"}, _without_body(send)
        exchange = _Exchange(scope, send, request_id, method)
        try:
            await self._handle(exchange, receive)
        except _GoneError:
            pass
        except asyncio.CancelledError:  # the service stops, and has waited long enough
            if not exchange.status:
                await exchange.refuse(busy("the service is stopping; try again"))
            raise
        except Exception as error:  # noqa: BLE001 - the last line of defence: the client gets a response
            if not exchange.status:
                await exchange.refuse(problem_of(error))
        finally:
            self._record(exchange)

    async def _handle(self, exchange: _Exchange, receive: Receive) -> None:
        scope = exchange.scope
        _check_head(scope)
        self._check_host(scope)
        if self._origins is not None and (preflight := self._origins.preflight(scope, self._routes)):
            await preflight(scope, receive, exchange.send)  # browsers send no key with it
            return
        key = self._admitted(exchange)
        body = b"" if scope["path"] in OPEN else await self._body(scope, receive, key)
        told = {"key": key, "request_id": exchange.id, "is_stopping": self.is_stopping}
        scope.setdefault("state", {}).update(told, charge=partial(self._charge, key, scope))
        if scope["path"] in (*OPEN, "/metrics"):
            await self.app(scope, _replayed(body, receive), exchange.send)
            return
        with span(scope["method"], "SERVER", _traceparent(scope)) as traced:
            try:
                await self.app(scope, _replayed(body, receive), exchange.send)
            finally:
                route = getattr(scope.get("route"), "path", "other")
                traced.responded(scope["method"], route, exchange.status)
                traced.set({f"raglake.{name}": value for name, value in exchange.notes.line().items()})

    def _check_host(self, scope: Scope) -> None:
        if self._hosts is not None and _host(scope) not in self._hosts:
            message = f"without API keys this service accepts only the host names {', '.join(sorted(self._hosts))}"
            raise Problem(421, "wrong_host", message, {"Connection": "close"})

    def _admitted(self, exchange: _Exchange) -> Key:
        scope = exchange.scope
        if scope["path"] in OPEN or self._is_page(scope["path"]):
            return Key("-")
        is_hook = scope["path"].startswith(HOOKS)  # its body is signed
        key = Key("hook") if is_hook else self._keys.find(_presented(scope))
        if key is None:
            message = "a valid API key is needed: Authorization: Bearer KEY"
            raise Problem(401, "unauthorized", message, {"WWW-Authenticate": "Bearer", "Connection": "close"})
        exchange.caller = key.name
        self._charge(key, scope, 1)
        return key

    def _is_page(self, path: str) -> bool:
        return self.pages is not None and (path == self.pages or path.startswith(f"{self.pages}/"))

    def _charge(self, key: Key, scope: Scope, n: int) -> None:
        """Counts ``n`` requests; raises Problem 429 if the caller has sent too many."""
        rate, burst = key.rate or self._bounds.rate, key.burst or self._bounds.burst
        if n > burst:
            raise Problem(413, "too_large", f"this caller may send at most {burst:g} questions at once")
        is_known = key in self._keys.keys
        caller = key.name if is_known else f"@{(scope.get('client') or ('',))[0]}"
        if seconds := self._limits.retry_after(caller, rate, burst, n):
            message = f"more than {rate:g} requests per second; try again in {seconds} s"
            raise Problem(429, "rate_limited", message, {"Retry-After": str(seconds)})

    async def _body(self, scope: Scope, receive: Receive, key: Key) -> bytes:
        bounds = self._bounds
        if not (key.writes and scope["method"] == "PUT" and scope["path"].startswith(DOCUMENTS)):
            return await self._read_within(scope, receive, bounds.most_bytes(scope["path"]), bounds.body_seconds)
        async with self._uploads:  # each is held in memory
            return await self._read_within(scope, receive, bounds.document_bytes, bounds.document_seconds)

    async def _read_within(self, scope: Scope, receive: Receive, most: int, seconds: float) -> bytes:
        try:
            async with asyncio.timeout(seconds):
                return await self._read(scope, receive, most)
        except TimeoutError:
            message = f"the request's body did not come within {seconds:g} s"
            raise Problem(408, "slow_client", message, {"Connection": "close"}) from None

    async def _read(self, scope: Scope, receive: Receive, most: int) -> bytes:
        body, size = bytearray(), 0
        stated = int(_header(scope, b"content-length") or 0)
        expects = _header(scope, b"expect") is not None
        while size <= max(_DISCARDED, most) and not (stated > most and expects):
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _GoneError
            size += len(message.get("body", b""))
            if size <= most:
                body += message.get("body", b"")
            if not message.get("more_body", False):
                break
        if max(size, stated) > most:
            raise Problem(413, "too_large", f"a request may have at most {most:,} bytes", {"Connection": "close"})
        return bytes(body)

    def _record(self, exchange: _Exchange) -> None:
        scope, seconds = exchange.scope, time.monotonic() - exchange.begun
        route = getattr(scope.get("route"), "path", "other")
        self._count(route, exchange.status, exchange.caller, seconds)
        line = {
            "id": exchange.id,
            "client": (scope.get("client") or ("-",))[0],
            "key": exchange.caller,
            "method": exchange.method,
            "path": scope["path"],
            "status": exchange.status,  # 0: the client disconnected
            "release": exchange.release,
            "ms": round(seconds * 1000, 1),
            **exchange.notes.line(),
        }
        log.info("%s", json.dumps(line))


def _check_head(scope: Scope) -> None:
    """Refuses a head that a proxy in front may read differently, and bodies that anybody could make us read."""
    names = [name for name, _ in scope["headers"]]
    size = sum(map(len, (scope["path"], scope["query_string"], *names, *(value for _, value in scope["headers"]))))
    if size > _HEAD_BYTES or len(names) > _MOST_HEADERS:
        message = f"a request's head may have at most {_HEAD_BYTES:,} bytes and {_MOST_HEADERS} headers"
        raise Problem(431, "too_large", message, {"Connection": "close"})
    stated = [name for name in (b"content-length", b"transfer-encoding") if name in names]
    if scope["http_version"] not in ("1.0", "1.1"):
        raise Problem(505, "http_version", "this service accepts HTTP/1.1 only", {"Connection": "close"})
    if len(stated) > 1:
        message = "a request may have a Content-Length or a Transfer-Encoding, not both"
        raise Problem(400, "ambiguous", message, {"Connection": "close"})
    if names.count(b"authorization") > 1:
        raise Problem(400, "ambiguous", "a request may have one Authorization, not several", {"Connection": "close"})
    if (scope["path"] in OPEN or scope["method"] == "OPTIONS") and stated and _header(scope, b"content-length") != "0":
        raise Problem(413, "too_large", f"{scope['path']} takes no body", {"Connection": "close"})


def _closing(send: Send) -> Send:
    """Sends like ``send``, and ends the connection after the response."""

    async def closed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [pair for pair in message.get("headers", ()) if pair[0].lower() != b"connection"]
            message = {**message, "headers": [*headers, (b"connection", b"close")]}
        await send(message)

    return closed


def _without_body(send: Send) -> Send:
    """Sends the head of a response as it is, and its body without bytes."""

    async def headed(message: Message) -> None:
        await send(message if message["type"] != "http.response.body" else {**message, "body": b""})

    return headed


def _header(scope: Scope, name: bytes) -> str | None:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), None)


def _traceparent(scope: Scope) -> dict[str, str]:
    """The headers that continue a trace."""
    found = {name: _header(scope, name.encode()) for name in ("traceparent", "tracestate")}
    return {name: value for name, value in found.items() if value is not None}


def _presented(scope: Scope) -> str | None:
    """The key of a request; an empty one if the header exists without a key."""
    header = _header(scope, b"authorization")
    if header is None:
        return None
    scheme, _, key = header.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _host(scope: Scope) -> str:
    return re.sub(r":\d*$", "", _header(scope, b"host") or "").lower()


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Receives the whole body, then whatever comes after it."""
    is_replayed = False

    async def replay() -> Message:
        nonlocal is_replayed
        if is_replayed:
            return await receive()
        is_replayed = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
