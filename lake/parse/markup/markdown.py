"""Markdown: the canonical text is the source itself, without front matter and pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from html import unescape
from itertools import accumulate
from typing import TYPE_CHECKING

from lake.parse.canonical import first_heading, one_line, source_document, span
from lake.parse.document import Block, Kind, Omission, ParsedDocument
from lake.parse.encoded_data import without_data
from lake.parse.markup.front_matter import FrontMatter, split_front_matter
from lake.parse.markup.plain_markdown import plain_blocks
from lake.parse.text import decode

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_LONGEST_LABEL = 400
_KINDS: dict[str, Kind] = {
    "heading_open": "heading",
    "bullet_list_open": "list",
    "ordered_list_open": "list",
    "fence": "code",
    "code_block": "code",
    "blockquote_open": "quote",
    "table_open": "table",
}


def parse(data: bytes, suffix: str) -> ParsedDocument:
    text, metadata, omitted = decode(data)
    return from_text(text, metadata, omitted, front_matter=True)


def from_text(
    source: str,
    metadata: dict[str, object] | None = None,
    omitted: tuple[Omission, ...] = (),
    *,
    front_matter: bool = False,
) -> ParsedDocument:
    """Parse Markdown that is decoded and cleaned; all of it is text, unless it may begin with ``front_matter``."""
    stated, text, of_fields = split_front_matter(source) if front_matter else FrontMatter({}, source)
    text, of_data = without_data(text)
    blocks = tuple(blocks_of(text))
    title, author = stated.pop("title", None), stated.pop("author", None)
    language = stated.pop("language", None) or stated.pop("lang", None)
    return source_document(
        text,
        blocks,
        title=_words(title) or first_heading(blocks),
        author=_words(author),
        language=_words(language),
        metadata={**(metadata or {}), **stated},
        omitted=(*omitted, *of_fields, *of_data),
    )


def blocks_of(text: str) -> Iterator[Block]:
    """Top-level blocks in order; converts line numbers to offsets."""
    lines = text.split("\n")
    starts = [*accumulate((len(line) + 1 for line in lines), initial=0)]
    starts[-1] = len(text)
    for kind, level, first, end in _plain(lines) or _parsed(text):
        found = span(text, starts[first], starts[min(end, len(lines))])
        if found:
            yield _block(kind, level, found, text)


def _plain(lines: list[str]) -> list[tuple[Kind, int, int, int]] | None:
    blocks = plain_blocks(lines)
    if blocks is None:
        return None
    return [("heading" if b.level else "list" if b.is_list else "paragraph", b.level, b.first, b.end) for b in blocks]


def _parsed(text: str) -> Iterator[tuple[Kind, int, int, int]]:
    """Kind, level of a heading, first line, and the line after the last one."""
    for token in _block_parser().parse(text):
        if token.level or token.map is None or token.nesting < 0:
            continue
        if token.type == "html_block":
            yield from _with_html_headings(token.content, *token.map)
        else:
            kind = _KINDS.get(token.type, "paragraph")
            yield kind, int(token.tag[1]) if kind == "heading" else 0, token.map[0], token.map[1]


#: A heading in HTML that has its lines for itself.
_HTML_HEADING = re.compile(
    r"^[ \t]*<h([1-6])(?:\s[^<>]*)?>(?:(?!<h[1-6]).){1,1000}?</h\1\s*>[ \t]*$", re.I | re.M | re.S
)
_NO_HTML = re.compile(r"\s*<(?:[!?]|pre\b|script\b|style\b|textarea\b)", re.I)
_TAG = re.compile(r"<[^<>]*>")


def _with_html_headings(html: str, first: int, end: int) -> Iterator[tuple[Kind, int, int, int]]:
    """A block of HTML, from line ``first`` to ``end``, as its headings and what stands between them."""
    done = first
    for match in () if _NO_HTML.match(html) else _HTML_HEADING.finditer(html):
        start = first + html.count("\n", 0, match.start())
        if start > done:
            yield "paragraph", 0, done, start
        done = start + match[0].count("\n") + 1
        yield "heading", int(match[1]), start, done
    if done < end:
        yield "paragraph", 0, done, end


def _block(kind: Kind, level: int, found: tuple[int, int], text: str) -> Block:
    if kind != "heading":
        return Block(*found, kind)
    written = text[found[0] : found[1]]
    label = one_line(unescape(_TAG.sub("", written))) if written.startswith("<") else plain_words(written)
    return Block(*found, "heading" if label else "paragraph", level if label else 0, label)


#: An ATX heading of words and harmless punctuation, which the inline parser would not change.
_UNMARKED = re.compile(r"[ ]{0,3}#{1,6}[ \t]+((?:[^\W_]|[ ,.;:?()-])+)")


#: Id and classes of a heading, as Pandoc, MkDocs, Docusaurus and others read them.
_ATTRIBUTES = re.compile(r"(?<![ \t])[ \t]*\{(?::[ \t]*)?[#.][^{}\n]*\}(?=[ \t]*#*[ \t]*(?:\n|$))")


def plain_words(heading: str) -> str:
    """A heading's words without its marks, emphasis, links and code ticks.

    >>> plain_words("## The `count` [method](x.md) ##")
    'The count method'
    """
    heading = _ATTRIBUTES.sub("", heading)
    if plain := _UNMARKED.fullmatch(heading[:_LONGEST_LABEL]):
        return " ".join(plain[1].split())
    tokens = _inline_parser().parse(heading[:_LONGEST_LABEL])
    inline = next((token for token in tokens if token.type == "inline"), None)
    children = (inline.children or []) if inline else []
    words = (
        " " if child.type.endswith("break") else child.content for child in children if child.type != "html_inline"
    )
    return one_line("".join(words))


def _words(value: object) -> str | None:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value) or None
    return one_line(str(value)) or None if value is not None else None


@cache
def _block_parser() -> MarkdownIt:
    """A parser for block structure only: inline rules are slow, and quadratic on hostile input."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable("table")
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


@cache
def _inline_parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark")
