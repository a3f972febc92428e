"""What a person at a terminal sees of lost evidence."""

from __future__ import annotations

from textwrap import shorten
from typing import Any

from rich.console import Console

from flows.cli.show.query import place
from flows.cli.show.terminal import escape, paragraph, terminal, wrapped
from lake.inspect.diagnosis.messages import options_in_words, summary

_SHOWN, _TEXT = 5, 140
_LEGS = {"vector": "vector", "text": "words"}


def why(shown: dict[str, Any]) -> None:
    """Each piece of evidence with what became of it, then what stands above it."""
    out = terminal()
    asked = f"{shown['mode']} search for {shown['k']} among {shown['n_visible']:,} chunks"
    out.print(f"[bold]{escape(shown['question'])}[/bold]")
    out.print(f"at {shown['release']}: {asked}")
    if shown["options"]:
        paragraph(out, f"with {options_in_words(shown['options'])}")
    out.print(summary([one["stage"] for one in shown["evidence"]]))
    for one in shown["evidence"]:
        _piece(out, one)
        above = shown["hits"][: one["rank"] - 1] if one["rank"] else shown["hits"]
        if above and one["doc_id"]:
            out.print("  above it:" if one["rank"] else "  found in its place:")
            for row in above[:_SHOWN]:
                ranks = (f"by {words} {row[f'{leg}_rank'] or '-'}" for leg, words in _LEGS.items())
                out.print(f"    {row['rank']}. {place(row)}")
                paragraph(out, f"score {row['score']:.4g}, {', '.join(ranks)}", style="dim", indent=7)
                paragraph(out, shorten(row["text"], _TEXT, placeholder=" ..."), indent=7)


def _piece(out: Console, one: dict[str, Any]) -> None:
    evidence, colour = one["evidence"], "green" if one["stage"] == "found" else "red"
    out.print(f"\n{escape(evidence['uri'])}")
    if evidence["quote"]:
        paragraph(out, f'"{" ".join(evidence["quote"].split())}"', indent=2)
    wrapped(out, f"[{colour}]{escape(one['stage'])}[/{colour}]: {escape(one['sentence'])}", indent=2)
    if one["advice"]:
        paragraph(out, f"try: {one['advice']}", indent=2)
    if one["is_cut"]:
        for span in one["spans"]:
            page = f", page {span['page']}" if span["page"] else ""
            out.print(f"  chunk {span['chunk_id']} holds {span['start']:,} to {span['end']:,}{page}", style="dim")
    if len(one["steps"]) > 1:
        ways = (f"{step['name']} {step['rank'] if step['rank'] else 'left out'}" for step in one["steps"])
        paragraph(out, f"rank after each step: {' -> '.join(ways)}", style="dim", indent=2)
