"""A parser's result: canonical text, its blocks, and the metadata of the format."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["heading", "paragraph", "list", "table", "code", "quote"]


@dataclass(frozen=True, slots=True)
class Block:
    """One span ``text[start:end]`` of the canonical text (offsets in code points).

    ``level`` is a heading's depth from 1, else 0. ``label`` is a heading's plain words or the name of a code symbol.
    ``heading`` is the path of headings above the block, including the block itself if it is a heading. ``page``
    counts pages, slides or sheets from 1.
    """

    start: int
    end: int
    kind: Kind
    level: int = 0
    label: str = ""
    heading: tuple[str, ...] = ()
    page: int | None = None


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """A document as text. Blocks are sorted, don't overlap, and leave out only white space.

    ``metadata`` holds everything else that the format or its front matter states, as JSON values.
    """

    text: str
    blocks: tuple[Block, ...]
    title: str | None = None
    author: str | None = None
    language: str | None = None
    metadata: dict[str, object] = field(default_factory=dict)


def with_heading_paths(blocks: Iterable[Block]) -> tuple[Block, ...]:
    """Fill in each block's heading path with a stack over the headings' levels.

    >>> a, b = with_heading_paths([Block(0, 3, "heading", 1, "A"), Block(4, 6, "paragraph")])
    >>> a.heading, b.heading
    (('A',), ('A',))
    """
    stack: list[tuple[int, str]] = []
    path: tuple[str, ...] = ()
    placed = []
    for block in blocks:
        if block.kind == "heading":
            while stack and stack[-1][0] >= block.level:
                stack.pop()
            stack.append((block.level, block.label))
            path = tuple(label for _, label in stack)
        placed.append(Block(block.start, block.end, block.kind, block.level, block.label, path, block.page))
    return tuple(placed)


def check(parsed: object) -> None:
    """Check a plugin parser's result. Raises TypeError or ValueError if it breaks the contract of ParsedDocument."""
    if not isinstance(parsed, ParsedDocument):
        raise TypeError(f"it returned {type(parsed).__name__} instead of a ParsedDocument")
    if "\0" in parsed.text:
        raise ValueError("its text holds a NUL character")
    parsed.text.encode()  # raises ValueError for a lone surrogate
    end = 0
    for block in (*parsed.blocks, Block(len(parsed.text), len(parsed.text), "paragraph")):
        if not end <= block.start <= block.end <= len(parsed.text):
            raise ValueError(f"the block at {block.start}:{block.end} overlaps another or ends after the text")
        if parsed.text[end : block.start].strip():
            raise ValueError(f"no block holds the text at {end}:{block.start}")
        end = block.end
