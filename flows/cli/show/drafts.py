"""What a person at a terminal sees of drafted questions, and the decisions read from there or from a pipe."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console

from flows.cli.show.terminal import escape, paragraph, terminal, usd
from lake.reporting import counted

if TYPE_CHECKING:
    from lake.questions import EvalQuestion
    from lake.questions.reviewing import Shown

_KEYS = "[a]ccept, [e]dit, [d]rop, [s]kip, [q]uit"


def generated(told: dict[str, Any]) -> None:
    """What a run made, what it dropped and why, and what it took."""
    out = terminal()
    name = escape(told["set"])
    out.print(f"{counted(len(told['added']), 'question')} added; [bold]{name}[/bold] holds {told['holds']:,}")
    for reason, n in told["dropped"].items():
        out.print(f"  {counted(n, 'section')} dropped: {reason}")
    if told["stopped"]:
        out.print(f"[yellow]stopped at {told['holds']:,} of {told['wanted']:,}: {escape(told['stopped'])}[/yellow]")
    tokens = f"{told['tokens_input']:,} + {counted(told['tokens_output'], 'token')}, "
    _end(told, tokens)


def from_traffic(told: dict[str, Any]) -> None:
    """The questions that were drafted, those that live does not answer, and what it took."""
    out = terminal()
    known = f"; {counted(told['known'], 'question')} known already" if told["known"] else ""
    out.print(f"{counted(len(told['added']), 'question')} added to [bold]{escape(told['set'])}[/bold]{known}")
    if told["unanswered"]:
        out.print("\nwithout a draft:")
    for one in told["unanswered"]:
        out.print(f"  {escape(one['question'])} [dim]({one['reason']}; sent {counted(one['n'], 'time')})[/dim]")
    if told["stopped"]:
        out.print(f"[yellow]stopped: {escape(told['stopped'])}[/yellow]")
    _end(told, "")


def _end(told: dict[str, Any], tokens: str) -> None:
    """The bill, and what to do next."""
    out, cost = terminal(), usd(told["cost_usd"], told["prices"])
    paid = f"{counted(told['calls'], 'call')}, {tokens}{cost}; {told['calls_remembered']:,} remembered"
    out.print(f"[dim]release {told['release']}, {paid}[/dim]")
    if told["added"]:
        paragraph(out, f"nobody has reviewed them yet; do so with `raglake questions review --set {told['set']}`")


def question(asked: EvalQuestion, evidence: Sequence[Shown], number: int, n: int, *, quiet: bool) -> None:
    """One question with its answers, its quotes and what stands around them."""
    out = _out(quiet)
    state = "" if asked.reviewed else ", not reviewed"
    out.print(f"\n[dim]{number} of {n}{state}{escape(', '.join(['', *asked.tags]))}[/dim]")
    out.print(f"[bold]{escape(asked.text)}[/bold]")
    for answer in asked.answers:
        out.print(f"  = {escape(answer)}")
    for shown in evidence:
        out.print(f"[dim]{escape(shown.evidence.uri)}{escape(f' ({shown.reason})') if shown.reason else ''}[/dim]")
        if shown.quote:
            before, after = escape(shown.before, is_line=False), escape(shown.after, is_line=False)
            out.print(f"[dim]{before}[/dim][green]{escape(shown.quote)}[/green][dim]{after}[/dim]")


def key(*, quiet: bool) -> str:
    """The first letter of the next line of stdin, in lower case; "" at its end."""
    while True:
        line = _line(f"{_KEYS}? ", quiet=quiet)
        if line is None:
            return ""
        if line[:1].lower() in tuple("aedsq"):
            return line[:1].lower()
        _out(quiet).print(escape(f"{line!r} is none of {_KEYS}") if line else escape(_KEYS))


def words(asked: EvalQuestion, *, quiet: bool) -> tuple[str, list[str]] | None:
    """Other words for the question and its answers (one, or several between ``|``); an empty line keeps them."""
    text = _line("question, empty to keep it: ", quiet=quiet)
    answer = _line("answer, empty to keep it: ", quiet=quiet) if text is not None else None
    if text is None or answer is None:
        return None
    answers = [part.strip() for part in answer.split("|") if part.strip()]
    return text or asked.text, answers or list(asked.answers)


def kept(there: bool, *, quiet: bool) -> None:
    """Whether a decision found its question."""
    if not there:
        _out(quiet).print("[yellow]the question is no longer there: dropped, edited or erased meanwhile[/yellow]")


def refused(why: str, *, quiet: bool) -> None:
    """Why other words can't be kept."""
    _out(quiet).print(f"[red]{escape(why)}[/red]")


def reviewed(told: dict[str, Any]) -> None:
    """What was decided, and how many are left."""
    parts = ", ".join(f"{told[name]:,} {name}" for name in ("accepted", "edited", "dropped", "skipped"))
    terminal().print(f"{parts}; {counted(told['not_reviewed'], 'question')} of {escape(told['set'])} not reviewed")


def _out(quiet: bool) -> Console:
    """Where a conversation goes: not to stdout if that is for one JSON value."""
    return terminal(stderr=quiet)


def _line(prompt: str, *, quiet: bool) -> str | None:
    """The next line of stdin without white space around it; None at its end."""
    _out(quiet).print(escape(prompt), end="")
    line = sys.stdin.readline()
    return line.strip() if line else None
