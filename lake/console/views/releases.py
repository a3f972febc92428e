"""Releases: a time line, one release with its checks and acts, two of them compared, and the log."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from lake.console.client import ApiError
from lake.console.visit import ConsoleSection, Visit
from lake.reporting.plots import Plot, release_plot

#: Act -> what is said once it is done.
ACTS = {
    "publish": "is published: readers see it now",
    "rollback": "is live again: readers see it now",
    "pin": "is pinned: runs publish nothing until it is unpinned",
    "unpin": "is unpinned: the next run may publish again",
    "name": "has its name",
    "unname": "has lost that name",
}
#: Kinds of change, in the order of their tabs.
CHANGES = ("changed", "added", "removed", "moved", "reindexed", "entered", "altered", "left")
#: Plots of scores on one page, and rows of one page.
_PLOTS, _ROWS = 2, 50


async def page(visit: Visit) -> Response:
    """The time line; ``r`` twice leads to the comparison of two, ``own`` to the page of the release ``at``."""
    shown = visit.live["release"] if visit.at == "live" and visit.live else visit.at
    if visit.word("own") and shown != "live":
        return visit.back_to(f"/releases/{quote(shown, safe='')}")
    if chosen := visit.words("r"):
        return await _chosen(visit, chosen)
    found = await visit.api.get("/timeline", before=visit.word("before") or None, limit=_ROWS)
    return visit.page("releases.html", found=found, plots=_plots(found["releases"]), problem=None)


async def _chosen(visit: Visit, chosen: Sequence[str]) -> Response:
    order = [row["release"] for row in reversed(visit.releases)]
    known = sorted({name for name in chosen if name in order}, key=order.index)
    if len(known) == 2:
        return visit.back_to("/releases/compare", a=known[0], b=known[1])
    found = await visit.api.get("/timeline", limit=_ROWS)
    problem = f"Choose two releases to compare; {len(known) or 'none'} {'are' if len(known) != 1 else 'is'} chosen."
    if gone := [name for name in chosen if name not in order]:
        problem += f" {' and '.join(gone)} {'is' if len(gone) == 1 else 'are'} not kept any more."
    return visit.page("releases.html", 400, found=found, plots=_plots(found["releases"]), problem=problem)


def _plots(newest_first: Sequence[Mapping[str, Any]]) -> list[Plot]:
    """Scores by measure, then counts, that of the quarantine if it changed; none for a single release."""
    rows = list(reversed(newest_first))
    ids = [row["release"] for row in rows]
    if len(rows) < 2:
        return []
    plots = [
        release_plot(f"scores-{measure}", measure, ids, "score", dict(_scores(rows, measure)))
        for measure in _measures(rows)[:_PLOTS]
    ]
    for column, title in (("n_documents", "Documents"), ("n_chunks", "Chunks"), ("n_quarantined", "In quarantine")):
        values = [{"release": row["release"], "status": row["status"], "value": row[column]} for row in rows]
        if column != "n_quarantined" or len({row["value"] for row in values}) > 1:
            plots.append(release_plot(column, title, ids, "count", {title: values}))
    return plots


def _measures(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Those of the newest release with scores first."""
    found = [f"{one['level']} {one['measure']}" for row in reversed(rows) for one in row["scores"]]
    return list(dict.fromkeys(found))


def _scores(rows: Sequence[Mapping[str, Any]], measure: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """For each set its means; a line never joins means over different questions, or under other settings."""
    of_sets: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        for one in row["scores"]:
            if f"{one['level']} {one['measure']}" == measure:
                point = {"release": row["release"], "status": row["status"], "value": one["mean"]}
                of_sets.setdefault(one["set"], []).append(point | {"alike": (one["questions"], one["settings"])})
    yield from sorted(of_sets.items())


async def release(visit: Visit, problem: ApiError | None = None) -> Response:
    """One release. ``problem``: why an act on it was refused. An address says that an act is done only if it was."""
    path = f"/releases/{quote(visit.request.path_params['release'], safe='')}"
    found = await visit.api.get(path)
    is_last = problem is None and bool(found["entries"]) and found["entries"][0]["action"] == visit.word("done")
    done = ACTS.get(visit.word("done")) if is_last else None
    return visit.page("release.html", problem.status if problem else 200, found=found, done=done, problem=problem)


async def act(visit: Visit) -> Response:
    """What an operator does; a refusal shows the form again, with its reason."""
    named, chosen = visit.request.path_params["release"], visit.word("act")
    if chosen not in ACTS:
        raise ApiError(400, "usage", "there is no such act")
    if not visit.word("why"):
        return await _refused(visit, ApiError(400, "usage", "give a reason; the log keeps it for those who come later"))
    body: dict[str, Any] = {"why": visit.word("why")}
    if chosen == "publish":
        body["force"] = visit.word("force") == "yes"
    if chosen in ("name", "unname"):
        body["name"] = visit.word("name")
    try:
        await visit.api.post(f"/releases/{quote(named, safe='')}/{chosen}", body)
    except ApiError as error:
        if error.status in (401, 403, 404):
            raise
        return await _refused(visit, error)
    return visit.back_to(f"/releases/{quote(named, safe='')}", done=chosen)


async def _refused(visit: Visit, problem: ApiError) -> Response:
    """The form again, with why it was refused."""
    visit.releases, visit.key = await _frame(visit)
    return await release(visit, problem)


async def _frame(visit: Visit) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """What the frame of a page shows, for a page that answers a form."""
    releases, key = await asyncio.gather(visit.api.get("/releases"), visit.api.get("/key"))
    return releases["releases"][::-1], key


async def compare(visit: Visit) -> Response:
    """Two releases: what differs in numbers, and the documents of one kind of change."""
    a, b, kind, start = (visit.word(name) or None for name in ("a", "b", "kind", "start"))
    words = {"a": a, "b": b or visit.at, "start": start, "limit": _ROWS}
    found = await visit.api.get("/diff", kind=kind or "changed", **words)
    if kind is None and not found["rows"]:  # show a kind that has something to show
        full = next((one for one in CHANGES if found["counts"][one]), None)
        found = await visit.api.get("/diff", kind=full, **words) if full else found
    older, newer = await asyncio.gather(*(visit.api.get(f"/releases/{found[one]}") for one in ("a", "b")))
    scores = list(_compared(older["scores"], newer["scores"]))
    return visit.page("compare.html", found=found, scores=scores, older=older, newer=newer, kinds=CHANGES)


def _compared(older: Sequence[Mapping[str, Any]], newer: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Means of both; the difference only of those that were measured alike."""
    before = {(one["set"], one["level"], one["measure"]): one for one in older}
    for one in newer:
        other = before.get((one["set"], one["level"], one["measure"]))
        if other is not None and one["measure"] in ("nDCG@10", "R@10", "recall@5", "correctness"):
            is_alike = all(one[name] == other[name] for name in ("questions", "settings"))
            yield {"a": other, "b": one, "difference": one["mean"] - other["mean"] if is_alike else None}


async def text(visit: Visit) -> Response:
    """How the text of one document differs."""
    doc_id, a, b = (visit.word(name) for name in ("doc", "a", "b"))
    path = f"/documents/{quote(doc_id, safe='')}/diff"
    found = await visit.api.get(path, to=b or None, hunk=visit.word("hunk") or None, **{"from": a or None})
    template = "text_change.html" if visit.is_part else "text_change_page.html"
    return visit.page(template, found=found, a=a, b=b, doc_id=doc_id, uri=visit.word("uri"))


async def log(visit: Visit) -> Response:
    found = await visit.api.get("/log", before=visit.word("before") or None, limit=_ROWS)
    return visit.page("log.html", found=found)


SECTION = ConsoleSection(
    "Releases",
    views={
        "/releases": page,
        "/releases/compare": compare,
        "/releases/text": text,
        "/releases/log": log,
        "/releases/{release}": release,
    },
    acts={"/releases/{release}/act": act},
)
