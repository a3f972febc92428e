"""Search: the passages of a question."""

from __future__ import annotations

from starlette.responses import Response

from lake.console.visit import ConsoleSection, Visit


async def page(visit: Visit) -> Response:
    text, found = visit.word("q"), None
    if text:
        found = await visit.api.post("/query", {"text": text, "at": visit.at})
    return visit.page("search.html", text=text, found=found)


SECTION = ConsoleSection("Search", views={"/search": page})
