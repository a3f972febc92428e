"""What a person at a terminal sees of sources."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from flows.cli.show.terminal import escape, paragraph, table, terminal
from lake.reporting import counted


def kinds(shown: list[dict[str, Any]]) -> None:
    """One paragraph a kind, with a line for each option."""
    out = terminal()
    for row in shown:
        package = "" if row["package"] == "raglake" else f" ({row['package']})"
        out.print(f"[bold]{escape(', '.join(row['schemes']))}[/bold]{escape(package)}")
        if row["problem"]:
            out.print(f"  [red]{escape(row['problem'])}[/red]")
        options = Table("", "", box=None, pad_edge=False, show_header=False)
        for option in row["options"]:
            options.add_row(f"  {option['name']}", escape(option["description"] + _default(option["default"])))
        if row["options"]:
            out.print(options)


def _default(value: Any) -> str:
    return "" if value in (None, "", (), False) else f" [default: {value}]"


def tested(shown: dict[str, Any]) -> None:
    """Counts, cost, the first documents, and what is wrong."""
    out = terminal()
    of_bytes = f" of {counted(shown['n_bytes'], 'byte')}" if shown["n_bytes"] else ""
    beside = f" and {counted(shown['n_sidecars'], 'sidecar')}" if shown["n_sidecars"] else ""
    listed = f"{counted(shown['n_documents'], 'document')}{of_bytes}{beside}, listed in {shown['seconds']:,.2f} s"
    paragraph(out, f"{shown['name']}: {listed}", style="bold")
    if shown["version"]:
        paragraph(out, f"version {shown['version']}")
    if shown["cursor"]:
        n = counted(shown["cursor"]["n_listed"], "document")
        paragraph(out, f"a run that continues from here lists {n}, in {shown['cursor']['seconds']:,.2f} s")
    else:
        paragraph(out, "no cursor: each run lists everything")
    _rights(shown)
    for file in shown["documents"]:
        size = "" if file["size"] is None else counted(file["size"], "byte")
        acl = "" if file["acl"] is None else f"seen by {', '.join(file['acl']) or 'nobody'}"
        paragraph(out, "  ".join(filter(None, (file["uri"], size, acl))), indent=2)
    _read(shown["read"])
    for problem in shown["problems"]:
        paragraph(out, problem, style="red")


def _rights(shown: dict[str, Any]) -> None:
    if shown["n_restricted"]:
        hidden = f", {shown['n_hidden']:,} of them to everybody" if shown["n_hidden"] else ""
        paragraph(terminal(), f"the source itself restricts {counted(shown['n_restricted'], 'document')}{hidden}")


def _read(read: dict[str, Any] | None) -> None:
    if read is None:
        return
    out = terminal()
    if read["problem"]:
        paragraph(out, f"{read['uri']} can't be read: {read['problem']}", style="red")
        return
    parser = f"the parser {read['parser']} reads it" if read["parser"] else "no parser reads it: it goes to quarantine"
    paragraph(out, f"{read['uri']}: {counted(read['n_bytes'], 'byte')}, fetched in {read['seconds']:,.2f} s; {parser}")


def held(shown: list[dict[str, Any]]) -> None:
    """One line a source."""
    names, rows = ("source", "documents", "listed (UTC)", "next listing", "last in full", "version"), []
    for row in shown:
        listed_at = f"{row['listed_at']:%Y-%m-%d %H:%M}" if row["listed_at"] else ""
        following, full_at = "in full", ""
        if row["has_cursor"]:
            following, full_at = "from its cursor", row["full_at"][:10]
        rows.append((row["source"], f"{row['n_documents']:,}", listed_at, following, full_at, row["version"]))
    table(terminal(), names, rows, right=("documents",))
