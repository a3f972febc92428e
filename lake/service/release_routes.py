"""Routes about the releases of a lake: over time, one, its log, and the differences between two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from lake.service import lake_examples as examples
from lake.service.lake_bodies import Change, DifferencePage, LogPage, ReleaseDescription, Timeline
from lake.service.route_words import AT, CHOSEN, LAKE, LIMIT, START, as_json
from lake.service.routes import JsonRoute, described, key_of

if TYPE_CHECKING:
    from lake.service.lake_views import LakeViews

_RELEASE = Path(max_length=200, description=AT, openapi_examples=examples.RELEASE)


def release_routes(views: LakeViews) -> APIRouter:
    """``/timeline``, ``/log``, ``/releases/{release}`` and ``/diff``."""
    router = APIRouter(route_class=JsonRoute)

    @router.get("/timeline", response_model=Timeline, **described(LAKE, "Releases over time"))
    async def timeline(
        request: Request,
        before: Annotated[str | None, Query(max_length=200, description="A release: only those built before.")] = None,
        limit: Annotated[int, LIMIT] = 50,
    ) -> Response:
        """Releases, newest first: their state with its reasons, their counts, costs and mean scores."""
        return as_json(await views.timeline(key_of(request), before, limit))

    @router.get("/log", response_model=LogPage, **described(LAKE, "The lake's log"))
    async def log(
        request: Request,
        before: Annotated[int | None, Query(ge=1, le=2**53, description="A seq: only entries before it.")] = None,
        limit: Annotated[int, LIMIT] = 50,
    ) -> Response:
        """What was built, audited, published, rolled back, pinned and named, by whom and why; newest first."""
        return as_json(await views.log(key_of(request), before, limit))

    @router.get("/releases/{release}", response_model=ReleaseDescription, **described(LAKE, "Describe a release"))
    async def release(release: Annotated[str, _RELEASE], request: Request) -> Response:
        """A release with its audit, its gate, its log, and whether it can be published."""
        return as_json(await views.release(key_of(request), release))

    @router.get("/diff", response_model=DifferencePage, **described(LAKE, "Compare two releases"))
    async def diff(
        request: Request,
        a: Annotated[str | None, Query(max_length=200, description=f"{AT} Default: what b was built on.")] = None,
        b: Annotated[str, CHOSEN] = "live",
        kind: Annotated[Change, Query(description="The kind of change to list.")] = "changed",
        start: Annotated[int, START] = 0,
        limit: Annotated[int, LIMIT] = 50,
    ) -> Response:
        """Documents, chunks, quarantine and recipe of release b compared with release a."""
        return as_json(await views.difference(key_of(request), a, b, kind, start, limit))

    return router
