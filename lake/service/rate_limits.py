"""Limits how often a caller may send requests, by token buckets, and how many judgements a day brings."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from lake.service.problems import Problem
from lake.storage import clock

#: Maximum number of callers in memory; the least recently seen is dropped, and starts again with a full bucket.
_MOST_CALLERS = 10_000


@dataclass(slots=True)
class Bucket:
    """Gains ``rate`` tokens per second, up to ``burst``; a request takes one, a batch one for each question."""

    rate: float
    burst: float
    level: float
    at: float

    def wait(self, now: float, n: int = 1) -> float:
        """Takes ``n`` tokens and returns 0, or returns the seconds until there are as many."""
        self.level = min(self.burst, self.level + (now - self.at) * self.rate)
        self.at = now
        if self.level >= n:
            self.level -= n
            return 0.0
        return (n - self.level) / self.rate


class RateLimits:
    """A bucket for each caller. Belongs to one event loop, so that it needs no locks."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def retry_after(self, caller: str, rate: float, burst: float, n: int = 1) -> int:
        """0 if the caller may send ``n`` requests, else the whole seconds to wait."""
        now = self._clock()
        bucket = self._buckets.setdefault(caller, Bucket(rate, burst, burst, now))
        self._buckets.move_to_end(caller)
        while len(self._buckets) > _MOST_CALLERS:
            self._buckets.popitem(last=False)
        return math.ceil(bucket.wait(now, n))


class DayCount:
    """Counts up to a maximum per day, in UTC."""

    def __init__(self, most: int) -> None:
        self._most, self._day, self._n = most, "", 0

    def take(self) -> None:
        """Counts one; raises Problem 429 once the day's maximum is reached."""
        day = f"{clock.now():%Y-%m-%d}"
        self._n = self._n + 1 if day == self._day else 1
        self._day = day
        if self._n > self._most:
            message = f"this service keeps at most {self._most:,} judgements a day"
            raise Problem(429, "enough_feedback", message, {"Retry-After": "3600"})
