"""The words in which pages show numbers, times and texts."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

#: Part of a media type -> the program; the first that fits.
_OFFICE = {
    "wordprocessingml": "Word",
    "ms-word": "Word",
    "msword": "Word (old format)",
    "spreadsheetml": "Excel",
    "ms-excel.": "Excel",
    "ms-excel": "Excel (old format)",
    "presentationml": "PowerPoint",
    "ms-powerpoint.": "PowerPoint",
    "ms-powerpoint": "PowerPoint (old format)",
    "opendocument.text": "OpenDocument text",
    "opendocument.spreadsheet": "OpenDocument sheet",
    "opendocument.presentation": "OpenDocument slides",
}
_OTHER_TYPES = {
    "text/plain": "plain text",
    "application/rtf": "rich text",
    "application/octet-stream": "unknown",
    "message/rfc822": "mail",
    "multipart/related": "saved web page",
    "application/vnd.ms-outlook": "Outlook mail",
    "text/tab-separated-values": "tsv",
    "application/x-sh": "shell",
}
_EMPTY_LINES = re.compile(r"\n(?:[^\S\n]*\n)+")
#: Stands for what is unknown.
_NONE = "\N{EN DASH}"


def number(value: Any) -> str:
    """A number with its thousands parted; a dash for none."""
    if value is None:
        return _NONE
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def fixed(value: float, spec: str) -> str:
    """A number by a format such as ".2f", with a minus as wide as a plus, which no zero has.

    >>> fixed(-0.004, ".2f"), fixed(-0.004, "+.2f"), fixed(-0.006, ".2f")
    ('0.00', '+0.00', '−0.01')
    """
    text = format(value, spec)
    return text.replace("-", "\N{MINUS SIGN}") if float(text) else format(0.0, spec)


def p_value(value: float) -> str:
    """A probability, which is never shown as none at all.

    >>> p_value(0.0312), p_value(0.0005), p_value(0.0)
    ('0.031', '< 0.001', '< 0.001')
    """
    return f"{value:.3f}" if value >= 0.001 else "< 0.001"


def score(value: float) -> str:
    """A score to three digits, without powers of ten.

    >>> score(5.157), score(0.01642), score(3.8e-6), score(0.0), score(12345.6)
    ('5.16', '0.0164', '< 0.001', '0', '12346')
    """
    if 0 < value < 0.001:
        return "< 0.001"
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def tail(name: str) -> str:
    """The last part of a path or address."""
    return name.rstrip("/").rpartition("/")[2] or name


def tails(names: Iterable[str]) -> dict[str, str]:
    """The last part of each path or address, with as many parts before it as tell it from the others.

    >>> tails(["/srv/a/documents", "/srv/b/documents", "/srv/b/notes/"])
    {'/srv/a/documents': 'a/documents', '/srv/b/documents': 'b/documents', '/srv/b/notes/': 'notes'}
    """
    parts = {name: name.rstrip("/").split("/") for name in names}
    found, length = dict[str, str](), 1
    while len(found) < len(parts):
        left = {name: "/".join(of[-length:]) for name, of in parts.items() if name not in found}
        n_alike = Counter(left.values())
        is_whole = {name for name in left if length >= len(parts[name])}
        found |= {name: short or name for name, short in left.items() if n_alike[short] == 1 or name in is_whole}
        length += 1
    return {name: found[name] for name in parts}


def file_type(media_type: str) -> str:
    """A media type in a word or two.

    >>> [file_type(one) for one in ("text/markdown", "text/x-rst", "application/epub+zip", "application/vnd.ms-excel")]
    ['markdown', 'rst', 'epub', 'Excel (old format)']
    >>> file_type("application/vnd.openxmlformats-officedocument.wordprocessingml.template")
    'Word template'
    """
    of_office = next((name for part, name in _OFFICE.items() if part in media_type), None)
    if of_office is None:
        return _OTHER_TYPES.get(media_type) or media_type.rpartition("/")[2].removeprefix("x-").partition("+")[0]
    kind = " template" if "template" in media_type else ""
    return of_office + kind + (" with macros" if "macroEnabled" in media_type else "")


def profile_label(settings: str) -> str:
    """A search profile in a few words.

    >>> profile_label('{"mode": "hybrid"}'), profile_label('{"alpha": 0.3, "mode": "hybrid"}')
    ('hybrid', 'hybrid, alpha 0.3')
    """
    profile = json.loads(settings)
    mode, answers = profile.pop("mode"), profile.pop("answers", {})
    words = [f"{name} {value if isinstance(value, str) else json.dumps(value)}" for name, value in profile.items()]
    parts = [
        f"{part} {answers[key]}" for key, part in (("chat", "answered by"), ("judge", "judged by")) if key in answers
    ]
    return ", ".join([mode, *words, *parts])


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


def duration(seconds: float | None) -> str:
    """How long a request took.

    >>> duration(0.0421), duration(1.5), duration(30.96), duration(None)
    ('42 ms', '1,500 ms', '31.0 s', '–')
    """
    if seconds is None:
        return _NONE
    return f"{1000 * seconds:,.0f} ms" if seconds < 10 else f"{seconds:,.1f} s"


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
    """A time to the minute, such as 2026-11-30 06:35 UTC; a dash for none."""
    return _NONE if value is None else f"{_time(value).astimezone(UTC):%Y-%m-%d %H:%M} UTC"


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
