"""What a person at a terminal sees."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from lake.reporting import counted

if TYPE_CHECKING:
    from lake.reporting import Progress

_CHANGES = ("added", "changed", "moved", "removed", "unchanged")


def terminal() -> Console:
    return Console(highlight=False, soft_wrap=True)


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[Progress]:
    """Bars on stderr: what is done, how fast, how long still; nothing with ``quiet``."""
    import rich.progress as parts

    columns = (
        parts.TextColumn("{task.description:>10}"),
        parts.BarColumn(),
        parts.MofNCompleteColumn(),
        parts.TextColumn("{task.fields[rate]}"),
        parts.TimeElapsedColumn(),
        parts.TimeRemainingColumn(),
    )
    bars = parts.Progress(*columns, console=Console(stderr=True, quiet=quiet))
    tasks: dict[str, Any] = {}

    def report(what: str, n_done: int, n_more: int | None) -> None:
        if what not in tasks:
            tasks[what] = bars.add_task(what, total=0, rate="")
        task = bars.tasks[tasks[what]]
        # A step first says how much there is (n_done 0), then how much of it is done.
        total = (task.total or 0) + (n_more or 0)
        rate = f"{task.speed:,.0f}/s" if task.speed else ""
        bars.update(task.id, total=total, advance=n_done, rate=rate)

    with bars:
        yield report


def plan(shown: dict[str, Any]) -> None:
    """A plan: counts, first names, price."""
    out = terminal()
    table = Table("", "documents", "for instance", box=None, pad_edge=False)
    for change in _CHANGES:
        names = shown["examples"].get(change, [])
        more = " ..." if shown[change] > len(names[:3]) else ""
        table.add_row(change, f"{shown[change]:,}", escape(", ".join(names[:3]) + more) if names else "")
    out.print(table)
    _denied(out, shown["n_denied"])
    for remark in shown["remarks"]:
        out.print(f"[yellow]{escape(remark)}[/yellow]")
    cost = "price unknown" if shown["cost_usd"] is None else f"{shown['cost_usd']:,.4f} USD"
    texts, tokens = f"{shown['n_texts_to_embed']:,}", f"{shown['n_tokens_to_embed']:,}"
    out.print(f"to embed with {shown['embedder']} by {shown['backend']}: {texts} texts, {tokens} tokens, {cost}")
    if shown["oldest_change_at"]:
        out.print(f"the oldest change was made on {shown['oldest_change_at']:%Y-%m-%d %H:%M:%S} UTC, or later")


def outcome(shown: dict[str, Any]) -> None:
    """What an ingest did."""
    out = terminal()
    changes = ", ".join(f"{shown[change]:,} {change}" for change in _CHANGES)
    if shown["published"]:
        out.print(f"published release [bold]{shown['release']}[/bold] in {shown['seconds']:.1f} s: {changes}")
    else:
        release = f"release {shown['release']}: " if shown["release"] else ""
        out.print(f"{release}{escape(shown['reason'])} ({changes}; {shown['seconds']:.1f} s)")
    embedded = counted(shown["n_texts_embedded"], "text")
    out.print(f"{_holds(shown)}, {embedded} embedded, {shown['n_quarantined']:,} in quarantine")
    _denied(out, shown["n_denied"])
    for remark in shown["remarks"]:
        out.print(f"[yellow]{escape(remark)}[/yellow]")
    if shown["n_quarantined"]:
        out.print("raglake status --lake ... says what is in quarantine and why")


def _holds(shown: dict[str, Any]) -> str:
    return ", ".join(counted(shown[f"n_{noun}s"], noun) for noun in ("document", "parent", "chunk"))


def _denied(out: Console, n: int) -> None:
    if n:
        out.print(f"{n:,} left out: erased for good by raglake forget")


def status(shown: dict[str, Any]) -> None:
    """What is live and what is in quarantine."""
    out = terminal()
    if shown["live"] is None:
        out.print(f"{shown['lake']}: nothing is published yet")
        return
    live = shown["live"]
    at = f"{live['published_at']:%Y-%m-%d %H:%M:%S} UTC"  # it may have been rolled back to since
    out.print(f"{shown['lake']}: [bold]{live['release']}[/bold] is live, published {at}")
    out.print(f"{_holds(live)}, embedder {live['embedder']}")
    for source, n in shown["sources"].items():
        out.print(f"  {n:,} from {escape(source)}")
    if shown["pinned"]:
        out.print(f"pinned: {escape(shown['pinned'])}")
    if shown["quarantine"]:
        table = Table("document in quarantine", "class", "why", box=None, pad_edge=False)
        for row in shown["quarantine"]:
            table.add_row(escape(row["uri"]), row["error_class"], escape(row["reason"]))
        out.print(table)
