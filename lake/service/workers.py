"""A bounded number of threads for work that would block the event loop."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from typing import Any, TypeVar

from lake.endpoints.deadline import deadline
from lake.errors import TransientError
from lake.service.problems import Problem, busy

T = TypeVar("T")

_END = object()
#: Seconds before its limit at which work may already have ended for lack of time.
_NEARLY = 0.05


class Workers:
    """At most ``n_threads`` at work and ``n_waiting`` in line, each for ``line_seconds``. Used from one event loop.

    Under overload, a limit on the time in line lets those be answered who still wait for it.
    A thread can't be stopped: work that ran out of time keeps its place until it ends, so that the bound holds. What
    it calls knows the deadline, and waits for no endpoint and no lake beyond it.
    """

    def __init__(self, n_threads: int, n_waiting: int, line_seconds: float = math.inf) -> None:
        self._pool = ThreadPoolExecutor(n_threads, thread_name_prefix="raglake-service")
        self._most, self._line_seconds = n_threads + n_waiting, line_seconds
        self.n_taken = 0

    async def run(self, work: Callable[[], T], seconds: float, n_places: int = 1) -> T:
        """The result of ``work``; raises Problem 503 if the line is full or takes too long, 504 after ``seconds``.

        Work that takes several places in line also gets in if there is no other, however long the line is.
        """
        submitted, limit = self._submit(_timed(work, seconds), n_places), _Limit(seconds)
        future, in_line = asyncio.wrap_future(submitted), min(self._line_seconds, seconds)
        done, _ = await asyncio.wait({future}, timeout=in_line)
        if not done and in_line < seconds:
            self._leave_line(submitted)
            done, _ = await asyncio.wait({future}, timeout=seconds - in_line)
        if not done:
            future.cancel()
            raise _too_slow(seconds)
        with limit:
            return future.result()

    def _leave_line(self, submitted: Future[Any]) -> None:
        """Raises Problem 503 if the work has not begun."""
        if submitted.cancel():
            raise busy(f"this service is overloaded: the request was in line for {self._line_seconds:g} s", 5)

    async def stream(self, work: Callable[[], Iterator[T]], seconds: float) -> AsyncIterator[T]:
        """What ``work`` yields, as it comes; a slow reader blocks no one else."""
        loop, items, is_left = asyncio.get_running_loop(), asyncio.Queue[Any](), threading.Event()
        begun = asyncio.Event()

        def pump() -> None:
            _tell(loop, begun.set)
            try:
                for item in work():
                    if is_left.is_set():
                        return
                    _tell(loop, items.put_nowait, item)
            finally:
                _tell(loop, items.put_nowait, _END)

        submitted, limit = self._submit(_timed(pump, seconds)), _Limit(seconds)
        future, until = asyncio.wrap_future(submitted), loop.time() + seconds
        try:
            if self._line_seconds < seconds:
                with suppress(TimeoutError):
                    await asyncio.wait_for(begun.wait(), self._line_seconds)
                if not begun.is_set():
                    self._leave_line(submitted)
            while (item := await _next(items, until - loop.time(), seconds)) is not _END:
                yield item
            with limit:
                await future
        finally:
            is_left.set()
            future.cancel()

    def _submit(self, work: Callable[[], T], n_places: int = 1) -> Future[T]:
        if self.n_taken and self.n_taken + n_places > self._most:
            raise busy("this service's maximum number of requests is at work or in line; try again")
        loop = asyncio.get_running_loop()
        self.n_taken += n_places
        future = self._pool.submit(copy_context().run, work)
        future.add_done_callback(lambda _: _tell(loop, self._give_back, n_places))
        return future

    def _give_back(self, n_places: int) -> None:
        self.n_taken -= n_places

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def _timed(work: Callable[[], T], seconds: float) -> Callable[[], T]:
    """The work with a deadline, which counts from now, also for the time in line."""
    until = time.monotonic() + seconds

    def timed() -> T:
        with deadline(max(until - time.monotonic(), 0.0)):
            return work()

    return timed


class _Limit:
    """Turns the failure of a part that was given all the time there was into that of the request; from now on."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._until = seconds, time.monotonic() + seconds - _NEARLY

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, TransientError) and time.monotonic() >= self._until:
            raise _too_slow(self._seconds) from None


async def _next(items: asyncio.Queue[Any], left: float, seconds: float) -> Any:
    try:
        return await asyncio.wait_for(items.get(), max(left, 0))
    except TimeoutError:
        raise _too_slow(seconds) from None


def _too_slow(seconds: float) -> Problem:
    return Problem(504, "timeout", f"there was no answer within {seconds:g} s; request less, or try again later")


def _tell(loop: asyncio.AbstractEventLoop, what: Callable[..., Any], *words: Any) -> None:
    with suppress(RuntimeError):  # the loop is closed: no one waits any more
        loop.call_soon_threadsafe(what, *words)
