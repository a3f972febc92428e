"""Factors on scores, by recency, source and the values of documents: the option ``boosts`` of a search."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from lake.errors import UsageError
from lake.options.declaration import check, option
from lake.reporting import either

#: Columns whose values can be boosted, besides metadata.KEY, the greatest factor of a value, and the number of values.
BOOSTED_COLUMNS = ("author", "language", "media_type", "tags")
MAX_FACTOR, MAX_BOOSTED = 1000, 200


@dataclass(frozen=True, slots=True)
class Boosts:
    """Factors on a passage's score; a factor of 1 leaves it unchanged.

    recency: ``1 + recency_weight * 2 ** (-age / recency_half_life_days)``, where age is the time from the document's
    date to the release, in days, at least 0, so that a date in the future counts as new. Without a half-life or a
    date, the factor is 1. Factors of several values that a document has are multiplied.
    """

    recency_half_life_days: float | None = option(
        None, "Boost recent documents; the boost halves every N days.", above=0
    )
    recency_weight: float = option(0.2, "Boost of a document changed on the day of the release, as a share.", least=0)
    sources: Mapping[str, float] = option(dict, "Factor on the scores of a source's passages, by source name.")
    values: Mapping[str, Mapping[str, float]] = option(
        dict, 'Factors by column and value, such as {"metadata.quality": {"high": 1.5}, "author": {"Ada": 1.2}}.'
    )
    recency_field: str = option("modified_at", "Date that recency counts from: modified_at or metadata.KEY.")

    def __post_init__(self) -> None:
        check(self, "boosts.")
        if not isinstance(self.sources, Mapping):
            raise UsageError(f"boosts.sources={self.sources!r} must be an object of factors by source name")
        wrong = {name: factor for name, factor in self.sources.items() if not is_factor(factor)}
        if wrong:
            raise UsageError(f"factors of sources must be numbers, 0 or more; these are not: {wrong}")
        _check_values(self.values)
        if self.recency_field != "modified_at" and not is_metadata(self.recency_field):
            raise UsageError(f"boosts.recency_field={self.recency_field!r} must be modified_at or metadata.KEY")

    def stated(self) -> dict[str, Any]:
        """The fields; those that 0.3 did not have only if they are set, so that profiles of its scores stay equal."""
        later = {"values": {}, "recency_field": "modified_at"}
        own = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in own.items() if name not in later or value != later[name]}

    @property
    def given(self) -> dict[str, Any]:
        """The fields that differ from their defaults."""
        usual = {one.name: getattr(Boosts(), one.name) for one in fields(self)}
        return {name: getattr(self, name) for name in usual if getattr(self, name) != usual[name]}

    @property
    def reads_metadata(self) -> bool:
        has_date = self.recency_half_life_days is not None and is_metadata(self.recency_field)
        return has_date or any(map(is_metadata, self.values))


def is_metadata(column: str) -> bool:
    """Whether this is metadata.KEY.

    >>> is_metadata("metadata.quality"), is_metadata("metadata."), is_metadata("author")
    (True, False, False)
    """
    return column.startswith("metadata.") and len(column) > len("metadata.")


def is_boosted_by_value(column: str) -> bool:
    return column in BOOSTED_COLUMNS or is_metadata(column)


def _check_values(values: object) -> None:
    if not isinstance(values, Mapping) or not all(isinstance(one, Mapping) for one in values.values()):
        raise UsageError(f'boosts.values={values!r} must be an object such as {{"metadata.quality": {{"high": 1.5}}}}')
    for column, factors in values.items():
        if not isinstance(column, str) or not is_boosted_by_value(column):
            known = either([*BOOSTED_COLUMNS, "metadata.KEY"])
            raise UsageError(f"boosts.values has no column {column!r}; choose {known}")
        for value, factor in factors.items():
            if not isinstance(value, str) or not (is_factor(factor) and factor <= MAX_FACTOR):
                raise UsageError(
                    f"boosts.values: the factor of {column}={value!r} must be a number from 0 to {MAX_FACTOR}, "
                    f"not {factor!r}"
                )
    if (n := sum(map(len, values.values()))) > MAX_BOOSTED:
        raise UsageError(f"boosts.values names {n} values; the maximum is {MAX_BOOSTED}")


def is_factor(value: object) -> bool:
    """Whether it is a finite number, 0 or more."""
    return isinstance(value, int | float) and 0 <= value <= sys.float_info.max


def boosts_of(value: Boosts | Mapping[str, Any]) -> Boosts:
    """The boosts; raises UsageError unless they are an object with fields of Boosts."""
    if isinstance(value, Boosts):
        return value
    if not isinstance(value, Mapping):
        raise UsageError(f'boosts={value!r} must be an object, such as {{"sources": {{"handbook": 1.5}}}}')
    if unknown := sorted(map(str, value.keys() - set(Boosts.__dataclass_fields__))):
        raise UsageError(f"boosts have no {', '.join(unknown)}; choose {either(Boosts.__dataclass_fields__)}")
    return Boosts(**value)
