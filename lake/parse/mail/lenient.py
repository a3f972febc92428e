"""Internet mail read in spite of mistakes that programs make in its structure."""

from __future__ import annotations

import re
from email import policy
from email.message import Message
from email.parser import BytesParser

_ENCODING = re.compile(r"[\s\"']*(quoted[-_ ]?printable|base[-_ ]?64|x-uuencode|uuencode|uue|x-uue)\b", re.IGNORECASE)
#: A line that may begin a part, and a field of the part's own header below it.
_BEGINNING = re.compile(
    rb'^--(?!-)([^\s"\\-][^\n"\\]{0,198}?)[ \t]*\r?\n(?=Content-[A-Za-z-]+:)', re.MULTILINE | re.IGNORECASE
)


def parsed_mail(data: bytes) -> Message:
    """The mail that the bytes are, with encodings and boundaries as they must have been meant."""
    message = BytesParser(policy=policy.compat32).parsebytes(data.lstrip())
    waiting = [message]
    while waiting:
        part = waiting.pop()
        _mend_encoding(part)
        if part.get_content_maintype() == "multipart" and isinstance(part.get_payload(), str):
            _mend_boundary(part)
        inner = part.get_payload()
        waiting += [one for one in inner if isinstance(one, Message)] if isinstance(inner, list) else []
    return message


def _mend_encoding(part: Message) -> None:
    """State how a part is encoded in the word that ``email`` knows: not ``Base64;``, nor with a comment."""
    stated = str(part.get("content-transfer-encoding", ""))
    if match := _ENCODING.match(stated):
        word = match[1].lower()
        plain = "base64" if word.startswith("base") else "quoted-printable" if word.startswith("quoted") else word
        if stated != plain:
            part.replace_header("content-transfer-encoding", plain)


def _mend_boundary(part: Message) -> None:
    """Find the boundary of parts that the header does not state, or states otherwise."""
    body = part.get_payload(decode=True)
    if isinstance(body, bytes) and (match := _BEGINNING.search(body)):
        head = b'Content-Type: multipart/mixed; boundary="%s"\n\n' % match[1]
        inner = BytesParser(policy=policy.compat32).parsebytes(head + body)
        if isinstance(inner.get_payload(), list):
            part.set_payload(inner.get_payload())
            part.preamble, part.epilogue = inner.preamble, inner.epilogue
