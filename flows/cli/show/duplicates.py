"""What a person at a terminal sees of copies."""

from __future__ import annotations

from typing import Any

from flows.cli.show.terminal import escape, paragraph, terminal
from lake.reporting import counted, in_bytes

_MOST_GROUPS, _MOST_DOCUMENTS = 50, 10


def groups(shown: dict[str, Any]) -> None:
    """The groups, largest first; of each the document that stands, and the others."""
    out, found = terminal(), shown["groups"]
    n_copies = sum(len(group["documents"]) - 1 for group in found)
    if not found:
        out.print(f"no copies in {shown['release']}")
        return
    whole = f"{counted(len(found), 'group')} of copies in {shown['release']}"
    out.print(f"{whole}: {counted(n_copies, 'document')} besides the first of each")
    for group in found[:_MOST_GROUPS]:
        first, *others = group["documents"]
        size = "" if first["size"] is None else f", {in_bytes(first['size'])}"
        size += _restricted(first)
        out.print(f"\n[bold]{escape(first['uri'])}[/bold]  [dim]{escape(first['source'])}{size}[/dim]")
        for row in others[:_MOST_DOCUMENTS]:
            likeness = "the same text" if row["kind"] == "exact" else f"{row['likeness']:.0%} alike"
            likeness += _restricted(row)
            out.print(f"  {escape(row['uri'])}  [dim]{escape(row['source'])}, {likeness}[/dim]")
        if len(others) > _MOST_DOCUMENTS:
            out.print(f"  and {len(others) - _MOST_DOCUMENTS:,} more")
        if n := _n_given_away(group["documents"]):
            told = f"everybody may see this text, though {counted(n, 'document')} with it"
            paragraph(out, f"{told} {'is' if n == 1 else 'are'} restricted", indent=2, style="yellow")
    if len(found) > _MOST_GROUPS:
        out.print()
        paragraph(out, f"and {len(found) - _MOST_GROUPS:,} more groups; `raglake duplicates --json` lists all")
    out.print()
    paragraph(
        out, "A search returns the first document of an exact group that its caller may see, and names the others."
    )


def _restricted(row: dict[str, Any]) -> str:
    return ", restricted" if row["restricted"] else ""


def _n_given_away(rows: list[dict[str, Any]]) -> int:
    """The number of restricted documents whose exact text another one shows to everybody."""
    texts = {row["duplicate_of"] or row["doc_id"] for row in rows if not row["restricted"]}
    return sum(row["restricted"] and (row["duplicate_of"] or row["doc_id"]) in texts for row in rows)
