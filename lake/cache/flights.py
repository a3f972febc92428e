"""Equal questions at one time: the first is worked out, the others wait for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock

#: Seconds that a question waits for an equal one before it is worked out by itself.
_LONGEST_WAIT = 30.0


@dataclass(slots=True)
class Flight:
    """One question under way; ``data`` is its outcome, None while there is none or if it may not be shared."""

    landed: Event = field(default_factory=Event)
    data: bytes | None = None


class Flights:
    """Questions under way by key. A thread must not wait for a second one while others may wait for its first."""

    def __init__(self) -> None:
        self._under_way: dict[str, Flight] = {}
        self._lock = Lock()

    @contextmanager
    def joined(self, key: str) -> Iterator[tuple[Flight, bool]]:
        """The flight, and whether this thread leads it; a follower has waited until it landed."""
        with self._lock:
            leads = key not in self._under_way
            flight = self._under_way.setdefault(key, Flight())
        if not leads:
            flight.landed.wait(_LONGEST_WAIT)
            yield flight, False
            return
        try:
            yield flight, True
        finally:
            with self._lock:
                del self._under_way[key]
            flight.landed.set()
