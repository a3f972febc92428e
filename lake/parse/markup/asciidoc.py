"""AsciiDoc by a reader of our own: there is no maintained one in Python, and one in Ruby would need another runtime."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lake.parse.canonical import TextWriter
from lake.parse.document import ParsedDocument
from lake.parse.markup.asciidoc_inline import Attributes, Inline
from lake.parse.markup.asciidoc_lines import HEADING
from lake.parse.markup.asciidoc_lists import item_of
from lake.parse.markup.asciidoc_reader import AsciidocReader
from lake.parse.markup.asciidoc_source import ATTRIBUTE, COMMENT, reading, underlined
from lake.parse.markup.front_matter import split_front_matter
from lake.parse.text import decode

_REVISION = re.compile(r"v?\d[\w.]*(?:,|$)|.*\d{4}")
_AUTHOR = re.compile(r"[^\W\d_][\w.'-]*(?: [\w.'-]+){0,3}(?:\s+<[^<>]+>)?(?:;\s*[^;]+)*\s*$")


def parse(data: bytes, suffix: str) -> ParsedDocument:
    text, metadata, omitted = decode(data)
    stated, body, of_fields = split_front_matter(text)
    writer = TextWriter()
    reader = AsciidocReader(writer, Inline(Attributes(len(body))))
    lines = body.split("\n")
    at, title, author = _header(reader, lines)
    reader.blocks(lines[at:])
    reader.end()
    known = reader.inline.attributes
    described = {name: known[name] for name in ("description", "keywords", "revision") if name in known}
    return writer.finish(
        title=str(stated.pop("title", "")) or title or None,
        author=str(stated.pop("author", "")) or author or None,
        language=reader.inline.attributes.get("lang"),
        metadata={**metadata, **described, **stated},
        omitted=(*omitted, *of_fields),
        source_text=reading(body, Attributes(len(body), known)),
    )


def _header(reader: AsciidocReader, lines: Sequence[str]) -> tuple[int, str, str]:
    """The line after the document's title, author, revision and attributes; title and author."""
    at, title, author = 0, "", ""
    while at < len(lines):
        line = lines[at]
        if ATTRIBUTE.match(line):
            at = reader.attribute(lines, at)
        elif COMMENT.match(line) and not line.startswith("///"):
            reader.writer.omit("hidden", line, "comments")
            at += 1
        elif not line.strip() and not title:
            at += 1
        elif not title and (found := _title_of(lines, at)):
            title, at = found
            if at < len(lines) and _AUTHOR.match(lines[at]) and not item_of(lines[at]):
                author = re.sub(r"\s*<[^<>]*>", "", lines[at]).strip()
                reader.inline.attributes.setdefault("author", author)
                reader.writer.omit("hidden", lines[at], "author and revision")
                at += 1
                if at < len(lines) and lines[at].strip() and _REVISION.match(lines[at]):
                    reader.inline.attributes.setdefault("revision", lines[at].strip())
                    reader.writer.omit("hidden", lines[at], "author and revision")
                    at += 1
        else:
            break
    title = reader.inline.title(title)
    reader.writer.heading(title, 1)
    return at, title, author or reader.inline.attributes.get("author", "")


def _title_of(lines: Sequence[str], at: int) -> tuple[str, int] | None:
    """A document's title and the line after it; None if none begins here."""
    if (match := HEADING.match(lines[at])) and len(match[1]) == 1:
        return match[2], at + 1
    is_title = at + 1 < len(lines) and underlined(lines[at], lines[at + 1]) == 1
    return (lines[at], at + 2) if is_title else None
