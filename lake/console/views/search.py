"""Search: the passages of a question, what they could be filtered by, and two ways to search side by side."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from lake.console.client import ApiError
from lake.console.views.judging import draft, judge, question
from lake.console.views.lines import lines
from lake.console.views.passages import PassageCard, moved, passages
from lake.console.views.search_settings import (
    EXPANDS,
    FACETS,
    MODES,
    NONE,
    SearchSettings,
    add_picked,
    facet_labels,
    filters_of,
    profile_choices,
    profile_label,
    reranker_words,
)
from lake.console.views.why import why
from lake.console.visit import ConsoleSection, Visit

#: How many passages may be chosen.
SIZES = [(str(n), str(n)) for n in (5, 10, 20, 50)]
#: Questions to begin with.
_EXAMPLES = 4
#: Stands for what a service offers that can't tell at the moment.
_NOTHING: dict[str, Any] = {"configured": {}, "profiles": []}


@dataclass(frozen=True, slots=True)
class SearchColumn:
    """Results under some settings, or why there are none."""

    settings: SearchSettings
    found: dict[str, Any] | None
    passages: list[PassageCard]
    problem: ApiError | None = None


async def page(visit: Visit) -> Response:
    if visit.has_nothing:
        return visit.page("nothing_live.html")
    text, filters = visit.word("q"), filters_of(visit)
    chosen = [SearchSettings.of(visit)] + ([SearchSettings.of(visit, "_b")] if visit.word("compare") else [])
    counting = visit.api.post("/facets", {"at": visit.at, **({"filters": filters} if filters else {})})
    columns, facets, examples, offered = await asyncio.gather(
        _columns(visit, text, filters, chosen),
        _or_problem(counting),
        _examples(visit, text),
        _or_problem(visit.api.get("/profiles")),
    )
    if not isinstance(facets, ApiError):
        add_picked(facets["facets"], visit)
    words = {"text": text, "columns": columns, "filters": filters, "chosen": chosen, "facets": facets}
    offered = _NOTHING if isinstance(offered, ApiError) else offered
    profiles = profile_choices(offered, *(one.profile for one in chosen))
    words["n_quarantined"] = visit.shown.get("n_quarantined", 0) if visit.key["principals"] == "*" else 0
    words |= {"examples": examples, "usual": offered["configured"], "profiles": profiles}
    words |= {"facet_labels": facet_labels, "reranker_words": reranker_words}
    words |= {"titles": FACETS, "modes": MODES, "expands": EXPANDS, "sizes": SIZES, "none_value": NONE}
    words["profile_label"] = profile_label(offered)
    status = columns[0].problem.status if len(columns) == 1 and columns[0].problem else 200
    return visit.page("search.html", status, **words)


async def _examples(visit: Visit, text: str) -> list[str]:
    """Questions of the lake to begin with, for those who may see them."""
    if text or visit.key["principals"] != "*":
        return []
    sets = await _or_problem(visit.api.get("/evaluation/sets"))
    if isinstance(sets, ApiError) or not sets["sets"]:
        return []
    path = f"/evaluation/sets/{quote(sets['sets'][0]['set'], safe='')}/drafts"
    found = await _or_problem(visit.api.get(path, all=True, evidence=False, limit=_EXAMPLES))
    return [] if isinstance(found, ApiError) else [one["text"] for one in found["drafts"]]


async def _columns(
    visit: Visit, text: str, filters: dict[str, Any], chosen: list[SearchSettings]
) -> list[SearchColumn]:
    if not text:
        return []
    bodies = [{**one.body(text, filters), "explain": True} for one in chosen]
    found = await asyncio.gather(*(_or_problem(visit.api.post("/query", body)) for body in bodies))
    columns = [
        SearchColumn(settings, None, [], one)
        if isinstance(one, ApiError)
        else SearchColumn(settings, one, passages(one["hits"]))
        for settings, one in zip(chosen, found, strict=True)
    ]
    problem = columns[0].problem
    if len(columns) == 1 and problem is not None and not problem.may_be_tried_again:
        raise problem
    if len(columns) == 2 and all(column.found for column in columns):
        moved(columns[0].passages, columns[1].passages)
    return columns


async def _or_problem(request: Any) -> Any:
    """The response, or the error that stands in its place: the other parts of the page are shown anyway."""
    try:
        return await request
    except ApiError as error:
        if error.status == 401:
            raise
        return error


SECTION = ConsoleSection(
    "Search",
    views={"/search": page, "/search/why": why, "/search/question": question},
    acts={"/search/judge": judge, "/search/question": draft},
    parts={"/search/lines": lines},
)
