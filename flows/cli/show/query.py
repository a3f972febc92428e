"""What a person sees of an answer's passages."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape

from flows.cli.show.terminal import outcome, terminal

_SNIPPET = 400


def hits(shown: dict[str, Any]) -> None:
    """Passages, best first: where each is, and the chunk of it that answers best."""
    out = terminal()
    out.print(f"[dim]release {shown['release']}[/dim]")
    for number, hit in enumerate(shown["hits"], 1):
        out.print(f"\n[bold]{number}. {place(hit)}[/bold]  [dim]{escape(hit['heading'])}  {hit['score']:.4f}[/dim]")
        out.print(escape(snippet(hit)))
        if "explained" in shown:
            _explanation(out, shown["explained"][number - 1])
    if not shown["hits"]:
        out.print("nothing found")


def place(hit: dict[str, Any]) -> str:
    """Document and page, as markup."""
    return escape(hit["uri"]) + (f", page {hit['page']}" if hit["page"] else "")


def snippet(hit: dict[str, Any]) -> str:
    """The beginning of the best chunk, on one line."""
    text = " ".join(hit["chunk_text"].split())
    return text[:_SNIPPET] + (" ..." if len(text) > _SNIPPET else "")


def _explanation(out: Console, why: dict[str, Any]) -> None:
    ranks = {leg: f"rank {marks['rank']} " if "rank" in marks else "" for leg, marks in why["legs"].items()}
    legs = [f"{leg} {ranks[leg]}({marks['score']:.4f})" for leg, marks in why["legs"].items()]
    made = why["lineage"]
    out.print(f"  [dim]found by {', '.join(legs)}; characters {why['start']:,} to {why['end']:,}[/dim]")
    parser = f"{made['parser']} {made['parser_version'] or ''}".strip()
    out.print(
        f"  [dim]bytes {made['digest'][:12]}, parser {escape(parser)}, recipe {made['recipe'][:12]}, "
        f"embedder {escape(made['embedder'])}, built {made['run']['created_at']:%Y-%m-%d %H:%M} UTC "
        f"by {escape(str(made['run']['by']))}[/dim]"
    )


def demo(shown: dict[str, Any]) -> None:
    """What the demonstration did, and the first hit for each question."""
    outcome(shown)
    out = terminal()
    for question, found in shown["answers"].items():
        out.print(f"\n[bold]{escape(question)}[/bold]\n  {place(found[0])}\n  {escape(snippet(found[0]))}")
    for question in shown["wrong"]:
        out.print(f"[red]not answered from the right document: {escape(question)}[/red]")
