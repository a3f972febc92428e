"""Routes about the lake as a whole, and those by which operators change which release is live."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Body, Path, Query, Request, Response

from lake import operate
from lake.errors import UsageError
from lake.service import lake_examples as examples
from lake.service.lake_bodies import (
    Act,
    Acted,
    Change,
    Costs,
    DifferencePage,
    Disk,
    LakeState,
    LogPage,
    Naming,
    Publication,
    QuarantinePage,
    ReleaseDescription,
    Timeline,
)
from lake.service.routes import JSON, acting_key, described, key_of, of_release

if TYPE_CHECKING:
    from lake.releases.history import History
    from lake.service.lake_views import LakeViews

_LAKE, _ACTS = "Lake", "Acts"
_AT = "live, an id, a name, or a date (its end) or time in UTC for what was live then."
_RELEASE = Path(max_length=200, description=_AT, openapi_examples=examples.RELEASE)
_GONE = Path(max_length=200, description=_AT, openapi_examples=examples.ANOTHER)
_CHOSEN = Query(max_length=200, description=_AT)
_START = Query(ge=0, le=2**31, description="Number of the first row.")
_LIMIT = Query(ge=1, le=200, description="Maximum number of rows.")
_KIND = Query(max_length=100, description="An error_class, for the documents of one kind of failure.")


def lake_routes(views: LakeViews) -> APIRouter:
    """``/timeline``, ``/log``, ``/releases/{release}``, ``/diff``, ``/quarantine`` and ``/lake``."""
    router = APIRouter()

    @router.get("/timeline", response_model=Timeline, **described(_LAKE, "Releases over time"))
    async def timeline(
        request: Request,
        before: Annotated[str | None, Query(max_length=200, description="A release: only those built before.")] = None,
        limit: Annotated[int, _LIMIT] = 50,
    ) -> Response:
        """Releases, newest first: their state with its reasons, their counts, costs and mean scores."""
        return _json(await views.timeline(key_of(request), before, limit))

    @router.get("/log", response_model=LogPage, **described(_LAKE, "The lake's log"))
    async def log(
        request: Request,
        before: Annotated[int | None, Query(ge=1, le=2**53, description="A seq: only entries before it.")] = None,
        limit: Annotated[int, _LIMIT] = 50,
    ) -> Response:
        """What was built, audited, published, rolled back, pinned and named, by whom and why; newest first."""
        return _json(await views.log(key_of(request), before, limit))

    @router.get("/releases/{release}", response_model=ReleaseDescription, **described(_LAKE, "Describe a release"))
    async def release(release: Annotated[str, _RELEASE], request: Request) -> Response:
        """A release with its audit, its gate, its log, and whether it can be published."""
        return _json(await views.release(key_of(request), release))

    @router.get("/diff", response_model=DifferencePage, **described(_LAKE, "Compare two releases"))
    async def diff(
        request: Request,
        a: Annotated[str | None, Query(max_length=200, description=f"{_AT} Default: what b was built on.")] = None,
        b: Annotated[str, _CHOSEN] = "live",
        kind: Annotated[Change, Query(description="The kind of change to list.")] = "changed",
        start: Annotated[int, _START] = 0,
        limit: Annotated[int, _LIMIT] = 50,
    ) -> Response:
        """Documents, chunks, quarantine and recipe of release b compared with release a."""
        return _json(await views.difference(key_of(request), a, b, kind, start, limit))

    @router.get("/quarantine", response_model=QuarantinePage, **described(_LAKE, "Documents that are not indexed"))
    async def quarantine(
        request: Request,
        at: Annotated[str, _CHOSEN] = "live",
        kind: Annotated[str | None, _KIND] = None,
        start: Annotated[int, _START] = 0,
        limit: Annotated[int, _LIMIT] = 50,
    ) -> Response:
        """Documents that could not be indexed, by kind of failure with its cause and the next step."""
        return _json(await views.quarantine(key_of(request), at, kind, start, limit))

    @router.get("/lake", response_model=LakeState, **described(_LAKE, "The state of the lake"))
    async def state(request: Request) -> Response:
        """Freshness, alarms, sources, quarantine, and words kept by format; by what is stored, without a search."""
        return _json(await views.state(key_of(request)))

    @router.get("/lake/disk", response_model=Disk, **described(_LAKE, "The space that the lake occupies"))
    async def disk(request: Request) -> Response:
        """Files and bytes by folder, at most a minute old."""
        return _json(await views.disk(key_of(request)))

    @router.get("/lake/costs", response_model=Costs, **described(_LAKE, "Costs by day"))
    async def costs(
        request: Request, days: Annotated[int, Query(ge=1, le=366, description="Number of days.")] = 30
    ) -> Response:
        """Texts, tokens and USD of embedding and of answers, by day, at most a minute old."""
        return _json(await views.costs(key_of(request), days))

    return router


def act_routes(views: LakeViews) -> APIRouter:
    """Routes that change what is live, pinned or named, through the functions of ``lake.operate``."""
    router = APIRouter()

    @router.post("/releases/{release}/publish", response_model=Acted, **described(_ACTS, "Publish a candidate"))
    async def publish(
        release: Annotated[str, _GONE],
        asked: Annotated[Publication, Body(openapi_examples=examples.PUBLICATION)],
        request: Request,
    ) -> Response:
        """Make a candidate live; 409 with the reason if its audit, its gate, a pin or a moved live forbids it."""
        return of_release(
            *await views.act(acting_key(request), operate.publish, release, why=asked.why, force=asked.force)
        )

    @router.post("/releases/{release}/rollback", response_model=Acted, **described(_ACTS, "Roll back to a release"))
    async def rollback(
        release: Annotated[str, _GONE], asked: Annotated[Act, Body(openapi_examples=examples.ACT)], request: Request
    ) -> Response:
        """Make an earlier release live again; the next run continues from there."""
        return of_release(*await views.act(acting_key(request), operate.rollback, release, why=asked.why))

    @router.post("/releases/{release}/pin", response_model=Acted, **described(_ACTS, "Pin the live release"))
    async def pin(
        release: Annotated[str, _GONE], asked: Annotated[Act, Body(openapi_examples=examples.ACT)], request: Request
    ) -> Response:
        """Keep live as it is until it is unpinned; 409 if the release is no longer live."""
        return of_release(*await views.act(acting_key(request), _pin, release, why=asked.why))

    @router.post("/releases/{release}/unpin", response_model=Acted, **described(_ACTS, "Unpin the live release"))
    async def unpin(
        release: Annotated[str, _GONE], asked: Annotated[Act, Body(openapi_examples=examples.ACT)], request: Request
    ) -> Response:
        """Let the next run publish again; 409 if the release is no longer live."""
        return of_release(*await views.act(acting_key(request), _unpin, release, why=asked.why))

    @router.post("/releases/{release}/name", response_model=Acted, **described(_ACTS, "Name a release"))
    async def name(
        release: Annotated[str, _GONE],
        asked: Annotated[Naming, Body(openapi_examples=examples.NAMING)],
        request: Request,
    ) -> Response:
        """Give a release a name, which identifies it and keeps it from being pruned."""
        return of_release(*await views.act(acting_key(request), operate.name, release, name=asked.name, why=asked.why))

    @router.post("/releases/{release}/unname", response_model=Acted, **described(_ACTS, "Take a name from a release"))
    async def unname(
        release: Annotated[str, _GONE],
        asked: Annotated[Naming, Body(openapi_examples=examples.NAMING)],
        request: Request,
    ) -> Response:
        """Remove a name; the release is then kept or pruned like any other."""
        return of_release(*await views.act(acting_key(request), _unname, release, name=asked.name, why=asked.why))

    return router


def _pin(url: str, release: str, **words: Any) -> History:
    return operate.pin(url, release=release, **words)


def _unpin(url: str, release: str, **words: Any) -> History:
    return operate.unpin(url, release=release, **words)


def _unname(url: str, release: str, *, name: str, **words: Any) -> History:
    """Raises UsageError if the release has no such name."""
    if operate.names(url).get(name) != release:
        raise UsageError(f"{release} has no name {name!r}")
    return operate.unname(url, name, **words)


def _json(body: bytes) -> Response:
    return Response(body, media_type=JSON)
