"""Packs passages into a token budget, under numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lake.answer.endpoint_chat import TOKENIZER
from lake.answer.fences import fence_of, fenced
from lake.answer.passages import Passage, child_of, cut_around, in_reading_order, joined, passage_of
from lake.answer.values import CitedSource
from lake.chunk.tokenizers import load_tokenizer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lake.chunk.tokenizers import Tokenizer

#: Stands for any fence: all have this length, and none takes more tokens.
_FENCE = "a0b1c2d3e4f5a6b7"
#: An encoding may give a text between two others a few more tokens than alone.
_SLACK = 2
_CUT = "[cut here: the passage goes on in the document]"


@dataclass(frozen=True, slots=True)
class Context:
    """Numbered sources as the prompt will show them, and the number of passages that did not fit."""

    sources: tuple[CitedSource, ...]
    n_tokens: int
    n_left_out: int

    def fence(self, *words: str) -> str:
        """A delimiter that occurs neither in the sources nor in ``words``."""
        return fence_of(*(_shown(source) for source in self.sources), *words)

    def render(self, fence: str) -> str:
        return "\n\n".join(_block(source, fence) for source in self.sources)


def pack(rows: Sequence[Mapping[str, Any]], n_tokens: int, tokenizer: Tokenizer | None = None) -> Context:
    """As many of the rows (HITS, best first) as fit into ``n_tokens``, headers included.

    If a passage does not fit, its best chunk is tried instead. If even the first passage does not fit, it is cut at
    the end of a sentence or line, and marked. Overlapping passages are merged; neighbours in one section are joined.
    """
    packer = _Packer(n_tokens, tokenizer or load_tokenizer(TOKENIZER))
    n_left_out = sum(not packer.take(row, rank) for rank, row in enumerate(rows))
    passages = in_reading_order(packer.taken)
    sources = tuple(_source(number, passage) for number, passage in enumerate(passages, 1))
    return Context(sources, packer.cost(packer.taken), n_left_out)


class _Packer:
    def __init__(self, room: int, tokenizer: Tokenizer) -> None:
        self.taken: list[Passage] = []
        self._room = room
        self._tokenizer = tokenizer
        self._costs: dict[tuple[str, int, int], int] = {}

    def cost(self, passages: Sequence[Passage]) -> int:
        return sum(map(self._cost, passages))

    def _cost(self, passage: Passage) -> int:
        key = (passage.doc_id, passage.start, passage.end)
        if key not in self._costs:
            block = _block(_source(99, passage), _FENCE)
            self._costs[key] = self._tokenizer.count(block) + _SLACK
        return self._costs[key]

    def take(self, row: Mapping[str, Any], rank: int) -> bool:
        """Whether the row's text is in the context now."""
        passage, child = passage_of(row, rank), child_of(row, rank)
        if any(_same_words(passage, other) for other in self.taken):
            return True
        if self._take(passage):
            return True
        if self.taken:
            return self._take(child)
        cut = cut_around(passage, child, lambda part: self._cost(part) <= self._room)
        return cut is not None and self._take(cut)

    def _take(self, passage: Passage) -> bool:
        more = joined(self.taken, passage)
        if self.cost(more) > self._room:
            return False
        self.taken = more
        return True


def _same_words(a: Passage, b: Passage) -> bool:
    return " ".join(a.text.split()) == " ".join(b.text.split())


def _source(number: int, passage: Passage) -> CitedSource:
    row, (first_page, last_page) = passage.row, passage.pages or (None, None)
    return CitedSource(
        number=number,
        uri=row["uri"],
        source=row.get("source") or "",
        title=row.get("title") or "",
        heading=passage.heading,
        page=row.get("page"),
        kind=row.get("kind") or "",
        doc_id=passage.doc_id,
        start=passage.start,
        end=passage.end,
        text=passage.text,
        score=float(row.get("score") or 0.0),
        is_cut=passage.is_cut,
        first_page=first_page,
        last_page=last_page,
    )


def _block(source: CitedSource, fence: str) -> str:
    return fenced(f"source {source.number}", _shown(source), fence)


def _shown(source: CitedSource) -> str:
    """A source as text: its origin, then its passage; names are kept to one line each."""
    header = {"document": source.uri, "title": source.title, "heading": source.heading, **_pages(source)}
    lines = [f"{what}: {' '.join(str(value).split())}" for what, value in header.items() if value]
    return "\n".join([*lines, "", source.text, *([_CUT] if source.is_cut else [])])


def _pages(source: CitedSource) -> dict[str, object]:
    if source.first_page == source.last_page:
        return {"page": source.page}
    return {"pages": f"{source.first_page}-{source.last_page}"}
