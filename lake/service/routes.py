"""What all routes share: the caller's key, responses of a release, and the refusals that OpenAPI describes."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Mapping
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request, Response, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer

from lake.service.examples import refusal
from lake.service.keys import Key
from lake.service.problems import MEDIA_TYPE, forbidden

JSON = "application/json"


class _OfOneMeaning(Request):
    """A request whose JSON has no key twice: of two values, a proxy and this service could each believe another one."""

    async def json(self) -> Any:
        body = await self.body()
        try:
            return json.loads(body, object_pairs_hook=with_distinct_keys)
        except _KeyTwiceError as error:
            raise json.JSONDecodeError(str(error), "", 0) from error


class _KeyTwiceError(ValueError):
    pass


def with_distinct_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object for ``json.loads``. Raises ValueError if a key comes twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        seen = set[str]()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise _KeyTwiceError(f"the key {twice[:100]!r} comes twice")
    return found


class JsonRoute(APIRoute):
    """A route whose body is no JSON if a key comes twice in it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            return await handle(_OfOneMeaning(request.scope, request.receive))

        return handled


_OF_REFUSAL = {"schema": {"$ref": "#/components/schemas/Refusal"}}
_REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"description": text, "content": {MEDIA_TYPE: {"example": refusal(status), **_OF_REFUSAL}}}
    for status, text in {
        400: "An option of the request is invalid; the message lists the valid ones.",
        401: "No valid API key.",
        403: "The API key does not allow an option.",
        404: "No such release or document.",
        408: "The request's body came too slowly.",
        413: "The request is too large.",
        422: "The request does not match the schema, or its parts contradict one another; the message says which.",
        429: "Too many requests or judgements; Retry-After gives the seconds to wait.",
        503: "Too many requests are waiting, or the lake can't be reached; Retry-After gives the seconds to wait.",
        504: "No answer within the time limit.",
    }.items()
}
_KEY = [Security(HTTPBearer(auto_error=False, description="An API key, if the service has any."))]
_OF_RELEASE = {
    "Raglake-Release": "The release that the response is from.",
    "X-Request-ID": "The id of the request in the access log.",
    "X-Raglake-Degraded": "Parts that could not be reached, separated by commas.",
    "X-Raglake-Stale-Seconds": "Seconds since the lake was last read, if it can't be reached.",
    "X-Raglake-Cache": "`hit` or `miss`.",
}
_HEADERS = {name: {"description": text, "schema": {"type": "string"}} for name, text in _OF_RELEASE.items()}


def described(
    tag: str,
    summary: str,
    example: Any = None,
    *,
    kind: str = JSON,
    stream: str = "",
    is_open: bool = False,
    refusal_409: str = "",
) -> dict[str, Any]:
    """Words of a route for OpenAPI; unless it is open, it needs a key, if the service has any.

    ``example`` of a successful response of this ``kind``, and of one that is a ``stream`` of events. ``refusal_409``:
    when the state of the lake forbids what is asked.
    """
    kinds = {kind: example, "text/event-stream": stream or None}
    shown = {name: {"example": one} for name, one in kinds.items() if one is not None}
    success: dict[str, Any] = {"content": shown} if shown else {}
    words: dict[str, Any] = {"tags": [tag], "summary": summary, "responses": {200: success}}
    if is_open:
        return words
    success["headers"] = _HEADERS
    conflict = {409: described_refusal(refusal_409)} if refusal_409 else {}
    return {**words, "dependencies": _KEY, "responses": {200: success, **_REFUSALS, **conflict}}


def described_refusal(text: str) -> dict[str, Any]:
    """A response whose body is a Refusal, for OpenAPI; for a model, FastAPI would build a validator for each route."""
    return {"description": text, "content": {MEDIA_TYPE: _OF_REFUSAL}}


def key_of(request: Request) -> Key:
    """The caller's key, which the Guard found."""
    key = request.scope["state"]["key"]
    assert isinstance(key, Key)
    return key


def acting_key(request: Request) -> Key:
    """The caller's key. Raises Problem 403 if a page of another site sends the request.

    Such a page can't send a key, but it can reach a service on this machine that needs none.
    """
    origin, host = request.headers.get("origin"), request.headers.get("host")
    if "authorization" not in request.headers and origin is not None and urlsplit(origin).netloc != host:
        raise forbidden("a page of another site can't change the lake")
    return key_of(request)


def of_release(release: str, body: bytes, headers: Mapping[str, str] | None = None) -> Response:
    return Response(body, headers={"Raglake-Release": release, **(headers or {})}, media_type=JSON)
