"""What a person at a terminal sees of the lakes of a file, and of what Prefect was told of them."""

from __future__ import annotations

from typing import Any

from rich.markup import escape
from rich.table import Table

from flows.console import terminal


def lakes(shown: dict[str, Any]) -> None:
    """Each lake: where it lies, and when its flows run."""
    table = Table("lake", "ingest", "evaluate", "maintain", "time zone", "overlap", "lies at", box=None, pad_edge=False)
    for name, lake in shown["lakes"].items():
        crons = [cron or "on demand" for cron in lake["schedules"].values()]
        place = lake["parameters"]["ingest"]["lake"]
        table.add_row(*map(escape, (name, *crons, lake["timezone"], lake["overlap"], place)))
    terminal().print(table)


def applied(shown: dict[str, Any]) -> None:
    """What there is now, and what is there no more."""
    out = terminal()
    for name in shown["applied"]:
        out.print(escape(name))
    for name in shown["deleted"]:
        out.print(f"deleted: {escape(name)}")
