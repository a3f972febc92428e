"""A document as a release holds it: its text with chunk borders, what is known of it, and its history."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from lake.console.client import ApiError
from lake.console.pieces import pieces_of
from lake.console.views.erasure import erase, erase_streamed, erasure
from lake.console.visit import ConsoleSection, Visit, before_of, whole_number

#: Characters of text on one page of a document, and headings in its outline.
_CHARACTERS, _HEADINGS = 20_000, 200
_PDF = "application/pdf"


async def text(visit: Visit) -> Response:
    """The text, section by section."""
    start, path = visit.number("start") or 0, _path(visit)
    found, sections = await asyncio.gather(
        visit.api.get(f"{path}/description", at=visit.at),
        visit.api.get(f"{path}/sections", at=visit.at, start=start, characters=_CHARACTERS),
    )
    for section in sections["sections"]:
        section["pieces"] = pieces_of(section)
    first = sections["sections"][0] if sections["sections"] else {}
    number = visit.number("page") or first.get("first_page") or first.get("page") or 1
    shown = {
        "sections": sections,
        "chosen": visit.word("chunk"),
        "outline": _around(found["outline"], start),
        "number": number if found["media_type"] == _PDF else None,
        "n_pages": found["metadata"].get("pages"),
        "is_framed": visit.word("lines") != "off",
        "start": start,
    }
    return _page(visit, "document.html", "text", found, **shown)


async def about(visit: Visit) -> Response:
    """Metadata, rights, lineage, and what was left out."""
    found = await visit.api.get(f"{_path(visit)}/description", at=visit.at)
    return _page(visit, "document_about.html", "about", found)


async def history(visit: Visit) -> Response:
    """The releases that changed it."""
    found, changes = await asyncio.gather(
        visit.api.get(f"{_path(visit)}/description", at=visit.at),
        visit.api.get(f"{_path(visit)}/history", at=visit.at),
    )
    before = before_of(visit, found["release"])
    return _page(visit, "document_history.html", "history", found, history=changes, before=before)


async def difference(visit: Visit) -> Response:
    """The text at two releases."""
    b = visit.word("to") or visit.at
    a = visit.word("from") or before_of(visit, str((visit.live or {}).get("release", b)) if b == "live" else b)
    words = {"from": a, "to": b, "hunk": visit.number("hunk") or 0}
    found = await visit.api.get(f"{_path(visit)}/diff", **words)
    return visit.page("document_diff.html", diff=found, doc_id=found["doc_id"], hunk=words["hunk"])


async def picture(visit: Visit) -> Response:
    """A page of a PDF, or why there is no picture of it; a whole page without script."""
    number, problem = _page_number(visit), None
    try:
        await _drawn(visit, number)
    except ApiError as error:
        if error.error != "no_picture":
            raise
        problem = error
    shown: dict[str, Any] = {"number": number, "is_framed": visit.word("lines") != "off", "problem": problem}
    template = "document_picture.html" if visit.is_part else "document_page.html"
    return visit.page(template, doc_id=visit.request.path_params["doc_id"], **shown)


async def png(visit: Visit) -> Response:
    """The picture itself."""
    reply = await _drawn(visit, _page_number(visit))
    return Response(reply.content, media_type="image/png")


def _page_number(visit: Visit) -> int:
    written = visit.request.path_params["page"]
    number = whole_number(written)
    if number is None:
        raise ApiError(404, "not_found", f"there is no page {written[:20]!r}")
    return number


async def _drawn(visit: Visit, number: int) -> Any:
    words = {"at": visit.at, "lines": str(visit.word("lines") != "off").lower()}
    return await visit.api.response("GET", f"{_path(visit)}/pages/{number}", words)


def _path(visit: Visit) -> str:
    """The path of the document in the API."""
    return f"/documents/{quote(visit.request.path_params['doc_id'], safe='')}"


def _page(visit: Visit, template: str, tab: str, found: dict[str, Any], **words: Any) -> Response:
    return visit.page(template, document=found, tab=tab, doc_id=found["doc_id"], **words)


def _around(outline: list[dict[str, Any]], start: int) -> list[dict[str, Any]]:
    """The headings around a place of the text, at most as many as a page shows."""
    at = sum(one["start"] <= start for one in outline)
    first = max(0, min(at - _HEADINGS // 2, len(outline) - _HEADINGS))
    return outline[first : first + _HEADINGS]


_ROOT = "/documents/{doc_id}"
SECTION = ConsoleSection(
    None,
    views={
        _ROOT: text,
        f"{_ROOT}/about": about,
        f"{_ROOT}/history": history,
        f"{_ROOT}/diff": difference,
        f"{_ROOT}/erasure": erasure,
        f"{_ROOT}/pages/{{page}}": picture,
        f"{_ROOT}/pages/{{page}}/png": png,
    },
    acts={f"{_ROOT}/erasure": erase, f"{_ROOT}/erasure/stream": erase_streamed},
)
