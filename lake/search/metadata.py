"""Conditions on ``documents.metadata``, which may hold any keys and types."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from lake.errors import UsageError
from lake.reporting import either
from lake.search.conditions import Word, number_in, values_of

_OPERATORS = ("=", "!=", "in", "not in", "any", "all", "none", "<", "<=", ">", ">=", "glob")
_OF_LISTS = ("in", "not in", "any", "all", "none")


@dataclass(frozen=True)
class MetadataCondition:
    """A condition on the metadata at ``key``; a dot leads into an object, unless a key has that exact name.

    Numbers compare as numbers, also with texts that spell one, as in a table of sidecars. A list meets a
    condition if one of its items does. Missing values meet ``!=``, ``not in`` and ``none``.
    """

    key: str
    operator: str
    value: Any

    def __post_init__(self) -> None:
        if self.operator not in _OPERATORS:
            raise UsageError(f"metadata has no operator {self.operator!r}; choose {either(_OPERATORS)}")
        is_list = self.operator in _OF_LISTS
        for value in values_of(f"metadata.{self.key}", self.operator, self.value) if is_list else [self.value]:
            self._check(value)

    def _check(self, value: Any) -> None:
        is_null = value is None and self.operator not in ("<", "<=", ">", ">=", "glob")
        is_number = isinstance(value, (int, float)) and _number(value) is not None
        if not (is_null or is_number or isinstance(value, (str, date))):
            raise UsageError(f"metadata.{self.key} is compared with texts, numbers and dates, not {value!r}")
        if self.operator == "glob" and not isinstance(value, str):
            raise UsageError(f"glob takes a text with * and ?, not {value!r}")

    def is_stated(self, metadata: Mapping[str, Any]) -> bool:
        return self.items(metadata) is not None

    def items(self, metadata: Mapping[str, Any]) -> list[Any] | None:
        """The value as a list; None if there is none."""
        found: Any = metadata
        if self.key in metadata:
            found = metadata[self.key]
        else:
            for part in self.key.split("."):
                if not isinstance(found, Mapping) or part not in found:
                    return None
                found = found[part]
        return found if isinstance(found, list) else [found]

    def is_met(self, metadata: Mapping[str, Any]) -> bool:
        items = self.items(metadata) or [None]
        if self.operator in ("=", "in", "any"):
            return self._has_one(items)
        if self.operator in ("!=", "not in", "none"):
            return not self._has_one(items)
        if self.operator == "all":
            return all(any(_equal(item, value) for item in items) for value in self.value)
        if self.operator == "glob":
            return any(isinstance(item, str) and fnmatch.fnmatchcase(item, self.value) for item in items)
        return any(_compared(item, self.operator, self.value) for item in items)

    def _has_one(self, items: list[Any]) -> bool:
        values = self.value if self.operator in _OF_LISTS else [self.value]
        return any(_equal(item, value) for item in items for value in values)


def _equal(item: Any, value: Any) -> bool:
    if item is None or value is None:
        return item is value
    if isinstance(item, bool) or isinstance(value, bool):
        return item is value or (isinstance(value, Word) and str(item).lower() == value.lower())
    a, b = _alike(item, value)
    return bool(type(a) is type(b) and a == b)


def _compared(item: Any, operator: str, value: Any) -> bool:
    if item is None or isinstance(item, bool):
        return False
    a, b = _alike(item, value)
    if type(a) is not type(b):
        return False
    return bool({"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[operator])


def _alike(item: Any, value: Any) -> tuple[Any, Any]:
    """Both as numbers if both are or spell one, and one is a number or from a command line; else as texts."""
    if isinstance(value, date):
        value = value.isoformat()
    numbers = [_number(side) for side in (item, value)]
    if None not in numbers and (not isinstance(value, str) or isinstance(value, Word) or not isinstance(item, str)):
        return numbers[0], numbers[1]
    return (item, str(value)) if isinstance(value, str) and isinstance(item, str) else (item, (value,))


def _number(value: Any) -> float | None:
    found = number_in(value) if isinstance(value, str) else value
    try:
        return float(found) if isinstance(found, (int, float)) and math.isfinite(found) else None
    except OverflowError:  # a whole number that no float holds
        return None
