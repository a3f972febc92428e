"""Calendars (ics, ifb, vcs) and cards of persons (vcf, vcard) as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lake.errors import InputError
from lake.parse.canonical import TextWriter
from lake.parse.mail.calendars import write_calendar
from lake.parse.mail.cards import write_cards
from lake.parse.mail.content_lines import whole_characters
from lake.parse.text import decode

if TYPE_CHECKING:
    from lake.parse.document import ParsedDocument


def parse(data: bytes, suffix: str) -> ParsedDocument:
    text, metadata, omitted = decode(whole_characters(data))
    marks = text.upper()
    writer = TextWriter()
    if "BEGIN:VCALENDAR" in marks or "BEGIN:VEVENT" in marks:
        write_calendar(text, writer)
    elif "BEGIN:VCARD" in marks:
        write_cards(text, writer, 1)
    else:
        raise InputError(f"neither a calendar nor a card, which {suffix} says; check the file's suffix", "garbage")
    return writer.finish(metadata=metadata, omitted=omitted)
