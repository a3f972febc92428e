"""What all routes share: the caller's key, responses of a release, and the refusals that OpenAPI describes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response, Security
from fastapi.security import HTTPBearer

from lake.service.keys import Key
from lake.service.response_bodies import Refusal

JSON = "application/json"
_REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": Refusal, "description": text}
    for status, text in {
        400: "An option of the request is invalid; the message lists the valid ones.",
        401: "No valid API key.",
        403: "The API key does not allow an option.",
        404: "No such release or document.",
        408: "The request's body came too slowly.",
        413: "The request is too large.",
        422: "The request does not match the schema.",
        429: "Too many requests or judgements; Retry-After gives the seconds to wait.",
        503: "Too many requests are waiting, or the lake can't be reached; Retry-After gives the seconds to wait.",
        504: "No answer within the time limit.",
    }.items()
}
_KEY = [Security(HTTPBearer(auto_error=False, description="An API key, if the service has any."))]
#: Words of a route that needs a key, if the service has any.
GUARDED: dict[str, Any] = {"dependencies": _KEY, "responses": _REFUSALS}


def key_of(request: Request) -> Key:
    """The caller's key, which the Guard found."""
    key = request.scope["state"]["key"]
    assert isinstance(key, Key)
    return key


def of_release(release: str, body: bytes, headers: Mapping[str, str] | None = None) -> Response:
    return Response(body, headers={"Raglake-Release": release, **(headers or {})}, media_type=JSON)
