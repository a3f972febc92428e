"""What a person at a terminal sees of questions whose answers are known."""

from __future__ import annotations

from collections import Counter
from typing import Any

from rich.table import Table

from flows.cli.show.terminal import escape, paragraph, terminal
from lake.reporting import counted

_MOST_SHOWN = 20
#: Why a question can't be measured, for a person.
_REASONS = {"absent": "the release does not hold the document (absent)"}


def taken(shown: dict[str, Any]) -> None:
    """What an import brought."""
    out = terminal()
    out.print(f"{counted(shown['imported'], 'question')} in the set [bold]{escape(shown['set'])}[/bold]")
    if shown["erased"]:
        n = counted(shown["erased"], "question")
        out.print(f"{n} not imported: the documents were erased for good by raglake forget")
    if shown["checked_at"] is None:
        command = f"`raglake questions check --set {shown['set']}`"
        paragraph(out, f"nothing is published yet; {command} shows later which of them match")
    else:
        _left_out(shown["left_out"], shown["imported"], shown["checked_at"])


def checked(shown: dict[str, Any]) -> None:
    """Which questions no longer match."""
    _left_out(shown["left_out"], shown["questions"], shown["release"])


def _left_out(rows: list[dict[str, Any]], n: int, release: str) -> None:
    out = terminal()
    out.print(f"{n - len(rows):,} of {counted(n, 'question')} can be measured at {release}")
    for reason, count in Counter(row["reason"] for row in rows).most_common():
        out.print(f"  {count:,} left out: {_REASONS.get(reason, reason)}")
    for row in rows[:_MOST_SHOWN]:
        uris = ", ".join(dict.fromkeys(piece["uri"] for piece in row["evidence"]))
        out.print(f"  [dim]{escape(row['question'])} ({escape(uris)})[/dim]")
    if len(rows) > _MOST_SHOWN:
        out.print(f"  ... and {len(rows) - _MOST_SHOWN:,} more (--json lists all)")


def listed(shown: dict[str, Any]) -> None:
    """The sets, or the questions of one."""
    out = terminal()
    for question in shown["questions"]:
        uris = ", ".join(dict.fromkeys(piece["uri"] for piece in question["evidence"])) or ", ".join(question["tags"])
        out.print(f"{escape(question['text'])} [dim]({escape(uris)})[/dim]")
    if shown["questions"]:
        return
    table = Table("set", "questions", "not reviewed", "evidence", box=None, pad_edge=False)
    for row in shown["sets"]:
        kinds = ", ".join(counted(n, kind) for kind, n in row["evidence"].items())
        table.add_row(escape(row["set"]), f"{row['questions']:,}", f"{row['unreviewed']:,}", kinds)
    if shown["sets"]:
        out.print(table)
    else:
        paragraph(out, "no questions yet; `raglake questions import FORMAT PATH` adds some")


def dropped(shown: dict[str, Any]) -> None:
    """What was taken away."""
    terminal().print(f"{counted(shown['dropped'], 'question')} of {escape(shown['set'])} deleted")
