"""The command that answers a question."""

from __future__ import annotations

import sys
from functools import partial
from typing import Annotated, Any

import typer

import lake as library
from flows.cli.declared import with_options
from flows.cli.options import AtOption, JsonOption, LakeOption, ModelOption, show
from flows.cli.show import answer as show_answer
from flows.cli.show import query as show_query
from lake.options import AnswerOptions, SearchOptions
from lake.reporting import visible

Stream = Annotated[bool, typer.Option(help="Show the answer as it is written.")]


@with_options
def ask(
    question: Annotated[str, typer.Argument(help="What to answer.")],
    lake: LakeOption,
    answering: Annotated[dict[str, Any], AnswerOptions],
    search: Annotated[dict[str, Any], SearchOptions, ("where", "filters", "principals", "degrade", "degrade_after")],
    at: AtOption = "live",
    model: ModelOption = None,
    stream: Stream = True,
    as_json: JsonOption = False,
) -> None:
    """Answer a question from the passages found, with checked citations."""
    index, words = library.open_lake(lake), {"at": at, "chat": model, "options": AnswerOptions(**answering), **search}
    if stream and not as_json:
        told = show_answer.written(index.answer_stream(question, **words))
    else:
        told = index.answer(question, **words)
    if told.notice:
        print(f"raglake: {visible(told.notice)}", file=sys.stderr)
    show_query.missing([part for part in told.degraded if part != "answer"])  # the notice names that
    show(told.to_json(), as_json, partial(show_answer.answer, question=question, streamed=stream))


COMMANDS = (ask,)
