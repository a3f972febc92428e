"""What visitors think of passages and answers: judgements, and questions for the gate made from them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from lake.console.visit import Visit

#: The set of the first question that is made of a passage.
_SET = "console"


async def judge(visit: Visit) -> Response:
    """Keeps a judgement of a passage, or of an answer if no passage is named; each session counts once."""
    body = {"query_id": visit.word("query_id"), "useful": visit.word("useful") == "yes", "session": visit.session.voter}
    named = {name: visit.word(name) for name in ("chunk_id", "comment") if visit.word(name)}
    await visit.api.post("/feedback", {**body, **named})
    if visit.is_part:
        return visit.part("judged.html", is_useful=body["useful"])
    back = visit.word("back", "/search")
    return visit.back_to(f"{back}{'&' if '?' in back else '?'}judged={visit.word('useful')}")


async def question(visit: Visit) -> Response:
    """The form that makes a passage the evidence of a question."""
    sets = [one["set"] for one in (await visit.api.get("/evaluation/sets"))["sets"]]
    named: dict[str, Any] = {name: visit.word(name) for name in ("q", "query_id", "chunk_id", "uri")}
    return visit.page("question.html", sets=sets, chosen=sets[0] if sets else _SET, **named)


async def draft(visit: Visit) -> Response:
    """Drafts the question; a reviewer then finds it in the evaluation."""
    body = {name: visit.word(name) for name in ("query_id", "chunk_id", "text")}
    path = f"/evaluation/sets/{quote(visit.word('set', _SET), safe='')}/drafts"
    made = await visit.api.post(path, body)
    if visit.is_part:
        return visit.part("question_made.html", made=made)
    return visit.back_to(path, start=made["start"] or None, drafted=made["question_id"])
