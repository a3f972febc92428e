# ruff: noqa: E501 (files are easier to read on one line)
"""Calendars and cards of persons: what a person reads is kept, an entry a heading; settings are named."""

from __future__ import annotations

import pytest

from lake.errors import InputError
from lake.parse import parse
from lake.parse.account import account_of
from lake.parse.document import ParsedDocument


def read(text: str | bytes, name: str) -> ParsedDocument:
    parsed = parse(text.encode() if isinstance(text, str) else text, name)
    assert account_of(parsed).n_words_lost == 0
    return parsed


def card(*lines: str) -> str:
    return "\r\n".join(("BEGIN:VCARD", "VERSION:3.0", *lines, "END:VCARD", ""))


def calendar(*lines: str) -> str:
    return "\r\n".join(("BEGIN:VCALENDAR", "VERSION:2.0", *lines, "END:VCALENDAR", ""))


def event(*lines: str) -> tuple[str, ...]:
    return ("BEGIN:VEVENT", "UID:4711", *lines, "END:VEVENT")


CARDS = {
    "the name is a heading": (card("FN:Ada Lamp", "TITLE:Keeper"), "# Ada Lamp\n\nJob title: Keeper"),
    "a name in parts": (card("N:Lamp;Ada;;Dr.;", "ROLE:Keeper"), "# Dr. Ada Lamp\n\nRole: Keeper"),
    "what the name leaves out": (card("N:Lamp;Ada;Maria;;", "FN:Ada Lamp"), "# Ada Lamp\n\nFull name: Lamp, Ada, Maria"),
    "an organization without a person": (card("ORG:Harbour;Lights", "TEL:1"), "# Harbour Lights\n\nOrganization: Harbour, Lights\nTelephone: 1"),
    "what a number is for": (card("FN:A", "TEL;TYPE=WORK,VOICE:1", "TEL;CELL:2", 'TEL;VALUE=uri;TYPE="home":tel:3'), "# A\n\nTelephone (work): 1\nTelephone (cell): 2\nTelephone (home): tel:3"),
    "a label of an address book": (card("FN:A", "item1.EMAIL;type=INTERNET:a@example.org", "item1.X-ABLabel:_$!<Boat>!$_"), "# A\n\nMail (boat): a@example.org"),
    "days of an address book": (card("FN:A", "item1.X-ABDATE:20110607", "item1.X-ABLabel:_$!<Anniversary>!$_", "item2.X-ABRELATEDNAMES:Bo"), "# A\n\nDate (anniversary): 2011-06-07\nRelated: Bo"),
    "a birthday without a year": (card("FN:A", "BDAY;X-APPLE-OMIT-YEAR=1604:1604-03-02", "ANNIVERSARY:--0415"), "# A\n\nBirthday: 03-02\nAnniversary: 04-15"),
    "a name in two scripts": (card("FN;ALTID=1;LANGUAGE=ja:山田", "FN;ALTID=1;LANGUAGE=en:Yamada", "TEL;PREF=1;TYPE=cell:1"), "# 山田\n\nAlso: Yamada\nTelephone (cell): 1"),
    "an address": (card("FN:A", "ADR;TYPE=HOME:;;Quay 7;Kiel;;24103;Germany"), "# A\n\nAddress (home): Quay 7, Kiel, 24103, Germany"),
    "escapes and folds": (card("FN:A", "NOTE:oil\\, rope\\nand sa", " lt\\; all"), "# A\n\nNote: oil, rope and salt; all"),
    "a birthday": (card("FN:A", "BDAY:19700131"), "# A\n\nBirthday: 1970-01-31"),
    "what a program made up": (card("FN:A", "X-SKYPE:ada.lamp", "X-PHONETIC-FIRST-NAME:Ah-da"), "# A\n\nSkype: ada.lamp\nPhonetic first name: Ah-da"),
    "quoted-printable of version 2.1": ("BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:K=F6ln;J=FCrgen\nNOTE;QUOTED-PRINTABLE:first=0D=0A=\n  second\nTEL;HOME;FAX:9\nEND:VCARD", "# Jürgen Köln\n\nNote: first second\nTelephone (home, fax): 9"),
    "an address as it is printed": (card("FN:A", 'ADR;LABEL="Quay 7\\nKiel, Germany":;;Quay 7;Kiel;;;'), "# A\n\nAddress: Quay 7, Kiel\nAddress: Quay 7 Kiel, Germany"),
    "several cards": (card("FN:A", "TEL:1") + card("FN:B", "TEL:2"), "# A\n\nTelephone: 1\n\n# B\n\nTelephone: 2"),
    "no end": ("BEGIN:VCARD\nFN:A\nTEL:1", "# A\n\nTelephone: 1"),
    "a card inside of a card": (card("FN:A", "AGENT:", "BEGIN:VCARD", "FN:Bea", "TEL:2", "END:VCARD", "TEL:1"), "# A\n\nAlso: Bea\nTelephone: 2\nTelephone: 1"),
    "a text that was not folded": (card("FN:A", "NOTE:oil", "and rope"), "# A\n\nNote: oil\nNote: and rope"),
}  # fmt: skip


@pytest.mark.parametrize("kind", CARDS)
def test_cards(kind: str) -> None:
    text, expected = CARDS[kind]
    assert read(text, "a.vcf").text == expected


CALENDARS = {
    "an event": (calendar(*event("SUMMARY:Oil", "LOCATION:Quay 7")), "## Oil\n\nLocation: Quay 7"),
    "the calendar's name": (calendar("X-WR-CALNAME:Harbour", *event("SUMMARY:Oil")), "# Harbour\n\n## Oil"),
    "nothing behind the colon": (calendar(*event("SUMMARY:", "LOCATION:Quay 7")), "Location: Quay 7"),
    "times": (calendar(*event("SUMMARY:Oil", "DTSTART;TZID=Europe/Berlin:20260301T093000", "DTEND:20260301T100000Z", "RDATE;VALUE=DATE:20260401,20260501")), "## Oil\n\nStart: 2026-03-01 09:30 (Europe/Berlin)\nEnd: 2026-03-01 10:00 UTC\nAlso on: 2026-04-01,2026-05-01"),
    "persons": (calendar(*event("SUMMARY:Oil", 'ATTENDEE;ROLE=CHAIR;CN="Lamp, Ada":mailto:ada@example.org')), "## Oil\n\nAttendee: Lamp, Ada, mailto:ada@example.org"),
    "a task and a diary": (calendar("BEGIN:VTODO", "SUMMARY:Paint", "PERCENT-COMPLETE:40", "END:VTODO", "BEGIN:VJOURNAL", "DESCRIPTION:Calm", "END:VJOURNAL"), "## Paint\n\nPercent done: 40\n\nDescription: Calm"),
    "zones are settings": (calendar("BEGIN:VTIMEZONE", "TZID:Europe/Berlin", "COMMENT:no text", "END:VTIMEZONE", *event("SUMMARY:Oil")), "## Oil"),
    "a zone without an end": (calendar("BEGIN:VTIMEZONE", "COMMENT:text", *event("SUMMARY:Oil")), "Comment: text\n\n## Oil"),
    "a file inside": (calendar(*event("SUMMARY:Oil", "ATTACH;ENCODING=BASE64;VALUE=BINARY:aGlkZGVu", "ATTACH:https://example.org/a")), "## Oil\n\nAttached: https://example.org/a"),
    "an alarm": (calendar(*event("SUMMARY:Oil", "BEGIN:VALARM", "DESCRIPTION:Bring rope", "END:VALARM")), "## Oil\n\nDescription: Bring rope"),
    "a rule": (calendar(*event("SUMMARY:Oil", "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;UNTIL=20311231T230000Z")), "## Oil\n\nRepeats: every 2 weeks on Monday, Wednesday, until 2031-12-31 23:00 UTC"),
    "a rule of other parts": (calendar(*event("SUMMARY:Oil", "RRULE:FREQ=YEARLY;BYWEEKNO=20", "DURATION:PT1H30M")), "## Oil\n\nRepeats: FREQ=YEARLY;BYWEEKNO=20\nDuration: 1 hour 30 minutes"),
    "a place in a set of nothing": (calendar(*event("SUMMARY:Oil", "RRULE:FREQ=DAILY;BYSETPOS=1")), "## Oil\n\nRepeats: FREQ=DAILY;BYSETPOS=1"),
    "a moved entry": (calendar(*event("SUMMARY:Oil", "RECURRENCE-ID;TZID=/x.org/Europe/Berlin:20310315T090000")), "## Oil\n\nInstead of: 2031-03-15 09:00 (Europe/Berlin)"),
    "times that are taken": (calendar("BEGIN:VFREEBUSY", "FREEBUSY:20310301T090000Z/PT1H", "FREEBUSY;FBTYPE=FREE:20310302T090000Z/PT1H", "END:VFREEBUSY"), "Busy: 2031-03-01 09:00 UTC/PT1H\nFree: 2031-03-02 09:00 UTC/PT1H"),
    "a reply": (calendar(*event("SUMMARY:Oil", "ATTENDEE;CN=Bo;PARTSTAT=DECLINED:mailto:bo@example.org")), "## Oil\n\nAttendee: Bo, mailto:bo@example.org (declined)"),
    "a description as a page": (calendar(*event("SUMMARY:Oil", "X-ALT-DESC;FMTTYPE=text/html:<b>K&ouml;ln</b>")), "## Oil\n\nDescription: Köln"),
    "the older form": ("BEGIN:VCALENDAR\nVERSION:1.0\nBEGIN:VEVENT\nSUMMARY;ENCODING=QUOTED-PRINTABLE:=C3=96l\nEND:VEVENT\nEND:VCALENDAR", "## Öl"),
}  # fmt: skip


@pytest.mark.parametrize("kind", CALENDARS)
def test_calendars(kind: str) -> None:
    text, expected = CALENDARS[kind]
    assert read(text, "a.ics").text == expected


def test_each_entry_knows_what_it_belongs_to() -> None:
    parsed = read(
        calendar(
            "X-WR-CALNAME:Harbour", *event("SUMMARY:Oil", "LOCATION:Quay"), *event("SUMMARY:Salt", "LOCATION:Pier")
        ),
        "a.ics",
    )
    assert [block.heading for block in parsed.blocks if block.kind == "paragraph"] == [
        ("Harbour", "Oil"),
        ("Harbour", "Salt"),
    ]
    assert parsed.title == "Harbour"


def test_what_is_left_out_is_named() -> None:
    omitted = read(card("FN:Ada Lamp", "PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQ", " SkZJRg==", "UID:4711"), "a.vcf").omitted
    assert [(one.kind, one.place) for one in omitted] == [
        ("attachment", "photo of Ada Lamp"), ("decoration", "settings of a card"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["a.ics", "a.vcf"])
def test_other_files_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="neither a calendar nor a card"):
        parse(b"The keeper of the light.", name)
