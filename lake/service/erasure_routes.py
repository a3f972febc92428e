"""Routes by which a document is erased for good: the dry run, and the erasure with its proof."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Body, Path, Query, Request, Response
from starlette.responses import StreamingResponse

from lake.service import document_examples as examples
from lake.service.erasure_bodies import Erased, ErasurePlan, PlannedErasure
from lake.service.examples import DOC_ID
from lake.service.responses import encode
from lake.service.routes import JsonRoute, acting_key, described, key_of, of_release

if TYPE_CHECKING:
    from lake.service.erasing import Erasing

_DOC_ID = Path(description="The doc_id of a hit.", openapi_examples=DOC_ID)
_AT = Query(max_length=200, description="A release that holds it, as in a search.", examples=["live"])
_FORBIDDEN = "Another run writes to the lake, or the erasure would take what its dry run did not show."


def erasure_routes(erasing: Erasing) -> APIRouter:
    """``/documents/{doc_id}/erasure``."""
    router = APIRouter(route_class=JsonRoute)

    @router.get(
        "/documents/{doc_id}/erasure",
        response_model=ErasurePlan,
        **described("Documents", "Show what erasing a document would remove"),
    )
    async def document_erasure(
        doc_id: Annotated[str, _DOC_ID], request: Request, at: Annotated[str, _AT] = "live"
    ) -> Response:
        """The documents, releases and copies that an erasure would change; changes nothing. For operators."""
        key = key_of(request)
        key.check(["at"] if at != "live" else [])
        found = await erasing.plan(key, doc_id, at)
        return of_release(found["release"], encode(found))

    @router.post(
        "/documents/{doc_id}/erasure",
        response_model=Erased,
        **described(
            "Acts",
            "Erase a document for good",
            examples.ERASED,
            stream=examples.ERASURE_EVENTS,
            refusal_409=_FORBIDDEN,
        ),
    )
    async def erase_document(
        doc_id: Annotated[str, _DOC_ID],
        asked: Annotated[PlannedErasure, Body(openapi_examples=examples.ERASURE)],
        request: Request,
    ) -> Response:
        """Erase it and all documents with the same bytes from every release and file, and prove it; takes minutes.

        For keys with `erases`. It goes on if the connection ends; `GET /log` then has it.
        """
        key = acting_key(request)
        key.check(["at"] if asked.at != "live" else [])
        if not asked.stream:
            found = await erasing.erase(key, doc_id, asked)
            return of_release(found["release"] or "", encode(found))
        events = await erasing.events(key, doc_id, asked)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(events, headers=headers, media_type="text/event-stream")

    return router
