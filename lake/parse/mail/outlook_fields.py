"""Fields of Outlook's contacts, appointments, tasks, journals and forms: a line for each that a person reads."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from uuid import UUID

from lake.parse.canonical import clean, one_line
from lake.parse.mail.mapi import OutlookItem, PropertyName

_ADDRESS, _APPOINTMENT, _TASK, _COMMON, _JOURNAL = (
    UUID(f"000620{number}-0000-0000-c000-000000000046") for number in ("04", "02", "03", "08", "0a")
)
#: Properties with a number of their own.
_FIXED = {
    0x3A45: "Title", 0x3A06: "First name", 0x3A44: "Middle name", 0x3A11: "Last name", 0x3A05: "Suffix",
    0x3A4F: "Nickname", 0x3A0A: "Initials", 0x3A16: "Company", 0x3A18: "Department", 0x3A17: "Job title",
    0x3A46: "Profession", 0x3A19: "Office", 0x3A0D: "Location", 0x3A4E: "Manager", 0x3A30: "Assistant",
    0x3A48: "Partner", 0x3A58: "Children", 0x3A43: "Hobbies", 0x3A0C: "Language",
    0x3A08: "Business telephone", 0x3A1B: "Second business telephone", 0x3A57: "Company telephone",
    0x3A1C: "Mobile telephone", 0x3A09: "Home telephone", 0x3A2F: "Second home telephone",
    0x3A1A: "Primary telephone", 0x3A1F: "Other telephone", 0x3A1E: "Car telephone", 0x3A2E: "Assistant's telephone",
    0x3A02: "Callback telephone", 0x3A1D: "Radio telephone", 0x3A4B: "Text telephone", 0x3A21: "Pager",
    0x3A24: "Business fax", 0x3A25: "Home fax", 0x3A23: "Primary fax", 0x3A2C: "Telex", 0x3A2D: "ISDN",
    0x3A51: "Business page", 0x3A50: "Personal page", 0x3A4C: "FTP site", 0x3A42: "Birthday", 0x3A41: "Anniversary",
    0x3A07: "Government number", 0x3A10: "Organizational number", 0x3A4A: "Computer network", 0x3A49: "Customer number",
    0x3A4D: "Gender", 0x3A0F: "Referred by", 0x3A47: "Referred by",
}  # fmt: skip
_GENDERS = {"0": "", "1": "female", "2": "male"}
_STATES = {"0": "not started", "1": "in progress", "2": "completed", "3": "waiting for somebody", "4": "deferred"}
#: Properties that have a name.
_NAMED = {
    (_ADDRESS, 0x8062): "Instant messages", (_ADDRESS, 0x802B): "Page", (_ADDRESS, 0x802C): "First name as spoken",
    (_ADDRESS, 0x802D): "Last name as spoken", (_ADDRESS, 0x802E): "Company as spoken",
    (_ADDRESS, 0x804F): "Field 1", (_ADDRESS, 0x8050): "Field 2", (_ADDRESS, 0x8051): "Field 3",
    (_ADDRESS, 0x8052): "Field 4", (_ADDRESS, 0x8053): "List",
    (_APPOINTMENT, 0x8208): "Location", (_APPOINTMENT, 0x820D): "Start", (_APPOINTMENT, 0x820E): "End",
    (_APPOINTMENT, 0x8234): "Time zone", (_APPOINTMENT, 0x8232): "Repeats", (_APPOINTMENT, 0x8238): "Attendees",
    (_TASK, 0x8104): "Start", (_TASK, 0x8105): "Due", (_TASK, 0x810F): "Completed", (_TASK, 0x811F): "Owner",
    (_TASK, 0x8121): "Assigned by", (_COMMON, 0x8539): "Companies", (_COMMON, 0x853A): "Contacts",
    (_COMMON, 0x8534): "Mileage", (_COMMON, 0x8535): "Billing", (_COMMON, 0x8530): "To do",
    (_JOURNAL, 0x8700): "Kind", (_JOURNAL, 0x8706): "Start", (_JOURNAL, 0x8708): "End",
}  # fmt: skip
_STATUS, _DONE = PropertyName(_TASK, 0x8101), PropertyName(_TASK, 0x8102)
#: An address as one text, and its parts: street, place, region, postal code, country.
_ADDRESSES = {
    "Business address": (0x801B, (0x3A29, 0x3A27, 0x3A28, 0x3A2A, 0x3A26)),
    "Home address": (0x801A, (0x3A5D, 0x3A59, 0x3A5C, 0x3A5B, 0x3A5A)),
    "Other address": (0x801C, (0x3A63, 0x3A5F, 0x3A62, 0x3A61, 0x3A60)),
}
#: PropertyName, address, and address as it was typed, of up to three mail addresses.
_MAIL = ((0x8080, 0x8083, 0x8084), (0x8090, 0x8093, 0x8094), (0x80A0, 0x80A3, 0x80A4))
_MEMBERS = PropertyName(_ADDRESS, 0x8054)
_ONE_OFF = bytes.fromhex("812b1fa4bea310199d6e00dd010f5402")
#: Names of properties that programs make beside those of forms.
_OF_PROGRAMS = ("http:", "https:", "urn:", "x-", "content-", "schemas")


def fields(item: OutlookItem) -> list[str]:
    """The lines, in a fixed order."""
    found: dict[str, None] = {}
    for label, value in _all(item):
        shown = one_line(value)
        if shown:
            found[f"{label}: {shown}"] = None
    return list(found)


def _all(item: OutlookItem) -> Iterator[tuple[str, str]]:
    for key, label in _FIXED.items():
        value = item.shown(key)
        yield label, _GENDERS.get(value, value) if label == "Gender" else value
    for label, (whole, parts) in _ADDRESSES.items():
        yield label, _named(item, PropertyName(_ADDRESS, whole)) or ", ".join(filter(None, map(item.shown, parts)))
    for keys in _MAIL:
        name, address, typed = (_named(item, PropertyName(_ADDRESS, key)) for key in keys)
        address = typed or address if address.startswith("/") else address or typed
        yield "Mail address", name if address in name else f"{name} <{address}>" if name and address else address
    for (group, number), label in _NAMED.items():
        yield label, _named(item, PropertyName(group, number))
    yield "Status", _STATES.get(_named(item, _STATUS), "")
    if share := _named(item, _DONE):
        yield "Done", f"{float(share):.0%}"
    yield from (("Member", member) for member in _members(item))
    yield from _of_users(item)


def _named(item: OutlookItem, name: PropertyName) -> str:
    key = item.names.get(name)
    return "" if key is None else item.shown(key)


def _of_users(item: OutlookItem) -> Iterator[tuple[str, str]]:
    """Categories, and what somebody's form asks for."""
    for name, key in item.names.items():
        if name.is_of_users and not str(name.name).lower().startswith(_OF_PROGRAMS):
            label = one_line(clean(str(name.name)))
            yield "Categories" if label == "Keywords" else label, item.shown(key)


def _members(item: OutlookItem) -> Iterator[str]:
    """Names and addresses of a list of persons, as far as they stand in it."""
    key = item.names.get(_MEMBERS)
    for entry in item.binaries(key) if key is not None else []:
        if entry[4:20] != _ONE_OFF or len(entry) < 24:
            continue
        is_wide = struct.unpack_from("<H", entry, 22)[0] & 0x8000
        texts = entry[24:].decode("utf-16-le" if is_wide else "cp1252", "replace").split("\0")
        name, address = clean(texts[0]), clean(texts[2]) if len(texts) > 2 else ""
        yield f"{name} <{address}>" if address and address not in name else name
