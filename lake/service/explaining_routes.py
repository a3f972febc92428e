"""Routes that explain what a search finds: counts of documents, documents by name, and where a search loses one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Body, Query, Request, Response

from lake.service import examples, explaining
from lake.service.explaining_bodies import FacetResult, FoundDocuments, ProfilesResult, WhyResult
from lake.service.request_bodies import FacetQuery, WhyQuery
from lake.service.routes import JSON, JsonRoute, described, key_of, of_release

if TYPE_CHECKING:
    from lake.service.service import Service

_TAG = "Search"
_AT = Query(description="The release, as in a search.", examples=["live"])
_NAME = Query(max_length=200, description="Words that the title or the uri contains; case does not matter.")
_LIMIT = Query(ge=1, le=100, description="Maximum number of documents.")


def explaining_routes(service: Service) -> APIRouter:
    """``/facets``, ``/documents``, ``/profiles`` and ``/why``."""
    router = APIRouter(route_class=JsonRoute)

    @router.post("/facets", response_model=FacetResult, **described(_TAG, "Count documents", examples.FACET_RESULT))
    async def facets(
        asked: Annotated[FacetQuery, Body(openapi_examples=examples.FACETS)], request: Request
    ) -> Response:
        """Count the documents that a search could find by source, media type, language, tags and time."""
        return of_release(*await explaining.facets(service, key_of(request), asked))

    @router.get("/documents", response_model=FoundDocuments, **described(_TAG, "Find documents by name"))
    async def documents(
        request: Request,
        name: Annotated[str, _NAME] = "",
        at: Annotated[str, _AT] = "live",
        limit: Annotated[int, _LIMIT] = 20,
    ) -> Response:
        """Documents whose title or uri contains all of the words."""
        return of_release(*await explaining.documents(service, key_of(request), name, at, limit))

    @router.get("/profiles", response_model=ProfilesResult, **described(_TAG, "List the search profiles"))
    async def profiles(request: Request) -> Response:
        """What a search may name as its `profile`, and what holds without one."""
        return Response(await explaining.profiles(service, key_of(request)), media_type=JSON)

    @router.post("/why", response_model=WhyResult, **described(_TAG, "Explain why a search finds a document or not"))
    async def why(asked: Annotated[WhyQuery, Body(openapi_examples=examples.WHY)], request: Request) -> Response:
        """Follow a document that the caller may see through all steps of a search, with exact ranks."""
        return of_release(*await explaining.why(service, key_of(request), asked))

    return router
