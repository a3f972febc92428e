"""The caches of one lake in this process: where entries are looked up and kept, and what may be found today."""

from __future__ import annotations

import logging
import secrets
import threading
import weakref
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from lake.cache.encoding import Unkeyable, encoded
from lake.cache.flights import Flights
from lake.cache.process_store import ProcessStore
from lake.cache.redis_store import RedisStore, Unavailable
from lake.cache.scope import FORMAT, EntryPlace, Level, Scope, epoch_of, version
from lake.cache.sealing import digest
from lake.cache.shared import SharedCache, address, secret_of
from lake.cache.similar import SimilarQuestions
from lake.errors import LakeError

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.options.cache import CacheOptions
    from lake.releases.history import History

T = TypeVar("T")

_log = logging.getLogger(__name__)

#: Seconds between two looks at the log while no question comes.
_LOOK_EVERY = 5.0
_MB = 1_000_000
#: Part of the budget for the vectors of questions, if questions are compared.
_SIMILAR_SHARE = 1 / 8


class Caches:
    """Finds entries in the process first, then in the shared cache; each look-up is counted by level and store.

    Follows the log: once it has grown, entries of erased or pruned releases and of earlier rights are dropped.
    """

    def __init__(self, lake: Lake, options: CacheOptions, is_seen: bool = True) -> None:
        """``is_seen``: the lake can be reached; if not, the shared cache is used once it can be."""
        self.options = options
        self._lake = lake
        url = address(options.url)
        self.shared = SharedCache(url, secret_of(lake)) if url and is_seen else None
        self._awaited = url if self.shared is None else None
        self._secret = self.shared.secret if self.shared else secrets.token_bytes(32)
        most, share = options.megabytes * _MB, _SIMILAR_SHARE if options.similar is not None else 0
        self.process = ProcessStore(most - int(share * most))
        self.similar = SimilarQuestions(options.similar, int(share * most)) if options.similar is not None else None
        self.flights = Flights()
        self.counts: Counter[tuple[str, str, str]] = Counter()
        self._head, self._now = -1, (0, "")
        self._lock, self._counting = threading.Lock(), threading.Lock()

    def spending(self) -> RedisStore | None:
        """Where services count what their API keys spend, apart from what an erasure deletes; None without a server."""
        url = address(self.options.url)
        return RedisStore(url, f"raglake-spent:{digest(self._secret, b'spent').hex()[:16]}") if url else None

    def follow(self, history: History) -> None:
        """Drops what no longer holds; cheap unless the log has grown."""
        if self._awaited is not None:
            url, self._awaited = self._awaited, None
            threading.Thread(target=self._share, args=(url,), name="raglake-cache-share", daemon=True).start()
        with self._lock:
            if history.head <= self._head:
                return
            self._head, before = history.head, self._now
            epoch = epoch_of(history)
            self._now = epoch, self._folder(epoch, history.rights)
            tags = {Scope.of(release, history).tag for release in history.releases.values()}
            self.process.keep({*tags, _tag_of_vectors(epoch)})
            if self.similar is not None:
                self.similar.keep(tags)
        if self.shared and before != self._now and before != (0, ""):
            threading.Thread(target=self._drop_shared, name="raglake-cache-drop", daemon=True).start()

    def _share(self, url: str) -> None:
        """Shares entries from now on, under the names that the lake's secret gives them."""
        try:
            shared = SharedCache(url, secret_of(self._lake))
        except (LakeError, OSError) as error:
            _log.warning("the shared cache is not used: %s", error)
            return
        with self._lock:
            self.shared, self._secret, self._head = shared, shared.secret, -1

    def _drop_shared(self) -> None:
        epoch, folder = self._now
        assert self.shared is not None
        self.shared.drop(lambda key: key.startswith((f"{folder}:", f"{epoch}:vectors:")))

    def place(self, level: Level, scope: Scope, *parts: Any) -> EntryPlace | None:
        """Where the entry for these parts is kept; None if one of them can't be compared with certainty."""
        with suppress(Unkeyable):
            name = self._name(level, scope.tag, parts)
            return EntryPlace(level, scope.tag, self._folder(scope.epoch, scope.rights), name, scope.epoch)
        return None

    def place_of_vector(self, *parts: Any) -> EntryPlace | None:
        """Like ``place``, for what depends on no release and no rights."""
        epoch, _ = self._now
        with suppress(Unkeyable):
            name = self._name("vectors", "", parts)
            return EntryPlace("vectors", _tag_of_vectors(epoch), str(epoch), name, epoch)
        return None

    def _name(self, level: str, tag: str, parts: tuple[Any, ...]) -> str:
        return digest(self._secret, encoded([FORMAT, version(), level, tag, parts])).hex()

    def _folder(self, epoch: int, rights: str | None) -> str:
        return f"{epoch}:{digest(self._secret, encoded(['rights', rights])).hex()[:16]}"

    def find(self, place: EntryPlace, read: Callable[[bytes, str], T | None]) -> T | None:
        """What ``read`` makes of the entry and the name of its store; None if there is none, or it can't be read."""
        if self.options.megabytes and (data := self._counted(place, self.process)) is not None:
            return _read(read, data, self.process.name)
        if self.shared is None or (data := self._counted(place, self.shared)) is None:
            return None
        found = _read(read, data, self.shared.name)
        if found is not None:
            self.process.put(place.key, data, place.tag)
        return found

    def _counted(self, place: EntryPlace, store: ProcessStore | SharedCache) -> bytes | None:
        try:
            data = store.get(place.key)
            outcome = "miss" if data is None else "hit"
        except Unavailable:
            data, outcome = None, "failed"
        self.count(place.level, store.name, outcome)
        return data

    def count(self, level: Level, store: str, outcome: str) -> None:
        """Counts a look-up: hit, miss, failed, or similar for the answer to another question."""
        with self._counting:
            self.counts[level, store, outcome] += 1

    def counted(self) -> dict[tuple[str, str, str], int]:
        """Look-ups so far, by level, store and outcome."""
        with self._counting:
            return dict(self.counts)

    def keep(self, place: EntryPlace, data: bytes) -> None:
        """Stores the entry in both stores, as far as it still holds."""
        self.process.put(place.key, data, place.tag)
        if self.shared is not None:
            self.shared.put(place.key, data, place.epoch, lambda: self._is_epoch(place.epoch))

    def _is_epoch(self, epoch: int) -> bool:
        """Whether nothing was erased since, by the log itself."""
        with suppress(LakeError, OSError):
            return epoch_of(self._lake.log.read()) == epoch
        return False

    def once(
        self,
        place: EntryPlace,
        read: Callable[[bytes, str], T | None],
        make: Callable[[], T],
        write: Callable[[T], bytes | None],
    ) -> T:
        """What ``make`` returns for an entry that was not found; made once for equal questions at one time.

        ``write`` returns None for what may not be kept. An error is raised to the question that met it alone.
        """
        with self.flights.joined(place.key) as (flight, leads):
            if not leads and flight.data is not None and (found := _read(read, flight.data, self.process.name)):
                return found
            made = make()
            data = written(write, made)
            if data is not None:
                self.keep(place, data)
                flight.data = data
            return made


def opened(lake: Lake, options: CacheOptions | None, *, is_seen: bool = True) -> Caches | None:
    """The caches; None if the options leave none. Raises UsageError for an address that none has."""
    if options is None or not (options.megabytes or address(options.url)):
        return None
    return Caches(lake, options, is_seen)


def written(write: Callable[[T], bytes | None], made: T) -> bytes | None:
    """The entry; None for what may not, or can't, be stored."""
    with suppress(Unkeyable):
        return write(made)
    return None


def _tag_of_vectors(epoch: int) -> str:
    return f"vectors {epoch}"


def _read(read: Callable[[bytes, str], T | None], data: bytes, store: str) -> T | None:
    try:
        return read(data, store)
    except Exception:  # noqa: BLE001 - an entry of another version may be anything; it is computed again
        return None


def watch(follow: Callable[[Any], None], reader: Any) -> None:
    """Calls ``follow`` with the reader every few seconds in the background, for as long as there is a reader."""
    known, stopped = weakref.ref(reader), threading.Event()

    def look() -> None:
        while not stopped.wait(_LOOK_EVERY):
            alive = known()
            if alive is None:
                return
            with suppress(Exception):  # whatever a store raises, the next look may succeed
                follow(alive)
            del alive

    threading.Thread(target=look, name="raglake-cache-watch", daemon=True).start()
