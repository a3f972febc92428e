"""What a person at a terminal sees of feedback."""

from __future__ import annotations

from typing import Any

from flows.cli.show.terminal import escape, paragraph, table, terminal, wrapped
from lake.reporting import counted

_MOST_SHOWN = 20
_COLOURS = {"worse": "red", "better": "green"}


def listed(shown: dict[str, Any]) -> None:
    """Judgements by release."""
    rows = [
        (row["release"], f"{row['judgements']:,}", f"{row['useful'] / row['judgements']:.1%}")
        for row in shown["releases"]
    ]
    if rows:
        table(terminal(), ("release", "judgements", "useful"), rows, right=("judgements", "useful"))
    answers = shown["answers"]
    if answers:
        useful = sum(row["useful"] for row in answers)
        terminal().print(f"{counted(len(answers), 'judgement')} of answers, {useful / len(answers):.1%} useful")
    if not rows and not answers:
        terminal().print("nothing has been judged yet; docs/feedback.md describes how")


def compared(shown: dict[str, Any]) -> None:
    """Both shares, their difference, and the verdict."""
    out = terminal()
    for name in ("a", "b"):
        side = shown[name]
        said = f"{side['useful']:,} of {counted(side['n'], 'judgement')} useful ({side['share']:.1%})"
        out.print(f"{name.upper()} is {side['release']}: {said}, from {counted(side['sessions'], 'session')}")
    colour = _COLOURS.get(shown["word"], "default")
    interval = f"{shown['low']:+.3f} to {shown['high']:+.3f}"
    figures = f"{shown['difference']:+.3f} ({interval}), p {shown['p']:.4f}"
    wrapped(out, f"B is [{colour}]{shown['word']}[/{colour}]: {figures}", indent=0)


def drafted(shown: dict[str, Any]) -> None:
    """What was made of feedback, and what was not."""
    out = terminal()
    n = counted(len(shown["drafted"]), "question")
    name = shown["set"]
    paragraph(out, f"{n} drafted in the set {name}; review them with `raglake questions review --set {name}`")
    left = {
        "passages with too few votes": shown["n_too_few"],
        "questions without a useful passage": shown["n_nothing_useful"],
        "questions that a person decided on before": shown["n_decided"],
        "questions whose documents were erased": shown["n_erased"],
    }
    for what, number in left.items():
        if number:
            out.print(f"  {number:,} {what}")
    for one in shown["conflicting"][:_MOST_SHOWN]:
        votes = f"{one['useful']} useful, {one['useless']} not"
        out.print(f"  [dim]conflicting: {escape(one['question'])} ({escape(one['uri'])}: {votes})[/dim]")
