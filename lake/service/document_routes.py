"""Routes that show a document as releases hold it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from lake.errors import UsageError
from lake.releases.history import NoReleaseError
from lake.service import examples
from lake.service.problems import Problem
from lake.service.response_bodies import DocumentDiff
from lake.service.responses import encode
from lake.service.routes import described, key_of, of_release

if TYPE_CHECKING:
    from lake.service.keys import Key
    from lake.service.service import Service

_TAG = "Documents"
_DOC_ID = Path(description="The doc_id of a hit.", openapi_examples=examples.DOC_ID)
_FROM = Query(alias="from", description="The older release: live, an id, a name, a date or a time.", examples=["live"])
_TO = Query(description="The newer release.", examples=["live"])
_HUNK = Query(ge=0, le=2**31, description="The first hunk to read.")


def document_routes(service: Service) -> APIRouter:
    """The routes under ``/documents/{doc_id}``."""
    router = APIRouter()

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
        documents = service.index.documents
        found = await _read(service, lambda: documents.difference(doc_id, from_, to, key.principals, hunk))
        return of_release(found["to"], encode(found))

    return router


def _key(request: Request, *releases: str) -> Key:
    """The caller's key, if it allows these releases."""
    key = key_of(request)
    key.check(["at"] if set(releases) != {"live"} else [])
    return key


async def _read(service: Service, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The result of ``work``; an unknown document is a 404."""

    def read() -> dict[str, Any]:
        try:
            return work()
        except NoReleaseError:
            raise
        except UsageError as error:
            raise Problem(404, "no_document", str(error)) from error

    return await service.workers.run(read, service.bounds.seconds)
