"""Mail (eml, msg): the subject is the title, the plain body is preferred to HTML, attachments are named."""

from __future__ import annotations

import io
import re
from email import policy
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser
from itertools import groupby
from typing import TYPE_CHECKING, Any

from lake.errors import InputError
from lake.parse import html
from lake.parse.canonical import TextWriter, clean, one_line, paragraphs

if TYPE_CHECKING:
    from lake.parse.document import Kind, ParsedDocument

_ENVELOPE = ("from", "to", "cc", "subject", "date", "received", "message-id", "mime-version", "content-type")
_QUOTED = re.compile(r"^\s*>", re.MULTILINE)


def parse(data: bytes, suffix: str) -> ParsedDocument:
    return _from_outlook(data) if suffix == ".msg" else _from_internet_message(data)


def _from_internet_message(data: bytes) -> ParsedDocument:
    message = BytesParser(policy=policy.default).parsebytes(data.lstrip())
    if not isinstance(message, EmailMessage) or not any(name in message for name in _ENVELOPE):
        raise InputError("no mail header such as From or Subject; check the file's suffix", "garbage")
    names = [one_line(part.get_filename() or part.get_content_type()) for part in message.iter_attachments()]
    body = message.get_body(preferencelist=("plain",))
    text = _content(body) if body else ""
    page = message.get_body(preferencelist=("html",))
    headers = {name: _header(message, name) for name in ("subject", "from", "to", "cc", "date")}
    return _mail(headers, text, "" if text.strip() or page is None else _content(page), names)


def _header(message: EmailMessage, name: str) -> str:
    try:
        return one_line(clean(str(message.get(name) or "")))
    except (ValueError, TypeError, AttributeError, IndexError, LookupError):
        # The stdlib's header parser fails on some malformed addresses; the raw words are still usable.
        raw = next((value for key, value in message.raw_items() if key.lower() == name), "")
        return one_line(clean(str(raw)))


def _content(part: MIMEPart) -> str:
    """Decoded text of a part, even if its charset is unknown or wrong."""
    try:
        content = part.get_content()
    except (LookupError, ValueError, AssertionError):
        content = part.get_payload(decode=True) or b""
    return clean(content if isinstance(content, str) else bytes(content).decode("utf-8", "replace"))


def _from_outlook(data: bytes) -> ParsedDocument:
    message = _outlook_message(data)
    headers = {
        "subject": message.subject,
        "from": message.sender,
        "to": ", ".join(f"{person.name} <{person.email_address}>" for person in message.recipients),
        "date": message.sent_date.isoformat() if message.sent_date else "",
    }
    names = [one_line(part.file_name or "unnamed") for part in message.attachments]
    text = clean(message.body or "")
    page = "" if text.strip() else clean(message.html_body or "")
    return _mail({name: one_line(clean(value or "")) for name, value in headers.items()}, text, page, names)


def _outlook_message(data: bytes) -> Any:
    from oxmsg import Message

    try:
        message = Message.load(io.BytesIO(data))
        # Properties are read lazily, so a damaged container fails only now.
        _ = message.subject, message.body, message.html_body, message.sent_date
    except (OSError, ValueError, KeyError, IndexError, AttributeError, TypeError, ArithmeticError) as error:
        reason = f"{type(error).__name__}: {error}"[:200]
        raise InputError(f"not a readable Outlook message ({reason}); save it again or as .eml", "garbage") from error
    return message


def _mail(headers: dict[str, str], text: str, page: str, attachments: list[str]) -> ParsedDocument:
    writer = TextWriter()
    writer.heading(headers["subject"], 1)
    before = writer.n_blocks
    _write_text(text, writer)
    if page.strip():
        writer.document(html.from_text(page))
    if writer.n_blocks == before:
        held = f"only attachments {attachments}; save these as files" if attachments else "and no attachment"
        raise InputError(f"no text in the body, {held}", "no_text")
    metadata: dict[str, object] = {name: headers[name] for name in ("to", "cc", "date") if headers.get(name)}
    if attachments:
        metadata["attachments"] = attachments
    return writer.finish(title=headers["subject"] or None, author=headers["from"] or None, metadata=metadata)


def _write_text(text: str, writer: TextWriter) -> None:
    for block in paragraphs(text):
        lines = text[block.start : block.end].split("\n")
        for quoted, run in groupby(lines, key=lambda line: bool(_QUOTED.match(line))):
            kind: Kind = "quote" if quoted else "paragraph"
            writer.add("\n".join(run), kind)
