"""The command that shows where the evidence of a question was lost."""

from __future__ import annotations

from typing import Annotated, Any

import typer

import lake as library
from flows.cli.declared import with_options
from flows.cli.options import AtOption, JsonOption, LakeOption, SetOption, show
from flows.cli.show import why as show_why
from lake.errors import UsageError
from lake.options import AnswerOptions, SearchOptions

_QUESTION = "Text or id of a stored question; any text with --uri."
_URI = "Document that answers it."
_QUOTE = "Words in the document that answer. [default: the whole document]"
_SOURCE = "Source of the document. [default: any that has the URI]"


@with_options
def why(
    question: Annotated[str, typer.Argument(help=_QUESTION)],
    lake: LakeOption,
    search: Annotated[dict[str, Any], SearchOptions],
    answering: Annotated[dict[str, Any], AnswerOptions, ("budget_tokens",)],
    uri: Annotated[str | None, typer.Option(help=_URI)] = None,
    quote: Annotated[str | None, typer.Option(help=_QUOTE)] = None,
    source: Annotated[str | None, typer.Option(help=_SOURCE)] = None,
    set_: SetOption = None,
    at: AtOption = "live",
    as_json: JsonOption = False,
) -> None:
    """Show where the evidence of a question was lost on its way into the answer, and what would change that."""
    from lake.questions import Evidence

    if uri is None and (quote or source):
        raise UsageError("--quote and --source are about a document; name it with --uri")
    evidence = [] if uri is None else [Evidence(uri, source=source, quote=quote)]
    found = library.open_lake(lake).why(
        question, evidence, at=at, name=set_, budget=answering.get("budget_tokens"), **search
    )
    show(found.to_json(), as_json, show_why.why)


COMMANDS = (why,)
