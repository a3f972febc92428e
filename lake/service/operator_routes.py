"""Routes for operators: the releases, health and metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response
from starlette.responses import PlainTextResponse

from lake.service import examples
from lake.service.metrics import CONTENT_TYPE
from lake.service.response_bodies import Alive, Health, KeyResult, Ready, Releases, Welcome
from lake.service.responses import encode
from lake.service.routes import JSON, JsonRoute, described, key_of

if TYPE_CHECKING:
    from lake.service.keys import Key
    from lake.service.service import Service
    from lake.service.worker_metrics import WorkerMetrics


#: Health in which searches are answered.
_ANSWERING = ("ok", "stale")
_TAG = "Operation"


def _health(summary: str) -> dict[str, Any]:
    words = described(_TAG, summary, is_open=True)
    words["responses"][503] = {"model": Health, "description": "The lake can't be read, or the service is stopping."}
    return words


def operator_routes(service: Service, processes: WorkerMetrics | None = None) -> APIRouter:
    """``/``, ``/releases``, ``/key``, ``/health`` with its parts, and ``/metrics``."""
    router = APIRouter(route_class=JsonRoute)

    @router.get("/", response_model=Welcome, **described(_TAG, "The service and its links", is_open=True))
    async def welcome() -> Response:
        """The service, its live release, and links."""
        live = (await service.health.lake())["release"]
        return Response(encode(Welcome(release=live).model_dump()), media_type=JSON)

    @router.get("/releases", response_model=Releases, **described(_TAG, "List the releases"))
    async def releases(request: Request) -> Response:
        """All releases, oldest first."""
        return Response(await service.releases(key_of(request)), media_type=JSON)

    @router.get("/key", response_model=KeyResult, **described(_TAG, "What the caller's key allows"))
    async def key(request: Request) -> Response:
        """The caller's key, without its secret, and the models of the service."""
        return Response(encode(_allowances(service, key_of(request))), media_type=JSON)

    @router.get("/health", response_model=Health, **_health("Whether the lake can be read"))
    async def health(request: Request) -> Response:
        """The live release, and 200 if searches are answered, else 503."""
        return _of_health(await service.health.lake(), request)

    @router.get("/health/live", response_model=Alive, **described(_TAG, "Whether the process answers", is_open=True))
    async def alive() -> Response:
        """200 while the process answers, whatever else is down."""
        return Response(encode(Alive().model_dump()), media_type=JSON)

    @router.get("/health/ready", response_model=Ready, **_health("Whether requests are welcome, and which parts work"))
    async def ready(request: Request) -> Response:
        """200 if searches are answered, else 503; and which parts work. Without them, searches and answers degrade."""
        return _of_health(await service.health.ready(), request)

    @router.get(
        "/metrics",
        response_class=PlainTextResponse,
        **described(_TAG, "Metrics for Prometheus", examples.METRICS, kind="text/plain"),
    )
    async def metrics() -> Response:
        """Metrics in the text format of Prometheus."""
        return Response(await service.figures(processes), media_type=CONTENT_TYPE)

    return router


def _allowances(service: Service, key: Key) -> dict[str, Any]:
    """A KeyResult."""
    allowed = ("name", "principals", "options", "answers", "operator", "erases", "writes")
    named = {name: getattr(key, name) for name in allowed}
    models = {"chat_model": service.chat and service.chat.name, "reranker": service.options.get("rerank")}
    return {**named, **models, "lake": service.index.url if key.sees_everything else None}


def _of_health(found: dict[str, Any], request: Request) -> Response:
    if request.scope["state"]["is_stopping"]:
        found = {**found, "status": "stopping"}
    return Response(encode(found), 200 if found["status"] in _ANSWERING else 503, media_type=JSON)
