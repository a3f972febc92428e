"""raglake's library: how documents become rows, and how rows are read back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lake.index import Index, open_lake

__all__ = ["Index", "open_lake"]


def __getattr__(name: str) -> Any:
    # Loaded on first use, so that `import lake` costs nothing.
    if name in __all__:
        from lake import index

        return getattr(index, name)
    raise AttributeError(f"module 'lake' has no attribute {name!r}")
