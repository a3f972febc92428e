"""Cards of persons (vCard 2.1 to 4.0): the name, and a line for each property that a person reads."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lake.parse.account import words
from lake.parse.canonical import TextWriter, one_line
from lake.parse.mail.content_lines import Property, properties, unescaped

_NAMES = {
    "ADR": "Address", "AGENT": "Agent", "ANNIVERSARY": "Anniversary", "BDAY": "Birthday", "BIRTHPLACE": "Born in",
    "CALADRURI": "Calendar", "CALURI": "Calendar", "CATEGORIES": "Categories", "DEATHDATE": "Died", "DEATHPLACE":
    "Died in", "EMAIL": "Mail", "EXPERTISE": "Expertise", "FBURL": "Calendar", "GENDER": "Gender", "GEO": "Place",
    "HOBBY": "Hobby", "IMPP": "Messages", "INTEREST": "Interest", "LABEL": "Address", "LANG": "Language",
    "MEMBER": "Member", "NICKNAME": "Nickname", "NOTE": "Note", "ORG": "Organization", "ORG-DIRECTORY": "Directory",
    "RELATED": "Related", "ROLE": "Role", "SOURCE": "Source", "TEL": "Telephone", "TITLE": "Job title",
    "TZ": "Time zone", "URL": "Page", "CONTACT-URI": "Contact",
    "X-ABDATE": "Date", "X-ABRELATEDNAMES": "Related", "X-SOCIALPROFILE": "Profile", "SOCIALPROFILE": "Profile",
    "X-ANNIVERSARY": "Anniversary", "X-EVOLUTION-ANNIVERSARY": "Anniversary",
    "X-KADDRESSBOOK-X-ANNIVERSARY": "Anniversary",
}  # fmt: skip
#: What programs tell each other.
_SETTINGS = frozenset((
    "BEGIN", "END", "VERSION", "PRODID", "REV", "UID", "CLASS", "MAILER", "SORT-STRING", "KIND", "XML", "CLIENTPIDMAP",
    "PROFILE", "NAME", "X-ABUID", "X-ABSHOWAS", "X-ABADR", "X-ABORDER", "X-ABCROP-RECTANGLE", "X-IMAGETYPE",
    "X-IMAGEHASH", "X-SHARED-PHOTO-DISPLAY-PREF", "X-APPLE-GUARDIAN-WHITELISTED", "CREATED", "JSPROP",
))  # fmt: skip
_TIMES = frozenset((
    "BDAY", "ANNIVERSARY", "DEATHDATE", "X-ABDATE", "X-ANNIVERSARY", "X-EVOLUTION-ANNIVERSARY",
    "X-KADDRESSBOOK-X-ANNIVERSARY",
))  # fmt: skip
_FILES = frozenset(("PHOTO", "LOGO", "SOUND", "KEY"))
#: What an address book says of how a property is stored, not of what it is for.
_NO_USE = frozenset(("pref", "voice", "internet", "x-internet", "dom", "intl", "postal", "parcel", "utf-8"))
_PRINTED = re.compile(r';LABEL="([^"]*)"', re.IGNORECASE)
_LABEL = re.compile(r"_\$!<(.*)>!\$_$")


def write_cards(text: str, writer: TextWriter, level: int) -> None:
    """Append each card under a heading with its name."""
    for card in _cards(properties(text)):
        name = _name_of(card)
        writer.read(name)
        writer.heading(name, level)
        lines = list(_lines(card, name, writer))
        writer.read("\n".join(lines))
        writer.add("\n".join(lines))


def cards_text(text: str, writer: TextWriter) -> str:
    """The cards as plain text, without headings."""
    found = []
    for card in _cards(properties(text)):
        name = _name_of(card)
        found.append("\n".join(filter(None, (name, *_lines(card, name, writer)))))
    return "\n\n".join(found)


def _cards(lines: list[Property]) -> Iterator[list[Property]]:
    """The lines of each card; a card inside of another stays in it."""
    card: list[Property] = []
    depth = 0
    for line in lines:
        word = line.value.strip().upper()
        if line.name == "BEGIN" and word == "VCARD":
            if not depth and card:
                yield card
                card = []
            depth += 1
        card.append(line)
        if line.name == "END" and word == "VCARD" and depth:
            depth -= 1
            if not depth:
                yield card
                card = []
    if card:
        yield card


def _name_of(card: list[Property]) -> str:
    first = {line.name: line for line in reversed(card)}
    if "FN" in first and first["FN"].text.strip():
        return one_line(first["FN"].text)
    if "N" in first:
        family, given, *more = (*first["N"].value.split(";"), "")
        stated = Property("N", "", ";".join((*more[1:2], given, *more[:1], family, *more[2:])), "")
        if stated.parts:
            return one_line(" ".join(stated.parts))
    return one_line(next((" ".join(first[name].parts) for name in ("ORG", "NICKNAME", "EMAIL") if name in first), ""))


def _lines(card: list[Property], name: str, writer: TextWriter) -> Iterator[str]:
    """A line for each property; ``writer`` takes note of the others."""
    labels = {line.group: _label(line.text) for line in card if line.group and line.name == "X-ABLABEL"}
    said = {word.casefold() for word in words(name)}
    gone, seen = [], {name}
    for line in card:
        shown = line.time if line.name in _TIMES else ", ".join(map(one_line, line.parts))
        if line.name in ("FN", "N"):
            is_said = {word.casefold() for word in words(shown)} <= said
            label = "" if is_said else "Also" if line.name == "FN" else "Full name"
        else:
            label = _label_of(line, labels)
        if line.is_binary and label:
            writer.omit("attachment" if line.name in _FILES else "encoded_data", "", f"{line.name.lower()} of {name}")
        elif not label or not shown:
            gone.append(line.line)
        elif (text := f"{label}: {shown}") not in seen:
            seen.add(text)
            yield text
            if printed := _printed(line, shown):
                yield f"{label}: {printed}"
    writer.read("\n".join(gone))
    writer.omit("decoration", "\n".join(gone), "settings of a card")


def _printed(line: Property, shown: str) -> str:
    """How an address is written on a letter, if that says more than its parts."""
    match = _PRINTED.search(line.parameters)
    printed = one_line(unescaped(match[1])) if match else ""
    return "" if set(words(printed.casefold())) <= set(words(shown.casefold())) else printed


def _label_of(line: Property, labels: dict[str, str]) -> str:
    """What the line is called; nothing for a setting."""
    if line.name in _SETTINGS or line.name == "X-ABLABEL" or not line.name:
        return "" if line.name else "Note"
    own = _NAMES.get(line.name) or line.name.removeprefix("X-").replace("-", " ").capitalize()
    uses = [labels[line.group]] if labels.get(line.group) else [one for one in line.types if one not in _NO_USE]
    return f"{own} ({', '.join(uses)})" if uses else own


def _label(text: str) -> str:
    """A label of an address book.

    >>> _label("_$!<Mobile>!$_"), _label("Harbour")
    ('mobile', 'Harbour')
    """
    match = _LABEL.match(text.strip())
    return match[1].lower() if match else one_line(text)
