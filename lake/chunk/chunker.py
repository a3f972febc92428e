"""Splits documents into parents, which are returned, and the children inside them, which are searched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING

from lake.chunk.boundaries import Layout, Ruler
from lake.chunk.splitter import Splitter
from lake.chunk.table_headers import label_of, shortened
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
        heading = _with_header(_shared([block.heading for block in blocks]), *layout.header(start))
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


def _children(layout: Layout, parents: Sequence[Parent], recipe: ChunkRecipe, ruler: Ruler) -> Iterator[Child]:
    contexts = _Contexts(ruler, recipe)
    for ordinal, (parent, start, end) in enumerate(_child_spans(layout, parents, recipe, ruler)):
        blocks = layout.between(start, end)
        first = blocks[0]
        holds_heading = first.kind == "heading" and first.start == start
        title, cells = layout.header(start)
        above = first.heading[:-1] if holds_heading else first.heading
        context, n_tokens = contexts.above(_with_title(above, title), cells, start, end)
        heading = _with_header(first.heading, title, cells)
        page, pages = _main_page(blocks, start, end), _page_range(blocks)
        yield Child(ordinal, parent, start, end, heading, page, _kind(blocks), n_tokens, context, *pages)


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


def _with_title(path: Path, title: str) -> Path:
    return (*path, title) if title and title not in path[-1:] else path


def _with_header(path: Path, title: str, cells: tuple[str, ...]) -> Path:
    """A heading path whose last levels are the title and the column names of a cut table."""
    return (*_with_title(path, title), label_of(cells)) if cells else path


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


class _Contexts:
    """Heading paths as one line each, cut to the recipe's limit.

    The column names of a cut table end the line. If it is too long, outer headings go first, then the table's title;
    then the names are shortened, and the last columns become an ellipsis.
    """

    def __init__(self, ruler: Ruler, recipe: ChunkRecipe) -> None:
        self._ruler = ruler
        self._limit = recipe.heading_tokens
        self._room = recipe.child_tokens + recipe.heading_tokens
        self._lines: dict[tuple[Path, Path, int], tuple[str, int]] = {}

    def above(self, path: Path, cells: Path, start: int, end: int) -> tuple[str, int]:
        """The context of ``text[start:end]``, and the number of tokens of both together."""
        limit = self._limit
        while True:
            line, n_line = self._line(path, cells, limit)
            n_tokens = self._together(line, n_line, start, end)
            if not line or n_tokens <= self._room:
                return line, n_tokens
            path, limit = (path[1:], limit) if path else (path, n_line - 1)

    def _together(self, line: str, n_tokens: int, start: int, end: int) -> int:
        tokenizer = self._ruler.tokenizer
        if line and not tokenizer.separators:
            return tokenizer.count(embedded_text(line, self._ruler.text[start:end]))
        return n_tokens + self._ruler.count(start, end)

    def _line(self, path: Path, cells: Path, limit: int) -> tuple[str, int]:
        if (path, cells, limit) not in self._lines:
            candidates = ((line, self._ruler.tokenizer.count(line)) for line in _context_lines(path, limit, cells))
            found = next((found for found in candidates if found[1] <= limit), ("", 0))
            self._lines[path, cells, limit] = found
        return self._lines[path, cells, limit]


def _context_lines(path: Path, most_words: int, cells: Path = ()) -> Iterator[str]:
    """Yield ever shorter contexts: without outer levels, then without the last words of the last level.

    >>> list(_context_lines(("A", "", "B c"), 9))
    ['A > B c\\n', 'B c\\n', 'B\\n']
    >>> list(_context_lines(("A",), 9, ("oil C", "by")))[:3]
    ['A > oil C | by\\n', 'oil C | by\\n', 'oil | by\\n']
    """
    labels = [label for label in (" ".join(label.split()) for label in path) if label]
    if cells:
        labels.append(label_of(cells))
    for outer in range(len(labels)):
        yield " > ".join(labels[outer:]) + "\n"
    if cells:
        yield from (f"{line}\n" for line in shortened(cells) if line != labels[-1])
        return
    words = labels[-1].split()[:-1][:most_words] if labels else []
    for n_words in range(len(words), 0, -1):
        yield " ".join(words[:n_words]) + "\n"
