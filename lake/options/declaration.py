"""Declares an option as a dataclass field with its description, range and default.

The command line, Prefect forms, OpenAPI, the fleet file, ``raglake config`` and the JSON schemas are made from such
fields. Their metadata has the names that pydantic reads.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from lake.errors import UsageError


def option(
    default: Any,
    description: str,
    *,
    title: str | None = None,
    least: float | None = None,
    most: float | None = None,
    above: float | None = None,
    unset: object = None,
) -> Any:
    """A dataclass field. ``default`` may be a factory; ``unset`` describes what None means."""
    stated = {"description": description, "title": title, "ge": least, "le": most, "gt": above, "unset": unset}
    metadata = {name: value for name, value in stated.items() if value is not None}
    if callable(default):
        return field(default_factory=default, metadata=metadata)
    return field(default=default, metadata=metadata)


_TEXTS = tuple[str, ...]
_TEXT_OR_TEXTS = Union[str, _TEXTS]  # noqa: UP007 - as the kind of an optional option is made
#: What a value of these kinds must be.
_WANTED: Mapping[Any, str] = {
    bool: "True or False",
    str: "a text",
    _TEXTS: "a list of texts",
    _TEXT_OR_TEXTS: "a text or a list of texts",
}


def _is_of(kind: Any, value: object) -> bool:
    if kind == _TEXT_OR_TEXTS and isinstance(value, str):
        return True
    if kind in (_TEXTS, _TEXT_OR_TEXTS):
        return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
    return isinstance(value, kind)


@dataclass(frozen=True, slots=True)
class Option:
    """A declared option. ``kind`` is its type without None; ``choices`` are the values of a Literal."""

    name: str
    annotation: Any
    default: Any
    declared: Mapping[str, Any]
    # Found once, since each search and each run checks its options.
    kind: Any
    is_optional: bool
    choices: tuple[Any, ...]

    @classmethod
    def of(cls, declared: Field[Any], annotation: Any) -> Option:
        made = declared.default_factory() if declared.default_factory is not MISSING else declared.default
        kind = _kind_of(annotation)
        choices = get_args(kind) if get_origin(kind) is Literal else ()
        is_optional = NoneType in get_args(annotation)
        return cls(declared.name, annotation, made, declared.metadata, kind, is_optional, choices)

    @property
    def description(self) -> str:
        return str(self.declared["description"])

    @property
    def unset(self) -> object:
        """Meaning of None; None if it is obvious."""
        return self.declared.get("unset")

    @property
    def range(self) -> str:
        """The range in words: ``from 0 to 1``, ``at least 1``; empty if unlimited."""
        least, most, above = (self.declared.get(name) for name in ("ge", "le", "gt"))
        if least is not None and most is not None:
            return f"from {least:,} to {most:,}"
        bounds = {"at least": least, "above": above, "at most": most}
        return " and ".join(f"{word} {bound:,}" for word, bound in bounds.items() if bound is not None)

    def check(self, value: object, prefix: str = "") -> None:
        """Raises UsageError for a value of the wrong kind, or outside the range or the choices."""
        if value is None and self.is_optional:
            return
        shown = f"{prefix}{self.name}={value!r}"
        if self.choices and value not in self.choices:
            raise UsageError(f"{shown} must be one of {', '.join(map(str, self.choices))}")
        if self.kind in (int, float) and not self._is_number(value):
            number = "a whole number" if self.kind is int else "a number"
            limits = self.range if self.range.startswith("from") else f", {self.range}" if self.range else ""
            raise UsageError(f"{shown} must be {number} {limits}".replace(" ,", ",").rstrip())
        if self.kind in _WANTED and not _is_of(self.kind, value):
            raise UsageError(f"{shown} must be {_WANTED[self.kind]}")

    def _is_number(self, value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, int if self.kind is int else int | float):
            return False
        least, most = self.declared.get("ge", -math.inf), self.declared.get("le", math.inf)
        is_finite = abs(value) <= sys.float_info.max  # also false for nan
        return bool(is_finite and least <= value <= most and value > self.declared.get("gt", -math.inf))


def _kind_of(annotation: Any) -> Any:
    """The type that an option has if it is not None."""
    if get_origin(annotation) not in (Union, UnionType):
        return annotation
    kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
    return kinds[0] if len(kinds) == 1 else Union[tuple(kinds)]  # noqa: UP007 - of a list


@cache
def options(kind: Any) -> Mapping[str, Option]:
    """The declared options of a dataclass, by name."""
    hints = get_type_hints(kind)
    return {one.name: Option.of(one, hints[one.name]) for one in fields(kind) if "description" in one.metadata}


def check(instance: Any, prefix: str = "") -> None:
    """Raises UsageError, with the option's name after ``prefix``, for a value that its declaration forbids."""
    kind: Any = type(instance)
    for name, one in options(kind).items():
        one.check(getattr(instance, name), prefix)
