"""Formats that raglake knows but can't read, each with an alternative; files that only bear their names are read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lake.errors import InputError
from lake.parse.data.json_text import parse as parse_xml
from lake.parse.mail.mail import parse as parse_mail
from lake.parse.office.office import parse as parse_office
from lake.parse.office.rtf import parse as parse_rtf
from lake.parse.web.html import parse as parse_html

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


#: What a file of Word or PowerPoint begins with that is another format, as programs on the web write them.
_PAGE = re.compile(rb"(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html|head|body)\b", re.I | re.S)
_MAIL = re.compile(rb"(?:MIME-Version|Content-Type|From|Message-ID):", re.I)
_WORD_XML = re.compile(rb"schemas\.microsoft\.com/office/(?:word/2003/wordml|2006/xmlPackage)")
_ZIPPED = {".doc": ".docx", ".dot": ".dotx", ".ppt": ".pptx", ".pps": ".ppsx"}
_ZIP = b"PK\x03\x04"


def parse(data: bytes, suffix: str) -> ParsedDocument:
    """Read a document of Word or PowerPoint whose bytes are another format. Raises InputError for all others."""
    if suffix in _ZIPPED:
        head = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
        if head.startswith(b"{\\rtf"):
            return parse_rtf(data, ".rtf")
        if data.startswith(_ZIP):
            return parse_office(data, _ZIPPED[suffix])
        if _PAGE.match(head):
            return parse_html(data, ".html")
        if _WORD_XML.search(head):
            return parse_xml(data, ".xml")
        if _MAIL.match(head):
            return parse_mail(data, ".mht")
    raise InputError(f"the format of {suffix} files is not readable here; {_CURES[suffix]}", "unsupported")
