"""Checks values of a lake's configuration; raises UsageError with the key of an invalid one."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from lake.errors import UsageError
from lake.options import SearchOptions
from lake.reporting import did_you_mean

#: Levels of judging; a measure is a level, a blank, and a name of ir-measures (``document nDCG@10``).
LEVELS = ("document", "parent", "chunk", "span")
#: Measures of a judged request of the query log.
JUDGED = ("answered", "faithfulness", "relevance")


def split_measure(measure: str) -> tuple[str, str]:
    """Level and name.

    >>> split_measure("document nDCG@10")
    ('document', 'nDCG@10')
    """
    level, _, name = measure.partition(" ")
    return level, name


def check_names(where: str, what: str, found: Collection[str], known: Collection[str]) -> None:
    if unknown := sorted(set(found) - set(known)):
        meant = did_you_mean(unknown[0], known, f"its {what}: {', '.join(sorted(known))}")
        raise UsageError(f"{where} has no {', '.join(map(repr, unknown))}{meant}")


def check_number(key: str, value: object, least: float, most: float) -> None:
    # Also false for nan.
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise UsageError(f"{key}={value!r} must be a number from {least} to {most}")


def check_texts(key: str, value: object) -> None:
    if not isinstance(value, tuple) or not all(isinstance(text, str) and text for text in value):
        raise UsageError(f'{key}={value!r} must be a list of texts, such as ["document nDCG@10"]')


def check_measures(key: str, names: Collection[str]) -> None:
    for name in names:
        level, measure = split_measure(name)
        if level not in LEVELS or not measure:
            levels = ", ".join(LEVELS)
            raise UsageError(f"{key}: {name!r} must be a level ({levels}) and a measure, such as document nDCG@10")


def check_floors(key: str, value: object) -> None:
    if not isinstance(value, Mapping):
        raise UsageError(f'{key}={value!r} must be an object, such as {{"document nDCG@10": 0.6}}')
    check_measures(key, value)
    for measure, least in value.items():
        check_number(f"{key}.{measure}", least, 0, 1)


def check_judged(key: str, value: object) -> None:
    if not isinstance(value, Mapping):
        raise UsageError(f'{key}={value!r} must be an object, such as {{"faithfulness": 0.9}}')
    check_names(key, "measures", value, JUDGED)
    for measure, least in value.items():
        check_number(f"{key}.{measure}", least, 0, 1)


def check_how(key: str, value: object) -> None:
    if not isinstance(value, Mapping):
        raise UsageError(f'{key}={value!r} must be an object, such as {{"mode": "text"}}')
    try:
        SearchOptions.of(value)
    except UsageError as error:
        raise UsageError(f"{key}: {error}") from error
