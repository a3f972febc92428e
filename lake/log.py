"""The append-only log that says which release readers see, and the steps that append to it."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime, timedelta
from typing import Any

from lake.errors import ContractError, RefusedError
from lake.releases import Action, Entry, History, Release, fold
from lake.store import Store

_FOLDER = "log"


class ReleaseLog:
    """The log in a store: numbered objects, each created once; creating the next is the compare-and-swap."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._entries: list[Entry] = []
        self._history = History((), {})

    def read(self) -> History:
        """All entries so far; what was read before is not read again, since entries never change."""
        names = self._store.names(_FOLDER)
        if len(names) > len(self._entries):
            for name in names[len(self._entries) :]:
                self._entries.append(Entry.from_bytes(self._store.read(f"{_FOLDER}/{name}")))
            self._history = fold(self._entries)
        return self._history

    def append(self, history: History, action: Action, release: str, **changes: Any) -> History:
        """Add one entry after ``history``; ContractError if somebody else added one in between.

        ``live`` and ``pinned`` stay as they are unless given in ``changes``.
        """
        last = history.entries[-1] if history.entries else None
        entry = Entry(
            seq=history.head + 1,
            at=_later_than(last),
            action=action,
            release=release,
            by=changes.pop("by", None) or _user(),
            live=changes.pop("live", last.live if last else None),
            pinned=changes.pop("pinned", last.pinned if last else None),
            **changes,
        )
        if not self._store.put_if_absent(f"{_FOLDER}/{entry.seq:010}.json", entry.to_bytes()):
            raise ContractError(
                f"log entry {entry.seq} of {self._store.url} was written by somebody else meanwhile; "
                "nothing of this run is published, run it again"
            )
        return self.read()


def publish(log: ReleaseLog, release: Release, *, verdict: dict[str, Any] | None = None, why: str = "") -> History:
    """Make the release live in one step; refused when pinned or when ``live`` moved since it was built."""
    history = log.read()
    if history.live is not None and history.live.release == release.release:
        return history
    if history.pinned is not None:
        raise RefusedError(
            f"live is pinned ({history.pinned}); {release.release} stays a candidate until raglake unpin"
        )
    live = history.live.release if history.live else None
    if live != release.base:
        raise RefusedError(
            f"{release.release} was built on {release.base or 'nothing'}, but live is now {live}; "
            "run raglake ingest again"
        )
    return log.append(
        history, "publish", release.release, live=release.release, why=why, facts={"verdict": verdict or {}}
    )


def refuse(log: ReleaseLog, release: Release, *, verdict: dict[str, Any], why: str) -> History:
    """Record that the candidate failed its audit; it stays to be looked at and is never live by itself."""
    return log.append(log.read(), "refuse", release.release, why=why, facts={"verdict": verdict})


def _later_than(last: Entry | None) -> datetime:
    # Wall clocks step back; the order of the log must not.
    now = datetime.now(UTC)
    return max(now, last.at + timedelta(microseconds=1)) if last else now


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "unknown"
