"""Circuit breakers: a part that fails is not called again until it answers in the background.

Own code, since the libraries (pybreaker, purgatory, circuitbreaker) let the next caller find out whether a part is
back. That caller then waits for the time-out.
"""

from __future__ import annotations

import json
import logging
import threading
import time
import weakref
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from lake.endpoints.deadline import LateError, at_most, within
from lake.endpoints.refusals import UnacceptedRequest
from lake.errors import TransientError

T = TypeVar("T")

_log = logging.getLogger("raglake.parts")

#: The parts of a service by the names that results and metrics use, in words.
PARTS = {
    "vector": "the embedder",
    "sparse": "the sparse model",
    "rerank": "the reranker",
    "answer": "the chat model",
    "lake": "the lake",
}


class UnreachableError(TransientError):
    """A part failed, or was not called because it failed before; ``part`` is a name of PARTS."""

    def __init__(self, message: str, part: str = "") -> None:
        super().__init__(message)
        self.part = part

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (str(self), self.part)


def in_words(part: str) -> str:
    """A part of a degraded result in words.

    >>> in_words("vector"), in_words("vector:2")
    ('the embedder', 'embedder 2 of the recipe')
    """
    name, _, number = part.partition(":")
    return f"embedder {number} of the recipe" if number else PARTS[name]


@dataclass(frozen=True, slots=True)
class BreakerLimits:
    """Opens after ``n_failures`` in a row. Probes start ``first`` seconds later, and the interval grows to ``longest``.

    A probe takes as long as the last call was given, within ``least_probe`` and ``probe`` seconds. A part is therefore
    back in use after at most ``longest + probe``. Calls that were under way when it opened end after ``patience``.
    """

    n_failures: int = 3
    first: float = 0.5
    longest: float = 4.0
    probe: float = 5.0
    least_probe: float = 0.0
    patience: float = 5.0


class Breaker:
    """Calls one part; open while the part does not answer. Safe to use from several threads.

    ``probe`` is a small request that succeeds if the part works; while the breaker is open, it runs in a thread of
    its own. ``name`` identifies the model. Other errors than ``is_failure`` are the caller's and pass.
    """

    def __init__(
        self,
        part: str,
        name: str,
        probe: Callable[[], object],
        limits: BreakerLimits | None = None,
        is_failure: Callable[[Exception], bool] = lambda _: True,
    ) -> None:
        self.part, self.name = part, name
        self._probe, self._limits, self._is_failure = probe, limits or BreakerLimits(), is_failure
        self._lock = threading.Lock()
        self._n_failures, self._is_watching, self._seconds = 0, False, self._limits.probe
        self.since: datetime | None = None  # when the part failed first; None while the breaker is closed
        self.cause = ""
        with _making:
            _all.add(self)

    def probe_by(self, probe: Callable[[], object]) -> None:
        """Probes in another way from now on, for instance by an object that has a new key."""
        self._probe = probe

    @property
    def is_open(self) -> bool:
        return self.since is not None

    def call(self, work: Callable[[], T], seconds: float | None, *, is_forced: bool = False) -> T:
        """The result of ``work`` within ``seconds``; UnreachableError if it fails, or at once if the breaker is open.

        A refusal of what one request holds does not count, unless the part refuses the probe too. ``is_forced``: calls
        an open part too, to go on with what it has begun.
        """
        if self.since is not None and not is_forced:
            raise self._unreachable(f"it has not answered since {self.since:%H:%M:%S} UTC: {self.cause}")
        is_in_time = seconds is None or at_most(seconds) == seconds
        try:
            is_hopeless = (lambda: False) if is_forced else self._is_hopeless
            found = work() if seconds is None else within(seconds, work, repr(self.name), is_hopeless)
        except Exception as error:  # whatever a part or its client raises
            if not self._is_failure(error):
                raise
            # A caller whose own time was nearly up learns nothing about the part.
            if is_in_time or not isinstance(error, LateError):
                self._seconds = seconds or self._seconds
                self._failed(error)
            raise self._unreachable(_brief(error)) from error
        self._n_failures = 0
        return found

    def _is_hopeless(self) -> bool:
        """Whether the part has not answered anybody for longer than a call under way is worth waiting for."""
        since = self.since
        return since is not None and (datetime.now(UTC) - since).total_seconds() > self._limits.patience

    def open(self, error: Exception) -> None:
        """Leaves the part out until a probe succeeds."""
        with self._lock:
            self._open(error)
            self._watch(self._limits.first)

    def _unreachable(self, why: str) -> UnreachableError:
        return UnreachableError(f"{PARTS[self.part]} {self.name!r} can't be reached: {why}", self.part)

    def _failed(self, error: Exception) -> None:
        with self._lock:
            if isinstance(error, UnacceptedRequest):
                self._watch(0.0)
                return
            self._n_failures += 1
            if self._n_failures >= self._limits.n_failures:
                self._open(error)
                self._watch(self._limits.first)

    def _open(self, error: Exception) -> None:
        if self.since is None:
            self.since, self.cause = datetime.now(UTC), _brief(error)
            self._report("degraded", cause=self.cause)

    def _close(self) -> None:
        if self.since is not None:
            self._report("recovered", seconds=round((datetime.now(UTC) - self.since).total_seconds(), 1))
        self.since, self._n_failures, self._is_watching = None, 0, False

    def _report(self, event: str, **facts: Any) -> None:
        """One line of JSON, as in the access log of a service."""
        words = {"event": event, "part": self.part, "name": self.name, **facts}
        _log.warning("%s", json.dumps(words, ensure_ascii=False))

    def _watch(self, wait: float) -> None:
        """Starts to probe, unless a thread does so already."""
        if not self._is_watching:
            self._is_watching = True
            words: dict[str, Any] = {
                "target": self._until_it_answers,
                "args": (wait,),
                "name": f"raglake-probe-{self.part}",
            }
            threading.Thread(daemon=True, **words).start()

    def _until_it_answers(self, wait: float) -> None:
        while True:
            time.sleep(wait)
            error = self._probed()
            with self._lock:
                if error is None:
                    self._close()
                    return
                self._open(error)
            wait = min(max(wait * 1.5, self._limits.first), self._limits.longest)

    def _probed(self) -> Exception | None:
        try:
            seconds = max(min(self._seconds, self._limits.probe), self._limits.least_probe)
            within(seconds, self._probe, repr(self.name))
        except Exception as error:  # noqa: BLE001 - as in call
            return error
        return None


def _brief(error: Exception) -> str:
    return " ".join(f"{error or type(error).__name__}".split())[:300]


_known: dict[Hashable, Breaker] = {}
_all: weakref.WeakSet[Breaker] = weakref.WeakSet()
_making = threading.Lock()


def breaker_of(part: str, name: str, address: Hashable, probe: Callable[[], object], **words: Any) -> Breaker:
    """The process's breaker of a model; ``address`` tells apart models of one name at several endpoints.

    The breaker is probed by the last ``probe`` given, since the client that opened it may have a key that is no good.
    """
    key = (part, name, address)
    breaker = _known.get(key) or _known.setdefault(key, Breaker(part, name, probe, **words))
    breaker.probe_by(probe)
    return breaker


def states() -> dict[str, dict[str, Any]]:
    """Whether each part that was called so far works, and since when not; for anybody, so without names and causes."""
    with _making:
        known = list(_all)
    since: dict[str, list[datetime]] = {breaker.part: [] for breaker in known}
    for breaker in known:
        if (failed := breaker.since) is not None:
            since[breaker.part].append(failed)
    return {
        part: {"works": not times, "since": min(times).isoformat(timespec="seconds") if times else None}
        for part, times in sorted(since.items())
    }
