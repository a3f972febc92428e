"""Imports lancedb without its REST client, whose hundreds of validated calls and models take seconds to define.

Remove when lancedb imports that client on first use.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def models_later() -> Iterator[None]:
    """Let models of pydantic that are defined meanwhile build their checks with their first instance.

    Checks of the client's models are a fifth of lancedb's import, and one of these models is ever used.
    """
    try:
        from pydantic._internal._config import config_defaults
    except ImportError:  # a pydantic that keeps its defaults elsewhere
        yield
        return
    usual = config_defaults["defer_build"]
    config_defaults["defer_build"] = True
    try:
        yield
    finally:
        config_defaults["defer_build"] = usual
