"""Routes about people's judgements: two sides compared, and questions drafted from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Body, Query, Request, Response

from lake.directory import Lake
from lake.questions.from_feedback import from_feedback
from lake.service.evaluation_routes import look, measured_or_404, reviewing_key
from lake.service.judging_bodies import DraftsOfFeedback, FeedbackVerdict, JudgedSides, VotesToDraft
from lake.service.routes import JsonRoute, described

if TYPE_CHECKING:
    from lake.service.evaluation_routes import MeasuredLake
    from lake.service.service import Service

_TAG = "Feedback"
_SIDE = "live, a release, its name, a date or time (UTC), or a side of a trial of profiles."
_A = Query(max_length=200, description=_SIDE, examples=["2026-11-20.1"])
_B = Query(max_length=200, description="What to compare with `a`, in the same way.", examples=["live"])
_DAYS = Query(ge=1, le=3660, description="Days to look back; all by default.")
_DRAFTS = {"usual": {"summary": "Two votes on a passage are enough", "value": {"set": "feedback", "at_least": 2}}}


def judging_routes(service: Service, measured: MeasuredLake) -> APIRouter:
    """The routes under ``/evaluation/feedback``."""
    router = APIRouter(route_class=JsonRoute)

    @router.get(
        "/evaluation/feedback", response_model=JudgedSides, **described(_TAG, "List what people judged, by release")
    )
    async def judged_sides(request: Request, days: Annotated[int | None, _DAYS] = None) -> Response:
        """Releases and sides of trials whose passages people judged, with the shares that were useful."""
        return await look(service, request, lambda: measured.feedback(days))

    @router.get(
        "/evaluation/feedback/comparison",
        response_model=FeedbackVerdict,
        **described(_TAG, "Compare two releases or profiles by feedback"),
    )
    async def feedback_comparison(
        request: Request,
        a: Annotated[str, _A] = "live",
        b: Annotated[str, _B] = "live",
        days: Annotated[int | None, _DAYS] = None,
    ) -> Response:
        """Shares of useful passages, their difference with interval and p-value, and the questions judged on both."""
        return await measured_or_404(service, request, lambda: measured.feedback_comparison(a, b, days))

    @router.post(
        "/evaluation/feedback/drafts",
        response_model=DraftsOfFeedback,
        **described(_TAG, "Draft questions from feedback"),
    )
    async def draft_from_feedback(
        asked: Annotated[VotesToDraft, Body(openapi_examples=_DRAFTS)], request: Request
    ) -> Response:
        """Draft a question for each with a passage on which voters agree, as `raglake questions from-feedback` does.

        For keys with `operator`.
        """
        reviewing_key(request)

        def work() -> dict[str, Any]:
            return from_feedback(Lake.existing(service.index.url), asked.set, asked.at_least).to_json()

        return await look(service, request, work)

    return router
