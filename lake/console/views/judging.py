"""What visitors think of passages and answers: judgements, and questions for the gate made from them."""

from __future__ import annotations

from starlette.responses import Response

from lake.console.visit import Visit


async def judge(visit: Visit) -> Response:
    """Keeps a judgement of a passage, or of an answer if no passage is named; each session counts once."""
    body = {"query_id": visit.word("query_id"), "useful": visit.word("useful") == "yes", "session": visit.session.voter}
    named = {name: visit.word(name) for name in ("chunk_id", "comment") if visit.word(name)}
    await visit.api.post("/feedback", {**body, **named})
    if visit.is_part:
        return visit.part("judged.html", is_useful=body["useful"])
    return visit.back_to(visit.word("back", "/search"))
