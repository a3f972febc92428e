"""Evaluation: sets of questions, scores over releases, questions, comparisons, drafts to review, and live traffic."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from lake.console.client import ApiError
from lake.console.views.experiments import experiment, experiments
from lake.console.views.feedback import draft, feedback
from lake.console.visit import ConsoleSection, Visit, before_of
from lake.reporting.plots import Plot, release_plot

_ROOT = "/evaluation"
_OF_SET = f"{_ROOT}/sets/{{name}}"
#: The scores of a set on the page of all sets.
_HEADLINES = ("document nDCG@10", "document R@10", "answer correctness")
#: Rows of a page of questions, and days of traffic.
_ROWS, _DAYS = 25, (1, 7, 30)


async def overview(visit: Visit) -> Response:
    """All sets, with their scores at the release that the visitor looks at."""
    found, release = await asyncio.gather(visit.api.get("/evaluation/sets"), _release(visit))
    of_set: dict[str, list[dict[str, Any]]] = {}
    for headline in _HEADLINES:
        for one in release["scores"]:
            if f"{one['level']} {one['measure']}" == headline:
                of_set.setdefault(one["set"], []).append(one)
    return visit.page("evaluation.html", sets=found["sets"], scores=of_set, release=release["release"], tab="sets")


async def _release(visit: Visit) -> dict[str, Any]:
    """The release with its scores; none of them if there is no such release."""
    try:
        found: dict[str, Any] = await visit.api.get(f"/releases/{quote(visit.at, safe='')}")
    except ApiError as error:
        if error.status != 404:
            raise
        return {"release": visit.at, "scores": []}
    return found


async def series(visit: Visit) -> Response:
    """A set over releases."""
    found = await visit.api.get(_path(visit))
    shown = {"found": found, "plots": list(_plots(found)), "breaks": _breaks(found)}
    return _page(visit, "evaluation_set.html", "scores", **shown)


async def questions(visit: Visit) -> Response:
    """The questions of a set at a release, worst first."""
    words = {"settings": visit.word("settings") or None, "measure": visit.word("measure") or None}
    start = visit.number("start") or 0
    found, problem = None, None
    try:
        found = await visit.api.get(f"{_path(visit)}/questions", at=visit.at, start=start, limit=_ROWS, **words)
    except ApiError as error:
        problem = _not_measured(error)
    return _page(visit, "evaluation_questions.html", "questions", found=found, problem=problem, start=start)


async def comparison(visit: Visit) -> Response:
    """Two releases on a set."""
    b = visit.word("b", "live")
    compared = (visit.live or {}).get("release", b) if b == "live" else b
    a = visit.word("a") or before_of(visit, compared)
    words = {"settings": visit.word("settings") or None, "measure": visit.word("measure") or None}
    found, problem = None, None
    try:
        found = await visit.api.get(f"{_path(visit)}/comparison", a=a, b=b, **words)
    except ApiError as error:
        problem = _not_measured(error)
    return _page(visit, "evaluation_compare.html", "compare", found=found, problem=problem, a=a, b=b)


async def drafts(visit: Visit) -> Response:
    """One draft after another."""
    start = visit.number("start") or 0
    found = await visit.api.get(f"{_path(visit)}/drafts", start=start, limit=1)
    if not found["drafts"] and start:
        start, found = 0, await visit.api.get(f"{_path(visit)}/drafts", start=0, limit=1)
    return _page(visit, "evaluation_drafts.html", "drafts", found=found, start=start)


async def decide(visit: Visit) -> Response:
    """A reviewer's decision."""
    body: dict[str, Any] = {"decision": visit.word("decision")}
    if body["decision"] == "edit":
        answers = [line.strip() for line in visit.word("answers").splitlines() if line.strip()]
        body |= {"text": visit.word("text"), "answers": answers}
    question = quote(visit.request.path_params["question_id"], safe="")
    done = body["decision"]
    try:
        await visit.api.post(f"{_path(visit)}/drafts/{question}", body)
    except ApiError as error:
        if error.error != "no_question":  # somebody else may have dropped it
            raise
        done = "gone"
    name = visit.request.path_params["name"]
    return visit.back_to(f"{_ROOT}/sets/{quote(name, safe='')}/drafts", start=visit.number("start") or None, done=done)


async def traffic(visit: Visit) -> Response:
    """What services were asked."""
    days = visit.number("days") or 7
    found = await visit.api.get("/evaluation/traffic", days=min(max(days, 1), 366))
    return visit.page("evaluation_traffic.html", found=found, days=_DAYS, tab="traffic")


def _page(visit: Visit, template: str, tab: str, **words: Any) -> Response:
    return visit.page(template, name=visit.request.path_params["name"], tab=tab, root=_root(visit), **words)


def _root(visit: Visit) -> str:
    return f"{_ROOT}/sets/{quote(visit.request.path_params['name'], safe='')}"


def _path(visit: Visit) -> str:
    """The path of the set in the API, which is that of its page."""
    return _root(visit)


def _not_measured(error: ApiError) -> ApiError:
    """What a page explains in place of scores; raises every other refusal."""
    if error.error != "not_measured":
        raise error
    return error


def _plots(found: Mapping[str, Any]) -> Iterator[Plot]:
    """One for each measure, with a line for each search profile that breaks if its questions change."""
    status = {row["release"]: row["status"] for row in found["releases"]}
    ids = list(status)
    labels = sorted({one["label"] for one in found["series"]})
    of_measure: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for one in found["series"]:
        profiles = of_measure.setdefault(f"{one['level']} {one['measure']}", {})
        profiles[one["label"]] = [_row(point, status) for point in one["points"]]
    for measure, rows in of_measure.items():
        yield release_plot(f"set-{measure}", measure.replace("_", " "), ids, "score", rows, labels)
    times: dict[str, list[dict[str, Any]]] = {}
    for point in found["latencies"]:
        label = next((one["label"] for one in found["series"] if one["settings"] == point["settings"]), "search")
        row = {"release": point["release"], "status": status[point["release"]], "value": 1000 * point["p95"]}
        times.setdefault(label, []).append(row)
    if times:
        yield release_plot("set-latency", "time of 95 of 100 searches", ids, "ms", times, labels)


def _row(point: Mapping[str, Any], status: Mapping[str, str]) -> dict[str, Any]:
    named = {name: point[name] for name in ("release", "low", "high")}
    return {**named, "status": status[point["release"]], "value": point["mean"], "alike": point["questions"]}


def _breaks(found: Mapping[str, Any]) -> list[str]:
    """The releases from which on the first series is over other questions than before."""
    points: Sequence[Mapping[str, Any]] = found["series"][0]["points"] if found["series"] else []
    return [b["release"] for a, b in pairwise(points) if a["questions"] != b["questions"]]


SECTION = ConsoleSection(
    "Evaluation",
    views={
        _ROOT: overview,
        f"{_ROOT}/traffic": traffic,
        f"{_ROOT}/feedback": feedback,
        f"{_ROOT}/experiments": experiments,
        f"{_ROOT}/experiments/{{experiment_id}}": experiment,
        _OF_SET: series,
        f"{_OF_SET}/questions": questions,
        f"{_OF_SET}/compare": comparison,
        f"{_OF_SET}/drafts": drafts,
    },
    acts={f"{_ROOT}/feedback": draft, f"{_OF_SET}/drafts/{{question_id}}": decide},
)
