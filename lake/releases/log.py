"""The append-only log that determines which release readers see."""

from __future__ import annotations

import getpass
import json
import re
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from lake.errors import ConflictError, ContractError, TransientError
from lake.releases.history import History, collapse, fold
from lake.releases.values import Action, Entry
from lake.storage import clock
from lake.storage.lease import check_held, leave_open
from lake.storage.protocol import Store

T = TypeVar("T")

_FOLDER = "log"
_CHECKPOINT = ".checkpoint.json"
_NAME = re.compile(r"\d{10}(\.checkpoint)?\.json")
#: Consecutive conflicts after which a step gives up.
_CONFLICTS = 20
#: Entries that take longer to read, one by one, than to open a lake otherwise.
_MANY = 300
#: How often the log is listed again if entries were vacuumed away while it was read.
_TRIES = 5
#: What stands in the place of what was erased.
_ERASED = "erased"


class ReleaseLog:
    """The log in a store: numbered objects, each created once; creating the next is the compare-and-swap.

    A checkpoint holds all entries up to its own number, without those of deleted releases; the entries themselves
    may then be deleted.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._history = History()

    def read(self) -> History:
        """Returns the history of all entries so far. Entries never change, so none is read twice.

        Raises ContractError if an entry is damaged or missing, also if the log ends before what was read earlier.
        """
        known = self._history
        for attempt in range(_TRIES):
            entries, checkpoint = self._listed()
            try:
                if max([checkpoint, *entries]) < known.head:
                    raise FileNotFoundError(_path(known.head))
                return self._read_on(entries, checkpoint)
            except FileNotFoundError as error:
                if attempt == _TRIES - 1:
                    raise ContractError(
                        f"{error} in {self._store.url} is missing; restore it from a copy of the lake"
                    ) from error
                time.sleep(0.02 * attempt)  # a checkpoint replaced what was listed
        raise AssertionError("unreachable")

    def _listed(self) -> tuple[list[int], int]:
        """Numbers of the entries, and of the newest checkpoint (0 if there is none)."""
        names = [name for name in self._store.names(_FOLDER) if _NAME.fullmatch(name)]
        checkpoints = [int(name[:10]) for name in names if name.endswith(_CHECKPOINT)]
        return [int(name[:10]) for name in names if not name.endswith(_CHECKPOINT)], max(checkpoints, default=0)

    def _read_on(self, entries: list[int], checkpoint: int) -> History:
        history = self._history
        if checkpoint > history.head:
            history = self._checkpoint(checkpoint)
        new = [seq for seq in entries if seq > history.head]
        if not new:
            self._history = history
            return history
        missing = set(range(history.head + 1, new[-1])) - set(new)
        if missing:
            raise FileNotFoundError(_path(min(missing)))
        # Not what another thread may have read meanwhile: the result must not be older than the listing.
        self._history = history = fold([self._entry(_path(seq)) for seq in new], history)
        return history

    def _entry(self, path: str) -> Entry:
        return self._decoded(path, Entry.from_json)

    def _checkpoint(self, seq: int) -> History:
        return self._decoded(_checkpoint_path(seq), lambda value: fold(map(Entry.from_json, value["entries"])))

    def _decoded(self, path: str, decode: Callable[[Any], T]) -> T:
        data = self._store.read(path)
        try:
            return decode(json.loads(data))
        except (ValueError, TypeError, KeyError) as error:
            raise ContractError(
                f"{path} in {self._store.url} is damaged ({error}); restore it from a copy of the lake"
            ) from error

    def append(self, history: History, action: Action, release: str, **changes: Any) -> History:
        """Add one entry after ``history``. Raises ConflictError if somebody else added one in between.

        ``live``, ``pinned`` and ``rights`` stay as they are unless given in ``changes``. Raises ContractError if the
        process has lost its writer lease: whoever slept before an entry finds here that another run took over.
        """
        check_held(self._store.url)
        if action == "build" and release in history.releases:
            raise ContractError(f"{release} of {self._store.url} was built by another run meanwhile; run it again")
        last = history.entries[-1] if history.entries else None
        entry = Entry(
            seq=history.head + 1,
            at=_later_than(last),
            action=action,
            release=release,
            by=changes.pop("by", None) or own_name(),
            live=changes.pop("live", last.live if last else None),
            pinned=changes.pop("pinned", last.pinned if last else None),
            rights=changes.pop("rights", last.rights if last else None),
            **changes,
        )
        won = self._put(entry)
        # Nobody reads an entry whose number a checkpoint has already passed.
        if not won or not any(e.seq == entry.seq and e.at == entry.at for e in reversed(self.read().entries)):
            raise ConflictError(
                f"log entry {entry.seq} of {self._store.url} was written by somebody else meanwhile; "
                "nothing of this run is published, run it again"
            )
        return self._history

    def _put(self, entry: Entry) -> bool:
        """Create the entry. Returns False if somebody else's is there.

        A request that fails may be done, or even be under way still: arriving after this run has given its lease back,
        it would add a release that whoever works by then does not know of. A second one settles what is there. If that
        fails as well, the lease is left to run out, so that whoever takes over adds an entry before anything else.
        """
        path, data = _path(entry.seq), entry.to_bytes()
        with suppress(TransientError):
            return self._store.put_if_absent(path, data)
        try:
            return self._store.put_if_absent(path, data) or self._store.read(path) == data
        except FileNotFoundError:  # a checkpoint has passed it
            return False
        except TransientError:
            leave_open(self._store.url)
            raise

    def record(self, action: Action, release: str, **changes: Any) -> History:
        """Add one entry that is valid regardless of what others add meanwhile."""
        return self.insist(lambda history: self.append(history, action, release, **changes))

    def fence(self, other: str) -> None:
        """Add an entry that changes nothing, so that ``other``, if it only sleeps, finds its next number taken.

        It may be asleep inside the writing of an entry, after its last look at its lease.
        """
        self.record("rights", "", why=f"took over from {other}")

    def insist(self, step: Callable[[History], History]) -> History:
        """Take a step from the newest history, and again from a newer one if somebody else came first."""
        for _ in range(_CONFLICTS):
            with suppress(ConflictError):
                return step(self.read())
        return step(self.read())

    def is_scattered(self) -> bool:
        """Whether so many entries lie beside the checkpoint that whoever opens the lake had better find a new one."""
        return len(self._listed()[0]) > _MANY

    def checkpoint(self, erased: Collection[str] = (), names: Callable[[str], bool] = lambda why: False) -> None:
        """Replace all entries so far with one object, redacting the ids in ``erased`` and reasons that name it."""
        history = self.read()
        if not erased and self._listed()[1] == history.head:
            return
        entries = collapse(history, clock.now())
        kept = [replace(one, why=_ERASED if names(one.why) else one.why).to_json() for one in entries]
        text = json.dumps({"entries": kept}, ensure_ascii=False, sort_keys=True)
        if erased:
            text = re.sub(r"[0-9a-f]{32,64}", lambda found: _ERASED if found[0] in erased else found[0], text)
        self._store.write(_checkpoint_path(history.head), text.encode())
        for seq in self._listed()[0]:
            if seq <= history.head:
                self._store.delete(_path(seq))
        for name in self._store.names(_FOLDER):
            if name.endswith(_CHECKPOINT) and int(name[:10]) < history.head:
                self._store.delete(f"{_FOLDER}/{name}")


def _path(seq: int) -> str:
    return f"{_FOLDER}/{seq:010}.json"


def _checkpoint_path(seq: int) -> str:
    return f"{_FOLDER}/{seq:010}{_CHECKPOINT}"


def _later_than(last: Entry | None) -> datetime:
    # Wall clocks step back; the order of the log must not.
    now = clock.now()
    return max(now, last.at + timedelta(microseconds=1)) if last else now


def own_name() -> str:
    """The user of this process, who acts unless an entry says otherwise."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "unknown"
