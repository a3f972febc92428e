"""Imports pyarrow.dataset without pandas, which takes 0.2 s to load for one check.

Remove when pyarrow.dataset imports pandas on first use.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from threading import get_ident
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class _NoPandas:
    """Hides pandas from one thread; other threads may import it meanwhile."""

    def __init__(self) -> None:
        self._thread = get_ident()

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name == "pandas" and get_ident() == self._thread:
            raise ModuleNotFoundError("pandas is not needed yet", name=name)


@contextmanager
def pandas_later() -> Iterator[None]:
    """Hide pandas during ``import lance`` or ``import pyarrow.dataset``; pyarrow looks for it again when needed."""
    finder = _NoPandas()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
