"""Routes that show a document as releases hold it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Body, Path, Query, Request, Response

from lake.service import document_examples as examples
from lake.service.document_bodies import (
    DocumentDescription,
    DocumentDiff,
    DocumentHistory,
    DocumentSections,
    LinesResult,
)
from lake.service.examples import DOC_ID
from lake.service.problems import found_document
from lake.service.request_bodies import LinesQuery
from lake.service.responses import encode
from lake.service.routes import JsonRoute, described, key_of, of_release

if TYPE_CHECKING:
    from lake.service.keys import Key
    from lake.service.page_pictures import PagePictures
    from lake.service.service import Service

_TAG = "Documents"
_DOC_ID = Path(description="The doc_id of a hit.", openapi_examples=DOC_ID)
_AT = Query(max_length=200, description="The release, as in a search.", examples=["live"])
_FROM = Query(alias="from", max_length=200, description="The older release, as in a search.", examples=["live"])
_TO = Query(max_length=200, description="The newer release.", examples=["live"])
_START = Query(ge=0, le=2**62, description="A character of the first section to read.")
_CHARACTERS = Query(ge=1, le=200_000, description="Characters after which no further section begins.")
_HUNK = Query(ge=0, le=2**31, description="The first hunk to read.")
_PAGE = Path(ge=1, le=100_000, description="The page, from 1.", openapi_examples={"first": {"value": 1}})
_LINES = Query(description="Draw frames around the lines and tables that the parser finds.")
#: How long a browser may keep a picture; an erased document is gone from there after that.
_KEPT = {"Cache-Control": "private, max-age=300"}


def document_routes(service: Service, pictures: PagePictures) -> APIRouter:
    """The routes under ``/documents/{doc_id}``, and ``/lines``."""
    router = APIRouter(route_class=JsonRoute)
    _reading_routes(router, service)
    _comparing_routes(router, service)

    @router.get(
        "/documents/{doc_id}/pages/{page}",
        response_class=Response,
        **described(_TAG, "Draw a page of a PDF", kind="image/png"),
    )
    async def document_page(
        doc_id: Annotated[str, _DOC_ID],
        page: Annotated[int, _PAGE],
        request: Request,
        at: Annotated[str, _AT] = "live",
        lines: Annotated[bool, _LINES] = True,
    ) -> Response:
        """A PNG of the page, if the source still has the bytes that the release was made from; else `no_picture`."""
        release, png = await pictures.png(_key(request, at), doc_id, page, at, is_framed=lines)
        return Response(png, headers={"Raglake-Release": release, **_KEPT}, media_type="image/png")

    return router


def _reading_routes(router: APIRouter, service: Service) -> None:
    documents = service.index.documents

    @router.get(
        "/documents/{doc_id}/description",
        response_model=DocumentDescription,
        **described(_TAG, "Describe a document"),
    )
    async def document_description(
        doc_id: Annotated[str, _DOC_ID], request: Request, at: Annotated[str, _AT] = "live"
    ) -> Response:
        """Metadata, rights, lineage, what was left out and why, outline, and copies."""
        key = _key(request, at)
        return _response(await _read(service, lambda: documents.description(doc_id, at, key.principals)))

    @router.get(
        "/documents/{doc_id}/sections",
        response_model=DocumentSections,
        **described(_TAG, "Read a document's sections with their chunks"),
    )
    async def document_sections(
        doc_id: Annotated[str, _DOC_ID],
        request: Request,
        at: Annotated[str, _AT] = "live",
        start: Annotated[int, _START] = 0,
        characters: Annotated[int, _CHARACTERS] = 20_000,
    ) -> Response:
        """Whole sections, each with the borders of its chunks as offsets into the document's text."""
        key = _key(request, at)
        return _response(
            await _read(service, lambda: documents.sections(doc_id, at, key.principals, start, characters))
        )

    @router.post(
        "/lines", response_model=LinesResult, **described(_TAG, "Find the lines of passages", examples.LINES_RESULT)
    )
    async def lines(asked: Annotated[LinesQuery, Body(openapi_examples=examples.LINES)], request: Request) -> Response:
        """The lines that spans of several documents' texts are on, for instance those of hits without pages."""
        key, spans = _key(request, asked.at), [(one.doc_id, one.start, one.end) for one in asked.spans]
        return _response(await _read(service, lambda: documents.lines(spans, asked.at, key.principals)))


def _comparing_routes(router: APIRouter, service: Service) -> None:
    documents = service.index.documents

    @router.get(
        "/documents/{doc_id}/history",
        response_model=DocumentHistory,
        **described(_TAG, "List the releases that changed a document"),
    )
    async def document_history(
        doc_id: Annotated[str, _DOC_ID], request: Request, at: Annotated[str, _AT] = "live"
    ) -> Response:
        """When it was added, changed, indexed again, quarantined and removed; the release `at` must hold it."""
        key = _key(request, at)
        return _response(await _read(service, lambda: documents.history(doc_id, at, key.principals)))

    @router.get(
        "/documents/{doc_id}/diff",
        response_model=DocumentDiff,
        **described(_TAG, "Compare a document's text at two releases", examples.DOCUMENT_DIFF),
    )
    async def document_diff(
        doc_id: Annotated[str, _DOC_ID],
        request: Request,
        from_: Annotated[str, _FROM] = "live",
        to: Annotated[str, _TO] = "live",
        hunk: Annotated[int, _HUNK] = 0,
    ) -> Response:
        """The words that a document gained and lost from one release to another, with the text around them."""
        key = _key(request, from_, to)
        return _response(
            await _read(service, lambda: documents.difference(doc_id, from_, to, key.principals, hunk)), "to"
        )


def _response(found: dict[str, Any], name: str = "release") -> Response:
    return of_release(found[name], encode(found))


def _key(request: Request, *releases: str) -> Key:
    """The caller's key, if it allows these releases."""
    key = key_of(request)
    key.check(["at"] if set(releases) != {"live"} else [])
    return key


async def _read(service: Service, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The result of ``work``; an unknown document is a 404."""

    return await service.workers.run(lambda: found_document(work), service.bounds.seconds)
