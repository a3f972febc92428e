"""Routes for operators: the releases, health and metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from lake.service.metrics import CONTENT_TYPE
from lake.service.response_bodies import Alive, Health, Ready, Welcome
from lake.service.responses import encode
from lake.service.routes import GUARDED, JSON, key_of

if TYPE_CHECKING:
    from lake.service.service import Service
    from lake.service.worker_metrics import WorkerMetrics


#: Health in which searches are answered.
_ANSWERING = ("ok", "stale")


def operator_routes(service: Service, processes: WorkerMetrics | None = None) -> APIRouter:
    """``/``, ``/releases``, ``/health`` with its parts, and ``/metrics``."""
    router = APIRouter()

    @router.get("/", response_model=Welcome)
    async def welcome() -> Response:
        """The service, its live release, and links."""
        live = (await service.health.lake())["release"]
        return Response(encode(Welcome(release=live).model_dump()), media_type=JSON)

    @router.get("/releases", **GUARDED)
    async def releases(request: Request) -> Response:
        """All releases, oldest first."""
        return Response(await service.releases(key_of(request)), media_type=JSON)

    @router.get("/health", response_model=Health)
    async def health(request: Request) -> Response:
        """The live release, and 200 if searches are answered, else 503."""
        return _of_health(await service.health.lake(), request)

    @router.get("/health/live", response_model=Alive)
    async def alive() -> Response:
        """200 while the process answers, whatever else is down."""
        return Response(encode(Alive().model_dump()), media_type=JSON)

    @router.get("/health/ready", response_model=Ready)
    async def ready(request: Request) -> Response:
        """200 if searches are answered, else 503; and which parts work. Without them, searches and answers degrade."""
        return _of_health(await service.health.ready(), request)

    @router.get("/metrics", **GUARDED)
    async def metrics() -> Response:
        """Metrics in the text format of Prometheus."""
        return Response(await service.figures(processes), media_type=CONTENT_TYPE)

    return router


def _of_health(found: dict[str, Any], request: Request) -> Response:
    if request.scope["state"]["is_stopping"]:
        found = {**found, "status": "stopping"}
    return Response(encode(found), 200 if found["status"] in _ANSWERING else 503, media_type=JSON)
