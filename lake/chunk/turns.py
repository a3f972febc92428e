"""Where the meaning of running text turns: its sentences, and borders between those that differ most."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lake.chunk.boundaries import Layout, Ruler, trimmed_end

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lake.chunk.tokenizers import Span, Tokenizer
    from lake.parse.document import ParsedDocument
    from lake.recipe.chunking import ChunkRecipe

#: Blocks of running text. A chunk is never cut by meaning inside others, nor at their edges.
_RUNNING = ("paragraph", "list", "quote")


@dataclass(frozen=True, slots=True)
class Sentences:
    """The sentences of a document's running text, in order.

    ``spans`` hold at most what the model may read. ``n_tokens`` counts each one's tokens. ``runs`` numbers stretches of
    sentences with no heading, code or table between them.
    """

    spans: tuple[Span, ...]
    n_tokens: tuple[int, ...]
    runs: tuple[int, ...]


def sentences_of(document: ParsedDocument, recipe: ChunkRecipe, tokenizer: Tokenizer) -> Sentences:
    """The sentences that are embedded to find out where a document's meaning turns."""
    layout, ruler = Layout(document, recipe.strategy), Ruler(document.text, tokenizer)
    sections = set(layout.sections)
    spans, counts, runs, run, was_running = [], [], [], 0, False
    for i, block in enumerate(layout.blocks):
        is_running = block.kind in _RUNNING
        if not (is_running and was_running) or block.start in sections:
            run += 1
        was_running = is_running
        for start, end in _sentences_in(layout, i) if is_running else ():
            end = trimmed_end(document.text, start, min(end, ruler.reach(start, recipe.child_tokens)))
            spans.append((start, end))
            counts.append(ruler.count(start, end))
            runs.append(run)
    return Sentences(tuple(spans), tuple(counts), tuple(runs))


def _sentences_in(layout: Layout, i: int) -> Iterator[Span]:
    block, (groups, units) = layout.blocks[i], layout.inner(i)
    starts = sorted({block.start, *groups, *units})
    yield from zip(starts, [*starts[1:], block.end], strict=True)


class Turns:
    """The borders of one document between sentences, and how much the meaning changes at each.

    ``changes`` has one value for each sentence: the distance of what precedes it, in its run, to what follows; negative
    if nothing precedes it. Borders whose change reaches the percentile of the document's are turns.
    """

    def __init__(self, spans: Sequence[Span], changes: Sequence[float], recipe: ChunkRecipe) -> None:
        known = [(start, change) for (start, _), change in zip(spans, changes, strict=True) if change >= 0]
        self._places = [start for start, _ in known]
        self._changes = [change for _, change in known]
        self._least, self._limit = recipe.least_tokens or 1, recipe.child_tokens
        ranked, percentile = sorted(self._changes), recipe.turn_percentile or 0
        self._threshold = ranked[min(len(ranked) - 1, -(-len(ranked) * percentile // 100))] if ranked else 0.0

    def parts(self, ruler: Ruler, start: int, end: int) -> Iterator[Span]:
        """``text[start:end]``, cut at its turns, and where the meaning changes most if it is too long for a chunk.

        Each part has the minimum of tokens, unless the whole has fewer. A part that can't be cut may be too long.
        """
        waiting = [(start, end)]
        while waiting:
            a, b = waiting.pop()
            place = self._strongest(ruler, a, b)
            if place is None:
                yield a, trimmed_end(ruler.text, a, b)
            else:
                waiting += [(place, b), (a, place)]

    def _strongest(self, ruler: Ruler, start: int, end: int) -> int | None:
        """The border at which the meaning changes most, the first of several; None if the span is to stay whole."""
        first, last = bisect_right(self._places, start), bisect_left(self._places, end)
        fits = ruler.fits(start, trimmed_end(ruler.text, start, end), self._limit)
        found: int | None = None
        for i in range(first, last):
            if fits and not self._threshold <= self._changes[i] > 0:
                continue
            is_stronger = found is None or self._changes[i] > self._changes[found]
            if is_stronger and self._leaves_enough(ruler, start, self._places[i], end):
                found = i
        return None if found is None else self._places[found]

    def _leaves_enough(self, ruler: Ruler, start: int, place: int, end: int) -> bool:
        return min(ruler.touched(start, place), ruler.touched(place, end)) >= self._least
