"""What a person at a terminal sees of live traffic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flows.cli.show.terminal import escape, table, terminal
from lake.reporting import counted

_NO_LOG = (
    "nothing is logged here; `raglake serve --query-log` keeps what services are asked, "
    "and `raglake feedback list` shows judgements"
)
_COLUMNS = ("n", "empty", "declined", "doubtful", "degraded", "error", "cached", "p50", "p95", "USD")


def shown(found: dict[str, Any]) -> None:
    """Totals, then by kind, key and release, then questions."""
    out, total = terminal(), found["total"]
    if not total["n"] and not found["unhappy"]:
        out.print(_NO_LOG)
        return
    tokens = f"{total['n_input']:,} tokens read and {total['n_output']:,} written"
    unpriced = f", and {counted(total['unpriced'], 'answer')} without a known price" if total["unpriced"] else ""
    out.print(f"{counted(total['n'], 'question')}; {tokens}; {total['usd']:.4f} USD{unpriced}")
    for title, name, column in (
        ("kind", "kinds", "kind"),
        ("key", "keys", "api_key"),
        ("release", "releases", "release"),
    ):
        _figures(title, column, found[name])
    _questions("nothing found", found["empty"], lambda one: counted(one["n"], "time"))
    _questions("unhappy", found["unhappy"], _why)


def _figures(title: str, column: str, rows: Sequence[Mapping[str, Any]]) -> None:
    cells = [(str(row[column] or "none"), *_cells(row)) for row in rows]
    if cells:
        table(terminal(), (title, *_COLUMNS), cells, right=_COLUMNS)


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    shares = (f"{row[name] / row['n']:.1%}" for name in _COLUMNS[1:7])
    seconds = (f"{row[name]:.2f} s" for name in ("p50", "p95"))
    return f"{row['n']:,}", *shares, *seconds, f"{row['usd']:.4f}"


def _questions(title: str, rows: Sequence[Mapping[str, Any]], why: Any) -> None:
    if rows:
        terminal().print(f"\n{title}:")
    for row in rows:
        name = row["question"] or f"digest {row['question_digest'] or 'not kept'}"
        terminal().print(f"  {escape(name)} [dim]({why(row)})[/dim]")
        for comment in row.get("comments", ()):
            terminal().print(f"    [dim]“{escape(comment)}”[/dim]")


def _why(row: Mapping[str, Any]) -> str:
    counts = {"judged against": row["disliked"], "declined": row["declined"], "doubtful": row["doubtful"]}
    return ", ".join(f"{n} {what}" for what, n in counts.items() if n) + f", of {row['n']}"
