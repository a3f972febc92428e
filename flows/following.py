"""What tells of changes in a source: the system's file events, or its own cursor, read at intervals."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from lake.errors import LakeError, UsageError
from lake.sources.local import readable_name
from lake.sources.protocol import Cursor, CursorLost, Gap, SourceFile
from lake.sources.scope import lookable
from lake.storage import clock

if TYPE_CHECKING:
    from lake.options.watch import WatchOptions
    from lake.sources.source import Source

_log = logging.getLogger(__name__)

#: Seconds between looks at whether a folder is still the one that is watched, and between tries if it is not.
_LOOK, _AGAIN = 1.0, 5.0
#: Changes of one moment, beyond which the system may have dropped some.
_DOUBTFUL = 4000


#: Called once what somebody told of is published.
Receipt = Callable[[], None]


@dataclass
class Waiting:
    """Keys of a source that wait for a run, each with the time from which its lag counts, and whom to tell."""

    keys: dict[str, datetime] = field(default_factory=dict)
    receipts: list[Receipt] = field(default_factory=list)


class WaitingKeys:
    """Keys that wait for a run, by source. Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._waiting: dict[str, Waiting] = {}
        self._last = 0.0

    def add(self, source: str, keys: Iterable[str], since: datetime, receipts: Iterable[Receipt] = ()) -> None:
        """Add keys; one that waits already keeps its time. An empty key stands for the whole source.

        So does one that no run over a few documents could look at, which would hold back all others for ever: buckets
        have objects such as ``a//b.md``, and notices may be of an older version.
        """
        with self._lock:
            waiting = self._waiting.setdefault(source, Waiting())
            for key in map(lookable, keys):
                waiting.keys[key] = min(since, waiting.keys.get(key, since))
            waiting.receipts.extend(receipts)
            self._last = time.monotonic()
            self._lock.notify_all()

    def take(self) -> dict[str, Waiting]:
        """All that wait, which wait no more."""
        with self._lock:
            taken, self._waiting = self._waiting, {}
            return taken

    def wait(self, seconds: float) -> bool:
        """Wait until there are any, at most so long; whether there are."""
        with self._lock:
            return bool(self._waiting or (self._lock.wait(seconds) and self._waiting))

    def quiet_for(self) -> float:
        """Seconds since the last one came."""
        return time.monotonic() - self._last

    @property
    def oldest(self) -> datetime | None:
        with self._lock:
            return min((since for one in self._waiting.values() for since in one.keys.values()), default=None)

    def __len__(self) -> int:
        with self._lock:
            return sum(len(one.keys) for one in self._waiting.values())


class Follower(Protocol):
    """Adds a source's changes in a thread of its own. ``what`` says how, to a person."""

    what: str

    def start(self) -> None: ...
    def keys_of(self, objects: Iterable[str]) -> Iterator[str]: ...


def followers(
    sources: Mapping[str, Source], options: WatchOptions, changes: WaitingKeys, stop: threading.Event
) -> dict[str, Follower]:
    """What follows each source."""
    found: dict[str, Follower] = {}
    for name, source in sources.items():
        if source.is_local:
            found[name] = FolderFollower(source, changes, stop)
        elif source.tells_cheaply:
            found[name] = CursorFollower(source, changes, stop, options.lag / 3)
        else:
            found[name] = NoticesOnly(source)
    return found


class NoticesOnly:
    """A source that tells of nothing itself: notices in the lake's inbox do."""

    what = "notices only (webhooks, bucket notifications, raglake.notify); the nightly run finds the rest"

    def __init__(self, source: Source) -> None:
        self._root = source.root

    def start(self) -> None:
        """Nothing to start."""

    def keys_of(self, objects: Iterable[str]) -> Iterator[str]:
        """The uris of objects (``bucket/key``) that are below the source."""
        prefix = self._root.split("://", 1)[-1].rstrip("/") + "/"
        yield from (one.removeprefix(prefix) for one in objects if one.startswith(prefix))


class FolderFollower(NoticesOnly):
    """File events of a local folder."""

    what = "file events"

    def __init__(self, source: Source, changes: WaitingKeys, stop: threading.Event) -> None:
        super().__init__(source)
        self._source, self._changes, self._stop = source, changes, stop
        self._ready = threading.Event()
        self._failure: Exception | None = None

    def start(self) -> None:
        """Returns once no change can be missed. Raises UsageError if the system gives no events."""
        try:
            import watchfiles  # noqa: F401 - an extra
        except ImportError as missing:
            raise UsageError(f"{missing}; pip install 'raglake[watch]'") from missing
        threading.Thread(target=self._follow, name="raglake-events", daemon=True).start()
        self._ready.wait()
        if self._failure is not None:
            raise UsageError(
                f"the system gives no file events of {self._source.root} ({self._failure}); raise "
                "fs.inotify.max_user_watches, or set WATCHFILES_FORCE_POLLING=1"
            ) from self._failure

    def _follow(self) -> None:
        while not self._stop.is_set():
            try:
                self._follow_one()
            except Exception as error:  # noqa: BLE001 - of a library in Rust; the folder may come back
                if not self._ready.is_set():
                    self._failure = error
                    self._ready.set()
                    return
                _log.warning("%s can't be watched at the moment: %s", self._source.name, error)
                self._stop.wait(_AGAIN)
            if not self._stop.is_set():  # what happened meanwhile nobody told
                self._changes.add(self._source.name, [""], clock.now())

    def _follow_one(self) -> None:
        """Follow the folder until another one has its name, or none."""
        import watchfiles

        identity = _identity(self._source.root)  # of what a link leads to, which may be switched
        root = os.path.realpath(self._source.root)
        often: dict[str, Any] = {
            "debounce": 100,
            "step": 20,
            "rust_timeout": round(1000 * _LOOK),
            "yield_on_timeout": True,
        }
        all_of: dict[str, Any] = {"watch_filter": None, "ignore_permission_denied": True, "raise_interrupt": False}
        for found in watchfiles.watch(root, stop_event=self._stop, **often, **all_of):
            self._ready.set()
            keys = {key for _, path in found if (key := self._key(root, path)) is not None}
            if len(found) > _DOUBTFUL:
                keys = {""}
            if keys:
                self._changes.add(self._source.name, keys, clock.now())
            if _identity(self._source.root) != identity:
                return

    def _key(self, root: str, path: str) -> str | None:
        inside = os.path.relpath(path, root)
        if inside in (".", "..") or inside.startswith("../"):
            return None
        uri = readable_name(inside)
        return uri if self._source.may_hold(uri) else None


class CursorFollower(NoticesOnly):
    """A source's own cursor, read at intervals. A run starts from the stored one, so that nothing depends on this."""

    def __init__(self, source: Source, changes: WaitingKeys, stop: threading.Event, seconds: float) -> None:
        super().__init__(source)
        self._source, self._changes, self._stop, self._seconds = source, changes, stop, seconds
        self.what = f"its cursor, every {seconds:g} s"
        self._position: str | None = None
        self._told = set[int]()

    def start(self) -> None:
        """Returns once no change can be missed. Raises the errors of a listing."""
        self._begin()
        threading.Thread(target=self._follow, name="raglake-cursor", daemon=True).start()

    def _follow(self) -> None:
        before = clock.now()
        while not self._stop.wait(self._seconds):
            began = clock.now()
            try:
                keys = self.changed()
                if keys:
                    self._changes.add(self._source.name, keys, before)
                before = began
            except (LakeError, OSError) as error:
                _log.warning("%s can't be read at the moment: %s", self._source.name, error)

    def changed(self) -> set[str]:
        """The uris that changed since the last look; all that there are if there was no position."""
        try:
            return self._read(self._position)
        except CursorLost:
            self._begin()  # a run that begins after this misses nothing that the next look does not tell
            return {""}

    def _begin(self) -> None:
        """Find the cursor, and what changed last, which many sources tell each time."""
        self._read(None)
        self._told = set()  # of everything, which may be millions
        if self._position is not None:
            self._read(self._position)

    def _read(self, since: str | None) -> set[str]:
        keys, told = set[str](), set[int]()
        for item in self._source.changes(since):
            if isinstance(item, Cursor):
                self._position = item.position or None
            if isinstance(item, Cursor | Gap):
                continue
            told.add(mark := hash(repr(item._replace(is_final=True) if isinstance(item, SourceFile) else item)))
            if mark not in self._told and len(keys) < _DOUBTFUL:
                keys.add(item.uri)
        self._told = told
        return keys if len(keys) < _DOUBTFUL else {""}


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
