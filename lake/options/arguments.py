"""The options of a search as parameters of a function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from enum import Enum
from inspect import Parameter, signature
from typing import Any, TypeVar

from lake.options.search import SearchDefaults, SearchOptions

F = TypeVar("F", bound=Callable[..., Any])


class Configured(Enum):
    """Stands for a value from the lake's configuration, or else the option's default."""

    CONFIGURED = "configured"

    def __repr__(self) -> str:
        return self.name


CONFIGURED = Configured.CONFIGURED


def given(**arguments: Any) -> dict[str, Any]:
    """The arguments that are not left to the lake's configuration."""
    return {name: value for name, value in arguments.items() if value is not CONFIGURED}


def search_parameters() -> list[Parameter]:
    """One keyword parameter for each option of a search."""
    found = []
    for one in fields(SearchOptions):
        annotation, default = str(one.type), one.default
        if one.name in SearchDefaults.__dataclass_fields__:
            none = " | None" if annotation.endswith(" | None") else ""
            annotation, default = f"{annotation.removesuffix(none)} | Configured{none}", CONFIGURED
        found.append(Parameter(one.name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation))
    return found


def with_search_options(function: F) -> F:
    """Shows the options of a search in place of ``**options`` in the function's signature."""
    shown = signature(function)
    *own, _options = shown.parameters.values()
    shown = shown.replace(parameters=[*own, *(one for one in search_parameters() if one.name not in shown.parameters)])
    function.__signature__ = shown  # type: ignore[attr-defined]
    return function
