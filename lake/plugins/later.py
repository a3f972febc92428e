"""Modules that are imported with their first use: those that a run without work does not need."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class Later:
    """Stands for a module until something of it is used; reads and sets the module's own attributes.

    Type checkers see an ordinary import: ``if TYPE_CHECKING`` imports the module, ``else`` assigns this.
    """

    def __init__(self, module: str) -> None:
        object.__setattr__(self, "_module", module)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what looks at a name without using it, such as doctest, imports nothing
            raise AttributeError(f"module {self._module!r} is not searched for {name!r}")
        return getattr(import_module(self._module), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(import_module(self._module), name, value)

    def __delattr__(self, name: str) -> None:
        delattr(import_module(self._module), name)
