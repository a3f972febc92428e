"""Quotes values for SQL: the one place that puts user input into predicates."""

from __future__ import annotations

from collections.abc import Iterable

from lake.errors import UsageError


def check_encodable(value: str) -> None:
    """Raises UsageError for a text that UTF-8 can't encode, such as half of a surrogate pair."""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"{value!a} is no valid text") from error


def quoted(value: str) -> str:
    """Quote any text as an SQL literal. Raises UsageError if UTF-8 can't encode it.

    >>> quoted("Ann's")
    "'Ann''s'"
    """
    check_encodable(value)
    return "'" + value.replace("'", "''") + "'"


def quoted_list(values: Iterable[str]) -> str:
    """Texts as SQL literals, separated by commas."""
    return ", ".join(map(quoted, values))


def one_of(column: str, values: Iterable[str], *, negated: bool = False) -> str:
    """Predicate for rows whose ``column`` is one of these values or, if negated, none of them.

    >>> one_of("uri", ["a.md", "b.md"])
    "uri IN ('a.md', 'b.md')"
    """
    listed = quoted_list(values)
    if not listed:
        return "true" if negated else "false"
    return f"{column} {'NOT ' if negated else ''}IN ({listed})"
