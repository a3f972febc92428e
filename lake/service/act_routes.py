"""Routes by which operators change which release is live, pinned or named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Body, Path, Request, Response

from lake.errors import UsageError
from lake.maintenance import operate
from lake.service import lake_examples as examples
from lake.service.lake_bodies import Act, Acted, Naming, Publication
from lake.service.route_words import AT
from lake.service.routes import acting_key, described, of_release

if TYPE_CHECKING:
    from lake.releases.history import History
    from lake.service.lake_views import LakeViews

_ACTS = "Acts"
_FORBIDDEN = "The release is not live any more, or its audit, its gate or a pin forbids it; the message has the reason."
_GONE = Path(max_length=200, description=AT, openapi_examples=examples.ANOTHER)


def _described(summary: str) -> dict[str, Any]:
    return described(_ACTS, summary, refusal_409=_FORBIDDEN)


def act_routes(views: LakeViews) -> APIRouter:
    """Routes that change what is live, pinned or named, through the functions of ``lake.maintenance.operate``."""
    router = APIRouter()

    @router.post("/releases/{release}/publish", response_model=Acted, **_described("Publish a candidate"))
    async def publish(
        release: Annotated[str, _GONE],
        asked: Annotated[Publication, Body(openapi_examples=examples.PUBLICATION)],
        request: Request,
    ) -> Response:
        """Make a candidate live; 409 with the reason if its audit, its gate, a pin or a moved live forbids it."""
        return of_release(
            *await views.act(acting_key(request), operate.publish, release, why=asked.why, force=asked.force)
        )

    @router.post("/releases/{release}/rollback", response_model=Acted, **_described("Roll back to a release"))
    async def rollback(
        release: Annotated[str, _GONE], asked: Annotated[Act, Body(openapi_examples=examples.ACT)], request: Request
    ) -> Response:
        """Make an earlier release live again; the next run continues from there."""
        return of_release(*await views.act(acting_key(request), operate.rollback, release, why=asked.why))

    @router.post("/releases/{release}/pin", response_model=Acted, **_described("Pin the live release"))
    async def pin(
        release: Annotated[str, _GONE], asked: Annotated[Act, Body(openapi_examples=examples.ACT)], request: Request
    ) -> Response:
        """Keep live as it is until it is unpinned; 409 if the release is no longer live."""
        return of_release(*await views.act(acting_key(request), _pin, release, why=asked.why))

    @router.post("/releases/{release}/unpin", response_model=Acted, **_described("Unpin the live release"))
    async def unpin(
        release: Annotated[str, _GONE], asked: Annotated[Act, Body(openapi_examples=examples.ACT)], request: Request
    ) -> Response:
        """Let the next run publish again; 409 if the release is no longer live."""
        return of_release(*await views.act(acting_key(request), _unpin, release, why=asked.why))

    @router.post("/releases/{release}/name", response_model=Acted, **_described("Name a release"))
    async def name(
        release: Annotated[str, _GONE],
        asked: Annotated[Naming, Body(openapi_examples=examples.NAMING)],
        request: Request,
    ) -> Response:
        """Give a release a name, which identifies it and keeps it from being pruned."""
        return of_release(*await views.act(acting_key(request), operate.name, release, name=asked.name, why=asked.why))

    @router.post("/releases/{release}/unname", response_model=Acted, **_described("Take a name from a release"))
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
