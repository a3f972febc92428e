"""Answers many searches of one request: from one release, embedded together, each with its own error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from lake.errors import LakeError
from lake.service.problems import Problem, invalid, problem_of
from lake.service.request_bodies import BatchedQuery, BatchQuery
from lake.service.responses import Sent, encode

if TYPE_CHECKING:
    from lake.schemas.result import SearchResult
    from lake.service.keys import Key
    from lake.service.service import Service


async def answered(service: Service, key: Key, body: BatchQuery, charge: Callable[[int], None]) -> Sent:
    """A BatchResult. ``charge`` counts further requests of the caller, and raises Problem if there are too many."""
    n, most = len(body.queries), service.bounds.max_queries
    if n > most:
        raise Problem(413, "too_large", f"{n} questions at once; this service's maximum is {most}")
    key.check([name for name in ("at", "degrade") if name in body.model_fields_set])
    charge(n - 1)
    questions = [_checked(service, key, value) for value in body.queries]

    asked = [question for question in questions if not isinstance(question, Problem)]

    def work() -> Sent:
        arm = service.arm(body)
        release = service.index.release(arm.at, degrade=body.degrade).id
        tried = [{**question, **arm.profile.search} for question in asked]
        costly = [{**service.options, **question} for question in tried]
        with service.budgets.searching(key, service.index, *costly) as spent:
            spent += (found := service.access(key).search_outcomes(tried, release, degrade=body.degrade))
        for serving, result in zip(servings, found, strict=True):
            serving.failed(result) if isinstance(result, LakeError) else serving.searched(result, arm.variant)
        found = [arm.marked(one, question["text"]) for one, question in zip(found, asked, strict=True)]
        following = iter(found)
        results = [question if isinstance(question, Problem) else next(following) for question in questions]
        return _sent(service, release, results, arm.variant)

    with ExitStack() as stack:
        servings = [stack.enter_context(service.watch.serving(key, "search", question["text"])) for question in asked]
        return await service.workers.run(work, service.bounds.seconds, n)


def _checked(service: Service, key: Key, value: Any) -> dict[str, Any] | Problem:
    """The text and options of a question, or why it is refused."""
    try:
        question = BatchedQuery.model_validate(value)
        if len(encode(value)) > service.bounds.body_bytes:
            return Problem(413, "too_large", f"a question may have at most {service.bounds.body_bytes:,} bytes")
        options = service.allowed(key, question)
    except ValidationError as error:
        return invalid(error.errors())
    except (LakeError, Problem) as error:
        return problem_of(error)
    return {"text": question.text, **options, **({} if question.n is None else {"k": question.n})}


def _sent(
    service: Service, release: str, results: Sequence[SearchResult | LakeError | Problem], variant: str | None
) -> Sent:
    parts, rows = [], []
    for result in results:
        if isinstance(result, Exception):
            problem = problem_of(result)
            rows.append({"status": problem.status, "error": problem.error, "message": problem.message})
        else:
            parts.append(result)
            named = {name: getattr(result, name) for name in ("query_id", "degraded", "stale_since", "cached")}
            rows.append({**named, "variant": variant, "hits": result.hits.to_pylist()})
    return Sent(release, encode({"release": release, "results": rows}), service.headers(parts))
