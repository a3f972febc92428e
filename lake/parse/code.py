"""Source code: the canonical text is the source; blocks follow top-level units and methods."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from lake.parse.canonical import clean, paragraphs, span
from lake.parse.code_limits import is_slow
from lake.parse.code_units import Mark, marks_of
from lake.parse.document import Block, ParsedDocument
from lake.parse.text import decode_without_data

if TYPE_CHECKING:
    from tree_sitter import Parser

_SHELLS = ("tree_sitter_bash", "language")
#: Suffix -> module of the grammar and the function in it that returns the language.
_GRAMMARS = {
    **dict.fromkeys((".py", ".pyi"), ("tree_sitter_python", "language")),
    **dict.fromkeys((".js", ".jsx", ".mjs", ".cjs"), ("tree_sitter_javascript", "language")),
    ".ts": ("tree_sitter_typescript", "language_typescript"),
    ".tsx": ("tree_sitter_typescript", "language_tsx"),
    ".go": ("tree_sitter_go", "language"),
    ".rs": ("tree_sitter_rust", "language"),
    ".java": ("tree_sitter_java", "language"),
    **dict.fromkeys((".c", ".h"), ("tree_sitter_c", "language")),
    **dict.fromkeys((".sh", ".bash", ".zsh"), _SHELLS),
}
#: A character by its number in a file of Java's texts; two backslashes are one that is meant.
_ESCAPED = re.compile(r"(?<!\\)((?:\\\\)*)\\u([0-9a-fA-F]{4})")
_BEYOND_LATIN = re.compile("[^\x00-\xff]+")


def parse(data: bytes, suffix: str) -> ParsedDocument:
    text, metadata, omitted = decode_without_data(data)
    if suffix == ".properties":
        text = _unescaped(text)
    grammar = _GRAMMARS.get(suffix)
    if grammar is None or is_slow(text, suffix):
        return ParsedDocument(text, tuple(paragraphs(text, kind="code")), metadata=metadata, omitted=omitted)
    source = text.encode()
    parsed = _for_shells(text) if grammar == _SHELLS else source
    marks = list(marks_of(_parser(*grammar).parse(parsed).root_node, source))
    return ParsedDocument(text, tuple(_blocks(text, in_characters(marks, source))), metadata=metadata, omitted=omitted)


def _unescaped(text: str) -> str:
    r"""Java's texts with their characters, which older tools could write by number only.

    >>> _unescaped(r"a=Gr\u00f6\u00dfe \\u0041")
    'a=Größe \\\\u0041'
    """
    if "\\u" not in text:
        return text
    units = _ESCAPED.sub(lambda match: match[1] + chr(int(match[2], 16)), text)
    return clean(units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore"))


def _for_shells(text: str) -> bytes:
    """The source with letters for what is beyond the table of characters that the grammar's own code reads unchecked,
    such as an emoji behind ``{0``, which would end the process; of the same length."""
    return _BEYOND_LATIN.sub(lambda found: "x" * len(found[0].encode()), text).encode()


@cache
def _parser(module: str, function: str) -> Parser:
    from tree_sitter import Language, Parser

    return Parser(Language(getattr(import_module(module), function)()))


def in_characters(marks: Iterable[Mark], source: bytes) -> Iterator[Mark]:
    """Convert the marks' offsets from UTF-8 bytes to characters."""
    n_bytes = n_characters = 0
    for mark in marks:
        n_characters += len(source[n_bytes : mark.start].decode())
        n_bytes = mark.start
        yield replace(mark, start=n_characters)


def _blocks(text: str, marks: Iterable[Mark]) -> Iterator[Block]:
    edges: Sequence[Mark] = [Mark(0, ()), *(replace(mark, start=_line_start(text, mark.start)) for mark in marks)]
    for mark, after in zip(edges, [*edges[1:], Mark(len(text), ())], strict=True):
        found = span(text, mark.start, after.start)
        if found:
            label = mark.symbols[-1] if mark.symbols else ""
            yield Block(*found, "code", 0, label, mark.symbols)


def _line_start(text: str, start: int) -> int:
    """Start of the line, so that a unit keeps its indentation; ``start`` itself if other code precedes it."""
    line = text.rfind("\n", 0, start) + 1
    return start if text[line:start].strip() else line
