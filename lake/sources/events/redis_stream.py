"""Redis streams as events: ``redis://HOST:PORT/DATABASE?stream=NAME&group=NAME``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import MISSING, dataclass, field
from typing import Any

from lake.errors import UsageError
from lake.sources.address import options_of, setting
from lake.sources.events.stream import Event, EventsLost, time_of

#: Entries of one request, and the name under which a group knows whoever watches.
_AT_ONCE, _CONSUMER = 500, "raglake"
_ANYTHING: dict[str, Any] = {"keys": [""]}


@dataclass(frozen=True)
class RedisOptions:
    """Options of a stream."""

    stream: str = field(default=MISSING, metadata={"description": "Key of the stream."})  # type: ignore[assignment]
    group: str = field(  # type: ignore[assignment]
        default=MISSING, metadata={"description": "Consumer group; each lake needs one of its own."}
    )
    field: str = setting("event", "Field of an entry that holds the event, as JSON.")
    user: str = setting("", "User of the server.")
    password: str = setting("", "$VARIABLE or block:NAME with the password.", secret=True)


class RedisStream:
    """Entries of a consumer group. What is not acknowledged stays pending, and is read again by the next process."""

    options: Any = RedisOptions

    def __init__(self, url: str) -> None:
        try:
            import redis
        except ImportError as missing:
            raise UsageError(f"{missing}; pip install 'raglake[redis]'") from missing
        self._options = options_of(url, RedisOptions)
        words = {"username": self._options.user or None, "password": self._options.password or None}
        self._server: Any = redis.Redis.from_url(
            url.partition("?")[0], **words, socket_timeout=10, socket_connect_timeout=5, health_check_interval=30
        )
        self._of_group = redis.exceptions.ResponseError
        #: The entry behind which the next pending ones are; None once there are none left.
        self._pending: str | None = "0"
        self._is_joined = False

    def receive(self, seconds: float) -> Sequence[Event]:
        try:
            if self._pending == "0":
                self._join()
            return self._read(seconds)
        except Exception as error:
            self._pending = "0"  # entries may have been given out in an answer that did not arrive
            if not (isinstance(error, self._of_group) and str(error).startswith("NOGROUP")):
                raise
        self._join()
        return self._read(seconds)

    def _read(self, seconds: float) -> list[Event]:
        """Entries that an earlier process received and did not acknowledge, then new ones."""
        group, stream = self._options.group, self._options.stream
        if self._pending is not None:
            found = self._server.xreadgroup(group, _CONSUMER, {stream: self._pending}, _AT_ONCE)
            entries = found[0][1] if found else []
            self._pending = entries[-1][0] if entries else None
            if entries:
                return [self._event(*entry) for entry in entries]
        found, last = self._new()
        if not found and self._server.xread({stream: last}, 1, max(1, round(1000 * seconds))):
            found, last = self._new()
        return [self._event(*entry) for entry in found]

    def _new(self) -> tuple[list[tuple[bytes, dict[bytes, bytes]]], bytes]:
        """Entries that nobody received, and the id of the last one that somebody has.

        Raises EventsLost if some were trimmed unread. What was read with them is pending, and so comes again. All is
        asked in one transaction, since a stream may be trimmed at any moment.
        """
        group, stream = self._options.group, self._options.stream
        with self._server.pipeline(transaction=True) as asked:
            asked.xinfo_stream(stream)
            asked.xinfo_groups(stream)
            asked.xreadgroup(group, _CONSUMER, {stream: ">"}, _AT_ONCE)
            held, groups, read = asked.execute(raise_on_error=False)
        for answer in (read, held, groups):
            if isinstance(answer, Exception):
                raise answer
        (before,) = (one for one in groups if one["name"] == group.encode())
        found = read[0][1] if read else []
        if _are_lost(held, before):
            self._count(held, found)
            raise EventsLost(f"entries of the stream {stream} were trimmed before they were read")
        return found, found[-1][0] if found else before["last-delivered-id"]

    def _count(self, held: Mapping[str, Any], found: Sequence[tuple[bytes, Any]]) -> None:
        """Let the group count trimmed entries as read, which it doesn't by itself, so that they are told of once."""
        last = found[-1][0] if found else held["last-generated-id"]
        n_added = held.get("entries-added")
        n_read = None if n_added is None else n_added - held["length"] + len(found)
        with suppress(self._of_group):  # they are told of again
            self._server.xgroup_setid(self._options.stream, self._options.group, last, entries_read=n_read)

    def _join(self) -> None:
        """Make the group unless it is there. Raises EventsLost if it was there before: what came since nobody knows."""
        start = "0" if self._is_joined else "$"
        try:
            self._server.xgroup_create(self._options.stream, self._options.group, start, mkstream=True)
        except self._of_group as error:
            if not str(error).startswith("BUSYGROUP"):
                raise
            self._is_joined = True
            return
        if self._is_joined:
            raise EventsLost(f"the stream {self._options.stream} or its group was deleted")
        self._is_joined = True

    def _event(self, name: bytes, fields: dict[bytes, bytes] | None) -> Event:
        """An entry; one that was trimmed while it was pending has no fields, and so may be about anything."""
        body = fields.get(self._options.field.encode(), b"") if fields else _ANYTHING
        return Event(body, name, time_of(_parts(name)[0]))

    def acknowledge(self, receipts: Sequence[bytes]) -> None:
        for start in range(0, len(receipts), _AT_ONCE):
            self._server.xack(self._options.stream, self._options.group, *receipts[start : start + _AT_ONCE])

    def close(self) -> None:
        self._server.close()


def _are_lost(held: Mapping[str, Any], group: Mapping[str, Any]) -> bool:
    """Whether entries behind the last one that a group received were trimmed, by answers of XINFO STREAM and GROUPS.

    True if a server that doesn't count entries (before version 7) can't tell.
    """
    last, first = _parts(group["last-delivered-id"]), held["first-entry"]
    if (_parts(first[0]) if first else _parts(held["last-generated-id"])) <= last:
        return False
    n_added, n_read = held.get("entries-added"), group.get("entries-read")
    if n_read is None and last == (0, 0):
        n_read = 0
    return n_added is None or n_read is None or bool(n_added - held["length"] > n_read)


def _parts(name: bytes) -> tuple[int, int]:
    """An id's time and number."""
    time, _, number = name.partition(b"-")
    return int(time), int(number or 0)
