"""The application: its routes, and errors as responses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from lake.service.act_routes import act_routes
from lake.service.budgets import budgets_of
from lake.service.capacity import Capacity
from lake.service.docs_page import docs_routes
from lake.service.document_routes import document_routes
from lake.service.erasing import Erasing
from lake.service.erasure_routes import erasure_routes
from lake.service.evaluation_routes import evaluation_routes
from lake.service.experiment_routes import experiment_routes
from lake.service.explaining_routes import explaining_routes
from lake.service.feedback_routes import feedback_routes
from lake.service.guard import Guard
from lake.service.hook_routes import hook_routes
from lake.service.judging_routes import judging_routes
from lake.service.keys import KeyRing
from lake.service.lake_routes import lake_routes
from lake.service.lake_views import LakeViews
from lake.service.operator_routes import operator_routes
from lake.service.page_pictures import PagePictures
from lake.service.problems import MEDIA_TYPE, Problem, invalid, of_framework, problem_of
from lake.service.push_routes import push_routes
from lake.service.pushing import Pushing
from lake.service.question_routes import question_routes
from lake.service.release_routes import release_routes
from lake.service.response_bodies import Refusal
from lake.service.service import Service
from lake.service.worker_metrics import WorkerMetrics

if TYPE_CHECKING:
    from lake.answer import AnswerOptions, ChatModel
    from lake.index import Index
    from lake.service.cross_origin import AllowedOrigins
    from lake.service.evaluation_routes import MeasuredLake
    from lake.service.profiles import Profile
    from lake.service.traffic_split import Split

#: The Guard makes the spans of requests; those of FastAPI, from some version on, would come twice, with error messages.
_NO_TELEMETRY: Any = dict.fromkeys(("tracing", "metrics", "logs", "operation_spans", "auto_configure"), False)
_DESCRIPTION = """
Passages of a raglake lake, and answers from them. Each response is from exactly one release, named in its body and in
the header `Raglake-Release`.
"""


TAGS = [
    {"name": "Search", "description": "Passages and documents, each response from exactly one release."},
    {"name": "Documents", "description": "A document as releases hold it, and documents that callers store."},
    {"name": "Answers", "description": "Answers from the passages found, with checked citations."},
    {"name": "Feedback", "description": "What callers think of passages and answers."},
    {"name": "Evaluation", "description": "Questions with known answers, scores, and drafts to review."},
    {"name": "Operation", "description": "Releases, health and metrics."},
    {"name": "Lake", "description": "What is about all documents of the lake: for keys that see all of them."},
    {
        "name": "Acts",
        "description": "What changes which release is live: for keys with `operator`. Erasing: for keys with `erases`.",
    },
]


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
    query_log: bool = False,
    origins: AllowedOrigins | None = None,
    folder: str | None = None,
    measured: MeasuredLake | None = None,
    profiles: Mapping[str, Profile] | None = None,
    sources: Mapping[str, str] | None = None,
) -> Guard:
    """An ASGI application over one lake. ``options``: defaults of every search.

    ``split``: releases that answer a share of the sessions. ``query_log``: keep questions in the lake, as its
    configuration states; raises UsageError if the lake can't be written to. ``folder``: where the processes of the
    service find one another, None if there is only this one. ``measured``: what the routes of evaluations show; without
    it there are none. ``profiles``: what searches and answers may choose, by name. ``sources``: where sources lie whose
    names don't tell it, for pictures of pages.
    """
    log = index.query_log() if query_log else None
    anonymous = [keys.anonymous] if keys.anonymous else []
    offered = [*(profiles or {}).values(), *(split.profiles if split else {}).values()]
    budgets = budgets_of([*keys.keys, *anonymous], index, [chat, *(one.chat for one in offered)])
    service = Service(index, bounds or Capacity(), options or {}, chat, answers, split, log, budgets, profiles)
    pictures, pushing, erasing = PagePictures(service, sources), Pushing(service), Erasing(service)
    processes = WorkerMetrics(folder, service.metrics.text) if folder else None
    app = FastAPI(
        title="raglake",
        version=version("raglake"),
        description=_DESCRIPTION,
        openapi_tags=TAGS,
        generate_unique_id_function=lambda route: route.name,
        telemetry=_NO_TELEMETRY,
        lifespan=_lifespan(service, processes, (pictures, pushing, erasing, service)),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # to http, also for a client that came by TLS, and with its key
    )
    app.state.service = service
    for router in _routers(service, pictures, pushing, erasing, processes):
        app.include_router(router)
    if measured is not None:
        app.include_router(evaluation_routes(service, measured))
        app.include_router(judging_routes(service, measured))
        app.include_router(experiment_routes(service))
    app.openapi = partial(_openapi, app, app.openapi)  # type: ignore[method-assign]
    for error in (Problem, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(error, _refused)
    return Guard(app, keys, service.bounds, service.metrics.requested, hosts, origins)


def _lifespan(
    service: Service, processes: WorkerMetrics | None, closing: Iterable[PagePictures | Pushing | Erasing | Service]
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Warm up before the first request, and close in this order after the last."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await service.warm_up()
        if processes:
            await processes.start()
        yield
        if processes:
            processes.stop()
        for one in closing:
            one.close()

    return lifespan


def _routers(
    service: Service, pictures: PagePictures, pushing: Pushing, erasing: Erasing, processes: WorkerMetrics | None
) -> tuple[APIRouter, ...]:
    views = LakeViews(service)
    return (
        question_routes(service),
        document_routes(service, pictures),
        erasure_routes(erasing),
        push_routes(pushing),
        hook_routes(service, pushing.workers),
        feedback_routes(service),
        explaining_routes(service),
        operator_routes(service, processes),
        release_routes(views),
        lake_routes(views),
        act_routes(views),
        docs_routes(),
    )


def _openapi(app: FastAPI, made: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The description, with the schema of the refusals that routes name."""
    is_made, schema = app.openapi_schema is not None, made()
    if not is_made:
        schemas = schema["components"]["schemas"] | {"Refusal": Refusal.model_json_schema(mode="serialization")}
        schema["components"]["schemas"] = dict(sorted(schemas.items()))
    return schema


async def _refused(request: Request, error: Exception) -> Response:
    problem = _of_framework(error)
    body = problem.to_bytes(request.scope["state"]["request_id"])
    return Response(body, problem.status, headers=problem.headers, media_type=MEDIA_TYPE)


def _of_framework(error: Exception) -> Problem:
    if isinstance(error, RequestValidationError):
        return invalid(error.errors())
    if isinstance(error, HTTPException):
        return of_framework(error.status_code, str(error.detail), error.headers)
    return problem_of(error)
