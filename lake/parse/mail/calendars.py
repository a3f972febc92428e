"""Calendars in mail (iCalendar, RFC 5545): a line for each property that a person reads."""

from __future__ import annotations

import re

from lake.parse.canonical import TextWriter

_LINE = re.compile(r'^([A-Za-z0-9-]+)((?:;[^:;"\n]*(?:"[^"\n]*"[^:;"\n]*)*)*):(.*)$')
_NAMES = {
    "SUMMARY": "Summary", "DESCRIPTION": "Description", "LOCATION": "Location", "COMMENT": "Comment",
    "DTSTART": "Start", "DTEND": "End", "DUE": "Due", "ORGANIZER": "Organizer", "ATTENDEE": "Attendee",
    "CATEGORIES": "Categories", "CONTACT": "Contact", "STATUS": "Status", "URL": "Address", "RRULE": "Repeats",
    "RESOURCES": "Resources", "ATTACH": "Attached", "X-WR-CALNAME": "Calendar", "X-WR-CALDESC": "About the calendar",
    "CONFERENCE": "Conference", "X-GOOGLE-CONFERENCE": "Conference", "X-ALT-DESC": "Description",
    "X-MICROSOFT-SKYPETEAMSMEETINGURL": "Conference", "RDATE": "Also on", "EXDATE": "Not on", "PRIORITY": "Priority",
    "DURATION": "Duration",
}  # fmt: skip
#: Times of changes of time zones, which follow their own rules.
_ZONES = re.compile(r"^BEGIN:VTIMEZONE$.*?^END:VTIMEZONE$", re.MULTILINE | re.DOTALL)
_END_OF_ZONES = "\nEND:VTIMEZONE\n"
_TAGS = re.compile(r"<[^<>]*>")
_ENTITIES = {"&nbsp;": " ", "&lt;": "<", "&gt;": ">", "&amp;": "&"}


def calendar_text(text: str, writer: TextWriter | None = None) -> str:
    r"""What a person reads of a calendar; ``writer`` takes note of the properties that are left out.

    >>> calendar_text("BEGIN:VEVENT\nSUMMARY;LANGUAGE=en:Oil\\, rope\nUID:4\nEND:VEVENT")
    'Summary: Oil, rope'
    """
    lines: dict[str, None] = {}
    left_out = []
    unfolded = re.sub(r"\n[ \t]", "", text.replace("\r\n", "\n")) + "\n"
    # Only as far as zones end: to look for the end of each that has none would take forever.
    end = unfolded.rfind(_END_OF_ZONES) + len(_END_OF_ZONES) if _END_OF_ZONES in unfolded else 0
    zones = _ZONES.findall(unfolded, 0, end)
    for line in (_ZONES.sub("", unfolded[:end]) + unfolded[end:])[:-1].split("\n"):
        match = _LINE.match(line.strip())
        name = match[1].upper() if match else ""
        if match is None or name not in _NAMES or (name == "ATTACH" and "BINARY" in match[2].upper()):
            left_out.append(line)
            continue
        person = re.search(r'CN="?([^";:]+)', match[2])
        value = _value(match[3])
        if name == "X-ALT-DESC":
            value = _untagged(value)
        lines[f"{_NAMES[name]}: {f'{person[1]}, ' if person else ''}{value}"] = None
    if writer is not None:
        gone = "\n".join([*zones, *left_out])
        writer.read(gone)
        writer.omit("decoration", gone, "settings of a calendar")
    return "\n".join(lines)


def _value(raw: str) -> str:
    return re.sub(r"\\([,;\\])", r"\1", re.sub(r"\\[nN]", "\n", raw))


def _untagged(page: str) -> str:
    plain = _TAGS.sub(" ", page)
    for entity, character in _ENTITIES.items():
        plain = plain.replace(entity, character)
    return " ".join(plain.split())
