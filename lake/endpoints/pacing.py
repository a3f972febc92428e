"""Paces requests, and reads the waits that an endpoint states."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING

from lake.endpoints.deadline import at_most
from lake.errors import TransientError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lake.endpoints.endpoint import Endpoint

_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|[dhms]))+")
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[dhms])")
_SECONDS = re.compile(r"\d+(?:\.\d+)?")


def stated_wait(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds that a refusal states: ``retry-after-ms``, ``retry-after``, ``x-ratelimit-reset-*``.

    ``headers`` has lower-case keys or ignores case. A reset counts only if nothing remains.

    >>> stated_wait({"retry-after": "3"}), stated_wait({})
    (3.0, None)
    >>> stated_wait({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1m2s"})
    62.0
    """
    milliseconds = headers.get("retry-after-ms", "").strip()
    if _SECONDS.fullmatch(milliseconds):
        return float(milliseconds) / 1000
    after = headers.get("retry-after", "").strip()
    if after:
        return _retry_after(after, now or datetime.now(UTC))
    resets = [_reset(headers, what) for what in ("requests", "tokens")]
    return max((wait for wait in resets if wait is not None), default=None)


def _retry_after(value: str, now: datetime) -> float | None:
    if _SECONDS.fullmatch(value):
        return float(value)
    # Imports half of the standard library, which would slow down a search without an endpoint.
    from email.utils import parsedate_to_datetime

    try:
        at = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return max((at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds(), 0.0)


def _reset(headers: Mapping[str, str], what: str) -> float | None:
    duration = headers.get(f"x-ratelimit-reset-{what}", "").strip()
    if headers.get(f"x-ratelimit-remaining-{what}", "").strip() != "0" or not _DURATION.fullmatch(duration):
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in _DURATION_PART.findall(duration))


class TokenBucket:
    """Lets ``per_minute`` units through, at most ten seconds' worth at once, or ``burst``; 0 means no limit.

    Callers may take the level below zero and then wait until it would be zero again: a request larger than the
    bucket passes, and the next ones wait longer.
    """

    def __init__(self, per_minute: float, burst: float | None = None) -> None:
        self._per_second = per_minute / 60
        self._full = max(per_minute / 6, 1.0) if burst is None else burst
        self._level = self._full
        self._filled_at: float | None = None
        self._lock = Lock()

    def take(self, n: float, now: float | None = None) -> float:
        """Takes ``n`` units and returns the seconds to wait before using them."""
        if not self._per_second:
            return 0.0
        with self._lock:
            at = time.monotonic() if now is None else now
            since = 0.0 if self._filled_at is None else at - self._filled_at
            self._level = min(self._full, self._level + since * self._per_second) - n
            self._filled_at = at
            return max(-self._level / self._per_second, 0.0)


class Limits:
    """Requests and tokens a minute, and requests at once, of one model at one endpoint."""

    def __init__(self, rpm: float, tpm: float, concurrency: int | None) -> None:
        self._requests, self._tokens = TokenBucket(rpm), TokenBucket(tpm)
        self._slots = BoundedSemaphore(concurrency) if concurrency else None

    def wait(self, n_tokens: float) -> float:
        """Counts a request of ``n_tokens``; returns the seconds to wait before it is sent."""
        return max(self._requests.take(1), self._tokens.take(n_tokens))

    @contextmanager
    def slot(self, seconds: float, name: str) -> Iterator[None]:
        """Counts as one request under way; raises TransientError if none may start within ``seconds``."""
        if self._slots is None:
            yield
            return
        if not self._slots.acquire(timeout=at_most(seconds)):
            raise TransientError(f"{name} has its maximum of requests under way (concurrency); try again later")
        try:
            yield
        finally:
            self._slots.release()


@lru_cache(maxsize=256)
def limits_of(name: str, endpoint: Endpoint) -> Limits:
    """The limits of a model at an endpoint, one object per process, which all that call it there share."""
    return Limits(endpoint.rpm, endpoint.tpm, endpoint.concurrency)
