"""Limits how long work may take: a deadline that retries respect, and a wait that ends whatever the work does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import TypeVar

from lake.errors import TransientError

T = TypeVar("T")


class LateError(TransientError):
    """Work did not end in time."""


#: Seconds between two looks at whether work is hopeless.
_LOOK = 0.5

_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Requests inside end within ``seconds``, or sooner if a deadline around this one demands it."""
    until, outer = time.monotonic() + seconds, _deadline.get()
    token = _deadline.set(until if outer is None else min(until, outer))
    try:
        yield
    finally:
        _deadline.reset(token)


def left() -> float | None:
    """Seconds until the deadline, at least 0; None without one."""
    until = _deadline.get()
    return None if until is None else max(until - time.monotonic(), 0.0)


def at_most(seconds: float) -> float:
    """``seconds``, or what is left of the deadline; above 0, since clients read 0 as unlimited."""
    remaining = left()
    return seconds if remaining is None else max(min(seconds, remaining), 0.001)


def within(seconds: float, work: Callable[[], T], what: str, is_hopeless: Callable[[], bool] = lambda: False) -> T:
    """The result of ``work``; raises LateError after ``seconds``, or once it is hopeless, even if the work goes on."""
    seconds = at_most(seconds)

    def timed() -> T:
        with deadline(seconds):
            return work()

    until, done = time.monotonic() + seconds, in_background(timed)
    while not wait([done], max(min(until - time.monotonic(), _LOOK), 0.0)).done:
        if time.monotonic() >= until:
            raise LateError(f"{what} did not answer within {seconds:.3g} s")
        if is_hopeless():
            raise LateError(f"{what} has not answered yet, and fails meanwhile")
    return done.result()


def in_background(work: Callable[[], T]) -> Future[T]:
    """Starts ``work`` in a thread of its own.

    A thread can't be stopped. It is a daemon, so that it delays neither other work nor the end of the process.
    """
    done, context = Future[T](), copy_context()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised again by whoever waits
            done.set_exception(error)

    threading.Thread(target=context.run, args=(run,), daemon=True, name="raglake-within").start()
    return done
