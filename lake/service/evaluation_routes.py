"""Routes about questions and scores, for keys that see all documents, since questions quote them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Protocol

from fastapi import APIRouter, Body, Path, Query, Request, Response

from lake.errors import UsageError
from lake.releases.history import NoReleaseError
from lake.service.evaluation_bodies import (
    Decided,
    DraftMade,
    Drafts,
    MeasuredQuestions,
    QuestionOfPassage,
    QuestionSets,
    ReviewDecision,
    SetComparison,
    SetSeries,
    Traffic,
)
from lake.service.problems import Problem, forbidden
from lake.service.responses import encode
from lake.service.review import draft_of, drafts, review
from lake.service.routes import JSON, JsonRoute, acting_key, described, key_of

if TYPE_CHECKING:
    from lake.service.keys import Key
    from lake.service.service import Service

_TAG = "Evaluation"
_SET = Path(max_length=64, description="The name of the set.", openapi_examples={"a set": {"value": "pumps"}})
_QUESTION = Path(max_length=64, description="A question_id.", openapi_examples={"a draft": {"value": "5e0c4a92d1b7"}})
_LAST = Query(ge=1, le=200, description="Number of releases, the newest ones.")
_AT = Query(max_length=200, description="The release, as in a search.")
_SETTINGS = Query(max_length=4000, description="A search profile that was measured, as JSON; else the lake's own.")
_MEASURE = Query(max_length=100, description='The measure to order by, such as "document nDCG@10".')
_START = Query(ge=0, le=2**31, description="Number of the first row.")
_LIMIT = Query(ge=1, le=200, description="Maximum number of rows.")
_DAYS = Query(ge=1, le=366, description="Days to look back.")
_ALL = Query(alias="all", description="Also return reviewed questions, after the others.")
_EVIDENCE = Query(description="Find the evidence in live, which takes longer; without it there is none.")
_PASSAGES = {
    "a hit": {"summary": "A hit of a search", "value": {"query_id": "q1.vDylVb...", "chunk_id": "c4cc6ce2..."}},
    "a quote": {
        "summary": "A quote of a document",
        "value": {"text": "When is the oil changed?", "uri": "pump.md", "quote": "Change the oil every 400 hours."},
    },
}
_DECISIONS = {
    "accept": {"summary": "Keep it as it is", "value": {"decision": "accept"}},
    "edit": {"summary": "Keep it in other words", "value": {"decision": "edit", "text": "When is the oil changed?"}},
    "drop": {"summary": "Delete it for good", "value": {"decision": "drop"}},
}


class MeasuredLake(Protocol):
    """What is known of a lake's questions and scores, as JSON; raises UsageError for what was not measured."""

    def sets(self) -> dict[str, Any]:
        """QuestionSets."""
        ...

    def series(self, name: str, last: int) -> dict[str, Any]:
        """SetSeries of the ``last`` releases."""
        ...

    def questions(
        self, name: str, at: str, settings: str | None, measure: str | None, start: int, limit: int
    ) -> dict[str, Any]:
        """MeasuredQuestions of a release."""
        ...

    def comparison(self, name: str, a: str, b: str, settings: str | None, measure: str | None) -> dict[str, Any]:
        """SetComparison of two releases."""
        ...

    def traffic(self, days: int) -> dict[str, Any]:
        """Traffic of the last days."""
        ...

    def feedback(self, days: int | None) -> dict[str, Any]:
        """JudgedSides of the last days; None for all."""
        ...

    def feedback_comparison(self, a: str, b: str, days: int | None) -> dict[str, Any]:
        """FeedbackVerdict of two releases or sides of a trial."""
        ...


def evaluation_routes(service: Service, measured: MeasuredLake) -> APIRouter:
    """The routes under ``/evaluation``."""
    router = APIRouter(route_class=JsonRoute)
    _score_routes(router, service, measured)
    _review_routes(router, service)

    @router.get("/evaluation/traffic", response_model=Traffic, **described(_TAG, "Sum up live traffic"))
    async def traffic(request: Request, days: Annotated[int, _DAYS] = 7) -> Response:
        """Outcomes, times and costs of searches and answers, and questions that need attention; from the query log."""
        return await look(service, request, lambda: measured.traffic(days))

    return router


def _score_routes(router: APIRouter, service: Service, measured: MeasuredLake) -> None:
    @router.get("/evaluation/sets", response_model=QuestionSets, **described(_TAG, "List the sets of questions"))
    async def question_sets(request: Request) -> Response:
        """Sets of questions with known answers, and their drafts."""
        return await look(service, request, measured.sets)

    @router.get(
        "/evaluation/sets/{name}", response_model=SetSeries, **described(_TAG, "List the scores of a set over releases")
    )
    async def set_series(name: Annotated[str, _SET], request: Request, last: Annotated[int, _LAST] = 30) -> Response:
        """Means with intervals by search profile and measure, and times of searches."""
        return await measured_or_404(service, request, lambda: measured.series(name, last))

    @router.get(
        "/evaluation/sets/{name}/questions",
        response_model=MeasuredQuestions,
        **described(_TAG, "List the questions of a set by their scores"),
    )
    async def measured_questions(
        name: Annotated[str, _SET],
        request: Request,
        at: Annotated[str, _AT] = "live",
        settings: Annotated[str | None, _SETTINGS] = None,
        measure: Annotated[str | None, _MEASURE] = None,
        start: Annotated[int, _START] = 0,
        limit: Annotated[int, _LIMIT] = 50,
    ) -> Response:
        """The questions at a release, worst first, from the scores that were stored."""
        return await measured_or_404(
            service, request, lambda: measured.questions(name, at, settings, measure, start, limit)
        )

    @router.get(
        "/evaluation/sets/{name}/comparison",
        response_model=SetComparison,
        **described(_TAG, "Compare two releases on a set"),
    )
    async def set_comparison(
        name: Annotated[str, _SET],
        request: Request,
        a: Annotated[str, _AT] = "live",
        b: Annotated[str, _AT] = "live",
        settings: Annotated[str | None, _SETTINGS] = None,
        measure: Annotated[str | None, _MEASURE] = None,
    ) -> Response:
        """Verdicts, wins and losses by question, from the scores that were stored; nothing is measured anew."""
        return await measured_or_404(service, request, lambda: measured.comparison(name, a, b, settings, measure))


def _review_routes(router: APIRouter, service: Service) -> None:
    @router.get("/evaluation/sets/{name}/drafts", response_model=Drafts, **described(_TAG, "List the drafts of a set"))
    async def set_drafts(
        name: Annotated[str, _SET],
        request: Request,
        start: Annotated[int, _START] = 0,
        limit: Annotated[int, _LIMIT] = 20,
        every: Annotated[bool, _ALL] = False,
        evidence: Annotated[bool, _EVIDENCE] = True,
    ) -> Response:
        """Questions that nobody has reviewed, with their evidence in the live release."""
        words = {"every": every, "with_evidence": evidence}
        return await look(service, request, lambda: drafts(service.index, name, start, limit, **words))

    @router.post(
        "/evaluation/sets/{name}/drafts",
        response_model=DraftMade,
        **described(_TAG, "Draft a question of a passage", refusal_409="A person accepted this question before."),
    )
    async def draft_question(
        name: Annotated[str, _SET],
        asked: Annotated[QuestionOfPassage, Body(openapi_examples=_PASSAGES)],
        request: Request,
    ) -> Response:
        """Draft a question that a passage answers; once accepted in a review, it counts for the gate.

        For keys with `operator`; 409 if a person accepted this question before.
        """
        key = reviewing_key(request)
        return await look(service, request, lambda: draft_of(service.index, name, asked, key.name))

    @router.post(
        "/evaluation/sets/{name}/drafts/{question_id}", response_model=Decided, **described(_TAG, "Review a question")
    )
    async def review_draft(
        name: Annotated[str, _SET],
        question_id: Annotated[str, _QUESTION],
        asked: Annotated[ReviewDecision, Body(openapi_examples=_DECISIONS)],
        request: Request,
    ) -> Response:
        """Accept, edit or drop a question, as `raglake questions review` does; for keys with `operator`."""
        reviewing_key(request)
        return await look(
            service,
            request,
            lambda: review(service.index, name, question_id, asked.decision, asked.text, asked.answers),
        )


def reviewing_key(request: Request) -> Key:
    key = acting_key(request)
    if not key.operator:
        raise forbidden('this API key may not draft or review questions; an operator\'s key has "operator": true')
    return key


async def look(service: Service, request: Request, work: Callable[[], dict[str, Any]]) -> Response:
    """The result of ``work`` for a key that sees all documents."""
    _check_sight(key_of(request))
    body = await service.workers.run(lambda: encode(work()), service.bounds.seconds)
    return Response(body, media_type=JSON)


async def measured_or_404(service: Service, request: Request, work: Callable[[], dict[str, Any]]) -> Response:
    """Like ``look``; what does not exist or was not measured is a 404."""

    def read() -> dict[str, Any]:
        try:
            return work()
        except NoReleaseError:
            raise
        except UsageError as error:
            raise Problem(404, "not_measured", str(error)) from error

    return await look(service, request, read)


def _check_sight(key: Key) -> None:
    if not key.sees_everything:
        raise forbidden(
            "questions and scores are about all documents of the lake, and this API key does not see all of them; an "
            'operator can give it "principals": "*" (without keys: raglake serve --as "*")'
        )
