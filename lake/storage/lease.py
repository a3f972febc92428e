"""Leases: one run at a time writes to a lake, or to a copy of it elsewhere, between processes and machines."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import NamedTuple, Self

from lake.errors import BusyError, ContractError, LakeError, RefusedError
from lake.storage.lease_holder import LENGTH, Holder, read_holder
from lake.storage.protocol import Store
from lake.storage.store import LocalStore

_log = logging.getLogger(__name__)

_RENEW_EVERY_SECONDS = 20.0
_LOOK_EVERY_SECONDS = 3.0

#: What a run meets once another one has the lease: rows and files that are gone.
_OF_OTHERS = (ContractError, FileNotFoundError)

#: Called with a message about the run that is waited for, and with None when this run goes on.
Report = Callable[[str | None], None]


class _Waiting(NamedTuple):
    seconds: float
    report: Report
    stop: threading.Event


_waiting: ContextVar[_Waiting | None] = ContextVar("waiting", default=None)

#: The leases that this process holds, by their keys.
_held: dict[str, Lease] = {}


@contextmanager
def waiting(seconds: float, report: Report, stop: threading.Event | None = None) -> Iterator[None]:
    """Inside, a run that finds the lease taken waits for it, for at most ``seconds``, and until ``stop`` is set.

    A block inside another one stops with it.
    """
    outer = _waiting.get()
    stop = stop or (outer.stop if outer else threading.Event())
    before = _waiting.set(_Waiting(seconds, report, stop))
    try:
        yield
    finally:
        _waiting.reset(before)


class Lease(AbstractContextManager["Lease"]):
    """Held inside ``with``. Raises BusyError if another run holds it, at once unless inside ``waiting``.

    ``subject`` is what only the holder writes to, and ``what`` is the holder's command; errors name both.

    Leases are numbered objects: taking the next number is a put-if-absent, so only one of two runs that find the
    last lease over gets the next. A thread renews it; ``check`` raises if it was lost. So does the end of the block, in
    place of an error about rows or files that the other run removed.
    """

    #: What a run that lost the lease has done so far, for its error.
    outcome = "it stopped in the middle, run it again"

    def __init__(self, store: Store, what: str, folder: str, subject: str) -> None:
        self._store, self._what, self.url = store, what, store.url
        self._folder, self._subject = folder, subject
        self._number, self._key, self._since = 0, secrets.token_hex(8), datetime.now(UTC)
        #: The holder before, if it never gave its lease back: it died, or sleeps and may wake.
        self.took_over_from: Holder | None = None
        #: Whether the lease is not given back at the end, since a request of this run may still be under way.
        self.is_left_open = False
        self._stop, self._writing = threading.Event(), threading.Lock()

    def __enter__(self) -> Self:
        try:
            self._acquire()
        except BusyError as busy:
            waiting = _waiting.get()
            if waiting is None or not waiting.seconds:
                raise
            self._wait(busy, waiting)
        threading.Thread(target=self._renew, name="raglake-lease", daemon=True).start()
        return self

    def _wait(self, busy: BusyError, waiting: _Waiting) -> None:
        """Try again until the other runs are done; the holder may change meanwhile."""
        seconds, report, stop = waiting
        until = time.monotonic() + seconds
        report(str(busy))
        while (left := until - time.monotonic()) > 0:
            if stop.wait(min(_LOOK_EVERY_SECONDS, left)):
                raise BusyError(f"{busy}; this run was told to stop while it waited for it")
            try:
                self._acquire()
            except BusyError as still:
                busy = still
            else:
                report(None)
                return
        raise BusyError(f"{busy}; this run waited {seconds / 60:g} minutes for it")

    def _acquire(self) -> None:
        names = self._store.names(self._folder)
        last = names[-1] if names else None
        if last is not None:
            holder = self._read(last)
            if holder is not None and not is_over(holder):
                raise BusyError(holder.refusal(self._subject))
            self.took_over_from = None if holder is None or holder.released else holder
            self._number = int(last.split(".")[0])
        self._number += 1
        self._since = datetime.now(UTC)
        _held[self._key] = self
        try:
            self._take(names)
        except BaseException:
            _held.pop(self._key, None)
            raise

    def _take(self, before: list[str]) -> None:
        # Checked again, since a run that slept after listing may find its number vacuumed, and so free.
        if not self._store.put_if_absent(self._path, self._mine()) or not self._is_mine():
            raise BusyError(f"another run took the writer lease of {self._subject} just now; try again when it is done")
        for name in before:
            self._store.delete(f"{self._folder}/{name}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        _held.pop(self._key, None)
        is_lost = False
        try:
            with self._writing:
                is_lost = not self._is_mine()
                if not is_lost and not self.is_left_open:
                    self._give_back()
        except LakeError as failure:  # never in place of what ended the run
            _log.warning("a lease could not be given back and ends by itself within %s: %s", LENGTH, failure)
        if is_lost and isinstance(error, _OF_OTHERS) and not isinstance(error, RefusedError):
            raise self._lost() from error  # another run removed what this one read: nothing is damaged

    def _give_back(self) -> None:
        try:
            self._store.write(self._path, self._mine(released=True))
        except LakeError:
            if not isinstance(self._store, LocalStore):
                raise
            self._store.delete(self._path)  # takes no space on a full disk

    @property
    def mark(self) -> str:
        """Differs from that of every other lease."""
        return self._key[:8]

    @property
    def age(self) -> timedelta:
        """How long ago this lease was taken."""
        return datetime.now(UTC) - self._since

    def check(self) -> None:
        """Raises ContractError if the lease was lost, for instance after the machine slept."""
        if not self._is_mine():
            raise self._lost()

    def _lost(self) -> ContractError:
        return ContractError(f"this run lost the writer lease of {self._subject}; {self.outcome}")

    def _is_mine(self) -> bool:
        """Whether the last lease is this one; its number alone proves little once somebody has emptied the folder."""
        if self._store.names(self._folder)[-1:] != [_name(self._number)]:
            return False
        holder = self._read(_name(self._number))
        return holder is not None and holder.key == self._key

    @property
    def _path(self) -> str:
        return f"{self._folder}/{_name(self._number)}"

    def _mine(self, *, released: bool = False) -> bytes:
        return Holder.of_this_process(self._what, self._key, released=released).to_bytes()

    def _read(self, name: str) -> Holder | None:
        return read_holder(self._store, self._folder, name)

    def _renew(self) -> None:
        while not self._stop.wait(_RENEW_EVERY_SECONDS):
            try:
                with self._writing:
                    if self._stop.is_set() or not self._is_mine():
                        return
                    self._store.write(self._path, self._mine())
            except LakeError as error:  # the next try may come in time
                _log.warning("a lease could not be renewed: %s", error)


class WriterLease(Lease):
    """The lease of a whole lake."""

    folder, outcome = "lease", "nothing is published, run it again"

    def __init__(self, store: Store, what: str) -> None:
        super().__init__(store, what, self.folder, store.url)


def is_open(store: Store, what: str) -> bool:
    """Whether the lake's last lease was for ``what`` and was not given back: its run is at work, asleep or dead."""
    names = store.names(WriterLease.folder)
    holder = read_holder(store, WriterLease.folder, names[-1]) if names else None
    return holder is not None and holder.what == what and not holder.released


def is_over(holder: Holder) -> bool:
    """Whether another run may take the lease of this holder, which may be of this process."""
    return holder.is_over(_held)


def check_held(url: str) -> None:
    """Raises ContractError if the writer lease that this process last took on this lake has been lost."""
    for lease in _writers(url)[-1:]:
        lease.check()


def leave_open(url: str) -> None:
    """Let this process' writer lease on the lake run out instead of giving it back, so that the next holder fences."""
    for lease in _writers(url)[-1:]:
        lease.is_left_open = True


def held_for(url: str) -> timedelta:
    """How long this process has held its writer lease on the lake; zero without one."""
    return max((lease.age for lease in _writers(url)), default=timedelta(0))


def lease_mark(url: str) -> str:
    """A mark for names of files that no other run may write; "" if this process holds no writer lease on the lake."""
    marks = [lease.mark for lease in _writers(url)]
    return marks[-1] if marks else ""


def _writers(url: str) -> list[WriterLease]:
    return [lease for lease in _held.values() if isinstance(lease, WriterLease) and lease.url == url]


def _name(number: int) -> str:
    return f"{number:010}.json"
