"""Answers through the caches: everything that decides an answer is in its key, and what is doubtful is not kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lake import plugins
from lake.answer.answering import answer, answer_stream
from lake.answer.registry import NoChatModelError, load_chat
from lake.answer.templates import load_prompts
from lake.answer.values import Answer
from lake.cache import entries
from lake.cache.caches import Caches, written
from lake.cache.encoding import Unkeyable, encoded
from lake.cache.similar import KnownQuestion
from lake.errors import LakeError

if TYPE_CHECKING:
    from datetime import datetime

    import numpy as np

    from lake.answer.chat import ChatModel, Message
    from lake.answer.retrieval import SearchFunction
    from lake.cache.scope import EntryPlace, Scope
    from lake.options import AnswerOptions
    from lake.releases.values import Release


@dataclass(frozen=True, slots=True)
class AnswerRequest:
    """A question and all that decides its answer.

    ``deciding`` returns what decides the searches, and raises Unkeyable if that can't be told. ``head`` returns the
    number of the log's last entry, None if the lake can't be reached, ``vector`` the question's unit vector.
    ``stale_since``: when the lake was last read, if it can't be reached.
    """

    find: SearchFunction
    question: str
    chat: ChatModel | str | Sequence[str] | None
    options: AnswerOptions
    history: Sequence[Message]
    release: Release
    scope: Scope
    deciding: Callable[[], list[Any]]
    head: Callable[[], int | None]
    vector: Callable[[], np.ndarray]
    degrade: bool = False
    stale_since: datetime | None = None

    @property
    def words(self) -> dict[str, Any]:
        words = {"chat": self.chat, "options": self.options, "history": self.history, "release": self.release}
        return {**words, "degrade": self.degrade}

    def answer(self) -> Answer:
        return answer(self.find, self.question, **self.words)

    def stream(self) -> Iterator[str | Answer]:
        return answer_stream(self.find, self.question, **self.words)


class CachedAnswers:
    """Answers, from the caches if there are any. Without a chat model nothing is cached: only searching costs then."""

    def __init__(self, caches: Caches | None) -> None:
        self._caches = caches

    def answer(self, request: AnswerRequest) -> Answer:
        planned = self._planned(request)
        if planned is None:
            return request.answer()
        return planned.exact() or planned.similar() or planned.once()

    def stream(self, request: AnswerRequest) -> Iterator[str | Answer]:
        """Like ``answer_stream``; an answer from a cache comes alone, without pieces."""
        planned = self._planned(request)
        if planned is None:
            yield from request.stream()
            return
        found = planned.exact() or planned.similar()
        if found is not None:
            yield found
            return
        for item in planned.request.stream():
            if isinstance(item, Answer):
                planned.keep(item)
            yield item

    def _planned(self, request: AnswerRequest) -> _Planned | None:
        if self._caches is None:
            return None
        try:
            chat = (
                load_chat(request.chat)
                if request.chat is None or isinstance(request.chat, str | Sequence)
                else request.chat
            )
            searches, prompts = request.deciding(), load_prompts(request.options.prompts).digest
        except (NoChatModelError, Unkeyable):
            return None
        plugin = str(plugins.find("chat_models", chat.name.partition(":")[0]))  # with its package's version
        model = [chat.name, type(chat).__qualname__, getattr(chat, "address", ""), plugin]
        try:
            rest = encoded([request.options, prompts, list(request.history), model, searches])
        except Unkeyable:
            return None
        place = self._caches.place("answers", request.scope, request.question, rest)
        planned = replace(request, chat=chat)
        if place is None:
            return None
        return _Planned(self._caches, planned, place, request.scope.tag.encode() + rest, time.monotonic())


@dataclass(slots=True)
class _Planned:
    """A request whose answer has a place; ``group``: all questions that differ from it in their text alone."""

    caches: Caches
    request: AnswerRequest
    place: EntryPlace
    group: bytes
    started: float
    vector: np.ndarray | None = None

    def exact(self) -> Answer | None:
        return self.caches.find(self.place, self._read)

    def once(self) -> Answer:
        return self.caches.once(self.place, self._read, self.request.answer, self._kept)

    def similar(self) -> Answer | None:
        """The answer to a question that means the same, marked with that question."""
        similar = self.caches.similar
        if similar is None:
            return None
        with suppress(LakeError, OSError):  # an embedder that fails now costs only the comparison
            self.vector = self.request.vector()
        known = None if self.vector is None else similar.nearest(self.group, self.request.question, self.vector)
        found = None if known is None else self.caches.find(known.place, self._read)
        if known is None or found is None:
            return None
        self.caches.count("answers", "process", "similar")
        return replace(found, question=self.request.question, made_for=known.text)

    def keep(self, made: Answer) -> None:
        """Keeps a new answer, if it may be kept."""
        if (data := written(self._kept, made)) is not None:
            self.caches.keep(self.place, data)

    def _kept(self, made: Answer) -> bytes | None:
        if not _may_be_kept(made) or self.request.head() != self.request.scope.head:
            return None  # the log has grown: rights, a rollback or an erasure may have changed what was found
        data = entries.from_answer(made)
        if self.caches.similar is not None and self.vector is not None:
            known = KnownQuestion(self.request.question, self.vector, self.place)
            self.caches.similar.add(self.group, known)
        return data

    def _read(self, data: bytes, store: str) -> Answer:
        return entries.to_answer(data, store, time.monotonic() - self.started)


def _may_be_kept(made: Answer) -> bool:
    """Whether the answer is whole: a model wrote it, nothing failed on the way, and nobody declined for the moment."""
    is_refused = any(problem.kind == "refused" for problem in made.problems)
    return made.model is not None and not (made.notes or is_refused or made.degraded)
