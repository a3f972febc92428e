"""The command that answers a question."""

from __future__ import annotations

import sys
from functools import partial
from typing import Annotated, Any

import typer

from flows import console_answer
from flows.cli_options import JsonOption, LakeOption, show

_MODEL = "openai:MODEL or anthropic:MODEL. [RAGLAKE_CHAT_MODEL]"
_UNDERSTAND = "Before the search: rewrite, expand, hyde or decompose; several allowed. Each asks the model."


def ask(
    question: Annotated[str, typer.Argument(help="What to answer.")],
    lake: LakeOption,
    k: Annotated[int, typer.Option("-k", help="How many passages to answer from.")] = 8,
    at: Annotated[str, typer.Option(help="live, a release, or a date or time (UTC).")] = "live",
    where: Annotated[str | None, typer.Option(help="SQL over columns such as uri, source, media_type, page.")] = None,
    model: Annotated[str | None, typer.Option(help=_MODEL)] = None,
    budget: Annotated[int, typer.Option(help="Most tokens of a request, its output included.", min=1)] = 8000,
    max_tokens: Annotated[int, typer.Option(help="Most tokens of the answer.", min=1)] = 1000,
    understand: Annotated[list[str] | None, typer.Option(help=_UNDERSTAND)] = None,
    prompts: Annotated[str | None, typer.Option(help="A folder of prompts. [RAGLAKE_PROMPTS]")] = None,
    stream: Annotated[bool, typer.Option(help="Show the answer as it is written.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Answer a question from the passages found, with checked citations."""
    from lake.answer import Options, answer, answer_stream
    from lake.query import open_lake

    index = open_lake(lake)
    release = index.release(at)
    search: Any = partial(index.search, at=release.release, where=where, expand="parent")
    chosen: Any = tuple(understand or ())
    options = Options(k=k, budget_tokens=budget, max_tokens=max_tokens, understand=chosen, prompts=prompts)
    words: Any = {"chat": model, "options": options, "release": release}
    if stream and not as_json:
        told = console_answer.written(answer_stream(search, question, **words))
    else:
        told = answer(search, question, **words)
    if told.notice:
        print(f"raglake: {told.notice}", file=sys.stderr)
    show(told.to_json(), as_json, partial(console_answer.answer, streamed=stream))


COMMANDS = (ask,)
