"""Calendars (iCalendar, RFC 5545, and vCalendar): a line for each property that a person reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from lake.parse.canonical import TextWriter
from lake.parse.mail.content_lines import Property, properties
from lake.parse.mail.recurrence import duration_in_words, rule_in_words

_NAMES = {
    "SUMMARY": "Summary", "DESCRIPTION": "Description", "LOCATION": "Location", "COMMENT": "Comment",
    "DTSTART": "Start", "DTEND": "End", "DUE": "Due", "ORGANIZER": "Organizer", "ATTENDEE": "Attendee",
    "CATEGORIES": "Categories", "CONTACT": "Contact", "STATUS": "Status", "URL": "Address", "RRULE": "Repeats",
    "RESOURCES": "Resources", "ATTACH": "Attached", "X-WR-CALNAME": "Calendar", "X-WR-CALDESC": "About the calendar",
    "CONFERENCE": "Conference", "X-GOOGLE-CONFERENCE": "Conference", "X-ALT-DESC": "Description",
    "X-MICROSOFT-SKYPETEAMSMEETINGURL": "Conference", "RDATE": "Also on", "EXDATE": "Not on", "PRIORITY": "Priority",
    "DURATION": "Duration", "NAME": "Calendar", "COMPLETED": "Completed", "PERCENT-COMPLETE": "Percent done",
    "STYLED-DESCRIPTION": "Description", "RECURRENCE-ID": "Instead of", "FREEBUSY": "Busy",
}  # fmt: skip
#: What a calendar holds; each is an entry of its own.
_ENTRIES = frozenset(("VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VAVAILABILITY"))
_TIMES = frozenset(("DTSTART", "DTEND", "DUE", "COMPLETED", "RDATE", "EXDATE", "RECURRENCE-ID", "FREEBUSY"))
_PAGES = ("X-ALT-DESC", "STYLED-DESCRIPTION")
_TAGS = re.compile(r"<[^<>]*>")
_INLINE_TAGS = re.compile(r"</?(?:a|b|code|em|font|i|s|small|span|strong|sub|sup|u)(?:\s[^<>]*)?>", re.IGNORECASE)
#: What FREEBUSY states of its times, and what a person replied.
_FREE = re.compile(r";FBTYPE=(FREE|BUSY-UNAVAILABLE|BUSY-TENTATIVE)", re.IGNORECASE)
_STATES = {"FREE": "Free", "BUSY-UNAVAILABLE": "Unavailable", "BUSY-TENTATIVE": "Busy, perhaps"}
_REPLY = re.compile(r";PARTSTAT=(ACCEPTED|DECLINED|TENTATIVE|DELEGATED)", re.IGNORECASE)
#: A person's name, or what a link is called.
_CALLED = re.compile(r';(?:CN|LABEL)=(?:"([^"]+)"|([^";:,]+))', re.IGNORECASE)


def calendar_text(text: str, writer: TextWriter | None = None) -> str:
    r"""What a person reads of a calendar; ``writer`` takes note of the properties that are left out.

    >>> calendar_text("BEGIN:VEVENT\nSUMMARY;LANGUAGE=en:Oil\\, rope\nUID:4\nEND:VEVENT")
    'Summary: Oil, rope'
    """
    return "\n".join(dict.fromkeys(_lines(properties(text), writer)))


def write_calendar(text: str, writer: TextWriter) -> None:
    """Append the calendar, with each entry under a heading of its own."""
    rest, entries = _parts(properties(text))
    _write(rest, ("X-WR-CALNAME", "NAME"), 1, writer)
    for entry in entries:
        _write(entry, ("SUMMARY",), 2, writer)


def _write(lines: list[Property], titles: tuple[str, ...], level: int, writer: TextWriter) -> None:
    title = next((line for line in lines if line.name in titles and line.value.strip()), None)
    if title is not None:
        writer.read(title.text)
        writer.heading(title.text, level)
    shown = "\n".join(dict.fromkeys(_lines([line for line in lines if line is not title], writer)))
    writer.read(shown)
    writer.add(shown)


def _parts(lines: list[Property]) -> tuple[list[Property], list[list[Property]]]:
    """What belongs to the whole calendar, and each entry."""
    rest: list[Property] = []
    entries: list[list[Property]] = []
    within = ""
    for line in lines:
        kind = line.value.strip().upper()
        if line.name == "BEGIN" and not within and kind in _ENTRIES:
            within = kind
            entries.append([])
        (entries[-1] if within else rest).append(line)
        if line.name == "END" and kind == within:
            within = ""
    return rest, entries


def _lines(lines: list[Property], writer: TextWriter | None) -> Iterator[str]:
    left_out = []
    for line, is_of_zone in zip(lines, _of_zones(lines), strict=True):
        is_shown = (line.name in _NAMES and line.value.strip()) or not line.name
        if is_of_zone or not is_shown or (line.name == "ATTACH" and line.is_binary):
            left_out.append(line.line)
            continue
        # Without a name it is most likely the rest of a text that was not folded.
        yield _line(line) if line.name else line.text
    if writer is not None:
        gone = "\n".join(left_out)
        writer.read(gone)
        writer.omit("decoration", gone, "settings of a calendar")


def _line(line: Property) -> str:
    called, reply, state = (one.search(line.parameters) for one in (_CALLED, _REPLY, _FREE))
    label = _STATES[state[1].upper()] if state and line.name == "FREEBUSY" else _NAMES[line.name]
    replied = f" ({reply[1].lower()})" if reply else ""
    return f"{label}: {f'{called[1] or called[2]}, ' if called else ''}{_value(line)}{replied}"


def _value(line: Property) -> str:
    if line.name in _PAGES:
        return " ".join(unescape(_TAGS.sub(" ", _INLINE_TAGS.sub("", line.text))).split())
    if line.name in _TIMES:
        return line.time
    if line.name == "RRULE":
        return rule_in_words(line.time)
    return duration_in_words(line.text) if line.name == "DURATION" else line.text


def _of_zones(lines: list[Property]) -> list[bool]:
    """Whether each line is one of a time zone, which states when clocks are set."""
    marks = [(line.name, line.value.strip().upper()) for line in lines]
    found, is_closed = [False] * len(lines), False
    for place in range(len(lines) - 1, -1, -1):
        is_closed = is_closed or marks[place] == ("END", "VTIMEZONE")
        found[place] = is_closed
        is_closed = is_closed and marks[place] != ("BEGIN", "VTIMEZONE")
    return found
