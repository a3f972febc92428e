"""Answers questions over HTTP, as one object or as it is written."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lake.answer import AnswerOptions, Message
from lake.search.query_ids import query_id
from lake.service.problems import forbidden, problem_of
from lake.service.profiles import Profile
from lake.service.responses import Sent, encode, event

if TYPE_CHECKING:
    from lake.answer import Answer
    from lake.service.keys import Key
    from lake.service.request_bodies import AnswerQuery
    from lake.service.service import Service
    from lake.service.traffic_split import Arm
    from lake.service.watching import Serving


@dataclass(frozen=True, slots=True)
class _AnswerAsked:
    """An answer that a key may have; ``words`` are its search options, chat model, answer options and history."""

    service: Service
    key: Key
    body: AnswerQuery
    words: Mapping[str, Any]

    @classmethod
    def of(cls, service: Service, key: Key, body: AnswerQuery) -> _AnswerAsked:
        """Raises Problem if the key does not allow it."""
        if not key.answers:
            raise forbidden("this API key allows searches, not answers")
        search = service.allowed_at(key, body)
        seconds = min((usual := service.answers).model_seconds, service.bounds.answer_seconds * 0.75)
        options = replace(usual, k=body.k, understand=tuple(body.understand), model_seconds=seconds)
        words = {
            **_under(service.profile(body.profile), service.chat, options),
            **search,
            "history": [Message(turn.role, turn.text) for turn in body.history],
        }
        return cls(service, key, body, words)

    @property
    def degrades(self) -> bool:
        return self.words.get("degrade", self.service.options["degrade"]) is True

    def on_trial(self, arm: Arm) -> dict[str, Any]:
        """The words, with those that the profile of a trial replaces."""
        return {**self.words, **_under(arm.profile, self.words["chat"], self.words["options"])}


def _under(profile: Profile, chat: Any, options: AnswerOptions) -> dict[str, Any]:
    return {**profile.search, "chat": profile.chat or chat, "options": profile.answering(options)}


async def answered(service: Service, key: Key, body: AnswerQuery) -> Sent:
    """An AnswerResult."""
    asking = _AnswerAsked.of(service, key, body)

    def work() -> Sent:
        service.budgets.check(key)
        arm = service.arm(body)
        answer = service.access(key).answer(body.question, arm.at, **asking.on_trial(arm))
        service.budgets.spend(key, answer.usage)
        serving.answered(answer, arm.variant)
        return Sent(str(answer.release), encode(_to_json(answer, arm)), service.headers([answer]))

    with service.watch.serving(key, "answer", body.question) as serving:
        return await service.answering.run(work, service.bounds.answer_seconds)


async def streamed(
    service: Service, key: Key, body: AnswerQuery
) -> tuple[str, AsyncIterator[bytes], Mapping[str, str]]:
    """The release, and server-sent events: ``text`` as it is written, last ``answer`` or ``error``; headers.

    Errors before the first event are raised. An answer from a cache has one ``text``.
    """
    asking = _AnswerAsked.of(service, key, body)

    def find() -> Arm:
        found = service.arm(body)
        return replace(found, at=service.index.release(found.at, degrade=asking.degrades).id)

    def work() -> Iterator[str | Answer]:
        tried = asking.on_trial(arm)
        items = service.access(key).answer_stream(body.question, arm.at, **tried)
        return service.budgets.metered(key, items, tried["chat"], tried["options"])

    with ExitStack() as stack:
        serving = stack.enter_context(service.watch.serving(key, "answer", body.question))
        arm = await service.workers.run(find, service.bounds.seconds)
        items = service.answering.stream(work, service.bounds.answer_seconds)
        first = await anext(items)
        events = _events(first, items, serving, stack.pop_all(), arm)
    return arm.at, events, service.headers([] if isinstance(first, str) else [first])


async def _events(
    item: str | Answer, items: AsyncIterator[str | Answer], serving: Serving, stack: ExitStack, arm: Arm
) -> AsyncIterator[bytes]:
    """The events; ``stack`` ends the serving with the last of them, or when the client leaves."""
    with stack:
        try:
            while isinstance(item, str):
                yield event("text", {"text": item})
                item = await anext(items)
            serving.answered(item, arm.variant)
            if item.cached and item.text:
                yield event("text", {"text": item.text})
            yield event("answer", _to_json(item, arm))
        except Exception as error:  # noqa: BLE001 - the status is sent already; the stream reports the error
            serving.failed(error)
            problem = problem_of(error)
            yield event("error", {"error": problem.error, "message": problem.message})


def _to_json(answer: Answer, arm: Arm) -> dict[str, Any]:
    """An AnswerResult."""
    named = query_id(answer.release, answer.question, arm.variant) if answer.release else None
    return {**answer.to_json(), "query_id": named, "variant": arm.variant}
