"""The console's only source of data: the service's own HTTP API, called in this process with the visitor's key."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: The service accepts this name also when it has no keys.
_BASE = "http://127.0.0.1"
_END_OF_EVENT = b"\n\n"

#: Makes the value to send of an event's name and value.
Translated = Callable[[str, Any], Any]


#: Statuses of what may go well a moment later.
_RETRIED = frozenset({429, 502, 503, 504})


class ApiError(Exception):
    """A refusal by the API: its status, short code and message for people."""

    def __init__(self, status: int, error: str, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.may_be_tried_again = status in _RETRIED
        self.status, self.error, self.message, self.retry_after = status, error, message, retry_after


@dataclass(frozen=True, slots=True)
class Api:
    """``service``: the guarded application; ``key`` of the visitor, None without; ``client``: his address."""

    service: ASGIApp
    key: str | None = None
    client: tuple[str, int] = ("127.0.0.1", 0)

    async def get(self, path: str, **words: Any) -> Any:
        """The JSON of a GET; words that are None are left out. Raises ApiError for every status from 400."""
        return (await self.response("GET", path, words)).json()

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """The JSON of a POST."""
        return (await self.response("POST", path, {}, body)).json()

    async def response(
        self, method: str, path: str, words: Mapping[str, Any], body: Mapping[str, Any] | None = None
    ) -> httpx.Response:
        """Any response, for what is no JSON; raises ApiError for every status from 400."""
        transport = httpx.ASGITransport(app=self.service, client=self.client)
        given = {name: value for name, value in words.items() if value is not None}
        async with httpx.AsyncClient(transport=transport, base_url=_BASE, trust_env=False, timeout=None) as client:
            reply = await client.request(method, path, params=given, json=body, headers=self._headers())
        if reply.status_code >= 400:
            raise _error_of(reply)
        return reply

    def streamed(self, path: str, body: Mapping[str, Any], translated: Translated) -> Response:
        """A response that passes on the events of a POST as they come, with their values ``translated``.

        httpx would wait for the last event. A refusal is passed on as it is.
        """
        return _Streamed(self, path, json.dumps(body).encode(), translated)

    def _headers(self) -> dict[bytes, bytes]:
        """As bytes: of text, httpx takes only ASCII, and anything may have been typed as a key."""
        return {b"authorization": f"Bearer {self.key}".encode()} if self.key is not None else {}

    def scope_of(self, scope: Scope, path: str, length: int) -> Scope:
        """The scope of a POST to the API by whoever sent the request of ``scope``."""
        headers = {"Host": "127.0.0.1", "Content-Type": "application/json", "Content-Length": str(length)}
        pairs = [
            *((name.lower().encode(), value.encode()) for name, value in headers.items()),
            *self._headers().items(),
        ]
        given = {"method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": ""}
        kept = {name: scope[name] for name in ("type", "asgi", "http_version", "scheme", "client", "server")}
        return {**kept, **given, "headers": pairs, "state": {}}


class _Streamed(Response):
    """What the API sends to a POST, event by event; the API notices when the reader leaves."""

    def __init__(self, api: Api, path: str, content: bytes, translated: Translated) -> None:
        super().__init__()
        self._api, self._path, self._content, self._translated = api, path, content, translated

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sent, left = [{"type": "http.request", "body": self._content, "more_body": False}], b""

        async def body() -> Any:
            return sent.pop() if sent else await receive()

        async def translating(message: Message) -> None:
            nonlocal left
            if message["type"] == "http.response.body":
                *events, left = (left + message.get("body", b"")).split(_END_OF_EVENT)
                known = b"".join(map(self._event, events))
                if not message.get("more_body", False):
                    known, left = known + left, b""
                message = {**message, "body": known}
            await send(message)

        await self._api.service(self._api.scope_of(scope, self._path, len(self._content)), body, translating)

    def _event(self, block: bytes) -> bytes:
        name, _, data = block.partition(b"\ndata: ")
        value = self._translated(name.removeprefix(b"event: ").decode(), json.loads(data))
        return name + b"\ndata: " + json.dumps(value).encode() + _END_OF_EVENT


def _error_of(reply: httpx.Response) -> ApiError:
    try:
        body = reply.json()
        error, message = str(body["error"]), str(body["message"])
    except (ValueError, KeyError, TypeError):
        error, message = "refused", f"the service answered with status {reply.status_code}"
    waiting = reply.headers.get("retry-after", "")
    return ApiError(reply.status_code, error, message, int(waiting) if waiting.isdigit() else None)
