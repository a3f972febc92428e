"""Which web pages may use the service from a browser: the origins that its operator stated (CORS)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Match, Mount

from lake.errors import UsageError

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Message, Scope, Send

    from lake.service.keys import KeyRing

_HOST = r"(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:]+\])"
_ORIGIN = re.compile(rf"[a-z][a-z0-9+.-]*://{_HOST}(?::[1-9]\d*)?")
#: Ports that a browser leaves out of an origin.
_USUAL = re.compile(r"https://.*:443|http://.*:80")
#: Headers of a response that a page's script may read.
_OF_PARTS = ("X-Raglake-Degraded", "X-Raglake-Stale-Seconds", "X-Raglake-Cache")
_SHOWN = ("Raglake-Release", *_OF_PARTS, "X-Request-ID", "Retry-After", "ETag", "Location")
#: Headers that a page's script may send.
_SENT = ("Authorization", "Content-Type", "X-Request-ID", "If-Match", "If-None-Match")
#: Methods that a page may use on any path, and those for paths whose routes have them.
_READING, _WRITING = ("GET", "POST"), ("PUT", "DELETE")
#: Seconds for which a browser remembers that it may send a request.
_REMEMBERED = 600


class AllowedOrigins:
    """Answers what browsers ask before a request, and marks responses that a page may read. Cookies are never used."""

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = tuple(origins)
        self._rules = self._allowing(_READING)

    def _allowing(self, methods: tuple[str, ...]) -> CORSMiddleware:
        return CORSMiddleware(
            _unused,
            allow_origins=self._origins,
            allow_methods=methods,
            allow_headers=_SENT,
            expose_headers=_SHOWN,
            max_age=_REMEMBERED,
        )

    def preflight(self, scope: Scope, routes: Sequence[BaseRoute]) -> Response | None:
        """The response to a browser that asks whether a page may send a request; None for any other request."""
        headers = Headers(scope=scope)
        if scope["method"] != "OPTIONS" or "origin" not in headers or "access-control-request-method" not in headers:
            return None
        writing = tuple(method for method in _WRITING if _has_route(routes, scope, method))
        return self._allowing(_READING + writing).preflight_response(headers)

    def marking(self, scope: Scope, send: Send) -> Send:
        """Sends like ``send``, with the headers by which a browser lets the page read the response."""
        headers = Headers(scope=scope)

        async def marked(message: Message) -> None:
            await self._rules.send(message, send, headers)

        return marked


def _has_route(routes: Sequence[BaseRoute], scope: Scope, method: str) -> bool:
    asked = {**scope, "method": method}
    return any(route.matches(asked)[0] is Match.FULL for route in routes if not isinstance(route, Mount))


_unused: ASGIApp = None  # type: ignore[assignment]  # only the rules of the middleware are used


def checked_origins(origins: Iterable[str], keys: KeyRing, is_open: bool) -> AllowedOrigins | None:
    """None without origins. Raises UsageError for what is no origin, or for "*" where it would give something away.

    "*" lets any page that somebody visits use the service. Keys are meant for some applications, and a service without
    keys is for this machine: only one that is open to everybody may allow every page.
    """
    stated = tuple(origins)
    if "*" in stated:
        if keys.keys or not is_open or len(stated) > 1:
            raise UsageError(
                "--cors '*' would let every web page use this service; list the pages' origins, as "
                "--cors https://app.example.com ('*' stands alone, and needs --open and no API keys)"
            )
        return AllowedOrigins(stated)
    for origin in stated:
        if not _ORIGIN.fullmatch(origin) or _USUAL.fullmatch(origin):
            raise UsageError(
                f"--cors {origin!r} is no origin as browsers send it; one looks like https://app.example.com or "
                "http://localhost:3000: lower case, without path, final slash, wildcard or the scheme's usual port"
            )
    return AllowedOrigins(stated) if stated else None
