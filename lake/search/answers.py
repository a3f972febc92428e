"""Answers of a lake: its search at one release, its endpoints and its caches, put together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from lake.answer import NoChatModelError, load_chat
from lake.cache.answering import AnswerRequest, CachedAnswers
from lake.cache.scope import Scope
from lake.endpoints.endpoint import using
from lake.errors import LakeError
from lake.options import SearchOptions
from lake.schemas.result import stale
from lake.search.cached_results import deciding
from lake.search.known_log import Wait
from lake.search.question import SearchRequest

if TYPE_CHECKING:
    import numpy as np

    from lake.answer import Answer, AnswerOptions, ChatModel, Message
    from lake.cache.caches import Caches
    from lake.releases.history import At, History
    from lake.releases.values import Release
    from lake.schemas.result import SearchResult
    from lake.search.known_log import LogReader
    from lake.search.question_embedding import Embedders
    from lake.search.reader import Reader


class LakeAnswers:
    """Answers questions by the passages of a lake; ``search`` is that of its index."""

    def __init__(
        self, reader: Reader, log: LogReader, caches: Caches | None, search: Callable[..., SearchResult]
    ) -> None:
        self._reader, self._log, self._caches, self._search = reader, log, caches, search
        self._cached = CachedAnswers(caches)

    def answer(self, request: AnswerRequest) -> Answer:
        found = self._cached.answer(request)
        return stale(found, request.stale_since) if request.stale_since else found

    def stream(self, request: AnswerRequest) -> Iterator[str | Answer]:
        """Pieces of the text, then the Answer."""
        found, since = self._cached.stream(request), request.stale_since
        return found if since is None else (stale(item, since) for item in found)

    def request(
        self,
        question: str,
        at: At,
        chat: ChatModel | str | Sequence[str] | None,
        options: AnswerOptions,
        history: Sequence[Message],
        embedder: Embedders,
        words: Mapping[str, Any],
    ) -> AnswerRequest:
        """A question with its release, and a search with everything set except text and ``k``.

        ``words`` are the options of the search that were given.
        """
        known = self._log.known(Wait.of(words))
        log, release = known.history, known.history.resolve(at)
        words = self._with_groups(words, log)
        if self._caches:
            self._caches.follow(log)
        return AnswerRequest(
            find=partial(self._search, at=release.id, embedder=embedder, **words),
            question=question,
            chat=self._chat(chat, log),
            options=options,
            history=history,
            release=release,
            scope=Scope.of(release, log),
            deciding=lambda: self._deciding(words, log, release, embedder),
            head=self._head,
            vector=lambda: self._vector(question, words, log, release, embedder),
            degrade=bool(words.get("degrade")),
            stale_since=known.since,
        )

    def _with_groups(self, words: Mapping[str, Any], log: History) -> Mapping[str, Any]:
        """The words with all groups of their principals, by which search and cache go, whatever changes meanwhile."""
        if "principals" not in words:
            return words
        return {**words, "principals": self._reader.expanded(SearchOptions.of(words), log).principals}

    def _head(self) -> int | None:
        """The number of the log's last entry; None if the lake can't be reached."""
        with suppress(LakeError, OSError):
            return self._log.known(Wait.of({})).history.head
        return None

    def _vector(
        self, question: str, words: Mapping[str, Any], log: History, release: Release, embedder: Embedders
    ) -> np.ndarray:
        request = SearchRequest.asking(question, SearchOptions.of(words))
        with using(self._reader.endpoints(log)):
            return self._reader.snapshot(release).vector(request, embedder)

    def _deciding(self, words: Mapping[str, Any], log: History, release: Release, embedder: Embedders) -> list[Any]:
        with using(self._reader.endpoints(log)):
            return deciding(SearchOptions.of(words, self._reader.defaults(log)), release, embedder)

    def _chat(
        self, chat: ChatModel | str | Sequence[str] | None, log: History
    ) -> ChatModel | str | Sequence[str] | None:
        """The chat model at the lake's endpoint; as it was given if there is none."""
        if chat is not None and not isinstance(chat, str | Sequence):
            return chat
        try:
            with using(self._reader.endpoints(log)):
                return load_chat(chat)
        except NoChatModelError:
            return chat
