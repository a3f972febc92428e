"""The command that searches."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import typer

from flows.cli.options import JsonOption, LakeOption, show
from flows.cli.show import query as show_query

# What is not said is as the lake's configuration has it, and as the brackets have it where that is silent too.
K = Annotated[int | None, typer.Option("-k", help="How many passages. [10]")]
Mode = Annotated[str | None, typer.Option(help="hybrid, vector or text. [hybrid]")]
At = Annotated[str, typer.Option(help="live, a release, its name, or a date or time (UTC).")]
Where = Annotated[str | None, typer.Option(help="SQL over columns such as uri, source, media_type, page.")]
_EXPAND = "Return chunks (none), their sections (parent), or a few neighbours (window). [parent]"
Expand = Annotated[str | None, typer.Option(help=_EXPAND)]
Window = Annotated[int | None, typer.Option(help="Neighbours on either side, with --expand window. [1]")]
Boolean = Annotated[bool, typer.Option("--boolean", help='"a phrase", +must, -mustnot, word~1; with --mode text.')]
Fuzziness = Annotated[int | None, typer.Option(help="So many letters of each word may differ: 0, 1 or 2. [0]")]
Alpha = Annotated[float | None, typer.Option(help="Weight of the vectors in a hybrid search, 0 to 1. [0.5]")]
MinScore = Annotated[float | None, typer.Option(help="Drop passages that score less.")]
_FILTER = "Only what passes, as uri~hr/**, tags=x, modified_at>=2026-01-01, metadata.project=apollo; several allowed."
Filter = Annotated[list[str] | None, typer.Option("--filter", help=_FILTER)]
_AS = "A name of who asks, a user's or a group's; several allowed. '*' sees everything. [only what is not restricted]"
As = Annotated[list[str] | None, typer.Option("--as", help=_AS)]
_RERANK = "A model that looks at the best again: st:MODEL_OR_PATH, cohere:MODEL or openai:MODEL."
Rerank = Annotated[str | None, typer.Option(help=_RERANK)]
Collapse = Annotated[float | None, typer.Option(help="Leave out near copies: chunks whose words agree so far, as 0.8.")]
_DIVERSITY = "0 to 1: trade relevance for passages that say something else. [0]"
Diversity = Annotated[float | None, typer.Option(help=_DIVERSITY)]
Recent = Annotated[float | None, typer.Option("--recent", help="Lift what is new; its lift halves in so many days.")]
Boost = Annotated[list[str] | None, typer.Option("--boost", help="SOURCE=FACTOR multiplies scores; several allowed.")]
Explain = Annotated[bool, typer.Option("--explain", help="Say what put each passage there, and what it is made from.")]


def query(
    text: Annotated[str, typer.Argument(help="What to look for.")],
    lake: LakeOption,
    k: K = None,
    mode: Mode = None,
    at: At = "live",
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
    explain: Explain = False,
    as_json: JsonOption = False,
) -> None:
    """Find the passages that answer best, at any release.

    What no option says is as the lake's configuration has it.
    """
    from lake.index import open_lake
    from lake.options import SearchOptions

    how = how_of(locals())
    index = open_lake(lake)
    hits = index.search(text, at=at, **how)
    shown: dict[str, Any] = {"release": hits.release, "hits": hits.to_pylist()}
    if explain:
        shown["explained"] = index.explain(hits)
    scale = SearchOptions.of(how, index.defaults()).scale
    nothing = [] if hits.num_rows else index.why_nothing(text, at=hits.release, **how)
    show(shown, as_json, partial(show_query.hits, question=text, scale=scale, nothing=nothing))


def how_of(arguments: dict[str, Any]) -> dict[str, Any]:
    """Fields of a question that the options name; what is not said is left to the lake."""
    from lake.options import Boosts
    from lake.search.boosts import parse_sources
    from lake.search.filters import parse_filters

    names = (
        "mode",
        "where",
        "expand",
        "window",
        "fuzziness",
        "alpha",
        "min_score",
        "rerank",
        "collapse",
        "diversity",
        "k",
    )
    how = {name: arguments[name] for name in names if arguments[name] is not None}
    how["syntax"] = "boolean" if arguments["boolean"] else "plain"
    if arguments["recent"] or arguments["boost"]:
        sources = parse_sources(arguments["boost"] or ())
        how["boosts"] = Boosts(recency_half_life_days=arguments["recent"], sources=sources)
    return how | {"filters": parse_filters(arguments["filter_"] or ()), "principals": principals(arguments["as_"])}


def principals(names: list[str] | None) -> list[str] | str:
    """Who asks; the star stands alone."""
    from lake.sources.declared import EVERYTHING

    return EVERYTHING if names == [EVERYTHING] else list(names or ())


COMMANDS = (query,)
