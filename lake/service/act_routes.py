"""Routes by which operators change which release is live, pinned or named."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Body, Path, Request, Response

from lake.errors import UsageError
from lake.maintenance import operate
from lake.service import lake_examples as examples
from lake.service.lake_bodies import Act, Acted, Naming, Publication
from lake.service.route_words import AT
from lake.service.routes import JsonRoute, acting_key, described, of_release

if TYPE_CHECKING:
    from lake.releases.history import History
    from lake.service.lake_views import LakeViews

_ACTS = "Acts"
_FORBIDDEN = "The release is not live any more, or its audit, its gate or a pin forbids it; the message has the reason."
_Release = Annotated[str, Path(max_length=200, description=AT, openapi_examples=examples.ANOTHER)]
_Publication = Annotated[Publication, Body(openapi_examples=examples.PUBLICATION)]
_Act = Annotated[Act, Body(openapi_examples=examples.ACT)]
_Naming = Annotated[Naming, Body(openapi_examples=examples.NAMING)]


def _described(summary: str) -> dict[str, Any]:
    return described(_ACTS, summary, refusal_409=_FORBIDDEN)


def act_routes(views: LakeViews) -> APIRouter:
    """Routes that change what is live, pinned or named, through the functions of ``lake.maintenance.operate``."""
    router = APIRouter(route_class=JsonRoute)

    async def act(request: Request, change: Callable[..., History], release: str, **words: Any) -> Response:
        return of_release(*await views.act(acting_key(request), change, release, **words))

    @router.post("/releases/{release}/publish", response_model=Acted, **_described("Publish a candidate"))
    async def publish(release: _Release, asked: _Publication, request: Request) -> Response:
        """Make a candidate live; 409 with the reason if its audit, its gate, a pin or a moved live forbids it."""
        return await act(request, operate.publish, release, why=asked.why, force=asked.force)

    @router.post("/releases/{release}/rollback", response_model=Acted, **_described("Roll back to a release"))
    async def rollback(release: _Release, asked: _Act, request: Request) -> Response:
        """Make an earlier release live again; the next run continues from there."""
        return await act(request, operate.rollback, release, why=asked.why)

    @router.post("/releases/{release}/pin", response_model=Acted, **_described("Pin the live release"))
    async def pin(release: _Release, asked: _Act, request: Request) -> Response:
        """Keep live as it is until it is unpinned; 409 if the release is no longer live."""
        return await act(request, _pin, release, why=asked.why)

    @router.post("/releases/{release}/unpin", response_model=Acted, **_described("Unpin the live release"))
    async def unpin(release: _Release, asked: _Act, request: Request) -> Response:
        """Let the next run publish again; 409 if the release is no longer live."""
        return await act(request, _unpin, release, why=asked.why)

    @router.post("/releases/{release}/name", response_model=Acted, **_described("Name a release"))
    async def name(release: _Release, asked: _Naming, request: Request) -> Response:
        """Give a release a name, which identifies it and keeps it from being pruned."""
        return await act(request, operate.name, release, name=asked.name, why=asked.why)

    @router.post("/releases/{release}/unname", response_model=Acted, **_described("Take a name from a release"))
    async def unname(release: _Release, asked: _Naming, request: Request) -> Response:
        """Remove a name; the release is then kept or pruned like any other."""
        return await act(request, _unname, release, name=asked.name, why=asked.why)

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
