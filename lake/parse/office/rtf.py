"""RTF: paragraphs, headings, lists and tables, with notes, comments and text boxes after their paragraph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lake.errors import InputError
from lake.parse.account import word_counts
from lake.parse.canonical import TextWriter, one_line
from lake.parse.office.rtf_reader import RtfItem, RtfReader

if TYPE_CHECKING:
    from lake.parse.document import ParsedDocument

_LONGEST_HEADING = 300


def parse(data: bytes, suffix: str) -> ParsedDocument:
    data = data.removeprefix(b"\xef\xbb\xbf")
    if not data.lstrip().startswith(b"{\\rtf"):
        raise InputError("not RTF: it does not begin with {\\rtf; check its suffix", "garbage")
    reader = RtfReader(data.decode("latin-1"))
    items = reader.items()
    writer = TextWriter()
    margins, metadata = _margins(reader, items, writer)
    _write([*margins, *items], writer)
    writer.read("".join([*reader.read, *reader.taken]).encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    for kind, text, place in reader.omitted:
        writer.omit(kind, text, place)
    return writer.finish(
        title=reader.info.get("title") or None, author=reader.info.get("author") or None, metadata=metadata
    )


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
