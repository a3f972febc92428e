"""Formats that raglake knows but can't read, each with an alternative; files that only bear their names are read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lake.errors import InputError
from lake.parse import code
from lake.parse.office.disguised import format_of
from lake.parse.office.office import parse as parse_office

if TYPE_CHECKING:
    from lake.parse.document import ParsedDocument

_OFFICE = {
    **dict.fromkeys((".doc", ".dot", ".wps", ".wpd", ".abw", ".hwp", ".pages"), "docx"),
    **dict.fromkeys((".ppt", ".pps", ".key"), "pptx"),
    ".numbers": "xlsx",
    **dict.fromkeys((".vsd", ".vsdx", ".pub"), "pdf"),
}
_CURES = {
    **{suffix: f"convert it to {kind} (soffice --convert-to {kind})" for suffix, kind in _OFFICE.items()},
    **dict.fromkeys((".mobi", ".azw", ".azw3"), "convert it to epub (ebook-convert BOOK BOOK.epub, of Calibre)"),
    ".chm": "convert it to epub (ebook-convert FILE FILE.epub, of Calibre)",
    ".djvu": "convert it to pdf (ddjvu -format=pdf FILE FILE.pdf)",
    **dict.fromkeys((".ps", ".eps"), "convert it to pdf (ps2pdf FILE)"),
    **dict.fromkeys((".xps", ".oxps"), "convert it to pdf (mutool convert -o FILE.pdf FILE)"),
    ".one": "export its pages as docx or pdf from OneNote",
    ".pst": "convert it to mailboxes (readpst FILE), and ingest these as sources: raglake ingest mail=mbox:FILE",
    **dict.fromkeys((".zip", ".7z", ".rar", ".tar", ".tgz"), "unpack it into a folder of the source"),
}

#: The beginning of a diagram for Graphviz, which shares its suffix with templates of Word.
_GRAPH = re.compile(
    rb"(?:\s|//[^\n]*\n|#[^\n]*\n|/\*.*?\*/)*(?:strict\s+)?(?:di)?graph\b[^{;\x00]{0,200}\{", re.S | re.I
)
_ZIPPED = {".doc": ".docx", ".dot": ".dotx", ".ppt": ".pptx", ".pps": ".ppsx"}


def parse(data: bytes, suffix: str) -> ParsedDocument:
    """Read a document of Word or PowerPoint whose bytes are another format. Raises InputError for all others."""
    if suffix == ".dot" and _GRAPH.match(data):
        return code.parse(data, ".gv")
    found = format_of(data) if suffix in _ZIPPED else ""
    if found:
        return parse_office(data, _ZIPPED[suffix])
    raise InputError(f"the format of {suffix} files is not readable here; {_CURES[suffix]}", "unsupported")
