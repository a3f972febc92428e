"""Uses pyarrow without pandas, which takes 0.2 s to load for one check.

Remove when pyarrow and pyarrow.dataset import pandas on first use.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from threading import get_ident, local
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.machinery import ModuleSpec
    from types import ModuleType


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


class _Watch:
    """Lets pyarrow look for pandas once more after whoever imports it, not after whoever asks where it is."""

    def __init__(self) -> None:
        self._is_asking = local()

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name != "pandas" or getattr(self._is_asking, "now", False):
            return None
        self._is_asking.now = True
        try:
            spec = find_spec(name)
        finally:
            self._is_asking.now = False
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                execute(module)
                with suppress(ValueError):
                    sys.meta_path.remove(self)
                _look_again()

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _look_again() -> None:
    import pyarrow as pa

    pa.table({}).to_pandas()


def find_no_pandas() -> None:
    """Let pyarrow look for pandas and find none, unless it is loaded: else the first array that it makes loads it.

    It looks again when somebody imports pandas, or converts something to it.
    """
    if "pandas" not in sys.modules and not any(isinstance(finder, _Watch) for finder in sys.meta_path):
        import pyarrow as pa

        with pandas_later():
            pa.array([])
        sys.meta_path.insert(0, _Watch())
