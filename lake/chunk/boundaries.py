"""Positions at which a text may be cut, and how much of it fits into a number of tokens."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from dataclasses import replace
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

from lake.chunk.table_headers import NO_HEADER, TableHeader, header_cells, title_line
from lake.parse.document import Block

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lake.chunk.tokenizers import Span, Tokenizer
    from lake.parse.document import Block, ParsedDocument
    from lake.recipe.chunking import Strategy

# Some characters cost no token at all, so a span is limited in characters as well.
_CHARACTERS_PER_TOKEN = 16
_USUAL_LENGTH = 4
#: Where counting a text on its own gives the same as its offsets, counting is worth trying on longer ones, too.
_LIKELY_LENGTH = 6

_WORD = re.compile(r"\S")
_BLANK_LINE = re.compile(r"\n\s*\n\s*(?=\S)")
_LINE = re.compile(r"\n\s*(?=\S)")
_LIST_ITEM = re.compile(r"^[^\S\n]*(?=(?:[-*+\u2022\u2023\u25e6]|\(?(?:\d{1,3}|[a-z])[.)])[^\S\n])", re.MULTILINE)
_WIDE_STOP = re.compile("[\u3002\uff01\uff1f\uff61]+[\u201d\u2019\u300d\u300f\uff09)]*\\s*(?=\\S)")
_PLAIN_STOP = re.compile(r"[.!?][\"')\]]*\s+(?=\S)")
# The sentence model takes quadratic time on a run without white space; this finds those of 300 and more.
_LONG_WORD = 150
_PART_OF_LONG_WORD = re.compile(rf"\S{{{_LONG_WORD}}}")


def skip_space(text: str, start: int, end: int) -> int:
    """Position of the first character of ``text[start:end]`` that isn't white space, else ``end``."""
    word = _WORD.search(text, start, end)
    return word.start() if word else end


def trimmed_end(text: str, start: int, end: int) -> int:
    """``end``, moved back over white space."""
    return start + len(text[start:end].rstrip())


def sentence_starts(text: str) -> list[int]:
    """Starts of all sentences but the first.

    >>> sentence_starts("Dr. Who came in v1.2. He left. \u4f60\u597d\u3002\u518d\u89c1\u3002")
    [22, 31, 34]
    """
    if any(_PART_OF_LONG_WORD.match(text, place) for place in range(0, len(text), _LONG_WORD)):
        starts = [stop.end() for stop in _PLAIN_STOP.finditer(text)]
    else:
        from nupunkt import sent_spans

        starts = [start for start, _ in sent_spans(text)[1:]]
    if text.isascii():
        return starts
    wide = [stop.end() for stop in _WIDE_STOP.finditer(text)]
    return sorted({*starts, *wide}) if wide else starts


class Ruler:
    """Measures spans of one text in tokens: encodes it once, then bisects."""

    def __init__(self, text: str, tokenizer: Tokenizer) -> None:
        self.text = text
        self.tokenizer = tokenizer
        self._usual_length = _LIKELY_LENGTH if tokenizer.separators else _USUAL_LENGTH
        self._has_offsets = False
        self._counted: dict[Span, int] = {}

    def fits(self, start: int, end: int, limit: int) -> bool:
        """Whether ``text[start:end]`` fits into ``limit`` tokens."""
        length = end - start
        if length > limit * _CHARACTERS_PER_TOKEN:
            return False
        # A short text most likely fits, and counting it is cheaper than finding all its offsets.
        likely = length <= limit * self._usual_length or self.touched(start, end) <= limit
        return likely and self.count(start, end) <= limit

    def is_short(self, start: int, end: int, limit: int) -> bool:
        """Whether ``text[start:end]`` fits and touches as few tokens, if that is known without offsets."""
        is_usual = end - start <= limit * self._usual_length
        return is_usual and self._stands_alone(start, end) and self.count(start, end) <= limit

    @property
    def _starts(self) -> array[int]:
        return self._offsets[0]

    @property
    def _ends(self) -> array[int]:
        return self._offsets[1]

    @cached_property
    def _offsets(self) -> tuple[array[int], array[int]]:
        """Starts and ends of tokens; a large text has tens of millions, too many for Python objects."""
        self._has_offsets = True
        edges = array("q", chain.from_iterable(self.tokenizer.spans(self.text)))
        return edges[::2], edges[1::2]

    def touched(self, start: int, end: int) -> int:
        """Number of the document's tokens that ``text[start:end]`` touches: nearly its own count."""
        return max(0, bisect_left(self._starts, end) - bisect_right(self._ends, start))

    def count(self, start: int, end: int) -> int:
        """Exact number of tokens of ``text[start:end]`` on its own."""
        if self._has_offsets and self._stands_alone(start, end):
            return self.touched(start, end)
        if (start, end) not in self._counted:
            self._counted[start, end] = self.tokenizer.count(self.text[start:end])
        return self._counted[start, end]

    def _stands_alone(self, start: int, end: int) -> bool:
        text, separators = self.text, self.tokenizer.separators
        if not separators:
            return False
        return (not start or text[start - 1] in separators) and (end == len(text) or text[end] in separators)

    def reach(self, start: int, n_tokens: int) -> int:
        """The furthest end at which ``text[start:end]`` touches at most ``n_tokens`` tokens."""
        after = bisect_right(self._ends, start) + n_tokens
        end = self._starts[after] if after < len(self._starts) else len(self.text)
        return min(end, start + n_tokens * _CHARACTERS_PER_TOKEN)

    def back(self, end: int, n_tokens: int) -> int:
        """The earliest start from which ``text[start:end]`` holds at most ``n_tokens`` whole tokens."""
        last = bisect_left(self._starts, end)
        return self._starts[max(0, last - n_tokens)] if n_tokens and last else end


class Layout:
    """The blocks of a document, and the positions at which a strategy may cut between and inside them."""

    def __init__(self, document: ParsedDocument, strategy: Strategy = "hierarchical") -> None:
        self.text = document.text
        self.strategy = strategy
        self.blocks = list(_whole(document.text, document.blocks))
        self.starts = [block.start for block in self.blocks]
        self._inner: dict[int, tuple[list[int], list[int]]] = {}
        self._headers: dict[int, TableHeader] = {}

    def at(self, position: int) -> int:
        """Index of the block that holds ``position``, or of the last one before it."""
        return max(0, bisect_right(self.starts, position) - 1)

    @property
    def extent(self) -> Span:
        return self.blocks[0].start, self.blocks[-1].end

    def path(self, position: int) -> tuple[str, ...]:
        """The heading path at ``position``."""
        return self.blocks[self.at(position)].heading

    def header(self, position: int) -> TableHeader:
        """That of the table which a cut at ``position`` leaves without its header; else an empty one."""
        i = self.at(position)
        block = self.blocks[i]
        if block.kind != "table" or position <= block.start:
            return NO_HEADER
        if i not in self._headers:
            above = self.blocks[i - 1] if i else block
            title = title_line(self.text[above.start : above.end]) if above.kind == "paragraph" else ""
            self._headers[i] = TableHeader(title, header_cells(self.text[block.start : block.end]))
        return self._headers[i]

    def between(self, start: int, end: int) -> list[Block]:
        """The blocks that ``text[start:end]`` touches."""
        return self.blocks[self.at(start) : self.at(end - 1) + 1]

    @cached_property
    def breaks(self) -> list[int]:
        """Starts of blocks that are good places for a cut."""
        if self.strategy == "window":
            return []
        if self.strategy == "paragraph":
            return self.starts
        return [start for i, start in enumerate(self.starts) if not self._belongs_to_heading(i)]

    @cached_property
    def sections(self) -> list[int]:
        """Starts of sections, which are changes of the heading path."""
        if self.strategy not in ("hierarchical", "semantic"):
            return self.starts[:1]
        return [start for i, start in enumerate(self.starts) if self._opens_section(i)]

    def borders(self, start: int, end: int) -> list[int]:
        """``start``, and the starts of the sections after it and before ``end``."""
        first, stop = bisect_right(self.sections, start), bisect_left(self.sections, end)
        return [start, *self.sections[first:stop]]

    def _opens_section(self, i: int) -> bool:
        block = self.blocks[i]
        changes = i == 0 or block.kind == "heading" or block.heading != self.blocks[i - 1].heading
        return changes and not self._belongs_to_heading(i)

    def _belongs_to_heading(self, i: int) -> bool:
        """Whether block ``i`` is the first thing under a heading; a sibling heading isn't."""
        before, block = self.blocks[i - 1], self.blocks[i]
        if i == 0 or before.kind != "heading":
            return False
        return block.kind != "heading" or block.level > before.level

    def inner(self, i: int) -> tuple[list[int], list[int]]:
        """Positions inside block ``i``: before paragraphs and list items, and before lines or sentences."""
        if self.strategy == "window":
            return [], []
        if i not in self._inner:
            block = self.blocks[i]
            text = self.text[block.start : block.end]
            groups, units = _breaks_inside(text, block.kind)
            self._inner[i] = [block.start + p for p in groups], [block.start + p for p in units]
        return self._inner[i]

    def first_unit(self, low: int, high: int) -> int:
        """Start of the first block, line or sentence in ``low <= place < high``, else ``high``."""
        i = self.at(low)
        next_block = self.starts[i + 1] if i + 1 < len(self.starts) else high
        candidates = (_first(places, low) for places in ([self.starts[i]], *self.inner(i)))
        return min(high, next_block, *(place for place in candidates if place is not None))


def _whole(text: str, blocks: Sequence[Block]) -> Iterator[Block]:
    """The blocks without surrounding white space, extended over text that belongs to none."""
    blocks = blocks or [Block(0, len(text), "paragraph")]
    edges = [0, *(block.start for block in blocks[1:]), len(text)]
    for block, left, right in zip(blocks, edges, edges[1:], strict=False):
        start = skip_space(text, left, right)
        end = trimmed_end(text, start, right)
        if start < end:
            unchanged = (start, end) == (block.start, block.end)
            yield block if unchanged else replace(block, start=start, end=end)


def _breaks_inside(text: str, kind: str) -> tuple[list[int], list[int]]:
    groups = _ends(_BLANK_LINE.finditer(text))
    if kind == "table":
        # The header and the rule below it mean nothing without a row.
        return groups, _ends(_LINE.finditer(text))[2:]
    if kind == "code":
        # Neither a fence nor a brace should stand alone.
        return groups, _ends(_LINE.finditer(text))[1:-1]
    if kind == "list":
        groups = [end for end in _ends(_LIST_ITEM.finditer(text)) if end] or groups
    return groups, sentence_starts(text)


def _ends(matches: Iterable[re.Match[str]]) -> list[int]:
    return [match.end() for match in matches]


def _first(places: Sequence[int], low: int) -> int | None:
    i = bisect_left(places, low)
    return places[i] if i < len(places) else None
