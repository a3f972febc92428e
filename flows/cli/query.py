"""The command that searches."""

from __future__ import annotations

import re
from functools import partial
from typing import Annotated, Any

import typer

import lake as library
from flows.cli.declared import with_options
from flows.cli.options import AtOption, JsonOption, LakeOption, show
from flows.cli.show import query as show_query
from flows.cli.show.terminal import say
from lake.options import SearchOptions
from lake.search.fusion import shares

#: A star in a word, by which a person means any letters.
_PART = re.compile(r"\w\*|\*\w")
Explain = Annotated[bool, typer.Option("--explain", help="Show the ranks, scores and lineage of each passage.")]


@with_options
def query(
    text: Annotated[str, typer.Argument(help="What to look for.")],
    lake: LakeOption,
    search: Annotated[dict[str, Any], SearchOptions],
    at: AtOption = "live",
    explain: Explain = False,
    as_json: JsonOption = False,
) -> None:
    """Find the passages that answer best, at any release.

    Options you omit fall back to the lake's configuration.
    """
    index = library.open_lake(lake)
    found = index.search(text, at=at, **search)
    shown: dict[str, Any] = {"release": found.release, "hits": found.to_pylist()}
    if explain:
        shown["explained"] = index.explain(found)
        shown["options"] = SearchOptions.of(search, index.defaults()).stated()
    options, recipe = SearchOptions.of(search, index.defaults()), index.release(found.release, degrade=True).recipe
    shared = shares(recipe, options.embedder_weights)
    scale = options.scale([one.is_sparse for column, one in recipe.vector_columns.items() if shared[column]])
    if options.syntax == "plain" and _PART.search(text):
        say("raglake: * means nothing here; add --mode text --boolean to search by parts of words", stderr=True)
    if found.degraded:
        shown["degraded"] = list(found.degraded)
        show_query.missing(found.degraded)
    nothing = [] if len(found) or found.degraded else index.why_nothing(text, at=found.release, **search)
    show(shown, as_json, partial(show_query.hits, question=text, scale=scale, nothing=nothing))


COMMANDS = (query,)
