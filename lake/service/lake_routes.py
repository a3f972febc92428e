"""Routes about the lake as a whole: what is wrong with it, what is not indexed, and what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request, Response

from lake.service.lake_bodies import Costs, Disk, LakeState, QuarantinePage
from lake.service.route_words import CHOSEN, LAKE, LIMIT, START, as_json
from lake.service.routes import JsonRoute, described, key_of

if TYPE_CHECKING:
    from lake.service.lake_views import LakeViews

_NAME = Query(max_length=1000, description="Words of the uri, for the documents that have all of them.")
_KIND = Query(max_length=100, description="An error_class, for the documents of one kind of failure.")


def lake_routes(views: LakeViews) -> APIRouter:
    """``/quarantine``, ``/lake``, ``/lake/disk`` and ``/lake/costs``."""
    router = APIRouter(route_class=JsonRoute)

    @router.get("/quarantine", response_model=QuarantinePage, **described(LAKE, "Documents that are not indexed"))
    async def quarantine(
        request: Request,
        at: Annotated[str, CHOSEN] = "live",
        kind: Annotated[str | None, _KIND] = None,
        start: Annotated[int, START] = 0,
        limit: Annotated[int, LIMIT] = 50,
        name: Annotated[str, _NAME] = "",
    ) -> Response:
        """Documents that could not be indexed, by kind of failure with its cause and the next step."""
        return as_json(await views.quarantine(key_of(request), at, kind, start, limit, name))

    @router.get("/lake", response_model=LakeState, **described(LAKE, "The state of the lake"))
    async def state(request: Request) -> Response:
        """Freshness, alarms, sources, quarantine, and words kept by format; by what is stored, without a search."""
        return as_json(await views.state(key_of(request)))

    @router.get("/lake/disk", response_model=Disk, **described(LAKE, "The space that the lake occupies"))
    async def disk(request: Request) -> Response:
        """Files and bytes by folder, at most a minute old."""
        return as_json(await views.disk(key_of(request)))

    @router.get("/lake/costs", response_model=Costs, **described(LAKE, "Costs by day"))
    async def costs(
        request: Request, days: Annotated[int, Query(ge=1, le=366, description="Number of days.")] = 30
    ) -> Response:
        """Texts, tokens and USD of embedding and of answers, by day, at most a minute old."""
        return as_json(await views.costs(key_of(request), days))

    return router
