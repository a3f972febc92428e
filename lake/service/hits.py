"""The hits of a search as a response has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lake.adapters.access import Access
    from lake.schemas.result import SearchResult
    from lake.service.request_bodies import SearchQuery


def hits_of(access: Access, found: SearchResult, body: SearchQuery) -> list[dict[str, Any]]:
    """The hits as JSON; if the body demands it, each with what ``Index.shown`` knows of it."""
    hits: list[dict[str, Any]] = found.hits.to_pylist()
    if not body.explain:
        return hits
    known = access.index.shown(found, body.text, access.principals)
    return [{**hit, **more} for hit, more in zip(hits, known, strict=True)]
