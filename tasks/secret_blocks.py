"""Secrets of sources from Prefect's Secret blocks, by name; Prefect is imported when the first one is named."""

from __future__ import annotations

from typing import Any

from lake.errors import UsageError


def from_block(name: str) -> str:
    """The value of a Secret block. Raises UsageError if Prefect has none of that name."""
    from prefect.blocks.system import Secret

    try:
        load: Any = Secret.load
        return str(load(name, _sync=True).get())
    except ValueError as error:
        raise UsageError(f"Prefect has no Secret block {name!r}; create it, or name another") from error
