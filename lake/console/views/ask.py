"""Ask: an answer with its sources."""

from __future__ import annotations

from starlette.responses import Response

from lake.console.visit import ConsoleSection, Visit


async def page(visit: Visit) -> Response:
    question, answer = visit.word("q"), None
    if question:
        answer = await visit.api.post("/answer", {"question": question, "at": visit.at})
    return visit.page("ask.html", question=question, answer=answer)


SECTION = ConsoleSection("Ask", views={"/ask": page})
