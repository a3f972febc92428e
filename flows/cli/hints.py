"""Commands in messages, made ready to paste: each names the lake that the running command works on."""

from __future__ import annotations

from contextvars import ContextVar

from lake.reporting import with_lake

_lake: ContextVar[str | None] = ContextVar("lake", default=None)


def remember(lake: str | None) -> str | None:
    """Note the lake of the running command."""
    _lake.set(lake)
    return lake


def pasteable(text: str) -> str:
    """Add the lake to every command between backticks that names none."""
    return with_lake(text, _lake.get())
