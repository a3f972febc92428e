"""Factors of a passage's score: its recency, its source, and values of its document."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from lake.errors import UsageError
from lake.options import Boosts
from lake.options.boosts import is_boosted_by_value, is_metadata
from lake.options.named_numbers import named_numbers
from lake.search.conditions import Word
from lake.search.metadata import MetadataCondition

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_DAY = 86400.0
_METADATA = "metadata."
_FORM = "SOURCE=FACTOR or COLUMN=VALUE:FACTOR"
_EXAMPLE = "handbook=1.5 or metadata.quality=high:1.5"


def factors(
    boosts: Boosts,
    modified_at: Sequence[datetime | None],
    source: Sequence[str],
    as_of: datetime,
    documents: Sequence[Mapping[str, Any]] = (),
) -> np.ndarray:
    """float64 [n], one for each passage; ``as_of`` is when the release was created, never the present.

    ``documents``: the columns of each passage's document that ``values`` and ``recency_field`` name; ``metadata`` is a
    mapping.
    """
    if len(modified_at) != len(source):
        raise UsageError(f"{len(modified_at)} dates for {len(source)} sources; give one of each per passage")
    if is_metadata(boosts.recency_field):
        modified_at = [_date_at(document.get("metadata") or {}, boosts.recency_field) for document in documents]
    recency = np.array([_recency(boosts, at, as_of) for at in modified_at], dtype=np.float64)
    found: np.ndarray = recency * np.array([boosts.sources.get(name, 1.0) for name in source], dtype=np.float64)
    if boosts.values:
        conditions = _conditions(boosts.values)
        found = found * np.array([_of_values(conditions, document) for document in documents], dtype=np.float64)
    return found


#: A column without ``metadata.``, or None for metadata; the condition; its factor.
_Boosted = tuple[str | None, MetadataCondition, float]


def _conditions(values: Mapping[str, Mapping[str, float]]) -> list[_Boosted]:
    """Words of a boost are compared as those of a filter on the command line are."""
    boosted: list[_Boosted] = []
    for column, of_value in values.items():
        key, own = column.removeprefix(_METADATA), None if is_metadata(column) else column
        boosted += [(own, MetadataCondition(key, "=", Word(value)), factor) for value, factor in of_value.items()]
    return boosted


def _of_values(conditions: Sequence[_Boosted], document: Mapping[str, Any]) -> float:
    """The product of the factors of all values that the document has."""
    product = 1.0
    for column, condition, factor in conditions:
        known = (document.get("metadata") or {}) if column is None else {column: document.get(column)}
        product *= factor if condition.is_met(known) else 1.0
    return product


def _date_at(metadata: Mapping[str, Any], column: str) -> datetime | None:
    """The date or time at a key of the metadata, in UTC unless it states a zone; None if it is neither.

    >>> _date_at({"published": "2026-03-01"}, "metadata.published")
    datetime.datetime(2026, 3, 1, 0, 0, tzinfo=datetime.timezone.utc)
    """
    items = MetadataCondition(column.removeprefix(_METADATA), "=", None).items(metadata) or [None]
    try:
        at = datetime.fromisoformat(str(items[0]).strip())
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _recency(boosts: Boosts, modified_at: datetime | None, as_of: datetime) -> float:
    if modified_at is None or boosts.recency_half_life_days is None:
        return 1.0
    days = max((as_of - modified_at).total_seconds() / _DAY, 0.0)
    return 1.0 + boosts.recency_weight * float(2.0 ** (-days / boosts.recency_half_life_days))


def parse_boosts(words: Iterable[str]) -> dict[str, Any]:
    """Parses ``SOURCE=FACTOR`` and ``COLUMN=VALUE:FACTOR`` words of a command line into fields of Boosts.

    >>> parse_boosts(["handbook=1.5", "metadata.quality=high:1.5", "author=Ada: B=2:0.5"])["values"]
    {'metadata.quality': {'high': 1.5}, 'author': {'Ada: B=2': 0.5}}
    """
    values: dict[str, dict[str, float]] = {}
    sources = []
    for word in words:
        column, _, rest = word.partition("=")
        value, _, number = rest.rpartition(":")
        try:
            factor = float(number) if value and is_boosted_by_value(column) else None
        except ValueError:
            factor = None
        if factor is None:
            sources.append(word)
        else:
            values.setdefault(column, {})[value] = factor
    return {"sources": named_numbers(sources, form=_FORM, example=_EXAMPLE), "values": values}
