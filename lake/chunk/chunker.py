"""Splits documents into parents, which are returned, and the children inside them, which are searched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING

from lake.chunk.boundaries import Layout, Ruler
from lake.chunk.context import Contexts, with_title
from lake.chunk.splitter import Splitter
from lake.chunk.table_headers import NO_HEADER, TableHeader
from lake.chunk.tokenizers import load_tokenizer
from lake.chunk.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lake.chunk.tokenizers import Span, Tokenizer
    from lake.parse.document import Block, ParsedDocument
    from lake.recipe.chunking import ChunkRecipe

Path = tuple[str, ...]

#: Tokenizer for the sizes of parents, whatever the embedder, since language models read parents.
PARENT_TOKENIZER = "tiktoken:cl100k_base"

# A section with fewer cl100k tokens makes no good parent alone.
_SMALL_PARENT = 150


@dataclass(frozen=True, slots=True)
class Parent:
    """A span of the canonical text that is returned as a whole; ``n_tokens`` counts cl100k tokens.

    ``page`` is the first page.
    """

    ordinal: int
    start: int
    end: int
    heading: Path
    page: int | None
    kind: str
    n_tokens: int
    first_page: int | None
    last_page: int | None


@dataclass(frozen=True, slots=True)
class Child:
    """A span inside ``parent`` (an ordinal) that is embedded after its ``context``.

    ``n_tokens`` counts both in the embedder's tokens, special tokens left out. Most of the span stands on ``page``.
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
    first_page: int | None
    last_page: int | None


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


def chunk(document: ParsedDocument, recipe: ChunkRecipe, tokenizer: Tokenizer, turns: Turns | None = None) -> Chunks:
    """Split ``document`` into parents that cover every word once, and children that cover each parent.

    Pure: the same document, recipe, tokenizer and turns give the same spans. Sizes are exact and never
    above the recipe's, except for a single character that costs more than a whole span may.
    """
    layout = Layout(document, recipe.strategy)
    if not layout.blocks:
        return Chunks((), ())
    parent_ruler = Ruler(document.text, load_tokenizer(PARENT_TOKENIZER))
    parents = tuple(_parents(layout, parent_ruler, recipe))
    ruler = Ruler(document.text, tokenizer)
    contexts = Contexts(ruler, recipe, document.title)
    return Chunks(parents, tuple(_children(layout, parents, recipe, ruler, contexts, turns)))


def _parents(layout: Layout, ruler: Ruler, recipe: ChunkRecipe) -> Iterator[Parent]:
    for ordinal, (start, end) in enumerate(_parent_spans(layout, ruler, recipe.parent_tokens)):
        blocks = layout.between(start, end)
        heading = _with_header(_shared([block.heading for block in blocks]), _header(layout, start, recipe))
        first, last = _page_range(blocks)
        yield Parent(ordinal, start, end, heading, first, _kind(blocks), ruler.count(start, end), first, last)


def _parent_spans(layout: Layout, ruler: Ruler, limit: int) -> Iterator[Span]:
    start, end = layout.extent
    splitter = Splitter(ruler, layout, limit)
    if ruler.fits(start, end, limit):
        yield start, end
        return
    for a, b in _joined(layout.borders(start, end), end, _parent_rule(layout, ruler, limit)):
        yield from splitter.split(a, b)


def _children(
    layout: Layout,
    parents: Sequence[Parent],
    recipe: ChunkRecipe,
    ruler: Ruler,
    contexts: Contexts,
    turns: Turns | None,
) -> Iterator[Child]:
    for ordinal, (parent, start, end) in enumerate(_child_spans(layout, parents, recipe, ruler, turns)):
        blocks = layout.between(start, end)
        first = blocks[0]
        holds_heading = first.kind == "heading" and first.start == start
        header = _header(layout, start, recipe)
        above = first.heading[:-1] if holds_heading else first.heading
        context, n_tokens = contexts.above(above, first.heading, header, start, end)
        heading = _with_header(first.heading, header)
        page, pages = _main_page(blocks, start, end), _page_range(blocks)
        yield Child(ordinal, parent, start, end, heading, page, _kind(blocks), n_tokens, context, *pages)


def _child_spans(
    layout: Layout, parents: Sequence[Parent], recipe: ChunkRecipe, ruler: Ruler, turns: Turns | None
) -> Iterator[tuple[int, int, int]]:
    splitter = Splitter(ruler, layout, recipe.child_tokens, recipe.overlap_tokens)
    joins = _child_rule(layout, ruler, recipe.child_tokens)
    whole = len(parents) == 1 and ruler.fits(*layout.extent, recipe.child_tokens)
    for parent in parents:
        borders = [parent.start] if whole else layout.borders(parent.start, parent.end)
        for a, b in _joined(borders, parent.end, joins):
            for part in turns.parts(ruler, a, b) if turns else [(a, b)]:
                yield from ((parent.ordinal, start, end) for start, end in splitter.split(*part))


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


def _header(layout: Layout, start: int, recipe: ChunkRecipe) -> TableHeader:
    """The header of the table that is cut at ``start``; an empty one if it is no part of contexts."""
    return layout.header(start) if "table" in recipe.parts else NO_HEADER


def _with_header(path: Path, header: TableHeader) -> Path:
    """A heading path whose last levels are the title and the column names of a cut table."""
    return (*with_title(path, header.title), header.label) if header.cells else path


def _page_range(blocks: Sequence[Block]) -> tuple[int | None, int | None]:
    """The first and the last page that the blocks stand on."""
    pages = [block.page for block in blocks if block.page is not None]
    return (min(pages), max(pages)) if pages else (None, None)


def _main_page(blocks: Sequence[Block], start: int, end: int) -> int | None:
    """The page that has most characters of the span, the first one of several."""
    n_characters: dict[int, int] = {}
    for block in blocks:
        if block.page is not None:
            n_here = min(end, block.end) - max(start, block.start)
            n_characters[block.page] = n_characters.get(block.page, 0) + n_here
    return max(n_characters, key=n_characters.__getitem__, default=None)


def _kind(blocks: Sequence[Block]) -> str:
    kinds = {block.kind for block in blocks}
    return kinds.pop() if kinds in ({"code"}, {"table"}) else "text"
