"""What a person at a terminal sees of search options that were learned."""

from __future__ import annotations

import shlex
from typing import Any

from rich.console import Console

from flows.cli.hints import pasteable
from flows.cli.show.terminal import escape, paragraph, table, terminal
from lake.inspect.diagnosis.messages import options_in_words, value_in_words
from lake.reporting import counted

_FIGURES = ("gain", "95 %", "p")


def tuned(shown: dict[str, Any]) -> None:
    """Each part with its gain on questions that did not choose it; what is set, and how to go on."""
    out = terminal()
    drafts = f"; {counted(shown['n_drafts'], 'draft')} not reviewed" if shown["n_drafts"] else ""
    left = f"; {counted(shown['n_left_out'], 'question')} left out" if shown["n_left_out"] else ""
    asked = f"{counted(shown['n_questions'], 'question')} of {escape(', '.join(shown['sets']))}"
    out.print(f"\n{shown['release']}: {asked}, {shown['n_folds']} folds{left}{drafts}")
    tried = counted(shown["n_profiles"], "search profile")
    out.print(f"{escape(shown['measure'])} as configured: {shown['base']:.4f}; {tried} tried\n")
    table(out, ("part", *_FIGURES, ""), [_row(one) for one in shown["parts"]], right=_FIGURES)
    out.print("")
    paragraph(out, _verdict(shown))
    for one in shown["parts"]:
        if not one["is_kept"]:
            paragraph(out, _why_not(one))
    _next(out, shown)


def undone(shown: dict[str, Any]) -> None:
    """Each option that is as it was before, and each that somebody changed since."""
    out = terminal()
    for name, value in shown["restored"].items():
        out.print(f"search.{name} = {escape(value_in_words(value) if value is not None else 'its default')}")
    for name, value in shown["kept"].items():
        out.print(f"search.{name} was changed since, and stays {escape(value_in_words(value))}")


def _row(one: dict[str, Any]) -> list[str]:
    found = one["verdict"]
    interval = f"{found['low']:+.4f} to {found['high']:+.4f}"
    return [one["part"], f"{found['difference']:+.4f}", interval, f"{found['p']:.3f}", found["word"]]


def _verdict(shown: dict[str, Any]) -> str:
    total = shown["total"]
    if not shown["learned"]:
        return "nothing to set: no part is better on questions that did not choose it"
    gain = f"{total['difference']:+.4f} [{total['low']:+.4f}, {total['high']:+.4f}], p {total['p']:.3f}"
    judged = f"together, by questions that did not choose: {gain}: {total['word']}"
    return judged if shown["changes"] else f"{judged}; so nothing is set"


def _why_not(one: dict[str, Any]) -> str:
    found, values = one["verdict"], options_in_words(one["values"])
    reason = f"{one['part']} is left as it is: {found['word']}{f' (all questions choose {values})' if values else ''}"
    if found["word"] == "not enough evidence":
        return f"{reason}; a gain like this would show with about {one['n_needed']:,} questions"
    if found["word"] == "better":  # what all choose is no change
        return f"{reason}, but all questions together choose what holds"
    return reason


def _next(out: Console, shown: dict[str, Any]) -> None:
    for name, value in shown["changes"].items():
        before = shown["before"].get(name)
        was = "its default" if before is None else value_in_words(before)
        done = "set" if shown["applied"] else "--apply sets"
        now = "its default" if value is None else value_in_words(value)
        out.print(f"{done} search.{name} = {escape(now)} (was {escape(was)})")
    if not shown["changes"]:
        return
    if shown["applied"]:
        out.print(pasteable("measure it: `raglake evaluate --modes hybrid`; go back: `raglake tune --undo`"))
        return
    for name, value in shown["changes"].items():
        word = f"unset search.{name}" if value is None else f"set search.{name} {shlex.quote(value_in_words(value))}"
        out.print(escape(pasteable(f"or by hand: `raglake config {word}`")))
