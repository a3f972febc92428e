"""Limits how often a caller may send requests, by token buckets."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

#: Maximum number of callers in memory; the least recently seen is dropped, and starts again with a full bucket.
_MOST_CALLERS = 10_000


@dataclass(slots=True)
class Bucket:
    """Gains ``rate`` tokens per second, up to ``burst``; a request takes one."""

    rate: float
    burst: float
    level: float
    at: float

    def wait(self, now: float) -> float:
        """Takes a token and returns 0, or returns the seconds until there is one."""
        self.level = min(self.burst, self.level + (now - self.at) * self.rate)
        self.at = now
        if self.level >= 1:
            self.level -= 1
            return 0.0
        return (1 - self.level) / self.rate


class RateLimits:
    """A bucket for each caller. Belongs to one event loop, so that it needs no locks."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def retry_after(self, caller: str, rate: float, burst: float) -> int:
        """0 if the caller may go on, else the whole seconds to wait."""
        now = self._clock()
        bucket = self._buckets.setdefault(caller, Bucket(rate, burst, burst, now))
        self._buckets.move_to_end(caller)
        while len(self._buckets) > _MOST_CALLERS:
            self._buckets.popitem(last=False)
        return math.ceil(bucket.wait(now))
