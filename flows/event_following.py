"""What tells of changes by events: a stream is read in a thread, and hears of each event once it is published."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import Any

from flows.following import Follower, WaitingKeys
from lake.errors import UsageError
from lake.sources.events.forms import Change, change_of
from lake.sources.events.stream import Address, Event, EventsLost, EventStream, open_stream
from lake.storage import clock
from lake.storage.secrets import hidden

_log = logging.getLogger(__name__)

#: Seconds that a stream may wait for events, between tries if it fails, and for its thread to end.
_WAIT, _AGAIN, _END = 0.5, 5.0, 30.0


class EventFollower:
    """Adds what events tell of to the keys that wait. Events about sources that nobody watches are acknowledged."""

    def __init__(self, address: Address, sources: Mapping[str, Follower], changes: WaitingKeys) -> None:
        if address.source is not None and address.source not in sources:
            raise UsageError(f"no source {address.source!r} is watched; there are {', '.join(sources)}")
        self.what = f"events of {address.url.partition('?')[0]}"
        self._stream: EventStream = open_stream(address.url)
        self._source, self._sources, self._changes = address.source, sources, changes
        self._published: SimpleQueue[Any] = SimpleQueue()
        self._waiting: list[Any] = []
        self._is_joined = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="raglake-stream", daemon=True)

    def start(self) -> None:
        """Returns once no event can be missed, or the stream has failed: then everything is listed once it is there.

        Raises UsageError.
        """
        try:
            with suppress(EventsLost):  # everything is listed next
                self._receive(0.0)
            self._is_joined = True
        except UsageError:
            raise
        except Exception as error:  # noqa: BLE001 - of a client; the server may come
            self._failed(error)
        self._thread.start()

    def end(self) -> None:
        """Acknowledge what is published, and leave the stream."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(_END)

    def _follow(self) -> None:
        while not self._ended.is_set():
            try:
                self._acknowledge()
                self._receive(_WAIT)
            except EventsLost as error:
                _log.warning("%s: %s; everything is listed", self.what, error)
                self._add_all()
            except Exception as error:  # noqa: BLE001 - of a client; the server may come back
                self._failed(error)
                self._ended.wait(_AGAIN)
        try:
            self._acknowledge()
            self._stream.close()
        except Exception as error:  # noqa: BLE001 - what is not acknowledged comes again
            _log.warning("%s could not be left well: %s", self.what, _told(error))

    def _failed(self, error: Exception) -> None:
        _log.warning("%s can't be read at the moment: %s", self.what, _told(error))

    def _add_all(self) -> None:
        self._is_joined = True
        for source in [self._source] if self._source is not None else self._sources:
            self._changes.add(source, [""], clock.now())

    def _receive(self, seconds: float) -> None:
        events = self._stream.receive(seconds)
        if not self._is_joined and self._thread.is_alive():
            _log.warning("%s can be read; everything is listed, since nobody heard of changes before", self.what)
            self._add_all()
        for event in events:
            self._take(event)

    def _take(self, event: Event) -> None:
        now = clock.now()
        # Plugins may give a time without a zone, which is none: no event may cost those after it.
        has_time = isinstance(event.since, datetime) and event.since.utcoffset() is not None
        since = min(event.since, now) if event.since and has_time else now
        keys = {source: found for source, found in self._keys(event).items() if found}
        n_left, lock = len(keys), threading.Lock()

        def published() -> None:
            nonlocal n_left
            with lock:
                n_left -= 1
                is_last = n_left <= 0
            if is_last:
                self._published.put(event.receipt)

        if not keys:
            self._published.put(event.receipt)
        for source, found in keys.items():
            self._changes.add(source, found, since, [published])

    def _passed_over(self, event: Event, why: str) -> dict[str, list[str]]:
        _log.warning(
            "%s: event %s %s and is passed over; the next run over everything finds what it was about",
            *(self.what, event.receipt, why),
        )
        return {}

    def _keys(self, event: Event) -> dict[str, list[str]]:
        """Keys by source. What an event means that nobody understands is found by the runs over everything."""
        try:
            value = json.loads(event.body) if isinstance(event.body, bytes | bytearray | str) else event.body
            change = change_of(value)
        except (ValueError, RecursionError, UsageError) as error:
            return self._passed_over(event, f"can't be read ({type(error).__name__})")
        if change is None:
            return self._passed_over(event, "has none of the forms that webhooks take")
        return {source: self._of(source, change) for source in self._named(value)}

    def _of(self, source: str, change: Change) -> list[str]:
        return [*change.keys, *self._sources[source].keys_of(change.objects)]

    def _named(self, value: Any) -> Iterable[str]:
        """The sources that an event may be about: the stream's own, the one that it names, or all."""
        if self._source is not None:
            return [self._source]
        name = value.get("source") if isinstance(value, dict) else None
        if isinstance(name, str) and "keys" in value:
            return [name] if name in self._sources else []
        return self._sources

    def _acknowledge(self) -> None:
        """Tell the stream of all that is published; what fails is told again."""
        try:
            while True:
                self._waiting.append(self._published.get_nowait())
        except Empty:
            pass
        if self._waiting:
            self._stream.acknowledge(self._waiting)
            self._waiting = []


def _told(error: Exception) -> str:
    return hidden(f"{type(error).__name__}: {error}")
