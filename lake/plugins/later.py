"""What is imported with its first use: modules and names that a run without work does not need."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any


def lazy_names(package: str, homes: Mapping[str, Iterable[str]]) -> Callable[[str], Any]:
    """The ``__getattr__`` of a package whose names stand in these modules."""
    home_of = {name: module for module, names in homes.items() for name in names}

    def find(name: str) -> Any:
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(home_of[name]), name)

    return find


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
