"""What a person at a terminal sees of an experiment."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from flows.cli.show.terminal import escape, paragraph, table, terminal
from lake.reporting import counted

_SHORT = {"_tokens": "", "text_": "", "vector_": ""}


def experiment(shown: dict[str, Any]) -> None:
    """Every cell with its score, its difference from the lake as it is, its latency and its size; what to take."""
    out = terminal()
    sample = f"{shown['n_documents']:,} of {counted(shown['n_all'], 'document')}"
    left = f"; {counted(shown['n_left_out'], 'question')} left out" if shown["n_left_out"] else ""
    asked = f"{counted(shown['cells'][0]['n_questions'], 'question')} of {escape(', '.join(shown['sets']))}"
    out.print(f"\n{sample} of {shown['release']}, seed {shown['seed']}; {asked}{left}")
    n_others = counted(len(shown["cells"]) - 1, "cell")
    out.print(f"score: {escape(shown['measures'][0])}; cell 0 is the lake as it is")
    out.print(f"p: of the difference from it, corrected for {n_others}")
    out.print("L: no cell has a higher score for less latency; C: for less cost\n")
    _table(out, shown)
    _advice(out, shown)


def _table(out: Console, shown: dict[str, Any]) -> None:
    names, figures = _varied(shown["cells"][0]), ("score", "95 %", "p", "p50 ms", "tokens")
    rows = [_cells(row, names, shown["measures"][0]) for row in shown["cells"]]
    bold = [number for number, row in enumerate(shown["cells"]) if row["is_chosen"]]
    table(out, ("cell", *map(_brief, names), *figures, ""), rows, right=figures, bold=bold)


def _varied(row: dict[str, Any]) -> list[str]:
    names = list(row)
    return names[names.index("on_front") + 1 : names.index("recipe")]


def _brief(name: str) -> str:
    for long, short in _SHORT.items():
        name = name.replace(long, short)
    return name


def _cells(row: dict[str, Any], names: list[str], measure: str) -> list[str]:
    number = f"{row['cell']}{'*' if row['is_chosen'] else ''}"
    values = ["none" if row[name] is None else str(row[name]) for name in names]
    interval = f"{row[f'{measure} low']:.2f}-{row[f'{measure} high']:.2f}"
    p = "" if row["is_base"] else f"{row[f'{measure} p_corrected']:.3f}"
    front = "".join(name[0].upper() for name in row["on_front"])
    score, tokens = f"{row[measure]:.4f}", f"{row['n_tokens']:,}"
    return [number, *values, score, interval, p, f"{row['p50_seconds'] * 1000:.1f}", tokens, front]


def _advice(out: Console, shown: dict[str, Any]) -> None:
    out.print("")
    paragraph(out, f"* chosen: {shown['rule']}")
    if shown["chosen"] == 0:
        out.print("the lake as it is: nothing to change")
    paragraph(out, f"confirmed: {shown['confirmation']}" if shown["confirmed"] else shown["confirmation"])
    for name, value in shown["confirmed_search"].items():
        words = "set" if shown["applied"] else "--apply sets"
        out.print(f"{words} search.{name} = {escape('none' if value is None else str(value))}")
    if not shown["confirmed_search"]:
        out.print("--apply changes nothing")
    if shown["ingest"]:
        paragraph(out, f"its recipe: {shown['ingest']}")
        if shown["applied"] and shown["confirmed_search"]:
            out.print("[yellow]the settings were measured under that recipe; they hold from now on[/yellow]")
    for path in shown["written"]:
        out.print(f"written: {escape(path)}")
