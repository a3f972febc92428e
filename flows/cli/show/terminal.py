"""What a person at a terminal sees."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich import markup
from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Column, Table
from rich.text import Text

from flows.cli.hints import pasteable
from lake.reporting import counted, in_bytes, listed, visible

if TYPE_CHECKING:
    from lake.reporting import Progress

#: Documents remarked on that the status names.
_MOST_REMARKED = 20
_CHANGES = ("added", "changed", "moved", "removed", "unchanged")


#: A command between backticks stays on one line, so that it can be pasted.
_COMMAND = re.compile(r"`[^`]+`")


class SafeConsole(Console):
    """A console whose escape sequences are its own: those in any text are shown, not obeyed."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        for segment in super().render(renderable, options):
            text = segment.text if segment.control else visible(segment.text, is_line=False)
            yield Segment(text, segment.style, segment.control)


def terminal(*, stderr: bool = False) -> Console:
    """A console that prints each line as it is, however narrow the terminal."""
    return SafeConsole(highlight=False, soft_wrap=True, stderr=stderr)


def escape(text: str, *, is_line: bool = True) -> str:
    """Text as markup that shows it as it is; several lines unless ``is_line``."""
    return markup.escape(visible(text, is_line=is_line))


def say(text: str, *, end: str = "\n", stderr: bool = False) -> None:
    """Print plain text at once, without markup or wrapping."""
    print(visible(text, is_line=False), end=end, file=sys.stderr if stderr else sys.stdout, flush=True)


def say_lines(lines: Iterable[str]) -> None:
    """Print plain lines; one that begins with a line break has an empty line before it."""
    for line in lines:
        text = line.removeprefix("\n")
        say("\n" * (len(line) - len(text)) + visible(text))


def paragraph(out: Console, text: str, *, style: str = "", indent: int = 0) -> None:
    """Print plain text, wrapped between words when it goes to a terminal; commands in it name the lake."""
    whole = _COMMAND.sub(lambda found: found[0].replace(" ", _NO_BREAK), pasteable(text))
    width = out.width - indent if out.is_terminal else max(1, len(whole))
    lines = textwrap.wrap(whole, width, break_long_words=False, break_on_hyphens=False) or [""]
    for line in lines:
        out.print(" " * indent + escape(line.replace(_NO_BREAK, " ")), style=style or None)


def wrapped(out: Console, markup: str, *, indent: int) -> None:
    """Print markup, wrapped between words when it goes to a terminal."""
    text = Text.from_markup(markup)
    for line in text.wrap(out, out.width - indent) if out.is_terminal else [text]:
        line.rstrip()
        out.print(Text(" " * indent) + line)


_NO_BREAK = "\N{NO-BREAK SPACE}"


def table(
    out: Console,
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Collection[str] = (),
    bold: Collection[int] = (),
) -> None:
    """Print columns, or a paragraph for each row if they are too wide for the terminal; nothing is cut."""
    rows = [[visible(cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(heads, *rows, strict=True)]
    if not out.is_terminal or sum(widths) + 2 * len(widths) <= out.width + 2:
        for number, row in enumerate([heads, *rows]):
            cells = [
                f"{c:>{w}}" if h in right else set_cell_size(c, w) for h, c, w in zip(heads, row, widths, strict=True)
            ]
            out.print(escape("  ".join(cells).rstrip()), style="bold" if number == 0 or number - 1 in bold else None)
        return
    for number, row in enumerate(rows):
        first, *others = (f"{head} {cell}".strip() for head, cell in zip(heads, row, strict=True) if cell)
        out.print(escape(first), style="bold" if number in bold else None)
        paragraph(out, ", ".join(others), indent=2)


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
    console = SafeConsole(stderr=True, quiet=quiet)
    # What is no terminal gets the last state alone; to draw each in vain takes a twentieth of a build's time.
    bars = parts.Progress(*columns, console=console, auto_refresh=console.is_terminal and not quiet)
    tasks: dict[str, Any] = {}

    def report(what: str, n_done: int, n_more: int | None) -> None:
        if not tasks:
            bars.start()  # no sooner, or what fails before its first step has an empty line above its message
        if what not in tasks:
            tasks[what] = bars.add_task(what, total=0, rate="")
        task = bars.tasks[tasks[what]]
        # A step first says how much there is (n_done 0), then how much of it is done.
        total = (task.total or 0) + (n_more or 0)
        rate = f"{task.speed:,.0f}/s" if task.speed else ""
        bars.update(task.id, total=total, advance=n_done, rate=rate)

    try:
        yield report
    finally:
        if tasks:
            bars.stop()


def usd(cost: float | None, prices: Iterable[str] = ()) -> str:
    """A cost with the lists of prices that it is by, and their dates.

    >>> usd(0.00314, ["genai-prices 0.2.3, 2026-11-04"]), usd(None)
    ('0.0031 USD (genai-prices 0.2.3, 2026-11-04)', 'price unknown')
    """
    if cost is None:
        return "price unknown"
    by = "; ".join(prices)
    return f"{cost:,.4f} USD" + (f" ({by})" if by and cost else "")


def plan(shown: dict[str, Any]) -> None:
    """A plan: counts, first names, price."""
    out = terminal()
    table = Table("", "documents", Column("for instance", overflow="fold"), box=None, pad_edge=False)
    for change in _CHANGES:
        names = shown["examples"].get(change, [])
        more = " ..." if shown[change] > len(names[:3]) else ""
        table.add_row(change, f"{shown[change]:,}", escape(", ".join(names[:3]) + more) if names else "")
    out.print(table)
    _denied(out, shown["n_denied"])
    for remark in shown["remarks"]:
        paragraph(out, remark, style="yellow")
    cost = usd(shown["cost_usd"], [shown["prices"]] if shown["prices"] else [])
    texts, tokens = counted(shown["n_texts_to_embed"], "text"), counted(shown["n_tokens_to_embed"], "token")
    on = f" on {shown['backend']}" if len(shown["embedders"]) == 1 else ""
    room = f", {in_bytes(shown['n_vector_bytes'])} of vectors" if on and shown["n_vector_bytes"] else ""
    paragraph(out, f"to embed: {texts}, {tokens}, {cost}, with {shown['embedder']}{on}{room}")
    for one in shown["embedders"] if not on else ():
        texts, tokens = counted(one["n_texts"], "text"), counted(one["n_tokens"], "token")
        cost = usd(one["cost_usd"], [one["prices"]] if one["prices"] else [])
        room = f"{one['n_bytes'] / 1e6:,.1f} MB of vectors"
        paragraph(out, f"{one['embedder']} on {one['backend']}: {texts}, {tokens}, {cost}, {room}", indent=3)
    if n_sentences := shown["n_sentences_to_write"]:
        price = usd(shown["context_cost_usd"], [])
        sentences = counted(n_sentences, "sentence")
        paragraph(out, f"to write: {sentences} about chunks, {price} if the provider caches documents")
    if n_summaries := shown["n_summaries_to_write"]:
        price = usd(shown["summaries_cost_usd"], [])
        paragraph(out, f"to write: {n_summaries:,} of the summaries of documents and sections, {price}")
    prompts = {"documents": shown["document_prompt"], "questions": shown["query_prompt"]}
    if any(prompts.values()):
        paragraph(
            out, f"prompts: {', '.join(f'{prompt!r} before {kind}' for kind, prompt in prompts.items() if prompt)}"
        )
    if shown["oldest_change_at"]:
        out.print(
            f"the oldest of these changes was made at {shown['oldest_change_at']:%Y-%m-%d %H:%M:%S} UTC, or later"
        )


def outcome(shown: dict[str, Any]) -> None:
    """What an ingest did."""
    out = terminal()
    if shown["published"]:
        out.print(f"published release [bold]{shown['release']}[/bold] in {shown['seconds']:.1f} s")
    else:
        release = shown["release"] if shown["release"] and shown["release"] not in shown["reason"] else ""
        paragraph(out, f"{f'release {release}: ' if release else ''}{shown['reason']} ({shown['seconds']:.1f} s)")
    out.print(f"changes: {listed({change: shown[change] for change in _CHANGES})}")
    embedded = counted(shown["n_texts_embedded"], "text")
    out.print(f"{_holds(shown)}; {embedded} embedded, {shown['n_quarantined']:,} in quarantine")
    _words(out, shown)
    _copies(out, shown["n_copies"])
    _denied(out, shown["n_denied"])
    for remark in shown["remarks"]:
        paragraph(out, remark, style="yellow")
    if shown["n_remarked"]:
        documents = counted(shown["n_remarked"], "document")
        paragraph(out, f"{documents} remarked on: `raglake status` shows which and why", style="yellow")
    if shown["n_quarantined"]:
        paragraph(out, "`raglake status` shows what is in quarantine and why")


def _holds(shown: dict[str, Any]) -> str:
    return ", ".join(counted(shown[f"n_{noun}s"], noun) for noun in ("document", "parent", "chunk"))


def _words(out: Console, shown: dict[str, Any]) -> None:
    """What became of the words of all documents; nothing if no account is known."""
    if not shown["n_words_source"]:
        return
    parts = {"kept": shown["n_words_kept"], "left out": shown["n_words_omitted"], "lost": shown["n_words_lost"]}
    told = ", ".join(f"{n:,} {word}" for word, n in parts.items())
    out.print(f"{counted(shown['n_words_source'], 'word')} in the sources: {told}")


def _copies(out: Console, n: int) -> None:
    if n:
        told = f"{counted(n, 'document')} exactly like another one: a search returns one of each group, "
        paragraph(out, f"{told}and `raglake duplicates` lists them")


def _denied(out: Console, n: int) -> None:
    if n:
        out.print(f"{counted(n, 'document')} left out: erased for good by raglake forget")


def _watched(watch: dict[str, Any]) -> str:
    """How soon the changes of a watch were published.

    >>> from datetime import datetime
    >>> at = datetime(2026, 11, 21, 12)
    >>> lag = {"p50": 1.26, "p95": 2.0, "p100": 3.0}
    >>> _watched({"sources": ["docs"], "target": 60.0, "n_changes": 9, "n_late": 0, "n_waiting": 1,
    ...           "waiting_since": at, "failure": "", "at": at, "has_ended": False,
    ...           "lag": lag})  # doctest: +NORMALIZE_WHITESPACE
    'docs watched, last alive 2026-11-21 12:00:00 UTC: 9 changes published after 1.3 s (median), 3.0 s at most, 0 later
    than 60 s; 1 change waits since 12:00:00'
    """
    lag, n = watch["lag"], watch["n_changes"]
    alive = "not watched since" if watch["has_ended"] else "watched, last alive"
    told = f"{', '.join(watch['sources'])} {alive} {watch['at']:%Y-%m-%d %H:%M:%S} UTC: "
    told += f"{counted(n, 'change')} published"
    if lag["p50"] is not None:
        told += f" after {lag['p50']:.1f} s (median), {lag['p100']:.1f} s at most"
    told += f", {watch['n_late']:,} later than {watch['target']:g} s"
    if watch["waiting_since"]:
        verb = "waits" if watch["n_waiting"] == 1 else "wait"
        told += f"; {counted(watch['n_waiting'], 'change')} {verb} since {watch['waiting_since']:%H:%M:%S}"
    return told + (f"; the last run failed: {watch['failure']}" if watch["failure"] else "")


def _place(row: dict[str, Any], shown: dict[str, Any]) -> str:
    """A document's name, with its source if there are several: two may have documents of one name."""
    return f"{row['source']}: {row['uri']}" if len(shown["sources"]) > 1 else str(row["uri"])


def status(shown: dict[str, Any]) -> None:
    """What is live and what is in quarantine."""
    out = terminal()
    if shown["live"] is None:
        out.print(f"{escape(shown['lake'])}: nothing is published yet")
        return
    live = shown["live"]
    at = f"{live['published_at']:%Y-%m-%d %H:%M:%S} UTC"  # it may have been rolled back to since
    out.print(escape(shown["lake"]))
    if shown["is_erasing"]:
        paragraph(out, "an erasure runs, or was cut short before its proof; `raglake prune` finishes it")
    out.print(f"[bold]{live['release']}[/bold] is live, published {at}")
    out.print(f"{_holds(live)}; embedder {escape(live['embedder'])}")
    for source, n in shown["sources"].items():
        at = shown["listed_at"][source]
        listed = f", last listed {at:%Y-%m-%d %H:%M:%S} UTC" if at else ""
        out.print(f"  {n:,} from {escape(source)}{listed}")
    if live["audit"] not in (None, "passed"):
        paragraph(out, f"audit {live['audit']}; `raglake releases live` tells more")
    _words(out, shown["completeness"])
    _copies(out, shown["n_copies"])
    if shown["pinned"]:
        out.print(f"pinned: {escape(shown['pinned'])}")
    for watch in shown["watches"]:
        paragraph(out, _watched(watch))
    remarked = shown["completeness"]["remarked"]
    if remarked:
        out.print(f"\n{counted(len(remarked), 'document')} remarked on:")
    for row in remarked[:_MOST_REMARKED]:
        out.print(f"[bold]{escape(_place(row, shown))}[/bold]")
        for remark in row["remarks"]:
            paragraph(out, remark, indent=2)
    if len(remarked) > _MOST_REMARKED:
        paragraph(out, f"and {len(remarked) - _MOST_REMARKED:,} more; `raglake status --json` lists all")
    if shown["quarantine"]:
        out.print(f"\n{counted(len(shown['quarantine']), 'document')} in quarantine:")
        for row in shown["quarantine"]:
            out.print(f"[bold]{escape(_place(row, shown))}[/bold] ({row['error_class']})")
            paragraph(out, row["reason"], indent=2)
