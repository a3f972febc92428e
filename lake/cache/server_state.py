"""Whether a cache server is asked: one that fails, or is late again and again, is left out until it is back."""

from __future__ import annotations

import logging
import time
from threading import Lock

_log = logging.getLogger(__name__)

#: Seconds that a question waits for one look-up, however the server behaves.
PATIENCE = 0.05
#: Share of it from which an answer is late, and how many of those in a row count as a failure.
_LATE, _MOST_LATE = 0.5, 4
#: Seconds until a server that failed is tried again: at first, and at most.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 30.0


class ServerState:
    """``shown`` is the server's address as messages name it."""

    def __init__(self, shown: str) -> None:
        self._shown = shown
        self._lock = Lock()
        self.is_up = True
        self._n_late, self._pause, self._next_try = 0, _FIRST_PAUSE, 0.0

    def is_due(self) -> bool:
        """Whether a server that failed is to be tried again now: true for one caller, once after each pause."""
        if self.is_up or time.monotonic() < self._next_try:
            return False
        with self._lock:
            is_due = time.monotonic() >= self._next_try
            self._next_try = time.monotonic() + self._pause
        return is_due

    def took(self, seconds: float) -> None:
        """Note an answer; a question makes up to three look-ups, which all wait for a late server."""
        with self._lock:
            self._n_late = self._n_late + 1 if seconds > _LATE * PATIENCE else 0
            is_late = self._n_late >= _MOST_LATE
        if is_late:
            self.failed(f"{_MOST_LATE} late answers in a row")

    def failed(self, reason: str) -> None:
        with self._lock:
            was_up, self.is_up = self.is_up, False
            self._pause = _FIRST_PAUSE if was_up else min(2 * self._pause, _LONGEST_PAUSE)
            self._next_try = time.monotonic() + self._pause
        if was_up:
            _log.warning("the cache at %s is left out (%s); questions are answered without it", self._shown, reason)

    def answered_again(self, seconds: float) -> None:
        """Note the answer of a server that had failed; one that is late is still away."""
        if seconds >= _LATE * PATIENCE:
            self.failed("still away")
            return
        with self._lock:
            self.is_up, self._pause, self._n_late = True, _FIRST_PAUSE, 0
        _log.warning("the cache at %s is back", self._shown)
