"""Routes that answer questions: searches, answers and documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Body, Path, Query, Request, Response
from starlette.responses import StreamingResponse

from lake.service import answers, batch, examples
from lake.service.request_bodies import AnswerQuery, BatchQuery, SearchQuery
from lake.service.response_bodies import AnswerResult, BatchResult, Document, QueryResult
from lake.service.routes import JsonRoute, described, key_of, of_release

if TYPE_CHECKING:
    from lake.service.service import Service

_SEARCH = "Search"
_DOC_ID = Path(description="The doc_id of a hit.", openapi_examples=examples.DOC_ID)
_AT = Query(description="The release, as in a search.", examples=["live"])
_FROM = Query(ge=0, le=2**62, description="The character to read from.")


def question_routes(service: Service) -> APIRouter:
    """``/query``, ``/answer`` and ``/documents``."""
    router = APIRouter(route_class=JsonRoute)

    @router.post("/query", response_model=QueryResult, **described(_SEARCH, "Search", examples.QUERY_RESULT))
    async def query(asked: Annotated[SearchQuery, Body(openapi_examples=examples.QUERY)], request: Request) -> Response:
        """Find the passages that answer best."""
        return of_release(*await service.query(key_of(request), asked))

    @router.post(
        "/query/batch", response_model=BatchResult, **described(_SEARCH, "Search for many", examples.BATCH_RESULT)
    )
    async def query_batch(
        asked: Annotated[BatchQuery, Body(openapi_examples=examples.BATCH)], request: Request
    ) -> Response:
        """Answer many searches from one release; each has its passages or its own error."""
        charge = request.scope["state"]["charge"]
        return of_release(*await batch.answered(service, key_of(request), asked, charge))

    @router.post(
        "/answer",
        response_model=AnswerResult,
        **described("Answers", "Answer a question", examples.ANSWER_RESULT, stream=examples.EVENTS),
    )
    async def answer(
        asked: Annotated[AnswerQuery, Body(openapi_examples=examples.ANSWER)], request: Request
    ) -> Response:
        """Answer from the passages found; with ``stream``, events ``text`` and last ``answer`` or ``error``."""
        if not asked.stream:
            return of_release(*await answers.answered(service, key_of(request), asked))
        release, events, more = await answers.streamed(service, key_of(request), asked)
        headers = {"Raglake-Release": release, **more, "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(events, headers=headers, media_type="text/event-stream")

    @router.get(
        "/documents/{doc_id}", response_model=Document, **described(_SEARCH, "Read a document", examples.DOCUMENT)
    )
    async def document(
        doc_id: Annotated[str, _DOC_ID],
        request: Request,
        at: Annotated[str, _AT] = "live",
        start: Annotated[int, _FROM] = 0,
    ) -> Response:
        """A document at a release, from a character on."""
        return of_release(*await service.document(key_of(request), doc_id, at, start))

    return router
