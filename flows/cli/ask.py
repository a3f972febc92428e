"""The command that answers a question."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.options import JsonOption, LakeOption, show
from flows.cli.query import As, At, Filter, Where, principals
from flows.cli.show import answer as show_answer

if TYPE_CHECKING:
    from lake.answer import Answer, AnswerOptions

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
    filter_: Filter = None,
    where: Where = None,
    as_: As = None,
    model: Model = None,
    budget: Budget = 8000,
    max_tokens: MaxTokens = 1000,
    understand: Understand = None,
    prompts: Prompts = None,
    stream: Stream = True,
    as_json: JsonOption = False,
) -> None:
    """Answer a question from the passages found, with checked citations."""
    told = _told(locals())
    if told.notice:
        print(f"raglake: {told.notice}", file=sys.stderr)
    show(told.to_json(), as_json, partial(show_answer.answer, question=question, streamed=stream))


def _told(asked: dict[str, Any]) -> Answer:
    from lake.index import open_lake
    from lake.search.filters import parse_filters

    index = open_lake(asked["lake"])
    words: Any = {
        "at": asked["at"],
        "where": asked["where"],
        "filters": parse_filters(asked["filter_"] or ()),
        "principals": principals(asked["as_"]),
        "chat": asked["model"],
        "options": _options(asked),
    }
    if asked["stream"] and not asked["as_json"]:
        return show_answer.written(index.answer_stream(asked["question"], **words))
    return index.answer(asked["question"], **words)


def _options(asked: dict[str, Any]) -> AnswerOptions:
    from lake.answer import AnswerOptions

    return AnswerOptions(
        k=asked["k"],
        budget_tokens=asked["budget"],
        max_tokens=asked["max_tokens"],
        understand=tuple(asked["understand"] or ()),
        prompts=asked["prompts"],
    )


COMMANDS = (ask,)
