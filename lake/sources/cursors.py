"""How far a column that grows with each change has been read."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from lake.errors import UsageError
from lake.sources.protocol import CursorLost
from lake.sources.rows import row_text

#: How far the earliest time zone is ahead of UTC.
_MOST_AHEAD = timedelta(hours=14)
#: Names of columns whose numbers are times: ``changed_at``, ``updatedAt``, ``mtime_ms``.
_TIME_NAME = re.compile(
    r"(?:time|stamp|date|epoch|(?:modifi|chang|updat|creat)ed(?:_?(?:at|on))?|(?:^|_)(?:at|on|ts|when)|(?-i:[a-z](?:At|On)))"
    r"(?:_?(?:utc|s|sec|seconds|ms|millis|us|micros|ns|nanos))?\Z",
    re.IGNORECASE,
)
#: Numbers from here on count smaller units than seconds: as seconds they would be beyond the year 9999.
_END_OF_SECONDS = 253_402_300_800


class Reached:
    """How far the cursor column has been read, and from where to read it again.

    Numbers are times if the column's name says so, in the unit that their size tells.
    """

    def __init__(self, since: str | None, overlap: float, column: str) -> None:
        self._highest: Any = None
        self._holds_times = is_time_name(column)
        self.start: Any = None
        if since is not None:
            kind, text = json.loads(since)
            self._highest = _KINDS[kind](text)
            if self._is_beyond(self._highest):
                raise CursorLost(f"the cursor {text} is in the future, or no number")
            self.start = _before(self._highest, overlap)

    def see(self, value: Any) -> None:
        """Take a value into account; a time to come would hide all changes until then, and infinity for good."""
        if value is None or self._is_beyond(value):
            return
        if self._highest is None or value > self._highest:
            self._highest = value

    def _is_beyond(self, value: Any) -> bool:
        return _is_endless(value) or _is_to_come(value) or (self._holds_times and _is_epoch_to_come(value))

    @property
    def position(self) -> str:
        """Empty if no row has such a value: the next listing is full."""
        if self._highest is None:
            return ""
        kind = next((name for name, of in _TYPES.items() if isinstance(self._highest, of)), None)
        if kind is None or isinstance(self._highest, bool):
            raise UsageError(f"a cursor column must hold times, numbers or texts, got {type(self._highest).__name__}")
        return json.dumps([kind, row_text(self._highest)])


def _number(text: str) -> int | float:
    number = float(text)
    return int(text) if number.is_integer() and "." not in text and "e" not in text.lower() else number


_TYPES = {"time": datetime, "day": date, "number": int | float | Decimal, "text": str}
_KINDS: dict[str, Any] = {"time": datetime.fromisoformat, "day": date.fromisoformat, "number": _number, "text": str}


def _is_endless(value: Any) -> bool:
    """Whether a value is NaN or infinity, which nothing exceeds."""
    return isinstance(value, float | Decimal) and not Decimal(value).is_finite()


def _is_to_come(value: Any) -> bool:
    """Whether a time, also one that a text states, is later than now everywhere on earth."""
    if isinstance(value, str) and value[4:5] == "-":
        with suppress(ValueError):
            value = datetime.fromisoformat(value)
    now = datetime.now(UTC)
    if isinstance(value, datetime):
        return value > (now if value.tzinfo else now.replace(tzinfo=None) + _MOST_AHEAD)
    return isinstance(value, date) and value > (now + _MOST_AHEAD).date()


def is_time_name(column: str) -> bool:
    """Whether the name of a column tells that its numbers count from 1970.

    >>> [name for name in ("changed_at", "updatedAt", "mtime_ms", "updated_seq", "cat") if is_time_name(name)]
    ['changed_at', 'updatedAt', 'mtime_ms']
    """
    return _TIME_NAME.search(column) is not None


def _is_epoch_to_come(value: Any) -> bool:
    """Whether a number of seconds since 1970, or of thousandths, millionths or billionths of them, is in the future."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return False
    unit = next((unit for unit in (1, 10**3, 10**6) if value < _END_OF_SECONDS * unit), 10**9)
    return bool(value > datetime.now(UTC).timestamp() * unit)


def _before(value: Any, overlap: float) -> Any:
    if isinstance(value, date):
        try:
            return value - (timedelta(seconds=overlap) if isinstance(value, datetime) else timedelta(days=1))
        except OverflowError:
            return value.replace(year=1, month=1, day=1)
    return value if isinstance(value, str) else value - type(value)(overlap)
