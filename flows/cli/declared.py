"""Declared options as options of a command: their types, help, ranges and defaults come from the declaration."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, is_dataclass
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Annotated, Any, Optional, get_args, get_origin

import typer

from lake.options import (
    AnswerOptions,
    Boosts,
    CacheOptions,
    Option,
    RecipeOptions,
    SearchOptions,
    options,
)
from lake.options.judging import JudgingOptions
from lake.options.tuning import TuningOptions
from lake.options.watch import WatchOptions, seconds
from lake.sources.declared import EVERYTHING

#: Choices that a line of help has room for.
_MANY = 6


@dataclass(frozen=True, slots=True)
class Spelling:
    """How an option is written on a command line, if that differs from its name and type."""

    names: tuple[str, ...] = ()
    kind: Any = None
    example: str = ""
    parse: Callable[[Any], Any] | None = None
    fills: tuple[str, ...] = ()  # the fields that ``parse`` returns, of which only this one has an option


def _filters(words: list[str]) -> Mapping[str, Any]:
    from lake.search.filters import parse_filters

    return parse_filters(words)


def _boosts(words: list[str]) -> Mapping[str, Any]:
    from lake.search.boosts import parse_boosts

    return parse_boosts(words)


def principals(names: list[str] | None) -> list[str] | str:
    """The principals to search as; the star stands alone."""
    return EVERYTHING if names == [EVERYTHING] else list(names or ())


_SPELLINGS: dict[tuple[Any, str], Spelling] = {
    (RecipeOptions, "embedder"): Spelling((), list[str], "repeatable", tuple),
    (SearchOptions, "k"): Spelling(("-k", "--k")),
    (SearchOptions, "filters"): Spelling(
        ("--filter",), list[str], "uri~hr/**, tags=x, modified_at>=2026-01-01; repeatable", _filters
    ),
    (SearchOptions, "principals"): Spelling(("--as",), list[str], "repeatable", principals),
    (SearchOptions, "weights"): Spelling((), str),
    (SearchOptions, "syntax"): Spelling(("--boolean/--plain",), bool, "", lambda on: "boolean" if on else "plain"),
    (AnswerOptions, "k"): Spelling(("-k", "--k")),
    (WatchOptions, "lag"): Spelling(("--lag",), str, "60s, 2m", seconds),
    (AnswerOptions, "budget_tokens"): Spelling(("--budget",)),
    (CacheOptions, "megabytes"): Spelling(("--cache-mb",)),
    (CacheOptions, "url"): Spelling(("--cache",)),
    (CacheOptions, "similar"): Spelling(("--cache-similar",)),
    (TuningOptions, "parts"): Spelling(("--part",), list[str], "", tuple),
    (TuningOptions, "boost_by"): Spelling((), list[str], "", tuple),
    (TuningOptions, "reranker"): Spelling(("--rerank",)),
    (TuningOptions, "most_questions"): Spelling(("--questions",)),
    (JudgingOptions, "max_usd"): Spelling(("--budget",)),
    (Boosts, "recency_half_life_days"): Spelling(("--recent",)),
    (Boosts, "recency_field"): Spelling(("--recent-by",)),
    (Boosts, "sources"): Spelling(
        ("--boost",),
        list[str],
        "SOURCE=FACTOR or COLUMN=VALUE:FACTOR, such as metadata.quality=high:1.5; repeatable",
        _boosts,
        ("sources", "values"),
    ),
}
#: Options that another one's words fill.
_FILLED = {(kind, name) for (kind, own), one in _SPELLINGS.items() for name in one.fills if name != own}


def help_of(one: Option, example: str = "") -> str:
    """The description with the option's range and what holds by default.

    >>> help_of(options(SearchOptions)["alpha"]).partition("[")[2]
    'from 0 to 1; default: 0.5; with N embedders N/(N+1)]'
    """
    usual = one.unset if one.default is None else one.default
    unlisted = get_args(get_args(one.kind)[0]) if get_origin(one.kind) is tuple else one.choices[_MANY:] and one.choices
    shown = [example, ", ".join(unlisted), one.range, "repeatable" if get_origin(one.kind) is tuple else ""]
    if usual is not None and not isinstance(usual, bool) and usual not in ((), {}):
        shown.append(f"default: {usual}")
    facts = "; ".join(filter(None, shown))
    return f"{one.description} [{facts}]" if facts else one.description


def with_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give the command an option for each one declared by the dataclasses that its parameters name.

    A parameter ``Annotated[dict[str, Any], SearchOptions, ("mode", "alpha")]`` gets the values that were given, by
    name, of all options of the dataclass or of those that a tuple names.
    """
    own = _parameters(command)
    groups = {one.name: marks for one in own if (marks := _declaring(one))}
    expanded = {name: _options_of(*marks) for name, marks in groups.items()}
    shown = [part for one in own for part in (expanded[one.name].values() if one.name in groups else [one])]

    @wraps(command)
    def taking(**words: Any) -> None:
        for name, (kind, *_) in groups.items():
            words[name] = _said(kind, {key: words.pop(one.name) for key, one in expanded[name].items()})
        command(**words)

    taking.__signature__ = Signature(shown)  # type: ignore[attr-defined]
    taking.__annotations__ = {one.name: one.annotation for one in shown}
    return taking


def _parameters(function: Callable[..., Any]) -> list[Parameter]:
    """Parameters as typer needs them: annotations are types, and each is passed by name."""
    return [one.replace(kind=Parameter.KEYWORD_ONLY) for one in signature(function, eval_str=True).parameters.values()]


def _declaring(parameter: Parameter) -> tuple[Any, ...]:
    """The dataclass and perhaps names of its options; nothing for a parameter that is an option itself."""
    marks = get_args(parameter.annotation)[1:] if get_origin(parameter.annotation) is Annotated else ()
    return marks if marks and is_dataclass(marks[0]) and isinstance(marks[0], type) else ()


#: Option's name, after that of the option it is part of if it is one of several.
_Key = tuple[str, ...]


def _options_of(kind: Any, only: Collection[str] | None = None) -> dict[_Key, Parameter]:
    found: dict[_Key, Parameter] = {}
    for name, one in options(kind).items():
        if (only is not None and name not in only) or (kind, name) in _FILLED:
            continue
        if name == "boosts":
            found |= {(name, *key): part for key, part in _options_of(Boosts).items()}
        else:
            found[(name,)] = _parameter(kind, one)
    return found


def _parameter(kind: Any, one: Option) -> Parameter:
    spelling = _SPELLINGS.get((kind, one.name), Spelling())
    typed = spelling.kind or _plain(one)
    of_command: Any = bool if typed is bool else Optional[typed]  # noqa: UP045 - of a variable
    names = spelling.names or ((f"--{one.name.replace('_', '-')}",) if _is_flag(one) else ())
    annotation = Annotated[of_command, typer.Option(*names, help=help_of(one, spelling.example), show_default=False)]
    default = one.default if typed is bool and spelling.kind is None else (False if typed is bool else None)
    return Parameter(one.name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _is_flag(one: Option) -> bool:
    """Whether the option is a switch that is off by default."""
    return one.kind is bool and one.default is False


def _plain(one: Option) -> Any:
    if get_origin(one.kind) is tuple:
        return list[str]
    return str if len(one.choices) > _MANY else one.kind


def _said(kind: Any, words: Mapping[_Key, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for (name, *inner), value in words.items():
        of, key = (Boosts, inner[0]) if inner else (kind, name)
        if value is None:
            continue
        spelling = _SPELLINGS.get((of, key), Spelling())
        told = spelling.parse(value) if spelling.parse else tuple(value) if isinstance(value, list) else value
        if inner and spelling.fills:
            found.setdefault(name, {}).update(told)
        elif inner:
            found.setdefault(name, {})[key] = told
        else:
            found[name] = told
    return found | ({"boosts": Boosts(**found["boosts"])} if "boosts" in found else {})
