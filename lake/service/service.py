"""What each request is answered with; knows the lake and nothing of HTTP."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from lake.adapters.access import Access
from lake.answer import AnswerOptions, Message
from lake.errors import LakeError, UsageError
from lake.index import Index
from lake.search.query_ids import query_id, searched
from lake.service.capacity import Capacity
from lake.service.keys import Key
from lake.service.messages import AnswerQuery, FeedbackBody, SearchBody, SearchQuery
from lake.service.metrics import Metrics
from lake.service.problems import Problem, forbidden, no_release, problem_of
from lake.service.workers import Workers
from lake.storage import clock

if TYPE_CHECKING:
    from lake.answer import Answer, AnswerOptions, ChatModel
    from lake.service.traffic_split import Split

#: Seconds for which the lake is not looked at again.
_FRESH = 1.0
#: Seconds that loading a model may take before the service listens without it.
_WARM_UP = 300.0


class Service:
    """One lake, its threads and its figures.

    ``options`` are words of every search, unless a request sets them; ``answers`` is how answers are made, but for
    what a request says of it.
    """

    def __init__(
        self,
        index: Index,
        bounds: Capacity,
        options: Mapping[str, Any],
        chat: ChatModel | None = None,
        answers: AnswerOptions | None = None,
        split: Split | None = None,
    ) -> None:
        self.index, self.bounds, self.options = index, bounds, dict(options)
        self.chat, self.answers, self.split = chat, answers, split
        self._judged = DayCount(bounds.feedback_a_day)
        self.workers = Workers(bounds.n_threads, bounds.n_waiting)
        # Whoever asks whether we are well must not stand in line behind questions.
        self._looking = Workers(1, 64)
        # Nor must searches behind a chat model, which takes seconds.
        self.answering = Workers(bounds.n_answering, bounds.n_waiting)
        self.metrics = Metrics(lambda: self.workers.n_taken + self.answering.n_taken)
        self._health: tuple[float, dict[str, Any]] = (float("-inf"), {})

    async def warm_up(self) -> None:
        """Load the model and open the tables before the first question; what fails now is told to who asks."""
        access = Access(self.index, options=self.options)
        for release in ("live", *(self.split.shares if self.split else ())):
            with suppress(LakeError, OSError, Problem):
                await self._looking.run(partial(access.search, "warm up", 1, release), _WARM_UP)

    async def query(self, key: Key, asked: SearchQuery) -> tuple[str, bytes]:
        """The release, and a QueryResult."""
        how = self._allowed(key, asked)

        def work() -> tuple[str, bytes]:
            at = self._tried(asked)
            self._found(at)
            found = self._access(key).search(asked.text, asked.n, at, **how)
            named = {"release": found.release, "query_id": found.query_id}
            return found.release, encode({**named, "hits": found.hits.to_pylist()})

        return await self.workers.run(work, self.bounds.seconds)

    async def answer(self, key: Key, asked: AnswerQuery) -> tuple[str, bytes]:
        """The release, and an AnswerResult."""
        words = self._answer_words(key, asked)

        def work() -> tuple[str, bytes]:
            told = self._access(key).answer(asked.question, self._found(self._tried(asked)), **words)
            self._count(told)
            return str(told.release), encode(_told(told))

        return await self.answering.run(work, self.bounds.answer_seconds)

    async def answer_events(self, key: Key, asked: AnswerQuery) -> tuple[str, AsyncIterator[bytes]]:
        """The release, and server-sent events: ``text`` as it is written, last ``answer`` or ``error``.

        What goes wrong before there is anything to send is raised.
        """
        words = self._answer_words(key, asked)
        release = await self.workers.run(lambda: self._found(self._tried(asked)), self.bounds.seconds)

        def work() -> Iterator[str | Answer]:
            return self._access(key).answer_stream(asked.question, release, **words)

        items = self.answering.stream(work, self.bounds.answer_seconds)
        return release, self._events(await anext(items), items)

    async def _events(self, item: str | Answer, items: AsyncIterator[str | Answer]) -> AsyncIterator[bytes]:
        try:
            while isinstance(item, str):
                yield event("text", {"text": item})
                item = await anext(items)
            self._count(item)
            yield event("answer", _told(item))
        except Exception as error:  # noqa: BLE001 - the status is sent already; the client is told here
            problem = problem_of(error)
            yield event("error", {"error": problem.error, "message": problem.message})

    def _answer_words(self, key: Key, asked: AnswerQuery) -> dict[str, Any]:
        if not key.answers:
            raise forbidden("this API key is for searching, not for answers")
        options = replace(self.answers or AnswerOptions(), k=asked.k, understand=tuple(asked.understand))
        history = [Message(turn.role, turn.text) for turn in asked.history]
        return self._allowed(key, asked) | {"chat": self.chat, "options": options, "history": history}

    def _count(self, told: Answer) -> None:
        if told.usage:
            self.metrics.answered(told.usage.n_input, told.usage.n_output)

    async def feedback(self, key: Key, given: FeedbackBody) -> tuple[str, bytes]:
        """The release, and a Judged."""
        self._judged.take()

        def work() -> tuple[str, bytes]:
            release = searched(given.query_id)[0]
            self._found(release)
            words: dict[str, Any] = {"voter": given.session, "principals": key.principals}
            try:
                name = self.index.feedback(given.query_id, given.chunk_id, given.useful, **words)
            except UsageError as error:
                raise Problem(404, "no_passage", str(error)) from error
            return release, encode({"release": release, "feedback_id": name})

        return await self.workers.run(work, self.bounds.seconds)

    async def document(self, key: Key, doc_id: str, at: str, start: int) -> tuple[str, bytes]:
        """The release, and a Document."""
        _check_options(key, ["at"] if at != "live" else [])

        def work() -> tuple[str, bytes]:
            characters = self.bounds.document_characters
            try:
                self._found(at)
                read = self._access(key).document(doc_id, at, start, characters)
            except UsageError as error:
                raise Problem(404, "no_document", str(error)) from error
            return read["release"], encode(read)

        return await self.workers.run(work, self.bounds.seconds)

    async def releases(self, key: Key) -> bytes:
        return await self.workers.run(lambda: encode({"releases": self._access(key).releases()}), self.bounds.seconds)

    async def health(self) -> dict[str, Any]:
        """As of messages.Health, at most a second old."""
        at, found = self._health
        if time.monotonic() - at > _FRESH:
            found = await self._looking.run(self._look, self.bounds.seconds)
            self._health = time.monotonic(), found
        return found

    def _look(self) -> dict[str, Any]:
        try:
            live = self.index.history().live
            if live is None:
                return {"status": "empty", "release": None}
            for name in ("documents", "chunks"):
                self.index.dataset(name).count_rows()
            return {"status": "ok", "release": live.id}
        except (LakeError, OSError):
            return {"status": "unreadable", "release": None}

    def _access(self, key: Key) -> Access:
        return Access(self.index, key.principals, options=self.options)

    def _tried(self, asked: SearchBody) -> str:
        """What is asked for: in a trial the release of the session, where the request says no other."""
        if self.split is None or asked.session is None or asked.at != "live":
            return asked.at
        with suppress(UsageError):  # a trial whose release was dropped is over, and no reason to answer nobody
            return self.index.release(self.split.release_for(asked.session)).id
        return asked.at

    def _found(self, at: str) -> str:
        """The release that ``at`` means now; Problem 404 where there is none."""
        try:
            return self.index.release(at).id
        except UsageError as error:
            raise no_release(error) from error

    def _allowed(self, key: Key, asked: SearchQuery | AnswerQuery) -> dict[str, Any]:
        """Words of the search, all of which the key allows."""
        if asked.n is not None and asked.n > self.bounds.max_k:
            raise UsageError(f"k={asked.n} is more than the {self.bounds.max_k} passages that this service returns")
        how = asked.how()
        _check_options(key, [*how, *(["at"] if asked.at != "live" else [])])
        return how

    def close(self) -> None:
        self.workers.close()
        self.answering.close()
        self._looking.close()


class DayCount:
    """At most so many a day, in UTC."""

    def __init__(self, most: int) -> None:
        self._most, self._day, self._n = most, "", 0

    def take(self) -> None:
        """Problem 429 where there were as many today."""
        day = f"{clock.now():%Y-%m-%d}"
        self._n = self._n + 1 if day == self._day else 1
        self._day = day
        if self._n > self._most:
            message = f"more than the {self._most:,} judgements that this service keeps a day"
            raise Problem(429, "enough_feedback", message, {"Retry-After": "3600"})


def _told(answer: Answer) -> dict[str, Any]:
    """An AnswerResult."""
    named = query_id(answer.release, answer.question) if answer.release else None
    return {**answer.to_json(), "query_id": named}


def _check_options(key: Key, names: list[str]) -> None:
    if wrong := key.forbidden(names):
        raise forbidden(
            f"this API key does not allow {', '.join(wrong)}; it allows {', '.join(key.options or ()) or 'none'}"
        )


def encode(value: Any) -> bytes:
    """JSON; times as ISO 8601."""
    return json.dumps(value, ensure_ascii=False, default=datetime.isoformat, separators=(",", ":")).encode()


def event(name: str, value: Any) -> bytes:
    """A server-sent event."""
    return b"event: " + name.encode() + b"\ndata: " + encode(value) + b"\n\n"
