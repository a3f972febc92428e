"""Outlook messages (msg): the plain body, else the HTML or RTF one; attached messages in place, attachments named."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Any

from lake.errors import InputError
from lake.parse.canonical import clean, one_line
from lake.parse.mail.mail_writer import Mail
from lake.parse.office import rtf
from lake.parse.text import decode
from lake.parse.web import html

if TYPE_CHECKING:
    from lake.parse.document import ParsedDocument

_HTML, _RTF = 0x1013, 0x1009
_DAMAGED = (OSError, ValueError, KeyError, IndexError, AttributeError, TypeError, ArithmeticError, struct.error)
#: What the dictionary of compressed RTF holds at first, by its specification (MS-OXRTFCP).
_DICTIONARY = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans Serif"
    rb"SymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0" + b"\r\n" + rb"\par \pard\plain\f0\fs20\b\i\u\tab"
    rb"\tx"
)
_WINDOW = 4096
_MOST_RTF = 64 << 20


def parse(data: bytes) -> ParsedDocument:
    message = _message(data)
    headers = {
        "subject": message.subject,
        "from": message.sender,
        "to": ", ".join(f"{person.name} <{person.email_address}>" for person in message.recipients),
        "date": message.sent_date.isoformat() if message.sent_date else "",
    }
    stated = {name: one_line(clean(value or "")) for name, value in headers.items()}
    mail = Mail()
    mail.head(stated["subject"])
    _write_body(message, mail)
    for part in message.attachments:
        mail.attachment(one_line(clean(part.file_name or "unnamed")))
    return mail.finish(stated["subject"], stated["from"], {k: stated[k] for k in ("to", "date") if stated[k]})


def _message(data: bytes) -> Any:
    from oxmsg import Message

    try:
        message = Message.load(io.BytesIO(data))
        # Properties are read lazily, so a damaged container fails only now.
        _ = message.subject, message.body, message.sent_date
    except _DAMAGED as error:
        reason = f"{type(error).__name__}: {error}"[:200]
        raise InputError(f"not a readable Outlook message ({reason}); save it again or as .eml", "garbage") from error
    return message


def _write_body(message: Any, mail: Mail) -> None:
    text = clean(message.body or "")
    if text.strip():
        return mail.plain(text)
    page = message.properties.binary_prop_value(_HTML)
    if page:
        source, metadata, omitted = decode(page, declared=True, charset=_charset(message))
        mail.writer.note(omitted)
        return mail.writer.document(html.from_text(source, metadata, whole=True))
    if source := _page(message):
        return mail.writer.document(html.from_text(clean(source), whole=True))
    if packed := message.properties.binary_prop_value(_RTF):
        try:
            mail.writer.document(rtf.parse(unpacked(packed), ".rtf"))
        except (InputError, *_DAMAGED) as error:
            mail.writer.omit("unreadable", "", f"RTF body: {error}"[:200])
    return None


def _page(message: Any) -> str:
    try:
        return str(message.html_body or "")
    except _DAMAGED:
        return ""


def _charset(message: Any) -> str | None:
    try:
        return str(message.properties.body_encoding)
    except _DAMAGED:
        return None


def unpacked(data: bytes) -> bytes:
    """RTF as Outlook stores it, decompressed. Raises InputError or struct.error if it is damaged."""
    _, n_raw, kind, _ = struct.unpack("<IIII", data[:16])
    if n_raw > _MOST_RTF:
        raise InputError(f"{n_raw:,} bytes of RTF; save the message as .eml", "too_large")
    if kind == 0x414C454D:
        return data[16 : 16 + n_raw]
    window = bytearray(_DICTIONARY.ljust(_WINDOW, b"\0"))
    end, found, position = len(_DICTIONARY), bytearray(), 16
    while position < len(data):
        flags, position = data[position], position + 1
        for bit in range(8):
            if position >= len(data) or len(found) > n_raw:
                return bytes(found)
            if flags >> bit & 1:
                (reference,) = struct.unpack(">H", data[position : position + 2])
                position += 2
                offset, length = reference >> 4, (reference & 15) + 2
                if offset == end % _WINDOW:
                    return bytes(found)
                run = (offset + i for i in range(length))
            else:
                window[end % _WINDOW] = data[position]
                found.append(data[position])
                position, end = position + 1, end + 1
                continue
            for place in run:
                byte = window[place % _WINDOW]
                window[end % _WINDOW] = byte
                found.append(byte)
                end += 1
    return bytes(found)
