"""Recurrence rules and durations of calendars (RFC 5545) in words."""

from __future__ import annotations

import re

_UNITS = {
    "SECONDLY": "second", "MINUTELY": "minute", "HOURLY": "hour", "DAILY": "day", "WEEKLY": "week",
    "MONTHLY": "month", "YEARLY": "year",
}  # fmt: skip
_DAYS = {
    "MO": "Monday", "TU": "Tuesday", "WE": "Wednesday", "TH": "Thursday", "FR": "Friday", "SA": "Saturday",
    "SU": "Sunday",
}  # fmt: skip
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_KNOWN = frozenset(("FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "COUNT", "UNTIL", "WKST"))
_DURATION = re.compile(r"([+-]?)P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_PARTS = ("week", "day", "hour", "minute", "second")


def rule_in_words(rule: str) -> str:
    """A rule as a person says it; one with parts that are not known here stays as it is written.

    >>> rule_in_words("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;COUNT=5")
    'every 2 weeks on Monday, Wednesday, 5 times'
    >>> rule_in_words("FREQ=MONTHLY;BYDAY=-1FR;UNTIL=2031-12-31")
    'every month on the last Friday, until 2031-12-31'
    >>> rule_in_words("FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=1"), rule_in_words("FREQ=DAILY;BYHOUR=9")
    ('every year on day 1 in March', 'FREQ=DAILY;BYHOUR=9')
    """
    parts = dict(part.upper().split("=", 1) for part in rule.strip().split(";") if "=" in part)
    unit = _UNITS.get(parts.get("FREQ", ""))
    days = [_day(one) for one in parts.get("BYDAY", "").split(",") if one]
    months = [_month(one) for one in parts.get("BYMONTH", "").split(",") if one]
    places = [_ordinal(one) for one in parts.get("BYSETPOS", "").split(",") if one]
    if unit is None or not parts.keys() <= _KNOWN or not all((*days, *months, *places)) or (places and not days):
        return rule
    every = parts.get("INTERVAL", "1")
    said = f"every {unit}" if every == "1" else f"every {every} {unit}s"
    if days:
        said += f" on the {', '.join(places)} of {', '.join(days)}" if places else f" on {', '.join(days)}"
    if numbers := parts.get("BYMONTHDAY"):
        said += " on the last day" if numbers == "-1" else f" on day {numbers.replace(',', ', ')}"
    if months:
        said += f" in {', '.join(months)}"
    if count := parts.get("COUNT"):
        said += f", {count} times"
    return said + (f", until {until}" if (until := parts.get("UNTIL")) else "")


def duration_in_words(duration: str) -> str:
    """
    >>> duration_in_words("PT1H30M"), duration_in_words("-P1D"), duration_in_words("soon")
    ('1 hour 30 minutes', '1 day before', 'soon')
    """
    match = _DURATION.fullmatch(duration.strip().upper())
    if match is None:
        return duration
    said = [f"{n} {unit}{'' if n == '1' else 's'}" for n, unit in zip(match.groups()[1:], _PARTS, strict=True) if n]
    return (" ".join(said) + (" before" if match[1] == "-" else "")) if said else duration


def _day(written: str) -> str:
    match = _DAY.fullmatch(written)
    if match is None:
        return ""
    return f"the {_ordinal(match[1])} {_DAYS[match[2]]}" if match[1] else _DAYS[match[2]]


def _month(written: str) -> str:
    return _MONTHS[int(written) - 1] if written.isdecimal() and 0 < int(written[:3]) <= len(_MONTHS) else ""


def _ordinal(written: str) -> str:
    """
    >>> _ordinal("1"), _ordinal("12"), _ordinal("-1"), _ordinal("-2")
    ('1st', '12th', 'last', '2nd last')
    """
    digits = written.lstrip("+-")
    if not digits.isdecimal():
        return ""
    ending = "th" if digits[-2:-1] == "1" else {"1": "st", "2": "nd", "3": "rd"}.get(digits[-1], "th")
    if written.startswith("-"):
        return "last" if digits == "1" else f"{digits}{ending} last"
    return f"{digits}{ending}"
