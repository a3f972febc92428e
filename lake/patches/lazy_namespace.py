"""Imports lancedb without its REST client, whose hundreds of validated calls take seconds to define.

Remove when lancedb imports that client on first use.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

_CLIENT = "lance_namespace_urllib3_client"


class _Later(ModuleType):
    """A package whose modules can be imported; it is executed only when another attribute of it is accessed."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or self.__spec__ is None or self.__spec__.loader is None:
            raise AttributeError(name)
        self.__class__ = ModuleType  # type: ignore[assignment]
        self.__spec__.loader.exec_module(self)
        return getattr(self, name)


def namespace_later() -> None:
    """Delay the client; call this before ``import lancedb``, which needs only the client's models."""
    spec = find_spec(_CLIENT) if _CLIENT not in sys.modules else None
    if spec is not None:
        package = module_from_spec(spec)
        package.__class__ = _Later
        sys.modules[_CLIENT] = package
