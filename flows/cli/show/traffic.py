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
_NOTHING_LEGIBLE = (
    "the query log has no legible questions to judge; `raglake serve --query-log` keeps them while "
    "the lake's configuration has query_log.text plain"
)
_MOST_SHOWN = 10
_OF_MEASURE, _JUDGED = ("n", "mean", "95 % interval"), ("answered", "faithfulness", "relevance")
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
    if any(row["variant"] for row in found["variants"]):
        _figures("variant", "variant", found["variants"])
    _questions("nothing found", found["empty"], lambda one: counted(one["n"], "time"))
    _questions("unhappy", found["unhappy"], _why)
    _samples(found["judged"])


def judged(found: Mapping[str, Any]) -> None:
    """The measures of a sample, and what has no verdict."""
    out = terminal()
    if not found["logged"]:
        out.print(_NOTHING_LEGIBLE)
        return
    out.print(f"{counted(found['judged'], 'request')} judged, out of {found['logged']:,} in the query log")
    rows = [(name, *_measure(one)) for name, one in found["measures"].items()]
    if rows:
        table(out, ("measure", *_OF_MEASURE), rows, right=_OF_MEASURE)
    for reason, n in found["left_out"].items():
        out.print(f"left out: {counted(n, 'request')}, since {reason}")
    for name, error in list(found["failures"].items())[:_MOST_SHOWN]:
        out.print(f"  [red]failed[/red]: {name} ({escape(error)})")
    if found["stopped"]:
        out.print(f"[yellow]stopped: {escape(found['stopped'])}[/yellow]")


def _measure(one: Mapping[str, Any]) -> tuple[str, ...]:
    return f"{one['n']:,}", f"{one['mean']:.3f}", f"{one['low']:.3f} to {one['high']:.3f}"


def _samples(samples: Sequence[Mapping[str, Any]]) -> None:
    """The latest samples that were judged, newest last."""
    rows = []
    for one in samples[-_MOST_SHOWN:]:
        means = (f"{one['measures'][name]['mean']:.3f}" if name in one["measures"] else "" for name in _JUDGED)
        rows.append((f"{one['judged_at']:%Y-%m-%d %H:%M}", str(one["n"]), *means, one["judge"]))
    if rows:
        table(terminal(), ("judged (UTC)", "n", *_JUDGED, "judge"), rows, right=("n", *_JUDGED))


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
