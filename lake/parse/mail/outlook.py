"""Outlook messages (msg): bodies, fields, and attachments by the rules of other mail; messages inside are kept."""

from __future__ import annotations

import re
from base64 import b64encode
from email.message import Message
from typing import TYPE_CHECKING

from lake.errors import InputError
from lake.parse.canonical import one_line
from lake.parse.mail import mapi
from lake.parse.mail.lenient import parsed_mail
from lake.parse.mail.mail_parts import header
from lake.parse.mail.mail_writer import MAX_DEPTH, Mail
from lake.parse.mail.outlook_fields import fields
from lake.parse.mail.packed_rtf import DAMAGED
from lake.parse.web import html

if TYPE_CHECKING:
    from lake.parse.document import ParsedDocument
    from lake.parse.mail.mapi import OutlookItem

_SIGNED = re.compile(rb"\s*(?:[A-Za-z-]+:[^\n]*\n(?:[ \t][^\n]*\n)*){0,20}?content-type:\s*multipart/signed\b", re.I)
_SUBJECT, _NAME, _HEADERS = 0x0037, 0x3001, 0x007D
_TEXT, _HTML, _RTF = 0x1000, 0x1013, 0x1009
_SENT, _RECEIVED = 0x0039, 0x0E06
_SENDER, _SENDER_SMTP, _SENDER_ADDRESS, _REPRESENTED = 0x0C1A, 0x5D01, 0x0C1F, 0x0042
_KIND_OF_RECIPIENT, _SMTP, _ADDRESS = 0x0C15, 0x39FE, 0x3003
#: The property that lists recipients of a kind if they are not stored one by one.
_RECIPIENTS = {"to": (1, 0x0E04), "cc": (2, 0x0E03)}
_DATA, _LONG_NAME, _SHORT_NAME, _EXTENSION, _TYPE, _ELSEWHERE = 0x3701, 0x3707, 0x3704, 0x3703, 0x370E, 0x370D


def parse(data: bytes) -> ParsedDocument:
    try:
        item = mapi.read(data)
    except DAMAGED as error:
        reason = f"{type(error).__name__}: {error}"[:200]
        raise InputError(f"not a readable Outlook message ({reason}); save it again or as .eml", "garbage") from error
    mail, subject, facts = Mail(), _subject(item), _facts(item)
    mail.head(subject)
    _write(item, mail, 0)
    author = facts.pop("from", "")
    return mail.finish(subject, author, facts)


def _subject(item: OutlookItem) -> str:
    return one_line(item.text(_SUBJECT) or item.text(_NAME))


def _facts(item: OutlookItem) -> dict[str, str]:
    """Sender, recipients and date, as far as they are stated."""
    headers = parsed_mail(item.text(_HEADERS).encode())
    sent = item.time(_SENT) or item.time(_RECEIVED)
    stated = {"from": header(headers, "from") or _sender(item)}
    people = item.recipients()
    for name, (kind, listed) in _RECIPIENTS.items():
        found = [_person(one) for one in people if (one.number(_KIND_OF_RECIPIENT) or 1) == kind]
        stated[name] = ", ".join(filter(None, found)) or item.text(listed)
    stated["date"] = sent.isoformat() if sent else ""
    return {name: one_line(value) for name, value in stated.items() if value.strip()}


def _sender(item: OutlookItem) -> str:
    name, address = item.text(_SENDER), item.text(_SENDER_SMTP) or item.text(_SENDER_ADDRESS)
    quoted = f'"{name.strip()}" ' if name.strip() else ""
    return f"{quoted}<{address}>" if address else name or item.text(_REPRESENTED)


def _person(recipient: OutlookItem) -> str:
    name, address = recipient.text(_NAME), recipient.text(_SMTP) or recipient.text(_ADDRESS)
    return f"{name} <{address}>" if name or address else ""


def _write(item: OutlookItem, mail: Mail, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise InputError(f"messages nested more than {MAX_DEPTH} deep; save the inner messages as files", "too_deep")
    facts = "\n".join(fields(item))
    mail.writer.read(facts)
    mail.writer.add(facts)
    _write_bodies(item, mail)
    mail.writer.note(item.remarks)
    for attachment in item.attachments():
        _attach(attachment, mail, depth + 1)


def _write_bodies(item: OutlookItem, mail: Mail) -> None:
    """The plain body and the page, each word once; the RTF body if there is neither."""
    bodies = [Mail(), Mail()]
    text = item.text(_TEXT)
    if text.strip():
        bodies[0].plain(text)
    if page := item.binary(_HTML):
        bodies[1].page(page, item.code_pages[0])
    elif source := item.text(_HTML):
        bodies[1].writer.document(html.from_text(source, whole=True))
    mail.is_closed |= any(one.is_closed for one in bodies)
    mail.versions([one.writer.finish() for one in bodies])
    mail.names += [name for one in bodies for name in one.names]
    packed = item.binary(_RTF)
    if packed and not any(one.writer.n_blocks for one in bodies):
        mail.compressed_rtf(packed)


def _attach(attachment: OutlookItem, mail: Mail, depth: int) -> None:
    name = one_line(attachment.text(_LONG_NAME) or attachment.text(_SHORT_NAME) or attachment.text(_NAME))
    name = name or (f"unnamed{end}" if (end := one_line(attachment.text(_EXTENSION))) else "")
    if inner := attachment.message():
        mail.names.append(name or _subject(inner) or "unnamed")
        facts = "\n".join(f"{key.capitalize()}: {value}" for key, value in _facts(inner).items())
        mail.head(_subject(inner), 2, facts)
        _write(inner, mail, depth)
    elif data := attachment.binary(_DATA):
        mail.part(_part(name or "unnamed", attachment.text(_TYPE).strip().lower(), data), depth)
    else:
        mail.attachment(name or one_line(attachment.text(_ELSEWHERE)) or "unnamed")


def _part(name: str, kind: str, data: bytes) -> Message:
    """An attached file as a part of other mail."""
    if kind.startswith("multipart/") or _SIGNED.match(data):
        # The whole of a signed message, which Outlook attaches to an empty one.
        return parsed_mail(data)
    part = Message()
    part["Content-Type"] = kind if kind.count("/") == 1 else "application/octet-stream"
    part["Content-Transfer-Encoding"] = "base64"
    part.add_header("Content-Disposition", "attachment", filename=("utf-8", "", name))
    part.set_payload(b64encode(data).decode())
    return part
