"""The command that answers a question."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any

import typer

import lake as library
from flows.cli.declared import with_options
from flows.cli.options import AtOption, JsonOption, LakeOption, ModelOption, show
from flows.cli.show import answer as show_answer
from flows.cli.show import query as show_query
from lake.answer import Message
from lake.errors import UsageError
from lake.options import AnswerOptions, SearchOptions
from lake.reporting import visible

Stream = Annotated[bool, typer.Option(help="Show the answer as it is written.")]
Interactive = Annotated[
    bool, typer.Option("--interactive", "-i", help="Go on with further questions, each read in its conversation.")
]
#: Turns of a conversation that are read with a question, so that it stays within a model's limits.
_TURNS = 6
#: Endings of a conversation, besides the end of the input.
_ENDINGS = ("exit", "quit")


@with_options
def ask(
    lake: LakeOption,
    answering: Annotated[dict[str, Any], AnswerOptions],
    search: Annotated[dict[str, Any], SearchOptions, ("where", "filters", "principals", "degrade", "degrade_after")],
    question: Annotated[str | None, typer.Argument(help="What to answer.")] = None,
    interactive: Interactive = False,
    at: AtOption = "live",
    model: ModelOption = None,
    stream: Stream = True,
    as_json: JsonOption = False,
) -> None:
    """Answer a question from the passages found, with checked citations."""
    if question is None and not interactive:
        raise UsageError("no question; write one after the command, or use -i to ask several")
    asking = _Conversation(library.open_lake(lake), stream and not as_json, as_json)
    asking.words = {"at": at, "chat": model, "options": AnswerOptions(**answering), **search}
    if question is not None:
        asking.answer(question)
    if interactive:
        for asked in _questions():
            asking.answer(asked)


def _questions() -> Iterator[str]:
    """The lines of the input until its end, without empty ones; a prompt on stderr if a person writes them."""
    while True:
        if sys.stdin.isatty():
            print("\n? ", end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        if not line or line.strip().casefold() in _ENDINGS:
            return
        if line.strip():
            yield line.strip()


@dataclass
class _Conversation:
    """Answers questions of one conversation."""

    index: library.Index
    streams: bool
    as_json: bool
    words: dict[str, Any] = field(default_factory=dict)
    history: list[Message] = field(default_factory=list)

    def answer(self, question: str) -> None:
        words = {**self.words, "history": tuple(self.history[-2 * _TURNS :])}
        if self.streams:
            told = show_answer.written(self.index.answer_stream(question, **words))
        else:
            told = self.index.answer(question, **words)
        if told.notice:
            print(f"raglake: {visible(told.notice)}", file=sys.stderr)
        show_query.missing([part for part in told.degraded if part != "answer"])  # the notice names that
        show(told.to_json(), self.as_json, partial(show_answer.answer, question=question, streamed=self.streams))
        if told.text:
            self.history += [Message("user", question), Message("assistant", told.text)]


COMMANDS = (ask,)
