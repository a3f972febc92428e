"""The command that answers a question."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows import console_answer
from flows.cli_options import JsonOption, LakeOption, show
from flows.cli_query import At, Where

if TYPE_CHECKING:
    from lake.answer import Answer

K = Annotated[int, typer.Option("-k", help="How many passages to answer from.")]
Model = Annotated[str | None, typer.Option(help="openai:MODEL or anthropic:MODEL. [RAGLAKE_CHAT_MODEL]")]
Budget = Annotated[int, typer.Option(help="Most tokens of a request, its output included.", min=1)]
MaxTokens = Annotated[int, typer.Option(help="Most tokens of the answer.", min=1)]
_UNDERSTAND = "Before the search: rewrite, expand, hyde or decompose; several allowed. Each asks the model."
Understand = Annotated[list[str] | None, typer.Option(help=_UNDERSTAND)]
Prompts = Annotated[str | None, typer.Option(help="A folder of prompts. [RAGLAKE_PROMPTS]")]
Stream = Annotated[bool, typer.Option(help="Show the answer as it is written.")]


def ask(
    question: Annotated[str, typer.Argument(help="What to answer.")],
    lake: LakeOption,
    k: K = 8,
    at: At = "live",
    where: Where = None,
    model: Model = None,
    budget: Budget = 8000,
    max_tokens: MaxTokens = 1000,
    understand: Understand = None,
    prompts: Prompts = None,
    stream: Stream = True,
    as_json: JsonOption = False,
) -> None:
    """Answer a question from the passages found, with checked citations."""
    from lake.answer import Options

    chosen: Any = tuple(understand or ())
    options = Options(k=k, budget_tokens=budget, max_tokens=max_tokens, understand=chosen, prompts=prompts)
    told = _told(question, lake, at, where, stream and not as_json, {"chat": model, "options": options})
    if told.notice:
        print(f"raglake: {told.notice}", file=sys.stderr)
    show(told.to_json(), as_json, partial(console_answer.answer, streamed=stream))


def _told(question: str, lake: str, at: str, where: str | None, stream: bool, words: dict[str, Any]) -> Answer:
    from lake.answer import answer, answer_stream
    from lake.query import open_lake

    index = open_lake(lake)
    release = index.release(at)
    search = partial(index.search, at=release.release, where=where)
    if stream:
        return console_answer.written(answer_stream(search, question, release=release, **words))
    return answer(search, question, release=release, **words)


COMMANDS = (ask,)
