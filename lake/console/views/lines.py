"""The lines that passages without pages are on, which come after their cards: they need the texts of the documents."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from lake.console.visit import Visit

#: What cards of a page are called, and a passage among them: its number and its span.
_CARDS = re.compile(r"[a-z]{1,10}[12]?", re.ASCII)
_PASSAGE = re.compile(r"(\d{1,4})\.(\w{1,64})\.(\d{1,15})\.(\d{1,15})", re.ASCII)
#: As many as the API takes at a time.
_MOST = 100


def passage_word(number: int, hit: Mapping[str, Any]) -> str | None:
    """A passage as ``lines`` takes it; None for one that has a page.

    >>> passage_word(3, {"doc_id": "9b1f", "start": 10, "end": 186, "page": None})
    '3.9b1f.10.186'
    """
    has_page = hit.get("first_page") or hit.get("page")
    return None if has_page else f"{number}.{hit['doc_id']}.{hit['start']}.{hit['end']}"


async def lines(visit: Visit) -> Response:
    """Pieces that replace the places on the cards ``of`` a page; none if the release is no longer that of the page."""
    of = visit.word("of")
    asked = [found.groups() for word in visit.words("passage") if (found := _PASSAGE.fullmatch(word))][:_MOST]
    if not (asked and _CARDS.fullmatch(of)):
        return visit.part("lines.html", places=[])
    spans = [{"doc_id": doc_id, "start": int(start), "end": int(end)} for _, doc_id, start, end in asked]
    found = await visit.api.post("/lines", {"at": visit.at, "spans": spans})
    is_same = found["release"] == visit.word("release")
    pairs = zip((f"{of}-{number}-place" for number, *_ in asked), found["spans"], strict=True)
    return visit.part("lines.html", places=[(name, one) for name, one in pairs if is_same and one["first_line"]])
