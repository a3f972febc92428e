"""How far a column that grows with each change has been read."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from lake.errors import UsageError
from lake.sources.protocol import CursorLost
from lake.sources.rows import row_text
from lake.sources.stamps import stamp_of

#: Clocks without a zone are put back by an hour once a year.
_PUT_BACK = timedelta(hours=1)
#: A text that states a time to the second.
_ISO_SECOND = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d")


class Reached:
    """How far the cursor column has been read, and from where to read it again.

    Numbers are times if the column's name says so, in the unit that their size tells.
    """

    def __init__(self, since: str | None, overlap: float, column: str) -> None:
        self._highest: Any = None
        self._column = column
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
        try:
            if self._highest is None or value > self._highest:
                self._highest = value
        except TypeError:
            kinds = " and ".join(sorted({type(one).__name__ for one in (value, self._highest)}))
            raise UsageError(
                f"the cursor column {self._column!r} holds both {kinds}; convert it in a query, as in "
                f"query=SELECT *, CAST({self._column} AS TEXT) AS changed FROM ..., with cursor=changed"
            ) from None

    def _is_beyond(self, value: Any) -> bool:
        stamp = stamp_of(value, self._column)
        return _is_endless(value) or (stamp is not None and stamp.is_to_come(datetime.now(UTC)))

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


def _before(value: Any, overlap: float) -> Any:
    """Where to begin, to find what came late by ``overlap``; of a time without a zone, also if clocks were put back.

    >>> _before("2026-11-21T12:30:05.123Z", 600)
    '2026-11-21T11:20:05'
    """
    if isinstance(value, str):
        return _text_before(value, overlap)
    if not isinstance(value, date):
        return value - type(value)(overlap)
    length = timedelta(seconds=overlap) if isinstance(value, datetime) else timedelta(days=1)
    if isinstance(value, datetime) and value.tzinfo is None and overlap:
        length += _PUT_BACK
    try:
        return value - length
    except OverflowError:
        return value.replace(year=1, month=1, day=1)


def _text_before(value: str, overlap: float) -> str:
    found = _ISO_SECOND.match(value)
    if found is None or not overlap or stamp_of(value, "") is None:
        return value
    return str(_before(datetime.fromisoformat(found[0]), overlap).isoformat(value[10], "seconds"))
