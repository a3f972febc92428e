"""The one place that asks what time it is for what the lake records, so that a simulation can answer instead."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, UTC."""
    return datetime.now(UTC)
