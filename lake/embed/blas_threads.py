"""Limits numpy's matrix products to one thread while any caller needs it."""

from __future__ import annotations

import ctypes
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_lock = Lock()
_n_inside = 0
_before = 0


@dataclass(frozen=True, slots=True)
class Blas:
    """The number of threads, which is shared by the whole process."""

    n_threads: Callable[[], int]
    set_threads: Callable[[int], None]


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """The first caller lowers the number of threads, the last one restores it.

    Small products split among threads that wait for one another take 10 ms instead of 0.2 ms as soon as a core is
    busy with something else. Changes nothing unless numpy uses OpenBLAS.
    """
    blas = numpy_blas()
    if blas is None:
        yield
        return
    _enter(blas)
    try:
        yield
    finally:
        _leave(blas)


def _enter(blas: Blas) -> None:
    global _n_inside, _before
    with _lock:
        if not _n_inside:
            _before = blas.n_threads()
            blas.set_threads(1)
        _n_inside += 1


def _leave(blas: Blas) -> None:
    global _n_inside
    with _lock:
        _n_inside -= 1
        if not _n_inside:
            blas.set_threads(_before)


@lru_cache(maxsize=1)
def numpy_blas() -> Blas | None:
    """numpy's own OpenBLAS, if that is what it has.

    threadpoolctl would find it too, but lets only one thread of a process change the number.
    """
    # A library's symbols are reachable through any library linked with it.
    linked = ctypes.CDLL(str(import_module("numpy._core._multiarray_umath").__file__))
    for form in ("scipy_openblas_%s_num_threads64_", "scipy_openblas_%s_num_threads", "openblas_%s_num_threads"):
        if hasattr(linked, form % "set"):
            return Blas(getattr(linked, form % "get"), getattr(linked, form % "set"))
    return None
