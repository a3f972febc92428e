"""The words in which pages show numbers, times and texts."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

_EMPTY_LINES = re.compile(r"\n(?:[^\S\n]*\n)+")
#: Stands for what is unknown.
_NONE = "\N{EN DASH}"


def number(value: Any) -> str:
    """A number with its thousands parted; a dash for none."""
    if value is None:
        return _NONE
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def fixed(value: float, spec: str) -> str:
    """A number by a format such as ".2f", in which no zero has a minus.

    >>> fixed(-0.004, ".2f"), fixed(-0.004, "+.2f"), fixed(-0.006, ".2f")
    ('0.00', '+0.00', '-0.01')
    """
    text = format(value, spec)
    return text if float(text) else format(0.0, spec)


def tail(name: str) -> str:
    """The last part of a path or address."""
    return name.rstrip("/").rpartition("/")[2] or name


def compact(text: str) -> str:
    """A text without empty lines, which would push everything else out of sight.

    >>> compact("Oil.  Four litres.")
    'Oil.  Four litres.'
    """
    return _EMPTY_LINES.sub("\n", text)


def percent(share: float | None, digits: int = 0) -> str:
    return _NONE if share is None else f"{100 * share:.{digits}f} %"


def span(seconds: float) -> str:
    """A length of time, roughly.

    >>> span(5), span(600), span(9000), span(200000)
    ('5 s', '10 min', '2.5 h', '2.3 days')
    """
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length * (2 if unit == "days" else 1):
            return f"{seconds / length:.1f}".removesuffix(".0") + f" {unit}"
    return f"{seconds:.0f} s"


def usd(amount: float) -> str:
    """An amount of USD, to a hundredth of a cent.

    >>> usd(0.0), usd(0.00001), usd(1.5)
    ('0', 'below 0.0001', '1.5000')
    """
    return "0" if not amount else f"{amount:,.4f}" if amount >= 0.0001 else "below 0.0001"


def size(n: float | None) -> str:
    """A number of bytes, such as 4.2 MB."""
    if n is None:
        return _NONE
    for unit in ("B", "kB", "MB", "GB"):
        if abs(n) < 1000:
            return f"{n:.0f} {unit}" if unit == "B" else f"{n:.1f} {unit}"
        n /= 1000
    return f"{n:,.1f} TB"


def _time(value: str | datetime) -> datetime:
    found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def when(value: str | datetime | None) -> str:
    """A time to the minute, in UTC; a dash for none."""
    return _NONE if value is None else f"{_time(value).astimezone(UTC):%Y-%m-%d %H:%M}"


def day(value: str | datetime | None) -> str:
    return _NONE if value is None else f"{_time(value).astimezone(UTC):%Y-%m-%d}"


def ago(value: str | datetime | None) -> str:
    """How long ago a time was, roughly."""
    if value is None:
        return "never"
    passed = datetime.now(UTC) - _time(value)
    for unit, length in (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1))):
        if (n := passed // length) >= 1:
            return f"{n:,} {unit}{'s' if n > 1 else ''} ago"
    return "just now"
