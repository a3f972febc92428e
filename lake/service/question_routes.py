"""Routes that answer questions: searches, answers and documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import StreamingResponse

from lake.service import batch
from lake.service.request_bodies import AnswerQuery, BatchQuery, SearchQuery
from lake.service.response_bodies import AnswerResult, BatchResult, Document, QueryResult
from lake.service.routes import GUARDED, key_of, of_release

if TYPE_CHECKING:
    from lake.service.service import Service

_FROM = Query(ge=0, description="The character to read from.")


def question_routes(service: Service) -> APIRouter:
    """``/query``, ``/answer`` and ``/documents``."""
    router = APIRouter()

    @router.post("/query", response_model=QueryResult, **GUARDED)
    async def query(asked: SearchQuery, request: Request) -> Response:
        """Find the passages that answer best."""
        return of_release(*await service.query(key_of(request), asked))

    @router.post("/query/batch", response_model=BatchResult, **GUARDED)
    async def query_batch(asked: BatchQuery, request: Request) -> Response:
        """Answer many searches from one release; each has its passages or its own error."""
        charge = request.scope["state"]["charge"]
        return of_release(*await batch.answered(service, key_of(request), asked, charge))

    @router.post("/answer", response_model=AnswerResult, **GUARDED)
    async def answer(asked: AnswerQuery, request: Request) -> Response:
        """Answer from the passages found; with ``stream``, events ``text`` and last ``answer`` or ``error``."""
        if not asked.stream:
            return of_release(*await service.answer(key_of(request), asked))
        release, events, more = await service.answer_events(key_of(request), asked)
        headers = {"Raglake-Release": release, **more, "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(events, headers=headers, media_type="text/event-stream")

    @router.get("/documents/{doc_id}", response_model=Document, **GUARDED)
    async def document(doc_id: str, request: Request, at: str = "live", start: Annotated[int, _FROM] = 0) -> Response:
        """A document at a release, from a character on."""
        return of_release(*await service.document(key_of(request), doc_id, at, start))

    return router
