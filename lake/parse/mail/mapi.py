"""What Outlook keeps in a compound file (MS-OXMSG): a message with its properties, recipients and attachments."""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from lake.errors import InputError
from lake.parse.canonical import clean
from lake.parse.document import Omission
from lake.parse.text import decode

if TYPE_CHECKING:
    from oxmsg.storage import Storage

#: Bytes before the properties of a file's message, of a message inside a message, and of anything else.
_OUTER, _INNER, _OTHER = 32, 24, 8
_INT, _BOOL, _TIME = 0x0003, 0x000B, 0x0040
_STRING8, _STRING, _BINARY = 0x001E, 0x001F, 0x0102
_SEVERAL = 0x1000
#: How numbers are stored by type, and what they are divided by to be shown.
_NUMBERS = {2: ("<h", 1), _INT: ("<i", 1), 4: ("<f", 1), 5: ("<d", 1), 6: ("<q", 10_000), 0x14: ("<q", 1)}
_STREAM, _PROPERTIES = "__substg1.0_", "__properties_version1.0"
_MESSAGE_IN_ATTACHMENT = f"{_STREAM}3701000D".upper()
_BODY_CODE_PAGE, _CODE_PAGE = 0x3FDE, 0x3FFD
_BODY = 0x1000
_FIRST_NAMED = 0x8000
_PUBLIC_STRINGS = UUID("00020329-0000-0000-c000-000000000046")
_MAPI = UUID("00020328-0000-0000-c000-000000000046")
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
#: Units of a stored time in a second.
_TICKS = 10_000_000
#: What Outlook writes if there is no date: the year 4501.
_NO_DATE = 4501


@dataclass(frozen=True, slots=True)
class PropertyName:
    """What a property is called that has no fixed number: a set, and a number or a text in it."""

    group: UUID
    name: int | str

    @property
    def is_of_users(self) -> bool:
        """Whether a person may have made it: a field of a form, or a keyword."""
        return self.group == _PUBLIC_STRINGS and isinstance(self.name, str)


@dataclass(frozen=True, slots=True)
class OutlookItem:
    """A message, a recipient or an attachment. What is missing is empty; ``remarks`` are on guessed charsets."""

    storage: Storage
    streams: Mapping[str, bytes]
    fixed: Mapping[int, tuple[int, bytes]]
    names: Mapping[PropertyName, int]
    code_pages: tuple[str | None, str | None] = (None, None)
    remarks: list[Omission] = field(default_factory=list)

    def binary(self, key: int) -> bytes:
        return self.streams.get(f"{_STREAM}{key:04X}{_BINARY:04X}", b"")

    def binaries(self, key: int) -> list[bytes]:
        return [self.streams[name] for name in self._several(key, _BINARY)]

    def text(self, key: int) -> str:
        """The text, clean; of an 8-bit one in the charset that it states and that fits its bytes."""
        wide = self.streams.get(f"{_STREAM}{key:04X}{_STRING:04X}")
        if wide is not None:
            return _wide(wide)
        return self._narrow(self.streams.get(f"{_STREAM}{key:04X}{_STRING8:04X}", b""), key)

    def number(self, key: int) -> int | None:
        """A whole number, or 1 and 0 for true and false."""
        kind, value = self.fixed.get(key, (0, b""))
        return int(struct.unpack_from("<i", value)[0]) if kind in (_INT, _BOOL) else None

    def time(self, key: int) -> datetime | None:
        """A time in UTC; None if there is none, or none that a calendar knows."""
        kind, value = self.fixed.get(key, (0, b""))
        if kind != _TIME:
            return None
        with suppress(OverflowError):
            found = _EPOCH + timedelta(seconds=struct.unpack("<Q", value)[0] // _TICKS)
            return found if found.year < _NO_DATE and found != _EPOCH else None
        return None

    def shown(self, key: int) -> str:
        """A property of any type as a person reads it."""
        if text := self.text(key):
            return text
        if several := [_wide(self.streams[name]) for name in self._several(key, _STRING)]:
            return ", ".join(filter(None, several))
        if several := [self._narrow(self.streams[name], key) for name in self._several(key, _STRING8)]:
            return ", ".join(filter(None, several))
        if found := self.time(key):
            return f"{found:%Y-%m-%d}" if (found.hour, found.minute) == (0, 0) else f"{found:%Y-%m-%d %H:%M} UTC"
        kind, value = self.fixed.get(key, (0, b""))
        if kind == _BOOL:
            return "yes" if value[0] else "no"
        if kind in _NUMBERS:
            layout, divisor = _NUMBERS[kind]
            return f"{struct.unpack_from(layout, value)[0] / divisor:g}"
        return ""

    def recipients(self) -> list[OutlookItem]:
        return [self._part(one) for one in self.storage.iter_recipient_storages()]

    def attachments(self) -> list[OutlookItem]:
        return [self._part(one) for one in self.storage.iter_attachment_storages()]

    def message(self) -> OutlookItem | None:
        """The message that an attachment is; None for a file."""
        for one in self.storage.storages:
            if one.name.upper() == _MESSAGE_IN_ATTACHMENT and _PROPERTIES in _streams_of(one):
                return _item(one, _INNER, self.names, self.code_pages)
        return None

    def _part(self, storage: Storage) -> OutlookItem:
        streams = _streams_of(storage)
        return OutlookItem(storage, streams, _fixed(streams, _OTHER), self.names, self.code_pages, self.remarks)

    def _several(self, key: int, kind: int) -> list[str]:
        start = f"{_STREAM}{key:04X}{kind | _SEVERAL:04X}-"
        return sorted(name for name in self.streams if name.startswith(start))

    def _narrow(self, data: bytes, key: int) -> str:
        if not data.strip(b"\0 "):
            return ""
        body, other = self.code_pages
        try:
            text, _, omitted = decode(data.rstrip(b"\0"), charset=body if key == _BODY else other or body)
        except InputError as error:
            text, omitted = "", (Omission("unreadable", 0, f"property {key:#x}: {error}"[:200]),)
        self.remarks.extend(omitted)
        return text


def read(data: bytes) -> OutlookItem:
    """The message of a file. Raises OSError or ValueError if it is none, or damaged."""
    from olefile import OleFileIO  # type: ignore[import-untyped]
    from oxmsg.storage import Storage

    with OleFileIO(io.BytesIO(data)) as container:
        storage = Storage.from_ole(container)
    if _PROPERTIES not in _streams_of(storage):
        raise ValueError("no properties of a message in it")
    return _item(storage, _OUTER, _names(storage), (None, None))


def _item(
    storage: Storage, header: int, names: Mapping[PropertyName, int], outer: tuple[str | None, str | None]
) -> OutlookItem:
    streams = _streams_of(storage)
    bare = OutlookItem(storage, streams, _fixed(streams, header), names)
    body, other = (_charset(bare.number(key)) for key in (_BODY_CODE_PAGE, _CODE_PAGE))
    body, other = body or outer[0], other or outer[1]
    # A subject is too short to tell its charset, and the code page may be missing or wrong.
    found = _charset_of_body(streams, body or other) if other in (None, body) else None
    return replace(bare, code_pages=(found or body, found or other))


def _charset_of_body(streams: Mapping[str, bytes], stated: str | None) -> str | None:
    """The charset that an 8-bit body is really in, if it is not the stated one."""
    data = streams.get(f"{_STREAM}{_BODY:04X}{_STRING8:04X}", b"").rstrip(b"\0")
    if data.isascii():
        return None
    with suppress(InputError):
        _, metadata, omitted = decode(data, charset=stated)
        return str(metadata["encoding"]) if "encoding" in metadata and (omitted or stated is None) else None
    return None


def _streams_of(storage: Storage) -> dict[str, bytes]:
    return {one.name: one.bytes_ for one in storage.streams}


def _fixed(streams: Mapping[str, bytes], header: int) -> dict[int, tuple[int, bytes]]:
    """Type and eight bytes of each property."""
    properties = streams.get(_PROPERTIES, b"")
    found = {}
    for position in range(header, len(properties) - 15, 16):
        kind, key = struct.unpack_from("<HH", properties, position)
        found[key] = kind, properties[position + 8 : position + 16]
    return found


def _wide(data: bytes) -> str:
    return clean(data.decode("utf-16-le", "replace").rstrip("\0"))


def _charset(code_page: int | None) -> str | None:
    """The name of a code page; None for one that Python does not know."""
    from oxmsg.domain.encodings import encoding_from_codepage
    from oxmsg.domain.model import UnrecognizedCodePageError, UnsupportedEncodingError

    if code_page is None:
        return None
    with suppress(UnrecognizedCodePageError, UnsupportedEncodingError):
        return encoding_from_codepage(code_page)
    return None


def _names(storage: Storage) -> dict[PropertyName, int]:
    """The number, in this file, of each property that has a name."""
    found: dict[PropertyName, int] = {}
    table = next((one for one in storage.storages if one.name == "__nameid_version1.0"), None)
    streams = _streams_of(table) if table else {}
    groups, entries, texts = (streams.get(f"{_STREAM}000{n}{_BINARY:04X}", b"") for n in (2, 3, 4))
    for identifier, place, number in struct.iter_unpack("<IHH", entries[: len(entries) // 8 * 8]):
        group = _group(groups, place >> 1)
        name = _name(texts, identifier) if place & 1 else identifier
        if group is not None and name is not None:
            found[PropertyName(group, name)] = _FIRST_NAMED + number
    return found


def _group(groups: bytes, index: int) -> UUID | None:
    if index in (1, 2):
        return _MAPI if index == 1 else _PUBLIC_STRINGS
    data = groups[16 * (index - 3) : 16 * (index - 2)] if index > 2 else b""
    return UUID(bytes_le=data) if len(data) == 16 else None


def _name(texts: bytes, position: int) -> str | None:
    if position + 4 > len(texts):
        return None
    (size,) = struct.unpack_from("<I", texts, position)
    return texts[position + 4 : position + 4 + size].decode("utf-16-le", "replace")
