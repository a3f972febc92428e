"""Reads each result from exactly one release, whose tables stay open, under the lake's current rights and defaults."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from lake.directory import configuration
from lake.endpoints.breaker import UnreachableError
from lake.endpoints.endpoint import using
from lake.endpoints.tracing import retrieval_span
from lake.errors import GoneError, LakeError
from lake.options import SearchDefaults, SearchOptions
from lake.options.groups import GroupOptions
from lake.options.search import DEGRADE_AFTER
from lake.plugins.later import Later
from lake.records import synonyms
from lake.schemas.result import stale
from lake.search.batch import search_all
from lake.search.known_log import KnownLog, LogReader, Wait
from lake.search.late_interaction import TokenVectors
from lake.search.memberships import Memberships, marked
from lake.search.outcomes import outcome
from lake.search.question import SearchRequest
from lake.search.question_vectors import Through
from lake.search.rights import Rights, checked
from lake.search.snapshot import Snapshot

if TYPE_CHECKING:
    from datetime import datetime

    from lake.cache import scope
    from lake.cache.caches import Caches
    from lake.directory import Lake
    from lake.options.endpoints import ModelEndpoints
    from lake.releases.history import At, History
    from lake.releases.values import Release
    from lake.schemas.result import SearchResult
    from lake.search import cached_results
    from lake.search.question_embedding import Embedders
    from lake.tables.reader import TableReader
else:  # what only an index with caches needs
    cached_results, scope = Later("lake.search.cached_results"), Later("lake.cache.scope")

T = TypeVar("T")

#: Maximum number of open releases and of their bytes, so that a reader that follows ``live`` does not grow; the words
#: of one large release, and what is held of two besides, fit.
_MOST_SNAPSHOTS, _MOST_BYTES = 8, 384 << 20
#: Seconds that a look at the health of the lake waits for it.
_GLANCE = 1.0
#: Configurations that are remembered, by the log that they were read with.
_MOST_CONFIGURED = 4


class Reader:
    """Searches one release at a time; safe to use from several threads."""

    def __init__(self, lake: Lake, log: LogReader, caches: Caches | None = None) -> None:
        self._lake, self.log, self._caches = lake, log, caches
        self._cached = cached_results.CachedResults(caches) if caches else None
        self._snapshots: dict[Hashable, Snapshot] = {}
        self._tokens = TokenVectors(lake)
        self._synonyms = cache(partial(synonyms.read, lake))
        self._head = 0
        self._lock = Lock()
        self._configured_at: dict[int, configuration.OfSearches] = {}
        self._memberships = Memberships(GroupOptions())

    def of_release(self, at: At, answer: Callable[[Release], T]) -> T:
        """Calls ``answer`` with the release, and again with its successor if it was vacuumed away meanwhile."""
        return self._of_one_release(at, lambda release, _: answer(release))

    def health(self) -> tuple[Release, datetime | None]:
        """The live release, and when its log was read, if the lake can't be reached; raises the errors of a search."""

        def read(release: Release, _: History) -> Release:
            self.snapshot(release).table("chunks").count()
            return release

        release, log = self._with_log("live", read, Wait(_GLANCE, may_be_held=True))
        return release, log.since

    def ask(
        self,
        at: At,
        texts: Sequence[str],
        given: Mapping[str, Any],
        embedder: Embedders,
        search: Callable[[Snapshot, Rights, list[SearchRequest]], T],
    ) -> T:
        """Calls ``search`` with the questions, completed by the lake's search defaults."""

        def answer(release: Release, history: History) -> T:
            options = self.expanded(SearchOptions.of(given, self.defaults(history)), history)
            questions = [SearchRequest.asking(text, options) for text in texts]
            with using(self.endpoints(history)):
                return self._asked(release, history, questions, embedder, search)

        return self._of_one_release(at, answer)

    def outcomes(
        self, at: At, asked: Sequence[tuple[str, Mapping[str, Any]]], embedder: Embedders
    ) -> list[SearchResult | LakeError]:
        """The result of each text with its options, or its error; from the caches if there are any."""

        def answer(release: Release, history: History) -> list[SearchResult | LakeError]:
            defaults = self.defaults(history)

            known: dict[int, SearchOptions] = {}  # of mappings that several texts share

            def checked(text: str, given: Mapping[str, Any]) -> SearchRequest:
                if id(given) not in known:
                    known[id(given)] = self.expanded(SearchOptions.of(given, defaults), history)
                return SearchRequest.asking(text, known[id(given)])

            def search(some: Sequence[SearchRequest]) -> list[SearchResult | LakeError]:
                return self._asked(release, history, some, embedder, partial(_found, embedder=embedder))

            requests = [outcome(partial(checked, *one)) for one in asked]
            valid = [request for request in requests if isinstance(request, SearchRequest)]
            with using(self.endpoints(history)):
                if self._cached is not None:
                    found = self._cached.results(scope.Scope.of(release, history), release, valid, embedder, search)
                else:
                    found = search(valid) if valid else []
            left = iter(found)
            return [request if isinstance(request, LakeError) else marked(next(left), request) for request in requests]

        with retrieval_span(
            self._lake.url, [text for text, _ in asked], asked[0][1].get("k") if asked else None
        ) as span:
            results = self._of_one_release(at, answer, Wait.of_all([given for _, given in asked]))
            span.searched(results)
        return results

    def _asked(
        self,
        release: Release,
        history: History,
        questions: Sequence[SearchRequest],
        embedder: Embedders,
        search: Callable[[Snapshot, Rights, list[SearchRequest]], T],
    ) -> T:
        snapshot = self.snapshot(release)
        if embedder is None and any(question.mode != "text" for question in questions):
            snapshot.prepare()
        return search(snapshot, self._rights(snapshot, history), list(questions))

    def defaults(self, history: History) -> SearchDefaults:
        """The configured defaults, read again only if the log has grown, so that a search costs no extra request."""
        return self._configured(history).search

    def endpoints(self, history: History) -> ModelEndpoints:
        """Where the lake's models are called; read with the defaults."""
        return self._configured(history).endpoints

    def expanded(self, options: SearchOptions, history: History) -> SearchOptions:
        """The options with all groups of their principals; "*" stands for itself."""
        if isinstance(options.principals, str) or not options.principals:
            return options
        names: Any = self.memberships(history).expanded(checked(options.principals))
        return replace(options, principals=names)

    def memberships(self, history: History) -> Memberships:
        """Who is in which group, as the configuration says where to find it."""
        options = self._configured(history).groups
        with self._lock:
            if self._memberships.options != options:
                self._memberships = Memberships(options)
            return self._memberships

    def _configured(self, history: History) -> configuration.OfSearches:
        known = self._configured_at.get(history.head)
        if known is None:
            known = configuration.of_searches(self._lake.store)
            latest = sorted(self._configured_at.items(), key=lambda item: item[0])[-_MOST_CONFIGURED:]
            self._configured_at = {**dict(latest), history.head: known}
        return known

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
                through = Through(self._cached.vectors, self._cached.vector) if self._cached else None
                snapshot = Snapshot(
                    release, lambda name: self._open_table(release, name), through, self._tokens, self._synonyms
                )
            self._snapshots[key] = snapshot
            self._make_room()
            return snapshot

    def follow(self) -> None:
        """Drops what is held of erased or pruned releases and of earlier rights, as the next search would."""
        self._let_go(self.log.known(Wait(DEGRADE_AFTER)).history)

    def _let_go(self, history: History) -> None:
        """Drops cached snapshots and entries of erased or pruned releases."""
        if self._caches is not None:
            self._caches.follow(history)
        with self._lock:
            if history.head > self._head:
                self._head = history.head
                self._tokens.keep({release.generation for release in history.releases.values()})
                known = set(map(_key, history.releases.values()))
                self._snapshots = {key: snapshot for key, snapshot in self._snapshots.items() if key in known}

    def _make_room(self) -> None:
        """Lets go the words of the least recently used releases, then all of them, until the others fit."""
        for another in list(self._snapshots.values())[:-1]:
            if self._n_bytes <= _MOST_BYTES:
                break
            another.let_go_words()
        while len(self._snapshots) > 1 and (len(self._snapshots) > _MOST_SNAPSHOTS or self._n_bytes > _MOST_BYTES):
            self._snapshots.pop(next(iter(self._snapshots)))

    @property
    def _n_bytes(self) -> int:
        return sum(snapshot.n_bytes for snapshot in self._snapshots.values())

    def _rights(self, snapshot: Snapshot, history: History) -> Rights:
        today = snapshot.rights(history.rights, self.log.rights.read)
        return replace(today, memberships=self.memberships(history))

    def _of_one_release(self, at: At, answer: Callable[[Release, History], T], wait: Wait | None = None) -> T:
        """An answer from exactly one release, or from its successor if it was vacuumed away meanwhile.

        If the lake can't be reached, and ``wait`` allows it, the answer is from what is held and is marked as stale.
        """
        found, log = self._with_log(at, answer, wait or Wait.of({}))
        return found if log.since is None else stale(found, log.since)

    def _with_log(self, at: At, answer: Callable[[Release, History], T], wait: Wait) -> tuple[T, KnownLog]:
        log = self.log.known(wait)
        while True:
            self._let_go(log.history)
            release = log.history.resolve(at)
            try:
                found = self.log.limited(log, wait, partial(answer, release, log.history))
            except (GoneError, UnreachableError) as error:
                before, log = log, self._next_log(log, wait, error)
                if _read_alike(before.history, log.history, at):
                    raise
            else:
                self._hold(log, release, wait)
                return found, log

    def _next_log(self, log: KnownLog, wait: Wait, error: Exception) -> KnownLog:
        """Another log to try: a newer one if the release is gone, the one held if the lake can't be reached."""
        if isinstance(error, GoneError) and not log.is_held:
            with self._lock:
                self._snapshots.clear()
            return self.log.known(wait)
        held = self.log.held() if wait.may_be_held else None
        is_of_lake = isinstance(error, UnreachableError) and error.part == "lake"
        if held is None or log.is_held or not is_of_lake:
            raise error
        return held

    def _hold(self, log: KnownLog, release: Release, wait: Wait) -> None:
        """Prepares for an outage: its log is the one to go on with once all of the live release is in memory."""
        if wait.may_be_held and not log.is_held:
            is_live = log.history.live is not None and log.history.live.id == release.id
            self.log.hold(log, is_whole=is_live and self.snapshot(release).hold())

    def _open_table(self, release: Release, name: str) -> TableReader:
        return self._lake.tables(release.generation).at(name, release.versions[name])


def _found(
    snapshot: Snapshot, rights: Rights, questions: list[SearchRequest], embedder: Embedders
) -> list[SearchResult | LakeError]:
    if len(questions) == 1:
        return [outcome(partial(snapshot.search, questions[0], rights, embedder))]
    return search_all(snapshot, questions, rights, embedder)


def _read_alike(a: History, b: History, at: At) -> bool:
    """Whether the same would be read by either log."""
    return (a.resolve(at), a.rights) == (b.resolve(at), b.rights)


def _key(release: Release) -> Hashable:
    """A release after an erasure has other versions, and so another key."""
    return release.id, release.generation, tuple(sorted(release.versions.items()))
