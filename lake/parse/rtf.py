"""RTF: strips the control words and splits paragraphs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lake.errors import InputError
from lake.parse.canonical import TextWriter, clean, one_line

if TYPE_CHECKING:
    from lake.parse.document import ParsedDocument

_INFO = re.compile(r"\{\\(title|author) ([^{}\\]*)\}")


def parse(data: bytes, suffix: str) -> ParsedDocument:
    if not data.lstrip().startswith(b"{\\rtf"):
        raise InputError("not RTF: it does not begin with {\\rtf; check its suffix", "garbage")
    source = data.decode("latin-1")
    writer = TextWriter()
    # In RTF each line of the text is a paragraph.
    for line in _stripped(source).split("\n"):
        writer.add(line.strip())
    info = {name: one_line(value) for name, value in _INFO.findall(source[: 1 << 16])}
    return writer.finish(title=info.get("title") or None, author=info.get("author") or None)


def _stripped(source: str) -> str:
    from striprtf.striprtf import rtf_to_text

    return clean(str(rtf_to_text(source, encoding="cp1252", errors="replace")))  # type: ignore[no-untyped-call]
