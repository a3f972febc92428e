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
        out.print(f"\n[bold]{escape(first['uri'])}[/bold]  [dim]{escape(first['source'])}{size}[/dim]")
        for row in others[:_MOST_DOCUMENTS]:
            likeness = "the same text" if row["kind"] == "exact" else f"{row['likeness']:.0%} alike"
            out.print(f"  {escape(row['uri'])}  [dim]{escape(row['source'])}, {likeness}[/dim]")
        if len(others) > _MOST_DOCUMENTS:
            out.print(f"  and {len(others) - _MOST_DOCUMENTS:,} more")
    if len(found) > _MOST_GROUPS:
        out.print()
        paragraph(out, f"and {len(found) - _MOST_GROUPS:,} more groups; `raglake duplicates --json` lists all")
    out.print()
    paragraph(
        out, "A search returns the first document of an exact group that its caller may see, and names the others."
    )
