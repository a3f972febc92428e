"""Secrets from Prefect's blocks, by name; Prefect is imported when the first one is named."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from lake.errors import UsageError


def from_block(reference: str) -> str:
    """The secret that ``NAME``, ``TYPE/NAME`` or ``TYPE/NAME.FIELD`` names; without a type it is a Secret block.

    Raises UsageError if Prefect has no such block.
    """
    kind, _, name = reference.rpartition("/")
    if kind:
        name, _, field = name.partition(".")
        return str(import_module("tasks.blocks").secret_of_block(kind, name, field))  # which imports Prefect
    from prefect.blocks.system import Secret

    try:
        load: Any = Secret.load
        return str(load(name, _sync=True).get())
    except ValueError as error:
        raise UsageError(f"Prefect has no Secret block {name!r}; create it, or name another") from error
