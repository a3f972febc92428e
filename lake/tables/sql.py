"""Quotes values for SQL: the one place that puts user input into predicates."""

from __future__ import annotations

import re
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


_KINDS = re.compile(
    r"(Invalid user input|Invalid input|Schema error|Error during planning|Error parsing function)[:,] "
)


def in_brief(error: Exception) -> str:
    """What Lance found wrong with a filter, without its source file, its kinds of errors and the list of columns.

    >>> in_brief(ValueError("Invalid user input: Schema error: No field named hue. Valid fields are a., /x/y.rs:1:2"))
    'no field named hue'
    """
    found = re.sub(r",? ?(at )?/\S+\.rs:[\d:]+", "", first_line(error))
    found = _KINDS.sub("", found)
    found = found.partition(" Valid fields are ")[0].strip(" .,")
    return found[:1].lower() + found[1:]


def first_line(error: Exception) -> str:
    """The first line of an error's message."""
    return str(error).split("\n")[0]


def unindexed(column: str) -> str:
    """An expression with the values of a text column, for which no index is used.

    An index answers sooner for a value that no row has, even if rights hide the rows that have it.
    """
    return f"({column} || '')"
