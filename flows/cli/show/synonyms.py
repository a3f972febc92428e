"""What a person at a terminal sees of synonyms."""

from __future__ import annotations

from typing import Any

from flows.cli.show.terminal import table, terminal
from lake.reporting import counted

_MOST_SHOWN = 50


def shown(found: dict[str, Any]) -> None:
    """The rules of a list, and which list searches use."""
    out = terminal()
    if found["number"]:
        rows = [(", ".join(rule["terms"]), ", ".join(rule["find"])) for rule in found["rules"][:_MOST_SHOWN]]
        table(out, ("term", "also finds"), rows)
        out.print(f"list {found['number']}: {counted(len(found['rules']), 'rule')}")
    numbers = ", ".join(map(str, found["numbers"])) or "none"
    out.print(f"lists: {numbers}; searches use {found['used'] or 'none'}")
