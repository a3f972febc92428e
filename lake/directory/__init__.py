"""What lies in a lake's folder: its layout, and the configuration that is kept there."""

from __future__ import annotations

from lake.directory.layout import Lake

__all__ = ["Lake"]
