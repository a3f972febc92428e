"""The append-only log that says which release readers see, and the steps that append to it."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime, timedelta
from typing import Any

from lake.errors import ContractError, RefusedError, UsageError
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
                self._entries.append(self._entry(f"{_FOLDER}/{name}"))
            self._history = fold(self._entries)
        return self._history

    def _entry(self, path: str) -> Entry:
        try:
            return Entry.from_bytes(self._store.read(path))
        except (ValueError, TypeError, KeyError) as error:
            raise ContractError(
                f"{path} in {self._store.url} is damaged ({error}); restore it from a copy of the lake"
            ) from error

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


def publish(
    log: ReleaseLog,
    release: Release,
    *,
    verdict: dict[str, Any] | None = None,
    why: str = "",
    force: bool = False,
) -> History:
    """Make the release live in one step.

    RefusedError when pinned, when ``live`` moved since it was built, when it was rolled back, or when its
    audit refused it, unless ``force``, which the entry records.
    """
    history = log.read()
    if history.live is not None and history.live.release == release.release:
        return history
    if not force:
        _check_publishable(history, release, has_verdict=verdict is not None)
    facts = {"verdict": verdict or {}, "forced": force}
    return log.append(history, "publish", release.release, live=release.release, why=why, facts=facts)


def _check_publishable(history: History, release: Release, *, has_verdict: bool) -> None:
    if history.pinned is not None:
        raise RefusedError(f"live is pinned ({history.pinned}); {release.release} waits for raglake unpin")
    live = history.live.release if history.live else None
    if live != release.base:
        raise RefusedError(
            f"{release.release} was built on {release.base or 'nothing'}, but live is now {live}; "
            "run raglake ingest again, or say --force"
        )
    equals = [name for name, other in history.releases.items() if other.digest == release.digest]
    because = next((why for name in equals if (why := history.rolled_back_because(name)) is not None), None)
    if because is not None:
        raise RefusedError(
            f"what {release.release} holds was rolled back ({because}); mend the "
            "sources or the recipe, or say raglake publish --force"
        )
    if history.status(release.release) == "refused" and not has_verdict:
        raise RefusedError(f"{history.why(release.release)} Say --force --why ... to publish it all the same")


def rollback(log: ReleaseLog, release: Release, *, why: str) -> History:
    """Make an earlier release live again; one entry, no data is copied, and the next ingest goes on from there."""
    history = log.read()
    if history.live is not None and history.live.release == release.release:
        return history
    if history.published_at(release.release) is None:
        raise UsageError(f"{release.release} was never live, so there is nothing to go back to; raglake publish it")
    return log.append(history, "rollback", release.release, live=release.release, why=why)


def pin(log: ReleaseLog, *, why: str) -> History:
    """Hold ``live`` where it is: runs go on building and auditing candidates, and publish none."""
    history = log.read()
    return log.append(history, "pin", history.resolve("live").release, pinned=why, why=why)


def unpin(log: ReleaseLog) -> History:
    """Let the next run publish again."""
    history = log.read()
    if history.pinned is None:
        return history
    return log.append(history, "unpin", history.resolve("live").release, pinned=None)


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
