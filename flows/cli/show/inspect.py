"""What a person at a terminal sees of a document as it is indexed."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console

from flows.cli.show.terminal import escape, paragraph, table, terminal
from lake.reporting import counted

_FACTS = ("source", "media_type", "parser", "title", "author", "language", "tags", "size", "modified_at", "indexed_at")


def document(shown: dict[str, Any], *, with_chunks: bool) -> None:
    """Facts, account, quarantine, and the text by section."""
    out = terminal()
    out.print(f"[bold]{escape(shown['uri'])}[/bold] in {shown['release']}")
    for name in _FACTS:
        if shown[name] not in (None, [], ""):
            paragraph(out, f"{name.replace('_', ' ')}: {_value(shown[name])}", indent=2)
    if shown["acl"] is not None:
        who = ", ".join(shown["acl"]) or "nobody"
        paragraph(out, f"may be seen by: {who}, when this release was built", indent=2)
    if shown["metadata"]:
        paragraph(out, f"metadata: {json.dumps(shown['metadata'], ensure_ascii=False)}", indent=2)
    if shown["quarantine"]:
        out.print(f"\nin quarantine ({shown['quarantine']['error_class']}):")
        paragraph(out, shown["quarantine"]["reason"], indent=2)
    _account(out, shown)
    _copies(out, shown["copies"])
    for path in shown.get("pages", ()):
        out.print(f"page written: {escape(path)}")
    for section in shown["sections"]:
        _section(out, section, with_chunks=with_chunks)


def _value(value: Any) -> str:
    if isinstance(value, int):
        return counted(value, "byte")
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:%Y-%m-%d %H:%M:%S} UTC" if hasattr(value, "strftime") else str(value)


def _account(out: Console, shown: dict[str, Any]) -> None:
    account = shown["account"]
    if account is None:
        if shown["sections"]:
            out.print("\nnot known how much of it was read: an earlier version of raglake indexed it")
        return
    source, kept, lost = (account[f"n_words_{name}"] for name in ("source", "kept", "lost"))
    out.print(f"\n{counted(source, 'word')} in the source, {kept:,} kept, {lost:,} lost")
    if account["omitted"]:
        out.print("left out:")
        rows = [(one["kind"].replace("_", " "), f"{one['n_words']:,}", one["place"]) for one in account["omitted"]]
        table(out, ("why", "words", "place"), rows, right=("words",))
    for remark in shown["remarks"]:
        paragraph(out, f"remark: {remark}", style="yellow")


def _copies(out: Console, copies: dict[str, Any] | None) -> None:
    if copies is None:
        return
    stands = copies["stands"]
    out.print("\nexact copies, for which it stands in searches:" if stands is None else "\nexact copies:")
    for copy in copies["documents"]:
        told = ", which stands in searches for them and this document" if copy == stands else ""
        out.print(f"  {escape(copy['uri'])}  [dim]{escape(copy['source'])}{told}[/dim]")


def _section(out: Console, section: dict[str, Any], *, with_chunks: bool) -> None:
    out.print(f"\n[bold]{escape(_place(section))}[/bold]")
    if not with_chunks:
        out.print(escape(section["text"], is_line=False))
        return
    for summary in section.get("summaries", ()):
        out.print(f"[dim]   found by the summary of the {summary['of']}: {escape(summary['text'])}[/dim]")
    for chunk in section["chunks"]:
        out.print(f"[dim]-- chunk {chunk['ordinal']}: {escape(_place(chunk))}[/dim]")
        if context := chunk["context"].rstrip("\n"):
            out.print(f"[dim]   embedded after: {escape(context)}[/dim]")
        out.print(escape(chunk["text"], is_line=False))


def _place(span: dict[str, Any]) -> str:
    """Heading, page, characters and size.

    >>> _place({"heading": "A > B", "page": 3, "start": 0, "end": 12, "n_tokens": 4})
    'A > B, page 3, characters 0 to 12, 4 tokens'
    """
    page = f"page {span['page']}" if span["page"] is not None else ""
    parts = (span["heading"], page, f"characters {span['start']} to {span['end']}", counted(span["n_tokens"], "token"))
    return ", ".join(filter(None, parts))
