"""The clock behind every time that the lake records, in one place so that a simulation can replace it."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, UTC."""
    return datetime.now(UTC)
