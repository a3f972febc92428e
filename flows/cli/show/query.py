"""What a person sees of an answer's passages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console

from flows.cli.show.terminal import escape, paragraph, say, terminal, wrapped
from lake.endpoints.breaker import in_words
from lake.inspect.diagnosis.messages import options_in_words
from lake.parse.graphemes import cluster
from lake.recipe import SPARSE
from lake.reporting import visible
from lake.search.found_words import found_words

#: Characters of a snippet, and of what stands before the first word that matches.
_SNIPPET, _LEAD = 320, 60
#: Names of copies.
_MOST_COPIES = 5


def hits(shown: dict[str, Any], question: str, scale: str = "", nothing: Sequence[str] = ()) -> None:
    """Passages, best first: the place of each, and the part that answers best."""
    out = terminal()
    out.print(f"[dim]release {shown['release']}{f', scores: {escape(scale)}' if scale else ''}[/dim]")
    if shown.get("options"):
        paragraph(out, f"options: {options_in_words(shown['options'])}", style="dim")
    has_several = len({hit["source"] for hit in shown["hits"]}) > 1  # two may have documents of one name
    for number, hit in enumerate(shown["hits"], 1):
        name = f"{hit['source']}: {hit['uri']}" if has_several else hit["uri"]
        out.print(f"\n[bold]{number}. {escape(name)}[/bold]  [dim]score {hit['score']:.4f}[/dim]")
        out.print(f"   [dim]{_position(hit)}[/dim]")
        if hit["copies"]:
            paragraph(out, visible(f"also in {_copies(hit)}"), style="dim", indent=3)
        wrapped(out, snippet(hit, question), indent=3)
        if "explained" in shown:
            _explanation(out, shown["explained"][number - 1])
    if not shown["hits"]:
        paragraph(out, "; ".join(["nothing found", *nothing]))


def missing(degraded: Sequence[str]) -> None:
    """Names the parts that could not be reached, on standard error."""
    for part in degraded:
        say(f"raglake: {in_words(part)} can't be reached; these are the passages without it", stderr=True)


def _copies(hit: dict[str, Any]) -> str:
    """The documents that a passage stands for, each with its source if that is another one."""
    pairs = zip(hit["copies"], hit["copy_sources"], strict=True)
    named = [uri if source == hit["source"] else f"{uri} of {source}" for uri, source in pairs]
    more = f" and {len(named) - _MOST_COPIES:,} more" if len(named) > _MOST_COPIES else ""
    return ", ".join(named[:_MOST_COPIES]) + more


def _position(hit: dict[str, Any]) -> str:
    """Page, heading and characters of the best chunk, as markup."""
    page = pages(hit["page"], hit["chunk_first_page"], hit["chunk_last_page"])
    begins, first = hit["section_page"], hit["chunk_first_page"]
    if page and first and begins and begins < first:
        page += f" of a section from page {begins}"
    heading = f"{escape(hit['heading'])}, " if hit["heading"] else ""
    return f"{f'{page}, ' if page else ''}{heading}characters {hit['chunk_start']:,} to {hit['chunk_end']:,}"


def pages(page: int | None, first: int | None, last: int | None) -> str:
    """A page or several, in words; the bounds are None for releases before 0.4.

    >>> pages(12, 12, 12), pages(12, 12, 13), pages(12, None, None), pages(None, None, None)
    ('page 12', 'pages 12-13', 'page 12', '')
    """
    if first is not None and last is not None and first < last:
        return f"pages {first}-{last}"
    return "" if page is None else f"page {page}"


def place(hit: dict[str, Any]) -> str:
    """Document and page, as markup."""
    return escape(hit["uri"]) + (f", page {hit['page']}" if hit["page"] else "")


def snippet(hit: dict[str, Any], question: str) -> str:
    """The part of the best chunk that holds most words of the question, as markup that marks them."""
    text = " ".join(hit["chunk_text"].split())
    found = found_words(text, question, hit.get("language"))
    start = _best_start(text, [first for first, _ in found])
    end = cluster(text, min(len(text), start + _SNIPPET), start)[0]
    pieces, at = ["... "] if start else [], start
    for first, last in found:
        if first >= at and last <= end:
            pieces += [escape(text[at:first]), f"[bold green]{escape(text[first:last])}[/bold green]"]
            at = last
    return "".join([*pieces, escape(text[at:end]), " ..." if end < len(text) else ""])


def _best_start(text: str, found: Sequence[int]) -> int:
    """Where a snippet begins, at a word, that holds as many of the places found as one can."""
    if len(text) <= _SNIPPET or not found:
        return 0
    best = max(found, key=lambda first: sum(first <= other < first + _SNIPPET - _LEAD for other in found))
    return text.rfind(" ", 0, max(0, best - _LEAD)) + 1


def _leg(leg: str, marks: dict[str, Any]) -> str:
    """A retriever's rank and score, and what it added to the fused score of several embedders."""
    kind = "weights" if leg == SPARSE else "vector"
    name = f"{kind} of {marks['embedder']}" if marks.get("embedder") else leg
    rank = f" rank {marks['rank']}" if marks.get("rank") is not None else ""
    score = f"{marks['score']:.4f}" if marks["score"] is not None else "not found"
    added = f", adds {marks['added']:.4f}" if marks.get("added") is not None else ""
    return f"{name}{rank} ({score}{added})"


def _explanation(out: Console, why: dict[str, Any]) -> None:
    legs = [_leg(leg, marks) for leg, marks in why["legs"].items()]
    for summary in why.get("summaries", ()):
        paragraph(out, f"led to by the summary: {summary}", style="dim", indent=3)
    made = why["lineage"]
    paragraph(out, f"found by {', '.join(legs)}", style="dim", indent=3)
    parser = f"{made['parser']} {made['parser_version'] or ''}".strip()
    built = f"built {made['run']['created_at']:%Y-%m-%d %H:%M} UTC by {made['run']['by']}"
    for line in (
        f"bytes {made['digest']}",
        f"recipe {made['recipe']}",
        f"parser {parser}, embedder {made['embedder']}, {built}",
    ):
        paragraph(out, line, style="dim", indent=3)
