"""What a person at a terminal sees of plugins and exports."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from rich.table import Table

from flows.cli.show.terminal import escape, paragraph, terminal
from lake.reporting import counted


def plugins(shown: list[dict[str, Any]]) -> None:
    """One line a plugin; of our own only the names."""
    out = terminal()
    table = Table("kind", "name", "package", "", box=None, pad_edge=False)
    for (kind, package), rows in groupby(shown, key=lambda row: (row["kind"], row["package"])):
        of_package = list(rows)
        if package == "raglake":
            table.add_row(kind, escape(", ".join(row["name"] for row in of_package)), package)
            continue
        for row in of_package:
            state = "[red]can't be used, see below[/red]" if row["problem"] else row["target"]
            table.add_row(kind, escape(row["name"]), escape(f"{package} {row['version']}"), state)
    out.print(table)
    for row in shown:
        if row["problem"]:
            out.print(f"[red]{escape(row['problem'])}[/red]")


def exported(shown: dict[str, Any]) -> None:
    """What was copied where."""
    rows = ", ".join(counted(n, table.removesuffix("s")) for table, n in shown["n_rows"].items())
    if shown["written"]:
        paragraph(terminal(), f"{shown['destination']} now holds release {shown['release']}: {rows}")
    else:
        paragraph(
            terminal(), f"nothing to do: {shown['destination']} already holds release {shown['release']} ({rows})"
        )
