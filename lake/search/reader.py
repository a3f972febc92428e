"""Reads each result from exactly one release, whose tables stay open, under the lake's current rights and defaults."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from lake import configuration
from lake.cache.scope import Scope
from lake.embed.query_encoder import query_vectors
from lake.endpoints.endpoint import using
from lake.errors import GoneError, LakeError
from lake.options import SearchDefaults, SearchOptions
from lake.releases import rights
from lake.search.cached_results import CachedResults
from lake.search.outcomes import outcome
from lake.search.question import SearchRequest
from lake.search.rights import Rights
from lake.search.snapshot import Snapshot

if TYPE_CHECKING:
    from lake.cache.caches import Caches
    from lake.directory import Lake
    from lake.embed.base import Embedder
    from lake.options.endpoints import ModelEndpoints
    from lake.releases.history import At, History
    from lake.releases.values import Release
    from lake.result import SearchResult
    from lake.tables.reader import TableReader

T = TypeVar("T")

#: Maximum number of open releases and of their bytes, so that a reader that follows ``live`` does not grow.
_MOST_SNAPSHOTS, _MOST_BYTES = 8, 256 << 20


class Reader:
    """Searches one release at a time; safe to use from several threads."""

    def __init__(self, lake: Lake, caches: Caches | None = None) -> None:
        self._lake, self._caches = lake, caches
        self._cached = CachedResults(caches) if caches else None
        self._snapshots: dict[Hashable, Snapshot] = {}
        self._head = 0
        self._lock = Lock()
        self._configured_at: tuple[int, tuple[SearchDefaults, ModelEndpoints]] | None = None

    def of_release(self, at: At, answer: Callable[[Release], T]) -> T:
        """Calls ``answer`` with the release, and again with its successor if it was vacuumed away meanwhile."""
        return self._of_one_release(at, lambda release, _: answer(release))

    def ask(
        self,
        at: At,
        texts: Sequence[str],
        given: Mapping[str, Any],
        embedder: Embedder | None,
        search: Callable[[Snapshot, Rights, list[SearchRequest]], T],
    ) -> T:
        """Calls ``search`` with the questions, completed by the lake's search defaults."""

        def answer(release: Release, history: History) -> T:
            options = SearchOptions.of(given, self.defaults(history))
            questions = [SearchRequest.asking(text, options) for text in texts]
            with using(self.endpoints(history)):
                return self._asked(release, history, questions, embedder, search)

        return self._of_one_release(at, answer)

    def outcomes(
        self, at: At, asked: Sequence[tuple[str, Mapping[str, Any]]], embedder: Embedder | None
    ) -> list[SearchResult | LakeError]:
        """The result of each text with its options, or its error; from the caches if there are any."""

        def answer(release: Release, history: History) -> list[SearchResult | LakeError]:
            defaults = self.defaults(history)

            def checked(text: str, given: Mapping[str, Any]) -> SearchRequest:
                return SearchRequest.asking(text, SearchOptions.of(given, defaults))

            def search(some: Sequence[SearchRequest]) -> list[SearchResult | LakeError]:
                return self._asked(release, history, some, embedder, partial(_found, embedder=embedder))

            requests = [outcome(partial(checked, *one)) for one in asked]
            valid = [request for request in requests if isinstance(request, SearchRequest)]
            with using(self.endpoints(history)):
                if self._cached is not None:
                    found = self._cached.results(Scope.of(release, history), release, valid, embedder, search)
                else:
                    found = search(valid) if valid else []
            left = iter(found)
            return [request if isinstance(request, LakeError) else next(left) for request in requests]

        return self._of_one_release(at, answer)

    def _asked(
        self,
        release: Release,
        history: History,
        questions: Sequence[SearchRequest],
        embedder: Embedder | None,
        search: Callable[[Snapshot, Rights, list[SearchRequest]], T],
    ) -> T:
        snapshot = self.snapshot(release)
        if embedder is None and any(question.mode != "text" for question in questions):
            snapshot.prepare()
        return search(snapshot, self._rights(snapshot, history), list(questions))

    def defaults(self, history: History) -> SearchDefaults:
        """The configured defaults, read again only if the log has grown, so that a search costs no extra request."""
        return self._configured(history)[0]

    def endpoints(self, history: History) -> ModelEndpoints:
        """Where the lake's models are called; read with the defaults."""
        return self._configured(history)[1]

    def _configured(self, history: History) -> tuple[SearchDefaults, ModelEndpoints]:
        if self._configured_at is None or self._configured_at[0] != history.head:
            self._configured_at = history.head, configuration.of_searches(self._lake.store)
        return self._configured_at[1]

    def search(self, at: At, search: Callable[[Snapshot, Rights], T]) -> T:
        """Calls ``search`` with the release and the current rights."""

        def answer(release: Release, history: History) -> T:
            snapshot = self.snapshot(release)
            return search(snapshot, self._rights(snapshot, history))

        return self._of_one_release(at, answer)

    def snapshot(self, release: Release) -> Snapshot:
        """The release's tables, opened once."""
        key = _key(release)
        with self._lock:  # several threads use an index
            snapshot = self._snapshots.pop(key, None)
            if snapshot is None:
                embed = self._cached.vectors if self._cached else query_vectors
                snapshot = Snapshot(release, lambda name: self._open_table(release, name), embed)
                while self._snapshots and self._is_too_much(snapshot):
                    self._snapshots.pop(next(iter(self._snapshots)))  # the least recently used
            self._snapshots[key] = snapshot
            return snapshot

    def follow(self) -> None:
        """Drops what is held of erased or pruned releases and of earlier rights, as the next search would."""
        self._let_go(self._lake.log.read())

    def _let_go(self, history: History) -> None:
        """Drops cached snapshots and entries of erased or pruned releases."""
        if self._caches is not None:
            self._caches.follow(history)
        with self._lock:
            if history.head > self._head:
                self._head = history.head
                known = set(map(_key, history.releases.values()))
                self._snapshots = {key: snapshot for key, snapshot in self._snapshots.items() if key in known}

    def _is_too_much(self, another: Snapshot) -> bool:
        n_bytes = sum(snapshot.n_bytes for snapshot in (*self._snapshots.values(), another))
        return len(self._snapshots) >= _MOST_SNAPSHOTS or n_bytes > _MOST_BYTES

    def _rights(self, snapshot: Snapshot, history: History) -> Rights:
        return snapshot.rights(history.rights, lambda path: rights.read(self._lake.store, path))

    def _of_one_release(self, at: At, answer: Callable[[Release, History], T]) -> T:
        """An answer from exactly one release, or from its successor if it was vacuumed away meanwhile."""
        history = self._lake.log.read()
        while True:
            self._let_go(history)
            try:
                return answer(history.resolve(at), history)
            except GoneError:
                with self._lock:
                    self._snapshots.clear()
                before, history = history, self._lake.log.read()
                if (history.resolve(at), history.rights) == (before.resolve(at), before.rights):
                    raise

    def _open_table(self, release: Release, name: str) -> TableReader:
        return self._lake.tables(release.generation).at(name, release.versions[name])


def _found(
    snapshot: Snapshot, rights: Rights, questions: list[SearchRequest], embedder: Embedder | None
) -> list[SearchResult | LakeError]:
    if len(questions) == 1:
        return [outcome(partial(snapshot.search, questions[0], rights, embedder))]
    return snapshot.search_all(questions, rights, embedder)


def _key(release: Release) -> Hashable:
    """A release after an erasure has other versions, and so another key."""
    return release.id, release.generation, tuple(sorted(release.versions.items()))
