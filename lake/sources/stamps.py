"""The times that a column of rows holds, whatever their type: which moment, and how finely they are told apart."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

#: How far the earliest time zone is ahead of UTC, and the latest one behind it.
MOST_AHEAD, MOST_BEHIND = timedelta(hours=14), timedelta(hours=12)
#: Names of columns whose numbers are times: ``changed_at``, ``updatedAt``, ``mtime_ms``.
_TIME_NAME = re.compile(
    r"(?:time|stamp|date|epoch|(?:modifi|chang|updat|creat)ed(?:_?(?:at|on))?|(?:^|_)(?:at|on|ts|when)|(?-i:[a-z](?:At|On)))"
    r"(?:_?(?:utc|s|sec|seconds|ms|millis|us|micros|ns|nanos))?\Z",
    re.IGNORECASE,
)
#: Numbers from here on count smaller units than seconds: as seconds they would be beyond the year 9999.
_END_OF_SECONDS = 253_402_300_800
_DAY, _SECOND = timedelta(days=1), timedelta(seconds=1)


class Stamp(NamedTuple):
    """A moment, without a zone if it states none. What happens within ``unit`` after it may bear the same stamp: a day,
    a second, or nothing that matters."""

    moment: datetime
    unit: timedelta

    def is_over(self, now: datetime, margin: timedelta) -> bool:
        """Whether ``margin`` ago no clock in any zone that it may be of gave this stamp any more."""
        if self.moment.tzinfo is not None:
            return self.moment < now - self.unit - margin
        return self.moment < now.replace(tzinfo=None) - self.unit - margin - MOST_BEHIND

    def is_to_come(self, now: datetime) -> bool:
        """Whether it is later than now everywhere on earth."""
        return self.moment > (now if self.moment.tzinfo else now.replace(tzinfo=None) + MOST_AHEAD)


def is_time_name(column: str) -> bool:
    """Whether the name of a column tells that its numbers count from 1970.

    >>> [name for name in ("changed_at", "updatedAt", "mtime_ms", "updated_seq", "cat") if is_time_name(name)]
    ['changed_at', 'updatedAt', 'mtime_ms']
    """
    return _TIME_NAME.search(column) is not None


def stamp_of(value: Any, column: str) -> Stamp | None:
    """The time that a value is; None for any other value.

    Numbers are times if the column's name says so, in the unit that their size tells.

    >>> stamp_of("2026-11-21 12:30:05", "changed").unit, stamp_of(date(2026, 11, 21), "day").unit
    (datetime.timedelta(seconds=1), datetime.timedelta(days=1))
    """
    if isinstance(value, str) and value[4:5] == "-":
        with suppress(ValueError):
            value = date.fromisoformat(value) if len(value) == len("2026-11-21") else datetime.fromisoformat(value)
    elif isinstance(value, int | float | Decimal) and not isinstance(value, bool) and is_time_name(column):
        return _of_number(value)
    if isinstance(value, datetime):
        return Stamp(value, timedelta() if value.microsecond else _SECOND)
    return Stamp(datetime.combine(value, time.min), _DAY) if isinstance(value, date) else None


def _of_number(value: float | Decimal) -> Stamp:
    per_second = next((unit for unit in (1, 10**3, 10**6) if value < _END_OF_SECONDS * unit), 10**9)
    try:
        moment = datetime.fromtimestamp(float(value / per_second), UTC)
    except (ValueError, OverflowError, OSError):  # none that Python knows, or no number
        moment = datetime.max.replace(tzinfo=UTC)
    return Stamp(moment, timedelta() if moment.microsecond else _SECOND)
