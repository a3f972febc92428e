"""The release log as a reader knows it: read anew for each search, or held for a while if the lake can't be reached."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING, Any, TypeVar

from lake.cache.scope import epoch_of
from lake.endpoints.breaker import Breaker, BreakerLimits, UnreachableError
from lake.endpoints.deadline import LateError, in_background, left, within
from lake.errors import ContractError, GoneError, StorageError, UsageError
from lake.options.search import DEGRADE_AFTER, STALE_FOR
from lake.search.rights_files import RightsFiles

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.releases.history import History

T = TypeVar("T")

#: A search may take this many times as long as it waits for the log, before what is held is used instead.
_PATIENCE = 3
#: Searches that may hang at the same time: clients of object stores give up after minutes only.
_MOST_HANGING = 256
#: How often the lake is read again before damage counts as damage, and not as garbled on the way.
_TRIES = 3
#: A probe reads several objects, one after the other.
_LIMITS = BreakerLimits(longest=2.0, probe=6.0, least_probe=6.0)


@dataclass(frozen=True, slots=True)
class Wait:
    """Seconds to wait for the lake, and whether what is held may take its place; None waits as long as it takes."""

    seconds: float | None = None
    may_be_held: bool = False

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Wait:
        """How long a search with these options waits. Inside a deadline, which a service sets, none waits for ever."""
        may_be_held, seconds = given.get("degrade") is True, given.get("degrade_after", DEGRADE_AFTER)
        if not may_be_held and left() is None:
            return cls()
        # An invalid value is refused once the options are checked.
        is_valid = isinstance(seconds, int | float) and 0 < seconds <= 600
        return cls(float(seconds) if is_valid else DEGRADE_AFTER, may_be_held)

    @classmethod
    def of_all(cls, asked: Sequence[Mapping[str, Any]]) -> Wait:
        """How long a batch waits; what is held is only for one whose questions may all have it."""
        waits = [cls.of(given) for given in asked] or [cls.of({})]
        seconds = max((wait.seconds for wait in waits if wait.seconds is not None), default=None)
        return cls(seconds, all(wait.may_be_held for wait in waits))


@dataclass(frozen=True, slots=True)
class KnownLog:
    """A log and when it was read, by the clock of ``time.monotonic``. ``is_held``: the lake can't be reached now."""

    history: History
    read_at: float
    is_held: bool = False

    @property
    def age(self) -> float:
        """Seconds since it was read."""
        return time.monotonic() - self.read_at

    @property
    def since(self) -> datetime | None:
        """When a held log was read."""
        return datetime.fromtimestamp(time.time() - self.age, UTC) if self.is_held else None


class LogReader:
    """Reads the log of a lake within limits of time; safe to use from several threads.

    Held is the last log whose live release lies in memory. It counts for ``stale_for`` seconds after the lake was last
    found to be as it says, under the newest rights that are known, and not at all once an erasure after it is known.
    """

    def __init__(self, lake: Lake, stale_for: float = STALE_FOR, is_seen: bool = True) -> None:
        self._lake, self._stale_for, self.is_seen = lake, stale_for, is_seen
        self._newest: KnownLog | None = None
        self._held: KnownLog | None = None
        self.rights = RightsFiles(lake.store)
        self._lock, self._slots = Lock(), BoundedSemaphore(_MOST_HANGING)
        self.breaker = _breaker(self, lake.url)

    def known(self, wait: Wait) -> KnownLog:
        """The log; if the lake does not answer in time, and the caller may have it, the one that is held.

        Raises UnreachableError without one, and the lake's own errors if it is damaged or ``wait`` has no limit.
        """
        if wait.seconds is None:
            return self._read()
        try:
            return self.breaker.call(self._read, wait.seconds)
        except UnreachableError:
            held = self.held()
            if held is None or not wait.may_be_held:
                raise
            return held

    def held(self) -> KnownLog | None:
        """The log to go on with while the lake can't be reached; None if there is none that may still be used."""
        held, newest = self._held, self._newest
        if held is None or newest is None or held.age > self._stale_for:
            return None
        if epoch_of(held.history) != epoch_of(newest.history):
            return None
        return KnownLog(held.history.under(newest.history.rights), held.read_at, is_held=True)

    def age(self) -> float:
        """Seconds since the lake was last read; infinite if it never was."""
        return float("inf") if self._newest is None else self._newest.age

    def hold(self, log: KnownLog, is_whole: bool) -> None:
        """Goes on with this log in an outage; ``is_whole``: whether the release that is live lies in memory by it."""
        with self._lock:
            held = self._held
            if held is None or (is_whole and log.history.head >= held.history.head):
                self._held = log

    def limited(self, log: KnownLog, wait: Wait, work: Callable[[], T]) -> T:
        """The result of ``work``, which reads the lake as ``log`` knows it.

        Raises UnreachableError if the lake fails, or hangs while there is something else to go on with.
        """
        if wait.seconds is None:
            return work()
        try:
            return self._patiently(log, wait, self._begun(work))
        except ContractError as damage:
            if isinstance(damage, GoneError) or not self._is_garbled():
                raise
            error: Exception = damage
        except Exception as failure:
            if not is_outage(failure):
                raise
            error = failure
        if not log.is_held and not self._still_answers(error, wait):
            self.breaker.open(error)
        raise UnreachableError(f"the lake {self._lake.url!r} can't be reached: {error}", "lake") from error

    def _still_answers(self, error: Exception, wait: Wait) -> bool:
        """Whether the lake works, so that what failed is this search alone: no caller can end the others' searches."""
        if isinstance(error, LateError) or wait.seconds is None:
            return False
        try:
            Context().run(within, wait.seconds, self.probe, self._lake.url)
        except Exception:  # noqa: BLE001 - whatever a store or its client raises
            return False
        return True

    def _patiently(self, log: KnownLog, wait: Wait, work: Future[T]) -> T:
        """The result, unless the lake can't be reached meanwhile, or another release could answer at once."""
        assert wait.seconds is not None
        held = self.held() if wait.may_be_held else None
        has_other = held is not None and held.history.live != log.history.live
        while True:
            try:
                return work.result(_PATIENCE * wait.seconds)
            except TimeoutError:
                if work.done():
                    raise
            if log.is_held or has_other:
                raise LateError(f"{self._lake.url} did not answer within {_PATIENCE * wait.seconds:.3g} s")
            # A search may take long for other reasons, even longer than its caller waits.
            Context().run(self.breaker.call, self._read, wait.seconds)

    def _begun(self, work: Callable[[], T]) -> Future[T]:
        if not self._slots.acquire(blocking=False):
            raise StorageError(f"{_MOST_HANGING} searches hang in {self._lake.url} already")
        begun = in_background(work)
        begun.add_done_callback(lambda _: self._slots.release())
        return begun

    def _read(self) -> KnownLog:
        if not self.is_seen:
            self._check_seen()
        begun, history = time.monotonic(), self._checked(self._lake.log.read)
        log = KnownLog(history, begun)
        with self._lock:
            if self._newest is None or history.head >= self._newest.history.head:
                self._newest = log
            if self._held is not None and self._held.history.head == history.head:
                self._held = log
            has_other_rights = self._held is not None and self._held.history.rights != self._newest.history.rights
        if has_other_rights:  # what is held can be used under these, should the lake fail now
            self.rights.begin(self._newest.history.rights)
        return log

    def _check_seen(self) -> None:
        """For a lake that could not be reached when it was opened."""
        try:
            self._lake.check_format()
        except FileNotFoundError as error:
            raise ContractError(f"there is no lake at {self._lake.url}") from error
        self.is_seen = True

    def probe(self) -> None:
        """Reads the log, and a row of the release that is live, as a search would that has nothing in memory."""
        live = self._read().history.live
        if live is not None:
            name = live.recipe.embedder.table
            self._lake.tables(live.generation).at(name, live.versions[name]).scan(["doc_id"], "chunk_id < '1'")

    def _checked(self, read: Callable[[], T]) -> T:
        """What is read. What seems damaged, but is only garbled on the way, raises StorageError."""
        for _ in range(_TRIES - 1):
            with suppress(ContractError):
                return read()
        try:
            return read()
        except ContractError as damage:
            if self._is_garbled():
                raise StorageError(f"what comes from {self._lake.url} is garbled: {damage}") from damage
            raise

    def _is_garbled(self) -> bool:
        """Whether the lake's marker, which never changes, can't be read either; not if it is missing."""
        with suppress(FileNotFoundError):
            for _ in range(_TRIES):
                try:
                    self._lake.check_format()
                except (ContractError, StorageError, UsageError):
                    return True
        return False


def _breaker(log: LogReader, url: str) -> Breaker:
    """Its probe ends once nobody reads the log any more."""
    known = weakref.ref(log)

    def probe() -> None:
        if (alive := known()) is not None:
            alive.probe()

    return Breaker("lake", url, probe, _LIMITS, is_outage)


def is_outage(error: Exception) -> bool:
    """Whether the lake can't be reached, is slow or garbled; not if it is damaged, gone, or denies access."""
    return isinstance(error, StorageError | LateError)
