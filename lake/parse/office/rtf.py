"""RTF: paragraphs, headings, lists and tables, with notes, comments and text boxes after their paragraph.

A page or a plain text that Outlook put into RTF is read as what it was.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lake.errors import InputError
from lake.parse.account import word_counts
from lake.parse.canonical import TextWriter, one_line
from lake.parse.office.rtf_encapsulated import EncapsulatedReader, kind_of
from lake.parse.office.rtf_parts import RtfItem
from lake.parse.office.rtf_reader import RtfReader
from lake.parse.web import html

if TYPE_CHECKING:
    from lake.parse.document import ParsedDocument

_LONGEST_HEADING = 300
_BLANK_LINES = re.compile(r"\n\s*\n")


def parse(data: bytes, suffix: str) -> ParsedDocument:
    data = data.removeprefix(b"\xef\xbb\xbf")
    if not data.lstrip().startswith(b"{\\rtf"):
        raise InputError("not RTF: it does not begin with {\\rtf; check its suffix", "garbage")
    source = data.decode("latin-1")
    if (kind := kind_of(source)) and (found := _encapsulated(source, kind)) is not None:
        return found
    reader = RtfReader(source)
    items = reader.items()
    writer = TextWriter()
    margins, metadata = _margins(reader, items, writer)
    _write([*margins, *items], writer)
    writer.read(
        "".join([*reader.text.read, *reader.text.taken]).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )
    for kind, text, place in reader.text.omitted:
        writer.omit(kind, text, place)
    return writer.finish(
        title=reader.info.get("title") or None, author=reader.info.get("author") or None, metadata=metadata
    )


def _encapsulated(source: str, kind: str) -> ParsedDocument | None:
    """The page or the plain text that the RTF was made of; None if there is none after all."""
    text = EncapsulatedReader(source).source()
    if kind == "html":
        page = html.from_text(text, whole=True)
        return page if page.blocks else None
    writer = TextWriter()
    for paragraph in _BLANK_LINES.split(text):
        writer.add(paragraph)
    writer.read(text)
    return writer.finish() if writer.n_blocks else None


def _margins(reader: RtfReader, body: list[RtfItem], writer: TextWriter) -> tuple[list[RtfItem], dict[str, object]]:
    """Headers and footers that have a word which the body lacks, each once; all of them as metadata."""
    known = set(word_counts("\n".join(item.all_text for item in body)))
    metadata: dict[str, list[str]] = {}
    kept: list[RtfItem] = []
    for kind, margins in reader.margins.items():
        for items, has_pages in margins:
            text = "\n".join(item.all_text for item in items)
            metadata.setdefault(kind, []).append(one_line(text))
            counts = word_counts(text)
            if set(counts) - known and not (has_pages and counts.total() <= 3):
                kept += items
                known |= set(counts)
            else:
                writer.omit("running_line", text, f"{kind} of pages")
    return kept, {name: list(dict.fromkeys(texts)) for name, texts in metadata.items()}


def _write(items: list[RtfItem], writer: TextWriter) -> None:
    lines: list[str] = []
    for item in (*items, RtfItem("")):
        if item.depth is not None:
            lines.append(f"{'  ' * item.depth}- {item.text}")
            continue
        writer.add("\n".join(lines), "list")
        lines = []
        if item.rows is not None:
            writer.table(item.rows)
        elif item.level and len(item.text) <= _LONGEST_HEADING:
            writer.heading(item.text, item.level)
        else:
            writer.add(item.text.strip())
