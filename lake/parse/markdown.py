"""Markdown: the canonical text is the source itself, without front matter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from lake.parse.canonical import first_heading, one_line, source_document, span
from lake.parse.document import Block, Kind, Omission, ParsedDocument
from lake.parse.plain_markdown import plain_blocks
from lake.parse.text import decode

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_FRONT_MATTER = re.compile(r"\A(---|\+\+\+)[ \t]*\n(.*?)^(?:\1|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_LONGEST_FRONT_MATTER = 1 << 16
_RIGHTS = re.compile(r"""^[ \t]*["']?acl["']?[ \t]*[:=]""", re.MULTILINE | re.IGNORECASE)
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
    return from_text(text, metadata, omitted)


def from_text(
    source: str, metadata: dict[str, object] | None = None, omitted: tuple[Omission, ...] = ()
) -> ParsedDocument:
    """Parse Markdown that is already decoded and cleaned."""
    stated, text = split_front_matter(source)
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
        omitted=omitted,
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
        if not token.level and token.map is not None and token.nesting >= 0:
            kind = _KINDS.get(token.type, "paragraph")
            yield kind, int(token.tag[1]) if kind == "heading" else 0, token.map[0], token.map[1]


def _block(kind: Kind, level: int, found: tuple[int, int], text: str) -> Block:
    if kind != "heading":
        return Block(*found, kind)
    label = plain_words(text[found[0] : found[1]])
    return Block(*found, "heading" if label else "paragraph", level if label else 0, label)


#: An ATX heading of words and harmless punctuation, which the inline parser would not change.
_UNMARKED = re.compile(r"[ ]{0,3}#{1,6}[ \t]+((?:[^\W_]|[ ,.;:?()-])+)")


def plain_words(heading: str) -> str:
    """A heading's words without its marks, emphasis, links and code ticks.

    >>> plain_words("## The `count` [method](x.md) ##")
    'The count method'
    """
    if plain := _UNMARKED.fullmatch(heading[:_LONGEST_LABEL]):
        return " ".join(plain[1].split())
    tokens = _inline_parser().parse(heading[:_LONGEST_LABEL])
    inline = next((token for token in tokens if token.type == "inline"), None)
    children = (inline.children or []) if inline else []
    words = (
        " " if child.type.endswith("break") else child.content for child in children if child.type != "html_inline"
    )
    return one_line("".join(words))


def split_front_matter(source: str) -> tuple[dict[str, Any], str]:
    """Fields of YAML (---) or TOML (+++) front matter, and the text after it.

    Front matter that can't be read as a mapping stays in the text, so that nothing is lost.
    """
    match = _FRONT_MATTER.match(source, 0, _LONGEST_FRONT_MATTER)
    stated = _mapping(match[1], match[2]) if match else None
    if match is None or stated is None:
        return ({"acl": None} if _speaks_of_rights(source) else {}), source
    return stated, source[match.end() :]


def _speaks_of_rights(source: str) -> bool:
    """Whether unreadable front matter seems to restrict who may see the document."""
    return source.startswith(("---", "+++")) and _RIGHTS.search(source, 0, _LONGEST_FRONT_MATTER) is not None


def _mapping(fence: str, source: str) -> dict[str, Any] | None:
    import tomllib

    import yaml

    try:
        value = tomllib.loads(source) if fence == "+++" else yaml.safe_load(source)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    if value is None:
        return {}
    if not isinstance(value, dict):
        return None
    stated = {str(key): flat for key, item in value.items() if (flat := _flat(item)) not in (None, "")}
    return stated | {str(key): _rights(item) for key, item in value.items() if str(key).strip().lower() == "acl"}


def _rights(value: object) -> list[str] | None:
    """A list of texts; None for anything else, which lets nobody see the document."""
    return value if isinstance(value, list) and all(isinstance(item, str) for item in value) else None


def _flat(value: object) -> object:
    """A JSON scalar or list of texts; deeper values become text or are dropped, which bounds their size."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [str(item)[:200] for item in value[:100] if not isinstance(item, (list, dict))]
    return None if isinstance(value, dict) else str(value)


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
