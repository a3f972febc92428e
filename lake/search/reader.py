"""Every answer from exactly one release: its tables held open, with the lake's rights and defaults as they stand."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from lake import configuration
from lake.errors import GoneError
from lake.options import SearchDefaults, SearchOptions
from lake.releases import rights
from lake.search.question import SearchRequest
from lake.search.rights import Rights
from lake.search.snapshot import Snapshot

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.embed.base import Embedder
    from lake.releases.history import History
    from lake.releases.values import Release
    from lake.tables.reader import TableReader

T = TypeVar("T")

#: Releases held open, and bytes that they hold: a handful, so that a reader that follows ``live`` does not grow.
_MOST_SNAPSHOTS, _MOST_BYTES = 8, 256 << 20


class Reader:
    """Puts questions to one release each; may be asked from many threads."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._snapshots: dict[Hashable, Snapshot] = {}
        self._head = 0
        self._lock = Lock()
        self._defaults_of: tuple[int, SearchDefaults] | None = None

    def of_release(self, at: str, answer: Callable[[Release], T]) -> T:
        """What ``answer`` makes of the release; it is called again where that was vacuumed away meanwhile."""
        return self._of_one_release(at, lambda release, _: answer(release))

    def ask(
        self,
        at: str,
        texts: Sequence[str],
        said: Mapping[str, Any],
        embedder: Embedder | None,
        search: Callable[[Snapshot, Rights, list[SearchRequest]], T],
    ) -> T:
        """What ``search`` makes of the questions, which the lake's defaults complete."""

        def answer(release: Release, history: History) -> T:
            options = SearchOptions.of(said, self.defaults(history))
            questions = [SearchRequest.asking(text, options) for text in texts]
            snapshot = self.snapshot(release)
            if embedder is None and any(question.mode != "text" for question in questions):
                snapshot.prepare()
            return search(snapshot, self._rights(snapshot, history), questions)

        return self._of_one_release(at, answer)

    def defaults(self, history: History) -> SearchDefaults:
        """As of the configuration when the log had grown so far, so that a question costs no request more."""
        if self._defaults_of is None or self._defaults_of[0] != history.head:
            self._defaults_of = history.head, configuration.search_defaults(self._lake.store)
        return self._defaults_of[1]

    def search(self, at: str, search: Callable[[Snapshot, Rights], T]) -> T:
        """What ``search`` makes of the release under the rights that hold now."""

        def answer(release: Release, history: History) -> T:
            snapshot = self.snapshot(release)
            return search(snapshot, self._rights(snapshot, history))

        return self._of_one_release(at, answer)

    def snapshot(self, release: Release) -> Snapshot:
        """The release's tables, opened once."""
        key = _key(release)
        with self._lock:  # an index is asked from many threads
            snapshot = self._snapshots.pop(key, None)
            if snapshot is None:
                snapshot = Snapshot(release, lambda name: self._open_table(release, name))
                while self._snapshots and self._is_too_much(snapshot):
                    self._snapshots.pop(next(iter(self._snapshots)))  # the one that was asked longest ago
            self._snapshots[key] = snapshot
            return snapshot

    def _let_go(self, history: History) -> None:
        """Of what was erased or pruned nothing is held from the next question on."""
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

    def _of_one_release(self, at: str, answer: Callable[[Release, History], T]) -> T:
        """An answer from exactly one release, and from what took its place where it was vacuumed away meanwhile."""
        history = self._lake.log.read()
        while True:
            self._let_go(history)
            try:
                return answer(history.resolve(at), history)
            except GoneError:
                with self._lock:
                    self._snapshots.clear()
                asked, history = history, self._lake.log.read()
                if (history.resolve(at), history.rights) == (asked.resolve(at), asked.rights):
                    raise

    def _open_table(self, release: Release, name: str) -> TableReader:
        return self._lake.tables(release.generation).at(name, release.versions[name])


def _key(release: Release) -> Hashable:
    """What was erased from a release is gone from its versions as well."""
    return release.id, release.generation, tuple(sorted(release.versions.items()))
