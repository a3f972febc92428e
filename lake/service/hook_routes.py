"""Notifications of changes in a source, from whoever stores its documents."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from lake.directory import Lake, configuration
from lake.endpoints.secrets import secret
from lake.errors import LakeError, UsageError
from lake.service import hook_signatures
from lake.service.problems import Problem
from lake.service.push_bodies import Accepted
from lake.service.pushing import written
from lake.service.responses import encode
from lake.service.routes import JSON, JsonRoute, described, described_refusal
from lake.service.workers import Workers
from lake.sources.events.forms import Change, change_of
from lake.storage import inbox

if TYPE_CHECKING:
    from lake.service.service import Service

_SHOWN: dict[str, Any] = {"docs": {"value": "docs"}}
_SOURCE = Path(max_length=1000, description="The source, as runs name it.", openapi_examples=_SHOWN)
_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {"description": "Keys, events of a bucket, a push to a repository, or a list of these."},
            "examples": {
                "keys": {"summary": "Documents and folders", "value": {"keys": ["reports/a.md", "minutes/"]}},
                "s3": {
                    "summary": "S3 or MinIO",
                    "value": {"Records": [{"s3": {"bucket": {"name": "docs"}, "object": {"key": "reports/a.md"}}}]},
                },
            },
        }
    },
}
_log = logging.getLogger(__name__)

_FORMS = (
    'keys ({"keys": [...]}), records of S3 or MinIO, an event of EventBridge, a CloudEvent of Google Cloud Storage or '
    "Azure, or a push of GitHub, Gitea or Forgejo"
)


def hook_routes(service: Service, workers: Workers) -> APIRouter:
    """``/hooks/{source}``."""
    router = APIRouter(route_class=JsonRoute)
    words = described("Operation", "Report changed documents", {"accepted": 2}, is_open=True)
    words["responses"] = {202: {"description": "It waits in the lake for a run.", **words["responses"].pop(200)}}
    for status, text in {
        401: "The secret is not proven, or the lake's configuration has no hook of this source.",
        404: "The name of no source has a slash.",
        413: "The request is too large.",
        422: "The body has none of the known forms.",
        429: "Too many notifications; Retry-After gives the seconds to wait.",
        503: "The notification could not be stored, or the hook's secret can't be read; send it again.",
        504: "It was not stored within the time limit; send it again.",
    }.items():
        words["responses"][status] = described_refusal(text)

    @router.post(
        "/hooks/{source}", status_code=202, response_model=Accepted, openapi_extra={"requestBody": _BODY}, **words
    )
    async def report_changes(source: Annotated[str, _SOURCE], request: Request) -> Response:
        """Name documents that were added, changed or removed, so that a watch looks at them.

        Signed by the secret that the lake's configuration names under `hooks.secrets`; needs no API key.
        """
        body, headers = await request.body(), dict(request.headers)

        def work() -> int:
            # Who proves nothing learns nothing, not even which sources have hooks.
            _check(service, source, headers, body)
            change = _change(body)
            if change.keys or change.objects:
                inbox.put(Lake.existing(service.index.url).store, source, change.keys, change.objects)
            return len(change.keys) + len(change.objects)

        accepted = await workers.run(partial(written, work), service.bounds.seconds)
        return Response(encode({"accepted": accepted}), 202, media_type=JSON)

    return router


def _check(service: Service, source: str, headers: Mapping[str, str], body: bytes) -> None:
    """Raises Problem unless the request proves the secret of a source's hook.

    It is 503 in place of 401 while any hook has no secret that can be used: whoever sends the right proof is to try
    again, and nobody learns from the status which source that is.
    """
    named = configuration.read(Lake.existing(service.index.url).store).hooks.secrets
    try:
        hook_signatures.check(_secret(named, source) or secrets.token_hex(32), headers, body)
    except Problem as problem:
        unusable = [name for name in named if _secret(named, name) is None]
        if not unusable:
            raise
        message = "the request proves no secret, and not all secrets of hooks can be used; the service's log names them"
        raise Problem(503, "unavailable", message, {"Retry-After": "60"}) from problem


def _secret(named: Mapping[str, str], source: str) -> str | None:
    """None for a source without a hook, or whose secret is missing or too short, which is logged."""
    if source not in named:
        return None
    try:
        found = secret(named[source], f"hooks.secrets.{source}")
    except LakeError as error:
        _log.warning("the secret of the hook of %s can't be read: %s", source, error)
        return None
    if len(found) < hook_signatures.LEAST_CHARACTERS:
        _log.warning("the secret of the hook of %s is too short; openssl rand -hex 32 makes one", source)
        return None
    return found


def _change(body: bytes) -> Change:
    """Raises Problem 422 for a body of no known form."""
    try:
        found = change_of(json.loads(body))
    except (ValueError, RecursionError) as error:
        raise Problem(422, "invalid", "the body is no JSON") from error
    except UsageError as error:
        raise Problem(422, "invalid", str(error)) from error
    if found is None:
        raise Problem(422, "invalid", f"the body has none of the known forms: {_FORMS}")
    return found
