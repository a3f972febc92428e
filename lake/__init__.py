"""raglake's library: how documents become rows, and how rows are read back."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lake.index import Index, open_lake
    from lake.maintenance import operate as operate

__all__ = ["Index", "open_lake"]


def __getattr__(name: str) -> Any:
    # Loaded on first use, so that `import lake` costs nothing.
    if name in __all__:
        return getattr(import_module("lake.index"), name)
    if name == "operate":
        return import_module("lake.maintenance.operate")
    raise AttributeError(f"module 'lake' has no attribute {name!r}")
