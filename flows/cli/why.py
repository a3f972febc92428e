"""The command that says where the answer to a question was lost."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from flows.cli.ask import Budget
from flows.cli.options import JsonOption, LakeOption, show
from flows.cli.query import (
    Alpha,
    As,
    At,
    Boolean,
    Boost,
    Collapse,
    Diversity,
    Expand,
    Filter,
    Fuzziness,
    K,
    MinScore,
    Mode,
    Recent,
    Rerank,
    Where,
    Window,
    how_of,
)
from flows.cli.show import why as show_why

_QUESTION = "Words or id of a kept question; any words with --uri."
_URI = "The document that answers it."
_QUOTE = "The words in it that answer; the whole document else."
_SOURCE = "The source of the document. [any that has the URI]"


def why(
    question: Annotated[str, typer.Argument(help=_QUESTION)],
    lake: LakeOption,
    uri: Annotated[str | None, typer.Option(help=_URI)] = None,
    quote: Annotated[str | None, typer.Option(help=_QUOTE)] = None,
    source: Annotated[str | None, typer.Option(help=_SOURCE)] = None,
    set_: Annotated[str | None, typer.Option("--set", help="The set of questions. [all]")] = None,
    at: At = "live",
    k: K = None,
    budget: Budget = 8000,
    mode: Mode = None,
    filter_: Filter = None,
    where: Where = None,
    as_: As = None,
    expand: Expand = None,
    window: Window = None,
    boolean: Boolean = False,
    fuzziness: Fuzziness = None,
    alpha: Alpha = None,
    min_score: MinScore = None,
    rerank: Rerank = None,
    collapse: Collapse = None,
    diversity: Diversity = None,
    recent: Recent = None,
    boost: Boost = None,
    as_json: JsonOption = False,
) -> None:
    """Say where the evidence of a question was lost on its way into the answer, and what would change that."""
    from lake.errors import UsageError
    from lake.index import open_lake
    from lake.questions import Evidence

    how: dict[str, Any] = how_of(locals())
    if uri is None and (quote or source):
        raise UsageError("--quote and --source are about a document; name it with --uri")
    evidence = [] if uri is None else [Evidence(uri, source=source, quote=quote)]
    found = open_lake(lake).why(question, evidence, at=at, name=set_, budget=budget, **how)
    show(found.to_json(), as_json, show_why.why)


COMMANDS = (why,)
