"""Redis streams as events: ``redis://HOST:PORT/DATABASE?stream=NAME&group=NAME``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import MISSING, dataclass, field
from datetime import UTC, datetime
from typing import Any

from lake.errors import UsageError
from lake.events.stream import Event, EventsLost
from lake.sources.address import options_of, setting

#: Entries of one request, and the name under which a group knows whoever watches.
_AT_ONCE, _CONSUMER = 500, "raglake"


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
        block = max(1, round(1000 * seconds))
        found = self._server.xreadgroup(group, _CONSUMER, {stream: ">"}, _AT_ONCE, block)
        return [self._event(*entry) for _, entries in found or () for entry in entries]

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
        """An entry; one that was trimmed while it was pending has no fields, and so a body that says nothing."""
        body = (fields or {}).get(self._options.field.encode(), b"")
        since = datetime.fromtimestamp(int(name.partition(b"-")[0]) / 1000, UTC)
        return Event(body, name, since)

    def acknowledge(self, receipts: Sequence[bytes]) -> None:
        for start in range(0, len(receipts), _AT_ONCE):
            self._server.xack(self._options.stream, self._options.group, *receipts[start : start + _AT_ONCE])

    def close(self) -> None:
        self._server.close()
