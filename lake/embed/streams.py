"""Computes batches in parallel and yields them in order."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future, ThreadPoolExecutor

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_streams(
    pool: ThreadPoolExecutor, work: Callable[[Item], Result], items: Iterable[Item], n_ahead: int
) -> Iterator[tuple[Item, Result]]:
    """Each item with the result of ``work``; starts at most ``n_ahead`` items before they are consumed."""
    left, waiting = iter(items), deque[tuple[Item, "Future[Result]"]]()
    while True:
        for item in islice(left, n_ahead - len(waiting)):
            waiting.append((item, pool.submit(work, item)))
        if not waiting:
            return
        item, future = waiting.popleft()
        yield item, future.result()
