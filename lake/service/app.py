"""The application: routes, their OpenAPI descriptions, and errors as responses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import FastAPI, Query, Request, Response, Security
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException
from starlette.responses import StreamingResponse

from lake.service import messages
from lake.service.capacity import Capacity
from lake.service.guard import Guard
from lake.service.keys import Key, KeyRing
from lake.service.metrics import CONTENT_TYPE
from lake.service.problems import MEDIA_TYPE, Problem, problem_of
from lake.service.service import Service, encode

if TYPE_CHECKING:
    from lake.answer import AnswerOptions, ChatModel
    from lake.index import Index
    from lake.service.traffic_split import Split

_JSON = "application/json"
_DESCRIPTION = """
Passages of a raglake lake, and answers from them. Each response is from exactly one release, named in its body and in
the header `Raglake-Release`.
"""
_REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": messages.Refusal, "description": text}
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
_FROM = Query(ge=0, description="The character to read from.")
_KEY = [Security(HTTPBearer(auto_error=False, description="An API key, if the service has any."))]
_GUARDED = {"dependencies": _KEY, "responses": _REFUSALS}


def create_app(
    index: Index,
    keys: KeyRing,
    bounds: Capacity | None = None,
    *,
    options: Mapping[str, Any] | None = None,
    chat: ChatModel | None = None,
    answers: AnswerOptions | None = None,
    hosts: Collection[str] | None = None,
    split: Split | None = None,
) -> Guard:
    """An ASGI application over one lake. ``options``: defaults of every search.

    ``split``: releases that answer a share of the sessions.
    """
    service = Service(index, bounds or Capacity(), options or {}, chat, answers, split)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await service.warm_up()
        yield
        service.close()

    app = FastAPI(title="raglake", description=_DESCRIPTION, lifespan=lifespan, redoc_url=None)
    app.state.service = service
    _add_questions(app, service)
    _add_figures(app, service)
    for error in (Problem, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(error, _refused)
    return Guard(app, keys, service.bounds, service.metrics.requested, hosts)


def _add_questions(app: FastAPI, service: Service) -> None:
    @app.post("/query", response_model=messages.QueryResult, **_GUARDED)  # type: ignore[arg-type]
    async def query(asked: messages.SearchQuery, request: Request) -> Response:
        """Find the passages that answer best."""
        return _of_release(*await service.query(_key(request), asked))

    @app.post("/answer", response_model=messages.AnswerResult, **_GUARDED)  # type: ignore[arg-type]
    async def answer(asked: messages.AnswerQuery, request: Request) -> Response:
        """Answer from the passages found; with ``stream``, events ``text`` and last ``answer`` or ``error``."""
        if not asked.stream:
            return _of_release(*await service.answer(_key(request), asked))
        release, events, more = await service.answer_events(_key(request), asked)
        headers = {"Raglake-Release": release, **more, "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(events, headers=headers, media_type="text/event-stream")

    @app.post("/feedback", response_model=messages.FeedbackResult, **_GUARDED)  # type: ignore[arg-type]
    async def feedback(given: messages.FeedbackBody, request: Request) -> Response:
        """Record whether a passage found by a search is useful."""
        return _of_release(*await service.feedback(_key(request), given))

    @app.get("/documents/{doc_id}", response_model=messages.Document, **_GUARDED)  # type: ignore[arg-type]
    async def document(doc_id: str, request: Request, at: str = "live", start: Annotated[int, _FROM] = 0) -> Response:
        """A document at a release, from a character on."""
        return _of_release(*await service.document(_key(request), doc_id, at, start))


def _add_figures(app: FastAPI, service: Service) -> None:
    @app.get("/", response_model=messages.Welcome)
    async def welcome() -> Response:
        """The service, its live release, and links."""
        live = (await service.health())["release"]
        return Response(encode(messages.Welcome(release=live).model_dump()), media_type=_JSON)

    @app.get("/releases", **_GUARDED)  # type: ignore[arg-type]
    async def releases(request: Request) -> Response:
        """All releases, oldest first."""
        return Response(await service.releases(_key(request)), media_type=_JSON)

    @app.get("/health", response_model=messages.Health)
    async def health() -> Response:
        """The live release and whether it can be read: 200 if so, else 503."""
        found = await service.health()
        return Response(encode(found), 200 if found["status"] == "ok" else 503, media_type=_JSON)

    @app.get("/health/live", response_model=messages.Alive)
    async def alive() -> Response:
        """200 while the process answers, whatever else is down."""
        return Response(encode(messages.Alive().model_dump()), media_type=_JSON)

    @app.get("/health/ready", response_model=messages.Ready)
    async def ready() -> Response:
        """200 if the lake can be read, else 503; and which parts work. Without them, searches and answers degrade."""
        found = await service.ready()
        return Response(encode(found), 200 if found["status"] == "ok" else 503, media_type=_JSON)

    @app.get("/metrics", **_GUARDED)  # type: ignore[arg-type]
    async def metrics() -> Response:
        """Metrics in the text format of Prometheus."""
        live = (await service.health())["release"]
        return Response(service.metrics.text(live), media_type=CONTENT_TYPE)


def _key(request: Request) -> Key:
    key = request.scope["state"]["key"]
    assert isinstance(key, Key)
    return key


def _of_release(release: str, body: bytes, headers: Mapping[str, str] | None = None) -> Response:
    return Response(body, headers={"Raglake-Release": release, **(headers or {})}, media_type=_JSON)


async def _refused(request: Request, error: Exception) -> Response:
    problem = _of_framework(error)
    body = problem.to_bytes(request.scope["state"]["request_id"])
    return Response(body, problem.status, headers=problem.headers, media_type=MEDIA_TYPE)


def _of_framework(error: Exception) -> Problem:
    """Omits the request's content: it may be long, secret, or not representable in JSON."""
    if isinstance(error, RequestValidationError):
        problems = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:10])
        return Problem(422, "invalid", "; ".join(problems))
    if isinstance(error, HTTPException):
        return Problem(error.status_code, "refused", str(error.detail), error.headers)
    return problem_of(error)
