"""Feedback: what people judged, two releases or profiles compared by it, and drafts of questions made from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from lake.console.client import ApiError
from lake.console.visit import Visit

_PATH = "/evaluation/feedback"
#: Days that may be chosen; None for all.
_DAYS = ((7, "7 days"), (30, "30 days"), (None, "all"))


async def feedback(visit: Visit, problem: ApiError | None = None) -> Response:
    """All sides, and two of them compared. ``problem``: why nothing was drafted."""
    days = min(max(visit.number("days") or 0, 0), 3660) or None
    listed = await visit.api.get(_PATH, days=days)
    sides = listed["sides"]
    a, b = _chosen(sides, visit.word("a"), visit.word("b"))
    found, refusal = None, None
    if a and b and a != b:
        try:
            found = await visit.api.get(f"{_PATH}/comparison", a=a, b=b, days=days)
        except ApiError as error:
            if error.error not in ("not_measured", "no_release"):
                raise
            refusal = error
    words = {"sides": sides, "a": a, "b": b, "found": found, "refusal": refusal, "days": days, "choices": _DAYS}
    words |= {"results": _side_by_side(visit, found, sides) if found else {}, "problem": problem}
    return visit.page("evaluation_feedback.html", problem.status if problem else 200, **words, tab="feedback")


async def draft(visit: Visit) -> Response:
    """Drafts questions of what people judged, and leads to their review."""
    name = visit.word("set", "feedback")
    try:
        made = await visit.api.post(f"{_PATH}/drafts", {"set": name, "at_least": visit.number("at_least") or 1})
    except ApiError as error:
        if error.status not in (400, 422):
            raise
        await visit.look()
        return await feedback(visit, error)
    if made["drafted"]:
        return visit.back_to(f"/evaluation/sets/{name}/drafts")
    await visit.look()
    return await feedback(visit, ApiError(409, "nothing_drafted", _why_none(made)))


def _why_none(made: Mapping[str, Any]) -> str:
    """Why no judgement became a draft."""
    counts = (
        (made["n_too_few"], "with too few votes on a passage"),
        (len(made["conflicting"]), "on which voters disagree"),
        (made["n_nothing_useful"], "without a useful passage"),
        (made["n_decided"], "that a reviewer decided on before"),
    )
    said = ", ".join(f"{n} {words}" for n, words in counts if n)
    return f"nothing was drafted of {made['n_judgements']} judgements{': ' + said if said else ''}"


def _chosen(sides: Sequence[Mapping[str, Any]], a: str, b: str) -> tuple[str, str]:
    """The sides to compare: those that are chosen, else the two judged last, ``control`` or the older one first."""
    names = [str(side["release"]) for side in sides]
    usual = sorted(names[:2], key=lambda name: (name != "control", names.index(name) == 0))
    first, second = usual if len(usual) == 2 else (*names, "", "")[:2]
    return a or first, b or second


def _side_by_side(visit: Visit, found: Mapping[str, Any], sides: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """For each question the address of its results on both sides."""
    variants = {side["release"] for side in sides if side["is_variant"]}
    words: dict[str, Any] = {"compare": 1, "at": None}
    for suffix, side in (("", found["a"]["release"]), ("_b", found["b"]["release"])):
        if side not in variants:
            words[f"at{suffix}"] = side
        elif side != "control":
            words[f"profile{suffix}"] = side
    return {one["question"]: visit.href("/search", q=one["question"], **words) for one in found["questions"]}
