"""What a person at a terminal sees of lost evidence."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from flows.cli.show.terminal import paragraph, terminal
from lake.search.diagnosis.messages import summary

_SHOWN = 5
_WIDTH = 160


def why(shown: dict[str, Any]) -> None:
    """Each piece of evidence with what became of it, then what stands above it."""
    out = terminal()
    asked = f"{shown['mode']} search for {shown['k']} among {shown['n_visible']:,} chunks"
    out.print(f"[bold]{escape(shown['question'])}[/bold] at {shown['release']}: {asked}")
    out.print(summary([one["stage"] for one in shown["evidence"]]))
    for one in shown["evidence"]:
        _piece(out, one)
        above = shown["hits"][: one["rank"] - 1] if one["rank"] else shown["hits"]
        if above and one["doc_id"]:
            out.print("  above it:" if one["rank"] else "  found in its place:")
            Console(highlight=False, soft_wrap=True, width=_WIDTH).print(_hits(above[:_SHOWN]))


def _piece(out: Console, one: dict[str, Any]) -> None:
    evidence, colour = one["evidence"], "green" if one["stage"] == "found" else "red"
    quote = f": {' '.join(evidence['quote'].split())[:80]!r}" if evidence["quote"] else ""
    out.print(f"\n{escape(evidence['uri'])}{escape(quote)}")
    out.print(f"  [{colour}]{escape(one['stage'])}[/{colour}]: {escape(one['sentence'])}")
    if one["advice"]:
        paragraph(out, f"try: {one['advice']}", indent=2)
    if one["is_cut"]:
        for span in one["spans"]:
            out.print(f"  chunk {span['chunk_id'][:8]} holds {span['start']:,} to {span['end']:,}", style="dim")
    if len(one["steps"]) > 1:
        ways = (f"{step['name']} {step['rank'] if step['rank'] else 'left out'}" for step in one["steps"])
        out.print(f"  rank after each step: {' -> '.join(ways)}", style="dim")


def _hits(rows: list[dict[str, Any]]) -> Table:
    table = Table("", "score", "by vector", "by words", "document", "says", box=None, pad_edge=False)
    for row in rows:
        ranks = (str(row[f"{leg}_rank"] or "-") for leg in ("vector", "text"))
        table.add_row(f"    {row['rank']}", f"{row['score']:.4g}", *ranks, escape(row["uri"]), escape(row["text"][:60]))
    return table
