"""What a person at a terminal sees of measures and of their differences."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from rich.console import Console

from flows.cli.show.terminal import escape, paragraph, table, terminal, usd, wrapped
from lake.reporting import counted

_MOST_SHOWN, _LEAST_P = 10, 0.001
_FIGURES = ("level", "measure", "n", "mean", "low", "high")
_COLOURS = {"worse": "red", "better": "green"}


def evaluations(shown: dict[str, Any]) -> None:
    """A table for each set and way of asking."""
    out = terminal()
    for one in shown["evaluations"]:
        out.print(f"\n[bold]{escape(one['set'])}[/bold] at {shown['release']}, {escape(_way(one['settings']))}")
        paragraph(out, _counts(one))
        if one["measures"]:
            _measures(one["measures"])
        if one["seconds"]:
            times = ", ".join(f"{name} {value * 1000:,.1f} ms" for name, value in one["seconds"].items())
            out.print(f"a search took {times}")
        if one["declining"]:
            _declining(out, one["declining"])
        for row in one["failed"][:_MOST_SHOWN]:
            out.print(f"  [red]failed[/red]: {escape(row['question'])} ({escape(row['error'])})")
    for path in shown["trec"]:
        out.print(f"written: {escape(path)}")


def _declining(out: Console, shown: dict[str, Any]) -> None:
    """What each least evidence would decline."""
    paragraph(
        out,
        f"evidence separates {counted(shown['n_answerable'], 'question')} with an answer from "
        f"{counted(shown['n_unanswerable'], 'question')} without one: AUC {shown['auc']:.3f}",
    )
    cells = [
        (f"{row['min_evidence']:g}", f"{row['answered']:.1%}", f"{row['declined']:.1%}") for row in shown["thresholds"]
    ]
    heads = ("min_evidence", "answered of those with an answer", "declined of those without")
    table(out, heads, cells, right=heads)


def answers(shown: dict[str, Any]) -> None:
    """A table for each set and way of answering, with what it cost."""
    out = terminal()
    for one in shown["evaluations"]:
        how = one["settings"]
        judge = f", judged by {how['answers']['judge']}" if "judge" in how["answers"] else ", no judge"
        way = _way({name: value for name, value in how.items() if name != "answers"})
        said = f"{way}, answered by {how['answers']['chat']}{judge}"
        out.print(f"\n[bold]{escape(one['set'])}[/bold] at {shown['release']}, {escape(said)}")
        paragraph(out, _counts(one))
        if one["measures"]:
            _measures(one["measures"])
        for measure, n in one["not_judged"].items():
            out.print(f"no verdict on {measure} for {counted(n, 'answer')}")
        for row in one["failed"][:_MOST_SHOWN]:
            out.print(f"  [red]failed[/red]: {escape(row['question'])} ({escape(row['error'])})")
        if one["stopped"]:
            out.print(f"[yellow]stopped, and no score kept: {escape(one['stopped'])}[/yellow]")
        out.print(f"[dim]{_bill(one)}[/dim]")


def _bill(one: dict[str, Any]) -> str:
    n = sum(paid["n_calls"] for paid in one["usage"].values())
    cost = usd(one["cost_usd"], one["prices"])
    tokens = sum(paid["n_input"] + paid["n_output"] for paid in one["usage"].values())
    return f"{counted(n, 'call')}, {counted(tokens, 'token')}, {cost}; {one['calls_remembered']:,} remembered"


def _way(settings: dict[str, Any]) -> str:
    rest = {name: value for name, value in settings.items() if name != "mode"}
    return f"{settings['mode']} with {json.dumps(rest, ensure_ascii=False)}" if rest else str(settings["mode"])


def _counts(one: dict[str, Any]) -> str:
    reasons = Counter(row["reason"] for row in one["left_out"])
    left_out = ", ".join(f"{n:,} {reason}" for reason, n in reasons.most_common())
    parts = [f"{one['scored']:,} of {counted(one['questions'], 'question')} measured"]
    parts += [f"{len(one['failed']):,} of them failed and count as 0"] if one["failed"] else []
    parts += [f"{len(one['left_out']):,} left out: {left_out} (`raglake questions check`)"] if left_out else []
    in_part = len(one.get("measured_in_part", ()))
    parts += [f"{in_part:,} measured by a part of {'its' if in_part == 1 else 'their'} evidence"] if in_part else []
    return "; ".join(parts)


def _measures(rows: list[dict[str, Any]]) -> None:
    by = [name for name in rows[0] if name not in _FIGURES]
    cells = []
    for row in rows:
        slices = [str(row[name] if row[name] is not None else "several") for name in by]
        interval = f"{row['low']:.3f} to {row['high']:.3f}"
        cells.append((*slices, row["level"], row["measure"], f"{row['mean']:.3f}", interval, f"{row['n']:,}"))
    table(terminal(), (*by, "of", "measure", "mean", "95 % interval", "n"), cells, right=("n",))


def comparison(shown: dict[str, Any]) -> None:
    """Each measure with its verdict, then the questions that were lost and won by the first of them."""
    out = terminal()
    for side in ("a", "b"):
        out.print(f"{side.upper()} is {shown[side]['release']}, {escape(_way(shown[side]['settings']))}")
    for name in dict.fromkeys(one["set"] for one in shown["comparisons"]):
        mine = [one for one in shown["comparisons"] if one["set"] == name]
        out.print(f"\n[bold]{escape(name)}[/bold]")
        paragraph(out, _compared(mine[0]))
        _differences(mine)
        for line in _changes(mine[0]):
            wrapped(out, line, indent=0)


def _compared(one: dict[str, Any]) -> str:
    parts = [f"{counted(one['n'], 'question')} answered by both"]
    if one["n_lost"]:
        parts.append(
            f"{one['n_lost']:,} of them without evidence in B, although its source is as it was: they count as 0"
        )
    if one["n_left_out"]:
        parts.append(f"{one['n_left_out']:,} left out, whose evidence the source changed or took away")
    return "; ".join(parts)


def _differences(rows: list[dict[str, Any]]) -> None:
    """The figures, then the measures of each verdict: both in one table would not fit a terminal."""
    cells = [
        (
            f"{row['level']} {row['measure']}",
            *(f"{row['a']:.3f}", f"{row['b']:.3f}", f"{row['difference']:+.3f}"),
            f"{row['low']:+.3f} to {row['high']:+.3f}",
            f"{row['p']:.3f}" if row["p"] >= _LEAST_P else "<.001",
            *(f"{row['wins']:,}/{row['losses']:,}", f"{row['n']:,}"),
        )
        for row in rows
    ]
    heads = ("measure", "A", "B", "B - A", "95 % interval", "p", "won/lost", "n")
    table(terminal(), heads, cells, right=("won/lost", "n"))
    for word in dict.fromkeys(row["word"] for row in rows):
        measures = ", ".join(f"{row['level']} {row['measure']}" for row in rows if row["word"] == word)
        colour = _COLOURS.get(word, "default")
        wrapped(terminal(), f"[{colour}]{word}[/{colour}]: {escape(measures)}", indent=0)


def _changes(one: dict[str, Any]) -> Iterator[str]:
    """The worst losses, then the best wins."""
    what = f"{one['level']} {one['measure']}"
    losses = [row for row in one["changes"] if row["difference"] < 0]
    wins = [row for row in reversed(one["changes"]) if row["difference"] > 0]
    for heading, rows in (("lost most", losses), ("won most", wins)):
        if rows:
            yield f"{heading} in {what}:"
        for row in rows[:_MOST_SHOWN]:
            lost = " [dim](evidence lost)[/dim]" if row["lost"] else ""
            yield f"  {row['a']:.3f} -> {row['b']:.3f}  {escape(row['question'])}{lost}"
        if len(rows) > _MOST_SHOWN:
            yield f"  ... and {len(rows) - _MOST_SHOWN:,} more (--json lists all)"
