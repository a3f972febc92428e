"""Mail (eml, msg) and pages saved as mail (mht): text parts are read in order, all others named."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lake.errors import InputError
from lake.parse.mail import outlook
from lake.parse.mail.lenient import parsed_mail
from lake.parse.mail.mail_parts import header
from lake.parse.mail.mail_writer import Mail
from lake.parse.text import decode

if TYPE_CHECKING:
    from lake.parse.document import ParsedDocument

_ENVELOPE = ("from", "to", "cc", "subject", "date", "received", "message-id", "mime-version", "content-type")

#: What Apple Mail writes before a message: the number of its bytes, which settings follow.
_COUNTED = re.compile(rb"\s*(\d{1,10})\s*\n")


def parse(data: bytes, suffix: str) -> ParsedDocument:
    if suffix in (".msg", ".oft"):
        return outlook.parse(data)
    if suffix == ".emlx" and (counted := _COUNTED.match(data)):
        data = data[counted.end() :][: int(counted[1])]
    if data.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        data = decode(data).text.encode()
    data = data.lstrip()
    # A mailbox's quotation mark before its own line of the envelope.
    message = parsed_mail(data[data.startswith(b">From ") :])
    if not any(name in message for name in _ENVELOPE):
        raise InputError("no mail header such as From or Subject; check the file's suffix", "garbage")
    mail = Mail()
    subject = header(message, "subject")
    mail.head(subject)
    mail.part(message)
    headers = {name: value for name in ("to", "cc", "date") if (value := header(message, name))}
    return mail.finish(subject, header(message, "from"), headers)
