"""What a stream of events is to whoever watches a lake: events come, and are acknowledged once they are published."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol, runtime_checkable

from lake import plugins
from lake.errors import LakeError, UsageError
from lake.storage.urls import without_credentials

_ADDRESS = re.compile(r"(?:([A-Za-z][\w.-]*)=)?(([a-z][a-z0-9+.-]*):.+)", re.DOTALL)
#: No event is older; what says so is no time.
_FIRST_YEAR = 2000


class Event(NamedTuple):
    """One message about documents that changed.

    ``body`` is JSON, as text or as a value, of a form that webhooks take. ``receipt`` is what ``acknowledge`` wants of
    it. The lag counts from ``since``; without one, or one without a time zone, from now on.
    """

    body: Any
    receipt: Any
    since: datetime | None = None


def time_of(milliseconds: int) -> datetime | None:
    """The time that so many milliseconds since 1970 are.

    None if they are none: whoever sends an event may count in other units, or number its events.

    >>> time_of(1_767_225_600_000), time_of(1), time_of(1_767_225_600_000_000)
    (datetime.datetime(2026, 1, 1, 0, 0, tzinfo=datetime.timezone.utc), None, None)
    """
    try:
        found = datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return found if found.year >= _FIRST_YEAR else None


class EventsLost(LakeError):
    """Events may have been missed; everything is listed, and the stream is asked again."""


@runtime_checkable
class EventStream(Protocol):
    """The object that the factory of an event plugin returns for a URL. One thread calls its methods.

    An error of any kind but UsageError counts as temporary: the call is repeated after some seconds.
    """

    def receive(self, seconds: float) -> Sequence[Event]:
        """The events that came, as soon as there are any, at most after so many seconds.

        After the first call has returned, no event is missed. Those that a process received before it died, and did not
        acknowledge, come again. Raises EventsLost if that can't be promised.
        """
        ...

    def acknowledge(self, receipts: Sequence[Any]) -> None:
        """Note that what these events told of is published, in whichever order it was."""
        ...

    def close(self) -> None:
        """Leave the stream; nothing is called after that."""
        ...


class Address(NamedTuple):
    """Where events come from; they are about the source of this name, or about the one that each event names."""

    source: str | None
    url: str


def address_of(text: str) -> Address:
    """Parse ``[SOURCE=]URL``. Raises UsageError if it is no URL, or holds credentials.

    >>> address_of("docs=redis://queue:6379?stream=changes").source
    'docs'
    """
    found = _ADDRESS.fullmatch(without_credentials(text.strip()))
    if found is None:
        raise UsageError(f"{text!r} is no address of events; it has the form SOURCE=SCHEME:PLACE")
    return Address(found[1], found[2])


def open_stream(url: str) -> EventStream:
    """The stream of a URL. Raises UsageError if no plugin knows its scheme, ContractError for a plugin that is none."""
    scheme = url.partition(":")[0]
    plugin = plugins.find("events", scheme)
    if plugin is None:
        known = [*plugins.OURS["events"], *plugins.names("events")]
        raise UsageError(f"no events come from {scheme}: addresses; there are {', '.join(sorted(known))}")
    stream = plugin.load()(url)
    if not isinstance(stream, EventStream):
        raise plugin.broken(f"must return an EventStream (receive, acknowledge, close), got {stream!r:.100}")
    return stream
