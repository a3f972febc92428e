"""What Outlook packs into winmail.dat (TNEF, MS-OXTNEF): bodies and the names of attached files."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import repeat

from lake.errors import InputError
from lake.parse.canonical import clean, one_line

_SIGNATURE = 0x223E9F78
_BODY, _PROPERTIES, _RENDER, _TITLE, _ATTACHMENT = 0x800C, 0x9003, 0x9002, 0x8010, 0x9005
_TEXT, _RTF, _PAGE, _SHORT_NAME, _LONG_NAME = 0x1000, 0x1009, 0x1013, 0x3704, 0x3707
_STRING, _WIDE_STRING, _OBJECT, _BINARY = 0x1E, 0x1F, 0x0D, 0x102
_SEVERAL = 0x1000
#: Bytes of a property's value by its type, padded to four.
_SIZES = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 10: 4, 11: 4, 0x14: 8, 0x40: 8, 0x48: 16}


@dataclass(slots=True)
class Packed:
    """The plain body, the page, the compressed RTF, and the names of files. What is missing is empty."""

    text: str = ""
    page: bytes = b""
    rtf: bytes = b""
    names: list[str] = field(default_factory=list)


def read(data: bytes) -> Packed:
    """Read the attributes of a winmail.dat. Raises InputError if it is none, or damaged."""
    found = Packed()
    try:
        for kind, value in _attributes(data):
            _take(kind, value, found)
    except (struct.error, IndexError) as error:
        raise InputError(
            f"the end of winmail.dat is missing ({error}); save its files in Outlook", "truncated"
        ) from error
    return found


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    if len(data) < 6 or struct.unpack_from("<I", data)[0] != _SIGNATURE:
        raise InputError("not packed by Outlook as its name states; save its files in Outlook", "garbage")
    position = 6
    while position < len(data):
        _, kind, size = struct.unpack_from("<BII", data, position)
        position += 9
        if position + size > len(data):
            raise struct.error(f"{len(data):,} bytes are here")
        yield kind & 0xFFFF, data[position : position + size]
        position += size + 2


def _take(kind: int, value: bytes, found: Packed) -> None:
    if kind == _BODY:
        found.text = found.text or _string(value)
    elif kind == _RENDER:
        found.names.append("unnamed")
    elif kind == _TITLE and found.names:
        found.names[-1] = one_line(clean(_string(value))) or "unnamed"
    elif kind == _ATTACHMENT and found.names:
        named = {key: held for key, held in _properties(value) if key in (_SHORT_NAME, _LONG_NAME)}
        name = named.get(_LONG_NAME) or named.get(_SHORT_NAME)
        found.names[-1] = one_line(clean(str(name))) if name else found.names[-1]
    elif kind == _PROPERTIES:
        for key, held in _properties(value):
            if key == _TEXT and isinstance(held, str):
                found.text = held
            elif key == _PAGE:
                found.page = held.encode() if isinstance(held, str) else held
            elif key == _RTF and isinstance(held, bytes):
                found.rtf = held


def _properties(data: bytes) -> Iterator[tuple[int, str | bytes]]:
    """Ids and values of the properties that are texts or bytes."""
    (count,) = struct.unpack_from("<I", data)
    position = 4
    for _ in range(count):
        kind, key = struct.unpack_from("<HH", data, position)
        position = _after_name(data, position + 4) if key >= 0x8000 else position + 4
        several, kind = kind & _SEVERAL, kind & ~_SEVERAL
        is_long = kind in (_STRING, _WIDE_STRING, _OBJECT, _BINARY)
        n_values = 1
        if several or is_long:
            (n_values,) = struct.unpack_from("<I", data, position)
            position += 4
        if not is_long:
            if kind not in _SIZES:
                raise struct.error(f"a property of the unknown type {kind:#x}")
            position += _SIZES[kind] * n_values
            continue
        for _ in repeat(None, min(n_values, len(data))):
            (size,) = struct.unpack_from("<I", data, position)
            value = data[position + 4 : position + 4 + size]
            position += 4 + _padded(size)
            yield key, value if kind in (_OBJECT, _BINARY) else _string(value, is_wide=kind == _WIDE_STRING)


def _after_name(data: bytes, position: int) -> int:
    """The place after the name of a property that has one: a GUID, then a number or a text."""
    (is_text,) = struct.unpack_from("<I", data, position + 16)
    (size,) = struct.unpack_from("<I", data, position + 20) if is_text else (0,)
    return position + 24 + _padded(size)


def _padded(size: int) -> int:
    return -(-size // 4) * 4


def _string(value: bytes, *, is_wide: bool = False) -> str:
    if is_wide:
        return value.decode("utf-16-le", "replace").rstrip("\0")
    value = value.rstrip(b"\0")
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("cp1252", "replace")
