"""Repeats a request that an endpoint may accept later."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from lake.endpoints.deadline import at_most
from lake.endpoints.refusals import RefusedRequest
from lake.errors import TransientError
from lake.reporting import counted

if TYPE_CHECKING:
    from tenacity import RetryCallState

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Retries:
    """At most ``n_attempts``; waits double from ``first`` to ``longest`` seconds, with jitter.

    A stated wait is always respected. If it is longer than ``longest_stated`` seconds, or than what is left of the
    deadline, there is no further attempt.
    """

    n_attempts: int = 6
    first: float = 1.0
    longest: float = 60.0
    longest_stated: float = 300.0

    def run(self, name: str, request: Callable[[], T], sleep: Callable[[float], None] = time.sleep) -> T:
        """The result of ``request``, repeated while it raises RefusedRequest, at last TransientError with ``name``."""
        # Takes a third of a second to import, and a search without an endpoint does not need it.
        from tenacity import RetryError, Retrying, retry_if_exception_type

        retrying = Retrying(
            retry=retry_if_exception_type(RefusedRequest),
            stop=self._ends,
            wait=self._wait,
            sleep=sleep,
        )
        try:
            return retrying(request)
        except RetryError as error:
            last = error.last_attempt
            attempts = counted(last.attempt_number, "attempt")
            raise TransientError(f"{name} failed after {attempts}: {last.exception()}; try again later") from (
                last.exception()
            )

    def _ends(self, state: RetryCallState) -> bool:
        is_too_long = state.upcoming_sleep >= at_most(math.inf)
        return is_too_long or state.attempt_number >= self.n_attempts or (_stated(state) or 0.0) > self.longest_stated

    def _wait(self, state: RetryCallState) -> float:
        from tenacity import wait_exponential, wait_random

        stated = _stated(state)
        if stated is not None:  # and a little more, so that clients do not return at the same time
            return stated + wait_random(0, min(self.first, 1.0) / 2)(state)
        return wait_exponential(self.first, self.longest)(state) * wait_random(0.5, 1.0)(state)


def _stated(state: RetryCallState) -> float | None:
    refused = state.outcome.exception() if state.outcome else None
    return refused.wait if isinstance(refused, RefusedRequest) else None
