"""Files and parts of Word and PowerPoint whose bytes are another format than their name says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lake.parse.archive import lenient_xml
from lake.parse.data.word_xml import as_docx
from lake.parse.mail.mail import parse as parse_mail
from lake.parse.office.rtf import parse as parse_rtf
from lake.parse.web.html import parse as parse_html

if TYPE_CHECKING:
    from lake.parse.document import ParsedDocument

_PAGE = re.compile(rb"(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html|head|body)\b", re.I | re.S)
_MAIL = re.compile(rb"(?:MIME-Version|Content-Type|From|Message-ID):", re.I)
_WORD_XML = re.compile(rb"schemas\.microsoft\.com/office/(?:word/2003/wordml|2006/xmlPackage)")
_ZIP = b"PK\x03\x04"
_HEAD = 4096


def format_of(data: bytes) -> str:
    """The suffix of the format that the bytes are: RTF, a page, a saved page, Word in one XML file, a zip archive.

    Empty if they are none of these.
    """
    head = data[:_HEAD].removeprefix(b"\xef\xbb\xbf").lstrip()
    if data.startswith(_ZIP):
        return ".zip"
    if head.startswith(b"{\\rtf"):
        return ".rtf"
    if _PAGE.match(head):
        return ".html"
    if _WORD_XML.search(head):
        return ".xml"
    return ".mht" if _MAIL.match(head) else ""


def parse_as(data: bytes, found: str) -> ParsedDocument | None:
    """Read a format that ``format_of`` found, but for archives. Word in one XML file is given back as none."""
    if found == ".rtf":
        return parse_rtf(data, found)
    if found == ".html":
        return parse_html(data, found)
    return parse_mail(data, found) if found == ".mht" else None


def as_archive(data: bytes) -> bytes | None:
    """Word in one XML file as the archive that it would be; None if it is none."""
    root, _ = lenient_xml(data)
    return None if root is None else as_docx(root)
