"""Outlook messages (msg): the plain body with what the page says more, else the RTF one; attachments are named."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from lake.errors import InputError
from lake.parse.canonical import clean, one_line
from lake.parse.mail.mail_writer import Mail
from lake.parse.mail.packed_rtf import DAMAGED
from lake.parse.web import html

if TYPE_CHECKING:
    from lake.parse.document import ParsedDocument

_HTML, _RTF = 0x1013, 0x1009


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
    except DAMAGED as error:
        reason = f"{type(error).__name__}: {error}"[:200]
        raise InputError(f"not a readable Outlook message ({reason}); save it again or as .eml", "garbage") from error
    return message


def _write_body(message: Any, mail: Mail) -> None:
    """The plain body and the page, each word once; the RTF body if there is neither."""
    bodies = [Mail(), Mail()]
    text = clean(message.body or "")
    if text.strip():
        bodies[0].plain(text)
    page = message.properties.binary_prop_value(_HTML)
    if page:
        bodies[1].page(page, _charset(message))
    elif source := _page(message):
        bodies[1].writer.document(html.from_text(clean(source), whole=True))
    mail.versions([one.writer.finish() for one in bodies])
    mail.names += [name for one in bodies for name in one.names]
    packed = message.properties.binary_prop_value(_RTF)
    if packed and not any(one.writer.n_blocks for one in bodies):
        mail.compressed_rtf(packed)


def _page(message: Any) -> str:
    try:
        return str(message.html_body or "")
    except DAMAGED:
        return ""


def _charset(message: Any) -> str | None:
    try:
        return str(message.properties.body_encoding)
    except DAMAGED:
        return None
