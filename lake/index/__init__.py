"""Reads a lake: search at any release, and datasets for Polars and DuckDB."""

from __future__ import annotations

from lake.index.searching import Index, open_lake

__all__ = ["Index", "open_lake"]
