"""What a person at a terminal sees of an answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from flows.cli.show import query as show_query
from flows.cli.show import terminal
from flows.cli.show.terminal import escape, usd
from lake.reporting import counted

if TYPE_CHECKING:
    from lake.answer import Answer


def written(pieces: Iterator[str | Answer]) -> Answer:
    """The answer at the end of a stream, its text printed as it comes."""
    begun = False
    for piece in pieces:
        if not isinstance(piece, str):
            terminal.say("", end="\n" if begun else "")
            return piece
        terminal.say(piece, end="")
        begun = True
    raise RuntimeError("a stream of an answer ends in the answer")


def answer(told: dict[str, Any], question: str, *, streamed: bool) -> None:
    """An answer, what is wrong with it, its sources, and what it took; the passages if there is none."""
    out = terminal.terminal()
    if told["model"] is None:
        if told["text"]:
            out.print(escape(told["text"], is_line=False))
        show_query.hits({"release": told["release"], "hits": told["passages"]}, question)
        return
    if not streamed:
        out.print(escape(told["text"], is_line=False))
    for problem in told["problems"]:
        out.print(f"[red]! {escape(problem['message'])}[/red]")
    out.print()
    cited = {number for sentence in told["sentences"] for number in sentence["citations"]}
    for source in told["sources"]:
        out.print(_source(source, is_cited=source["number"] in cited))
    out.print(f"\n[dim]{_footing(told)}[/dim]")


def _source(source: dict[str, Any], *, is_cited: bool) -> str:
    place = f"{escape(source['uri'])}{_page(source)}"
    heading = f"  {escape(source['heading'])}" if source["heading"] else ""
    number = escape(f"[{source['number']}]")
    span = f"  {source['start']}-{source['end']}" + (f"  {escape(source['url'])}" if source["url"] else "")
    return (
        f"{number} [bold]{place}[/bold]{heading}[dim]{span}[/dim]"
        if is_cited
        else f"[dim]{number} {place}{heading}{span}[/dim]"
    )


def _page(source: dict[str, Any]) -> str:
    """The page of the best chunk, and those of its passage if they are several."""
    page, first, last = (source[name] for name in ("page", "first_page", "last_page"))
    if page is None:
        return ""
    return f", page {page}" + (f" ({first}-{last})" if first is not None and first < last else "")


def _footing(told: dict[str, Any]) -> str:
    usage = told["usage"]
    cost = usd(told["cost_usd"], usage["prices"])
    cached = f" ({usage['n_cached']:,} cached)" if usage["n_cached"] else ""
    tokens = f"{usage['n_input']:,}{cached} + {counted(usage['n_output'], 'token')}"
    sure = f"{told['confidence_level']} confidence ({told['confidence']:.2f})"
    sure = sure if told["enough"] else f"no answer (evidence {told['evidence']:.2f})"
    parts = [f"release {told['release']}", sure, told["model"], tokens, cost, f"{told['seconds']:.1f} s"]
    return escape(", ".join([*parts, *told["notes"]]))
