"""Routes that record what callers think of what they got."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Body, Request, Response

from lake.service import examples
from lake.service.request_bodies import FeedbackBody
from lake.service.response_bodies import FeedbackResult
from lake.service.routes import JsonRoute, described, key_of, of_release

if TYPE_CHECKING:
    from lake.service.service import Service
_RESULT = {"release": "2026-11-21.2", "feedback_id": "2026-11-22/0f3a"}


def feedback_routes(service: Service) -> APIRouter:
    """``/feedback``."""
    router = APIRouter(route_class=JsonRoute)

    @router.post(
        "/feedback", response_model=FeedbackResult, **described("Feedback", "Judge a passage or an answer", _RESULT)
    )
    async def feedback(
        given: Annotated[FeedbackBody, Body(openapi_examples=examples.FEEDBACK)], request: Request
    ) -> Response:
        """Record whether a passage found by a search, or a whole answer, is useful."""
        return of_release(*await service.feedback(key_of(request), given))

    return router
