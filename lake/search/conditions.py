"""Kinds of columns: operators, values, and their SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa

from lake.errors import UsageError
from lake.reporting import either
from lake.search.predicate import ANYTHING, NOTHING, Predicate
from lake.tables.sql import quoted

_COMPARISONS = ("<", "<=", ">", ">=")
_MAX_VALUES = 10_000


class Word(str):
    """A value from a command line, which is always text; it is converted to the column's type."""


@dataclass(frozen=True)
class Kind:
    """A kind of column; ``sql`` makes a predicate from column, operator and value."""

    name: str
    operators: tuple[str, ...]
    sql: Callable[[str, str, Any], Predicate]

    def predicate(self, column: str, operator: str, value: Any) -> Predicate:
        """Raises UsageError for an operator or a value of another kind."""
        if operator not in self.operators:
            raise UsageError(f"{column!r} has no operator {operator!r}; choose {either(self.operators)}")
        return self.sql(column, operator, value)


def values_of(column: str, operator: str, value: Any) -> list[Any]:
    """The values of an operator that takes a list; raises UsageError for anything else."""
    if not isinstance(value, (list, tuple, set, frozenset)) or len(value) > _MAX_VALUES:
        raise UsageError(f"{column} {operator!r} takes a list of at most {_MAX_VALUES:,} values, not {_short(value)}")
    return list(value)


def _short(value: object) -> str:
    return f"{type(value).__name__} {value!r:.60}" if not isinstance(value, Word) else repr(str(value)[:60])


def _scalar(encode: Callable[[str, Any], str]) -> Callable[[str, str, Any], Predicate]:
    """Comparisons of single values that ``encode`` writes; a null passes only ``!=`` and ``not in``."""

    def sql(column: str, operator: str, value: Any) -> Predicate:
        if operator in ("in", "not in"):
            return _choice(column, operator, values_of(column, operator, value), encode)
        if value is None and operator in ("=", "!="):
            return Predicate(f"{column} IS {'' if operator == '=' else 'NOT '}NULL")
        written = encode(column, value)
        return Predicate(f"({column} != {written} OR {column} IS NULL)" if operator == "!=" else
                         f"{column} {operator} {written}")  # fmt: skip

    return sql


def _choice(column: str, operator: str, values: list[Any], encode: Callable[[str, Any], str]) -> Predicate:
    if not values:
        return NOTHING if operator == "in" else ANYTHING
    written = ", ".join(sorted({encode(column, value) for value in values if value is not None}))
    has_null = any(value is None for value in values)
    chosen = [f"{column} IN ({written})"] if written else []
    if operator == "in":
        return Predicate(" OR ".join([*chosen, *([f"{column} IS NULL"] if has_null else [])]))
    others = [f"{column} NOT IN ({written})"] if written else []
    if has_null:
        return Predicate(" AND ".join([*others, f"{column} IS NOT NULL"]))
    return Predicate(" OR ".join([*others, f"{column} IS NULL"]))


def _text(column: str, value: Any) -> str:
    if not isinstance(value, str):
        raise UsageError(f"{column!r} is text, not {_short(value)}")
    return quoted(str(value))


def _whole(n_bits: int) -> Callable[[str, Any], str]:
    def encode(column: str, value: Any) -> str:
        if isinstance(value, Word):
            value = number_in(value)
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        if isinstance(value, bool) or not whole or not -(2 ** (n_bits - 1)) <= value < 2 ** (n_bits - 1):
            raise UsageError(f"{column!r} is a whole number of {n_bits} bits, not {_short(value)}")
        return str(int(value))

    return encode


def number_in(word: str) -> int | float | str:
    """The number that a text spells, or the text itself."""
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return word


def _time(column: str, operator: str, value: Any) -> Predicate:
    """Compares times; a date stands for its whole day in UTC."""
    if value is None and operator in ("=", "!="):
        return Predicate(f"{column} IS {'' if operator == '=' else 'NOT '}NULL")
    moment = _moment(column, value)
    if isinstance(moment, datetime):
        if operator == "!=":
            return Predicate(f"({column} != {_stamp(moment)} OR {column} IS NULL)")
        return Predicate(f"{column} {operator} {_stamp(moment)}")
    first, after = _day(column, moment)
    return Predicate({
        "=": f"{column} >= {first} AND {column} < {after}",
        "!=": f"({column} < {first} OR {column} >= {after} OR {column} IS NULL)",
        "<": f"{column} < {first}",
        "<=": f"{column} < {after}",
        ">": f"{column} >= {after}",
        ">=": f"{column} >= {first}",
    }[operator])  # fmt: skip


def _day(column: str, day: date) -> tuple[str, str]:
    try:
        start = datetime(day.year, day.month, day.day)
        return _stamp(start), _stamp(start + timedelta(days=1))
    except OverflowError as error:
        raise UsageError(f"{column!r} can't be compared with {day}, the last possible day") from error


def _stamp(moment: datetime) -> str:
    try:
        plain = (moment.astimezone(UTC) if moment.tzinfo else moment).replace(tzinfo=None)
    except OverflowError as error:
        raise UsageError(f"{moment.isoformat()} lies outside the years 1 to 9999 in UTC") from error
    return f"timestamp '{plain.isoformat(sep=' ', timespec='microseconds')}'"


def _moment(column: str, value: Any) -> datetime | date:
    if isinstance(value, (datetime, date)):
        return value
    if isinstance(value, str):
        for read in (date.fromisoformat, datetime.fromisoformat):
            try:
                return read(value)
            except ValueError:
                continue
    raise UsageError(f"{column!r} is a time: a date, a datetime or ISO text such as '2026-01-31', not {_short(value)}")


def _list(column: str, operator: str, value: Any) -> Predicate:
    """``=``, ``!=``: contains the value or not; ``in``, ``any``: contains one; ``all``; ``not in``, ``none``."""
    if value is None and operator in ("=", "!="):
        return Predicate(f"{column} IS {'' if operator == '=' else 'NOT '}NULL")
    values = [value] if operator in ("=", "!=") else values_of(column, operator, value)
    written = ", ".join(sorted({_text(column, item) for item in values}))
    if not written:
        return NOTHING if operator in ("in", "any") else ANYTHING
    if operator in ("!=", "not in", "none"):
        return Predicate(f"({column} IS NULL OR NOT array_has_any({column}, [{written}]))")
    return Predicate(f"array_has_{'all' if operator == 'all' else 'any'}({column}, [{written}])")


_EQUAL = ("=", "!=")
_CHOICE = ("in", "not in")
TEXT = Kind("text", (*_EQUAL, *_CHOICE, *_COMPARISONS, "glob"), _scalar(_text))
TIME = Kind("time", (*_EQUAL, *_COMPARISONS), _time)
LIST = Kind("list", (*_EQUAL, *_CHOICE, "any", "all", "none"), _list)
_NUMBERS: Mapping[int, Kind] = {
    n_bits: Kind("number", (*_EQUAL, *_CHOICE, *_COMPARISONS), _scalar(_whole(n_bits))) for n_bits in (32, 64)
}
#: The operators of all kinds.
OPERATORS = frozenset({*TEXT.operators, *TIME.operators, *LIST.operators})


def kind_of(column: pa.DataType) -> Kind:
    """The kind of a column of this type."""
    if pa.types.is_list(column):
        return LIST
    if pa.types.is_timestamp(column):
        return TIME
    return _NUMBERS[column.bit_width] if pa.types.is_integer(column) else TEXT
