"""One thread for numpy's matrix products, while somebody asks for it."""

from __future__ import annotations

from contextlib import contextmanager
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_lock = Lock()
_n_inside = 0
_before: list[int] = []


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """The number of threads is the whole process's: the first who enters lowers it, the last to leave restores it.

    Small products split among threads that wait for one another take 10 ms instead of 0.2 as soon as
    one of the cores is busy with something else, and their sums may depend on the number of cores.
    """
    _enter()
    try:
        yield
    finally:
        _leave()


def _enter() -> None:
    global _n_inside, _before
    with _lock:
        if not _n_inside:
            _before = [library.get_num_threads() for library in _libraries()]
            _set([1] * len(_before))
        _n_inside += 1


def _leave() -> None:
    global _n_inside
    with _lock:
        _n_inside -= 1
        if not _n_inside:
            _set(_before)


def _set(counts: list[int]) -> None:
    for library, n_threads in zip(_libraries(), counts, strict=True):
        library.set_num_threads(n_threads)


@lru_cache(maxsize=1)
def _libraries() -> list[Any]:
    """Those loaded now, numpy's among them; one that is loaded later is not numpy's."""
    import numpy  # noqa: F401 - its library must be there to be found
    from threadpoolctl import ThreadpoolController

    return list(ThreadpoolController().select(user_api="blas").lib_controllers)
