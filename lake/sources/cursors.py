"""How far a column that grows with each change has been read."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from lake.errors import UsageError
from lake.sources.protocol import CursorLost
from lake.sources.rows import row_text
from lake.sources.stamps import stamp_of

#: A tally of more values would spare little.
MOST_TALLIED = 1000
_MOST_AGAIN = 100
#: Clocks without a zone are put back by an hour once a year.
_PUT_BACK = timedelta(hours=1)
#: A text that states a time to the second.
_ISO_SECOND = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d")


class Reached:
    """How far the cursor column has been read, and which times before that need not be listed again.

    ``start`` is where the next listing looks back to. What was listed between it and ``highest`` is tallied, time by
    time, if it was over by ``settles``: a row that comes to such a time later makes it count more.
    """

    def __init__(self, since: str | None, overlap: float, column: str, settles: timedelta = timedelta()) -> None:
        self.highest: Any = None
        self.start: Any = None
        self._column, self._overlap, self._settles = column, overlap, settles
        self._before: dict[str, int] = {}
        self._seen: Counter[Any] | None = Counter()
        if since is not None:
            self.highest, self._before = _parsed(since)
            if self._is_beyond(self.highest):
                raise CursorLost(f"the cursor {row_text(self.highest)} is in the future, or no number")
            self.start = _before(self.highest, overlap)

    @property
    def is_tallied(self) -> bool:
        """Whether ``grown`` can tell anything."""
        return bool(self._before)

    def grown(self, counts: Sequence[tuple[Any, int]]) -> list[Any] | None:
        """The values from ``start`` to ``highest`` that must be listed again, by how many rows have each; None for all.

        What need not be listed counts as seen.
        """
        if len(counts) > MOST_TALLIED:
            return None
        again = {value for value, n in counts if n > self._before.get(row_text(value), 0)}
        if len(again) > _MOST_AGAIN:
            return None
        self._seen = Counter({value: n for value, n in counts if value not in again})
        return sorted(again)

    def see(self, value: Any) -> None:
        """Take a value into account; a time to come would hide all changes until then, and infinity for good."""
        if value is None or self._is_beyond(value):
            return
        try:
            if self.highest is None or value > self.highest:
                self.highest = value
        except TypeError:
            kinds = " and ".join(sorted({type(one).__name__ for one in (value, self.highest)}))
            raise UsageError(
                f"the cursor column {self._column!r} holds both {kinds}; convert it in a query, as in "
                f"query=SELECT *, CAST({self._column} AS TEXT) AS changed FROM ..., with cursor=changed"
            ) from None
        self._count(value)

    def _count(self, value: Any) -> None:
        if self._seen is None:
            return
        self._seen[value] += 1
        if len(self._seen) > 2 * MOST_TALLIED:
            self._seen = self._counted_back()
            if len(self._seen) > MOST_TALLIED:
                self._seen = None  # each row has a time of its own, and a tally spares nothing

    def _counted_back(self) -> Counter[Any]:
        """How many rows were seen of each value that the next listing looks back to."""
        start = _before(self.highest, self._overlap)
        return Counter({value: n for value, n in (self._seen or {}).items() if value >= start})

    def _is_beyond(self, value: Any) -> bool:
        stamp = stamp_of(value, self._column)
        return _is_endless(value) or (stamp is not None and stamp.is_to_come(datetime.now(UTC)))

    @property
    def position(self) -> str:
        """Empty if no row has such a value: the next listing is full."""
        if self.highest is None:
            return ""
        kind = next((name for name, of in _TYPES.items() if isinstance(self.highest, of)), None)
        if kind is None or isinstance(self.highest, bool):
            raise UsageError(f"a cursor column must hold times, numbers or texts, got {type(self.highest).__name__}")
        tally = self._tally()
        return json.dumps([kind, row_text(self.highest), *([tally] if tally else [])])

    def _tally(self) -> dict[str, int]:
        found = self._counted_back()
        if len(found) > MOST_TALLIED:
            return {}
        now, stamps = datetime.now(UTC), {value: stamp_of(value, self._column) for value in found}
        over = [value for value, of in stamps.items() if of is not None and of.is_over(now, self._settles)]
        return {row_text(value): found[value] for value in sorted(over)}


def _parsed(position: str) -> tuple[Any, dict[str, int]]:
    try:
        kind, text, *tally = json.loads(position)
        return _KINDS[kind](text), dict(*tally)
    except (ValueError, TypeError, KeyError) as error:
        raise CursorLost("the cursor is one of another version") from error


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
