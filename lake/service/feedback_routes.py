"""Routes that record what callers think of what they got."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from lake.service.request_bodies import FeedbackBody
from lake.service.response_bodies import FeedbackResult
from lake.service.routes import GUARDED, key_of, of_release

if TYPE_CHECKING:
    from lake.service.service import Service


def feedback_routes(service: Service) -> APIRouter:
    """``/feedback``."""
    router = APIRouter()

    @router.post("/feedback", response_model=FeedbackResult, **GUARDED)
    async def feedback(given: FeedbackBody, request: Request) -> Response:
        """Record whether a passage found by a search, or a whole answer, is useful."""
        return of_release(*await service.feedback(key_of(request), given))

    return router
