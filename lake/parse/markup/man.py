"""Manual pages of Unix, in roff with the macros man or mdoc."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lake.parse.markup.man_reader import MAN_REQUESTS, ManReader
from lake.parse.markup.man_words import reading
from lake.parse.markup.mdoc_blocks import MDOC_BLOCKS
from lake.parse.markup.misplaced_rights import misplaced_rights
from lake.parse.text import decode
from lake.parse.text import parse as parse_text

if TYPE_CHECKING:
    from lake.parse.document import ParsedDocument

_MACRO = re.compile(r"^[.'][ \t]*(?:TH|Dd|Dt|SH|Sh|NH|TL|so)(?:[ \t]|$)", re.MULTILINE)


def parse(data: bytes, suffix: str) -> ParsedDocument:
    """Read a manual page; a text without its macros, such as a log that was set aside as ``.1``, is plain text."""
    text, metadata, omitted = decode(data)
    if not _MACRO.search(text):
        return parse_text(data, suffix)
    rights = misplaced_rights(text)
    reader = ManReader(text, {**MAN_REQUESTS, **MDOC_BLOCKS})
    reader.read()
    return reader.writer.finish(
        title=reader.title or None,
        metadata={**metadata, **reader.stated, **rights.fields},
        omitted=(*omitted, *rights.omitted),
        source_text=reading(text),
    )
