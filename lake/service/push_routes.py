"""Routes that take documents from callers, and report when they are published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import unquote_to_bytes

from fastapi import APIRouter, Header, Path, Query, Request, Response
from starlette.convertors import PathConvertor, register_url_convertor

from lake.service import examples
from lake.service.problems import Problem
from lake.service.push_bodies import DocumentPublication
from lake.service.push_requests import (
    Conditions,
    check_type,
    checked_acl,
    checked_metadata,
    checked_uri,
    source_of,
)
from lake.service.pushing import DocumentToStore, Pushing
from lake.service.responses import encode
from lake.service.routes import JSON, JsonRoute, acting_key, described, described_refusal, key_of

if TYPE_CHECKING:
    from lake.service.pushing import StoredVersion

_TAG = "Documents"
_SHOWN: dict[str, Any] = {"report": {"value": "reports/2026.md"}}
# One name for the segment in all methods, as OpenAPI demands of paths that differ in it alone.
_Uri = Annotated[
    str,
    Path(
        alias="doc_id",
        description="The document's uri in its source, such as reports/2026.md.",
        openapi_examples=_SHOWN,
    ),
]
_DocId = Annotated[str, Path(description="The doc_id of the response.", openapi_examples=examples.DOC_ID)]
_Source = Annotated[str | None, Query(max_length=64, description="The source, if the API key writes several.")]
_Acl = Annotated[
    list[str] | None,
    Query(max_length=1000, description="User or group that may see the document; repeatable, empty for nobody."),
]
_Open = Annotated[bool, Query(alias="open", description="Everybody may see the document; in place of acl.")]
_Metadata = Annotated[
    str | None,
    Query(max_length=16_384, description="JSON object with fields as in a sidecar: title, author, tags ..."),
]
_Wait = Annotated[float, Query(ge=0, le=120, description="Seconds to wait until a release has it.")]
_IfMatch = Annotated[
    str | None, Header(max_length=1000, description="The `ETag` of the version to replace, or `*` for any.")
]
_IfNoneMatch = Annotated[str | None, Header(max_length=10, description="`*`: only if there is no such document yet.")]
_BODY = {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
_RESPONSES: dict[int, str] = {
    202: "It is durable, and a run will take it up; `Location` is where to poll.",
    409: "The document was erased for good.",
    412: "It is not the version that the request names.",
    415: "Nothing reads documents of this name, or the body is of another type.",
}
_RELEASED = {201: "A release has it, and there was no such document before.", **_RESPONSES}
_DELETED = {status: text for status, text in _RESPONSES.items() if status in (202, 412)}


_EXAMPLE = {
    "source": "uploads",
    "uri": "reports/2026.md",
    "doc_id": "9b1f0c77a3e24b8d9b1f0c77a3e24b8d",
    "etag": '"5f0c2d7e9a41b863"',
    "state": "published",
    "release": "2026-11-21.2",
    "reason": None,
    "waiting_seconds": None,
}


class _UriConvertor(PathConvertor):
    """Any text: that of ``path`` stops at a line break, and the name would not even be refused for it."""

    regex = r"[\s\S]*"


register_url_convertor("uri", _UriConvertor())


def _described(summary: str, statuses: dict[int, str]) -> dict[str, Any]:
    words = described(_TAG, summary, _EXAMPLE)
    words["responses"][200]["description"] = "A release has it."
    for status, text in statuses.items():
        published = {"model": DocumentPublication, "description": text}
        words["responses"][status] = published if status < 300 else described_refusal(text)
    return words


def push_routes(pushing: Pushing) -> APIRouter:
    """PUT and DELETE of ``/documents/{uri}``, and ``/documents/{doc_id}/publication``."""
    router = APIRouter(route_class=JsonRoute)

    @router.put(
        "/documents/{doc_id:uri}",
        response_model=DocumentPublication,
        openapi_extra={"requestBody": _BODY},
        **_described("Store a document", _RELEASED),
    )
    async def store_document(
        uri: _Uri,
        request: Request,
        source: _Source = None,
        acl: _Acl = None,
        is_open: _Open = False,
        metadata: _Metadata = None,
        wait: _Wait = 0.0,
        if_match: _IfMatch = None,
        if_none_match: _IfNoneMatch = None,
    ) -> Response:
        """Store the bytes of a document, or replace them; a run publishes them. Rights must be stated.

        It is durable before the response. For keys with `writes`.
        """
        key, uri = acting_key(request), _uri_of(request)
        name = source_of(key, source)
        conditions = Conditions(if_match, if_none_match)
        check_type(uri, request.headers.get("content-type", ""))
        rights, stated = checked_acl(acl, is_open=is_open), checked_metadata(metadata)
        document = DocumentToStore(uri, await request.body(), rights, stated)
        taken = await pushing.put(key, name, document, conditions, request.scope["state"]["request_id"])
        return _answer(taken, await pushing.publication(taken, wait), 201 if taken.is_new else 200)

    @router.delete(
        "/documents/{doc_id:uri}", response_model=DocumentPublication, **_described("Delete a document", _DELETED)
    )
    async def delete_document(
        uri: _Uri,
        request: Request,
        source: _Source = None,
        wait: _Wait = 0.0,
        if_match: _IfMatch = None,
    ) -> Response:
        """Delete a document that the service was given; kept releases still hold it, until they are pruned."""
        key, uri = acting_key(request), _uri_of(request)
        name, conditions = source_of(key, source), Conditions(if_match)
        taken = await pushing.delete(key, name, uri, conditions, request.scope["state"]["request_id"])
        return _answer(taken, await pushing.publication(taken, wait), 200)

    @router.get(
        "/documents/{doc_id}/publication",
        response_model=DocumentPublication,
        **described(_TAG, "Whether a stored document is published", _EXAMPLE),
    )
    async def document_publication(
        doc_id: _DocId,
        request: Request,
        source: _Source = None,
        wait: _Wait = 0.0,
    ) -> Response:
        """What became of the newest version that the service was given. For keys with `writes`."""
        taken = await pushing.found(source_of(key_of(request), source), doc_id)
        return _answer(taken, await pushing.publication(taken, wait), 200, is_poll=True)

    @router.api_route("/documents/{doc_id:uri}", methods=["GET", "POST"], include_in_schema=False)
    async def no_document() -> Response:
        """What no GET or POST above took: an id with a slash, which the routes of PUT and DELETE would refuse."""
        raise Problem(404, "no_document", "no document has this id; hits and /documents name ids")

    return router


def _uri_of(request: Request) -> str:
    """The uri in the path. Raises Problem 422 for one that is no UTF-8, or can't name a document."""
    raw = unquote_to_bytes(request.scope["raw_path"].partition(b"?")[0].partition(b"/documents/")[2])
    try:
        return checked_uri(raw.decode())
    except UnicodeDecodeError as error:
        raise Problem(422, "no_uri", "the uri in the path is not UTF-8 with %XX for each odd byte") from error


def _answer(taken: StoredVersion, found: dict[str, Any], status: int, *, is_poll: bool = False) -> Response:
    """202 while a version waits, else the status; a poll is 200 in either case."""
    headers = {"ETag": found["etag"]} if found["etag"] else {}
    if found["release"]:
        headers["Raglake-Release"] = found["release"]
    if found["state"] == "waiting":
        headers |= {"Retry-After": "1", "Cache-Control": "no-store"}
        if not is_poll:
            status = 202
            headers["Location"] = f"/documents/{taken.doc_id}/publication?source={taken.source}"
    return Response(encode(found), status, headers=headers, media_type=JSON)
