"""A document's erasure: its dry run, and, for keys that may, the erasure itself with its proof."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from lake.console.client import ApiError
from lake.console.visit import Visit
from lake.reporting.templates import rendered


async def erasure(visit: Visit, problem: ApiError | None = None) -> Response:
    """What an erasure would remove, once the page asks for it. ``problem``: why one was refused."""
    found = await visit.api.get(f"{_path(visit)}/description", at=visit.at)
    may_look = visit.key["operator"] and visit.key["principals"] == "*"
    is_shown = problem is not None or visit.word("show") == "plan" or not may_look  # which the API refuses
    plan = await visit.api.get(f"{_path(visit)}/erasure", at=visit.at) if is_shown else None
    template = "erasure_plan.html" if visit.is_part and plan is not None else "document_erasure.html"
    words = {"document": found, "tab": "erasure", "doc_id": found["doc_id"], "plan": plan, "problem": problem}
    return visit.page(template, problem.status if problem else 200, **words)


async def erase(visit: Visit) -> Response:
    """The page with the proof, for visitors without script; a refusal shows the form again, with its reason."""
    await visit.look()
    try:
        done = await visit.api.post(f"{_path(visit)}/erasure", _body(visit))
    except ApiError as error:
        if error.status in (401, 403, 404):
            raise
        return await erasure(visit, error)
    return visit.page("document_erased.html", erased=done)


async def erase_streamed(visit: Visit) -> Response:
    """Server-sent events: ``progress``, then ``erased`` with the piece of the page that shows the proof."""
    await visit.look()

    def translated(name: str, value: Any) -> Any:
        return rendered("erased.html", visit=visit, erased=value) if name == "erased" else value

    return visit.api.streamed(f"{_path(visit)}/erasure", {**_body(visit), "stream": True}, translated)


def _path(visit: Visit) -> str:
    """The path of the document in the API."""
    return f"/documents/{quote(visit.request.path_params['doc_id'], safe='')}"


def _body(visit: Visit) -> dict[str, Any]:
    """A PlannedErasure. Blanks at the ends of a uri belong to it."""
    words = {name: visit.word(name) for name in ("plan", "why")}
    return {**words, "at": visit.at, "uri": next(iter(visit.words("uri")), "")}
