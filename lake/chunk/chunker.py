"""Splits documents into parents, which are returned, and the children inside them, which are searched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING

from lake.chunk.boundaries import Layout, Ruler
from lake.chunk.splitter import Splitter
from lake.chunk.tokenizers import load_tokenizer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lake.chunk.tokenizers import Span, Tokenizer
    from lake.parse.document import Block, ParsedDocument
    from lake.recipe import ChunkRecipe

Path = tuple[str, ...]

#: Tokenizer for the sizes of parents, whatever the embedder, since language models read parents.
PARENT_TOKENIZER = "tiktoken:cl100k_base"

# A section with fewer cl100k tokens makes no good parent alone.
_SMALL_PARENT = 150


@dataclass(frozen=True, slots=True)
class Parent:
    """A span of the canonical text that is returned as a whole; ``n_tokens`` counts cl100k tokens."""

    ordinal: int
    start: int
    end: int
    heading: Path
    page: int | None
    kind: str
    n_tokens: int


@dataclass(frozen=True, slots=True)
class Child:
    """A span inside ``parent`` (an ordinal) that is embedded after its ``context``.

    ``n_tokens`` counts both in the embedder's tokens, special tokens left out.
    """

    ordinal: int
    parent: int
    start: int
    end: int
    heading: Path
    page: int | None
    kind: str
    n_tokens: int
    context: str


@dataclass(frozen=True, slots=True)
class Chunks:
    """The parents of a document in order, and the children in order."""

    parents: tuple[Parent, ...]
    children: tuple[Child, ...]


def embedded_text(context: str, text: str) -> str:
    """The text that is embedded for a child, and digested.

    >>> embedded_text("Guide > Install\\n", "Run pip.")
    'Guide > Install\\nRun pip.'
    """
    return context + text


def chunk(document: ParsedDocument, recipe: ChunkRecipe, tokenizer: Tokenizer) -> Chunks:
    """Split ``document`` into parents that cover every word once, and children that cover each parent.

    Pure: the same document, recipe and tokenizer give the same spans. Sizes are exact and never
    above the recipe's, except for a single character that costs more than a whole span may.
    """
    layout = Layout(document, recipe.strategy)
    if not layout.blocks:
        return Chunks((), ())
    parent_ruler = Ruler(document.text, load_tokenizer(PARENT_TOKENIZER))
    parents = tuple(_parents(layout, parent_ruler, recipe.parent_tokens))
    return Chunks(parents, tuple(_children(layout, parents, recipe, Ruler(document.text, tokenizer))))


def _parents(layout: Layout, ruler: Ruler, limit: int) -> Iterator[Parent]:
    for ordinal, (start, end) in enumerate(_parent_spans(layout, ruler, limit)):
        blocks = layout.between(start, end)
        heading = _shared([block.heading for block in blocks])
        yield Parent(ordinal, start, end, heading, blocks[0].page, _kind(blocks), ruler.count(start, end))


def _parent_spans(layout: Layout, ruler: Ruler, limit: int) -> Iterator[Span]:
    start, end = layout.extent
    splitter = Splitter(ruler, layout, limit)
    if ruler.fits(start, end, limit):
        yield start, end
        return
    for a, b in _joined(layout.borders(start, end), end, _parent_rule(layout, ruler, limit)):
        yield from splitter.split(a, b)


def _children(layout: Layout, parents: Sequence[Parent], recipe: ChunkRecipe, ruler: Ruler) -> Iterator[Child]:
    contexts = _Contexts(ruler, recipe)
    for ordinal, (parent, start, end) in enumerate(_child_spans(layout, parents, recipe, ruler)):
        blocks = layout.between(start, end)
        first = blocks[0]
        holds_heading = first.kind == "heading" and first.start == start
        context, n_tokens = contexts.above(first.heading[:-1] if holds_heading else first.heading, start, end)
        yield Child(ordinal, parent, start, end, first.heading, first.page, _kind(blocks), n_tokens, context)


def _child_spans(
    layout: Layout, parents: Sequence[Parent], recipe: ChunkRecipe, ruler: Ruler
) -> Iterator[tuple[int, int, int]]:
    splitter = Splitter(ruler, layout, recipe.child_tokens, recipe.overlap_tokens)
    joins = _child_rule(layout, ruler, recipe.child_tokens)
    whole = len(parents) == 1 and ruler.fits(*layout.extent, recipe.child_tokens)
    for parent in parents:
        borders = [parent.start] if whole else layout.borders(parent.start, parent.end)
        for a, b in _joined(borders, parent.end, joins):
            yield from ((parent.ordinal, start, end) for start, end in splitter.split(a, b))


Rule = Callable[[int, int, int], bool]


def _joined(borders: Sequence[int], end: int, joins: Rule) -> Iterator[Span]:
    """Neighbouring sections, joined while ``joins(start, border, stop)``.

    >>> list(_joined([0, 3, 5], 9, lambda start, border, stop: stop - start < 6))
    [(0, 5), (5, 9)]
    """
    start = borders[0]
    for border, stop in pairwise([*borders[1:], end]):
        if not joins(start, border, stop):
            yield start, border
            start = border
    yield start, end


def _parent_rule(layout: Layout, ruler: Ruler, limit: int) -> Rule:
    """Joins small sections with a neighbour, and larger ones that share the first two headings with each other."""
    small = min(_SMALL_PARENT, limit // 8)

    def joins(start: int, border: int, stop: int) -> bool:
        if ruler.touched(start, stop) > limit:
            return False
        one_is_small = min(ruler.touched(start, border), ruler.touched(border, stop)) < small
        return one_is_small or len(_shared([layout.path(start), layout.path(border)])) >= 2

    return joins


def _child_rule(layout: Layout, ruler: Ruler, limit: int) -> Rule:
    """Joins a tiny section with its sibling or with what it introduces; other sections stay apart.

    Whether two join depends on them alone, so an edit elsewhere doesn't move the border.
    """
    tiny = limit // 4

    def joins(start: int, border: int, stop: int) -> bool:
        if ruler.touched(start, stop) > limit:
            return False
        one_is_tiny = min(ruler.touched(start, border), ruler.touched(border, stop)) < tiny
        above, below = layout.path(start), layout.path(border)
        return one_is_tiny and len(_shared([above, below])) >= min(len(above), len(below)) - 1

    return joins


def _shared(paths: Sequence[Path]) -> Path:
    """The levels that all paths begin with.

    >>> _shared([("A", "B"), ("A", "C"), ("A",)])
    ('A',)
    """
    pairs = zip(min(paths), max(paths), strict=False)
    return tuple(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _kind(blocks: Sequence[Block]) -> str:
    kinds = {block.kind for block in blocks}
    return kinds.pop() if kinds in ({"code"}, {"table"}) else "text"


class _Contexts:
    """Heading paths as one line each, cut to the recipe's limit."""

    def __init__(self, ruler: Ruler, recipe: ChunkRecipe) -> None:
        self._ruler = ruler
        self._limit = recipe.heading_tokens
        self._room = recipe.child_tokens + recipe.heading_tokens
        self._lines: dict[Path, tuple[str, int]] = {}

    def above(self, path: Path, start: int, end: int) -> tuple[str, int]:
        """The context of ``text[start:end]``, and the number of tokens of both together."""
        line, n_tokens = self._line(path)
        n_tokens = self._together(line, n_tokens, start, end)
        if line and n_tokens > self._room:
            return self.above(path[1:], start, end)
        return line, n_tokens

    def _together(self, line: str, n_tokens: int, start: int, end: int) -> int:
        tokenizer = self._ruler.tokenizer
        if line and not tokenizer.separators:
            return tokenizer.count(embedded_text(line, self._ruler.text[start:end]))
        return n_tokens + self._ruler.count(start, end)

    def _line(self, path: Path) -> tuple[str, int]:
        if path not in self._lines:
            candidates = ((line, self._ruler.tokenizer.count(line)) for line in _context_lines(path, self._limit))
            self._lines[path] = next((found for found in candidates if found[1] <= self._limit), ("", 0))
        return self._lines[path]


def _context_lines(path: Path, most_words: int) -> Iterator[str]:
    """Yield ever shorter contexts: without outer levels, then without the last words of the last level.

    >>> list(_context_lines(("A", "", "B c"), 9))
    ['A > B c\\n', 'B c\\n', 'B\\n']
    """
    labels = [label for label in (" ".join(label.split()) for label in path) if label]
    for outer in range(len(labels)):
        yield " > ".join(labels[outer:]) + "\n"
    words = labels[-1].split()[:-1][:most_words] if labels else []
    for n_words in range(len(words), 0, -1):
        yield " ".join(words[:n_words]) + "\n"
