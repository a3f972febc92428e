"""A parser's result: canonical text, its blocks, the metadata of the format, and what was left out."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Literal, get_args

Kind = Literal["heading", "paragraph", "list", "table", "code", "quote"]

#: Why text of the source is not in the canonical text. The first group is left out on purpose; the second could not be
#: read, and every document that has one is remarked on.
OmissionKind = Literal[
    "navigation", "script", "hidden", "deleted", "running_line", "repeated", "attachment", "decoration", "encoded_data",
    "unreadable", "page_without_text", "picture_without_text", "guessed_encoding",
]  # fmt: skip
#: The kinds that an operator should see.
REMARKED: frozenset[OmissionKind] = frozenset(
    ("unreadable", "page_without_text", "picture_without_text", "guessed_encoding")
)


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
class Omission:
    """Words of the source that the canonical text leaves out.

    ``place`` names the part in the format's own terms, with the cause if there is one: "page 3", "line 2: not JSON".
    ``n_words`` is 0 if nobody can know it, as for a damaged part.
    """

    kind: OmissionKind
    n_words: int = 0
    place: str = ""


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """A document as text. Blocks are sorted, don't overlap, and leave out only white space.

    ``metadata`` holds everything else that the format or its front matter states, as JSON values. ``source_text`` is
    all text that the source holds, by a reading that does not depend on the blocks; the account compares it with
    ``text``. None means that ``text`` is the source itself. ``omitted`` explains the difference.
    """

    text: str
    blocks: tuple[Block, ...]
    title: str | None = None
    author: str | None = None
    language: str | None = None
    metadata: dict[str, object] = field(default_factory=dict)
    source_text: str | None = field(default=None, repr=False)
    omitted: tuple[Omission, ...] = ()


def with_heading_paths(blocks: Iterable[Block], fresh: Collection[int] = ()) -> tuple[Block, ...]:
    """Fill in each block's heading path with a stack over the headings' levels, emptied before the blocks ``fresh``.

    >>> a, b = with_heading_paths([Block(0, 3, "heading", 1, "A"), Block(4, 6, "paragraph")])
    >>> a.heading, b.heading
    (('A',), ('A',))
    """
    stack: list[tuple[int, str]] = []
    path: tuple[str, ...] = ()
    placed = []
    for number, block in enumerate(blocks):
        if number in fresh:
            stack, path = [], ()
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
    _check_account(parsed)


def _check_account(parsed: ParsedDocument) -> None:
    if not isinstance(parsed.source_text, str | None):
        raise TypeError(f"its source_text is {type(parsed.source_text).__name__} instead of a text or None")
    if not isinstance(parsed.omitted, tuple | list):
        raise TypeError(f"its omitted is {type(parsed.omitted).__name__} instead of a tuple of Omission")
    for one in parsed.omitted:
        if not isinstance(one, Omission):
            raise TypeError(f"its omitted holds {type(one).__name__} instead of Omission")
        if one.kind not in get_args(OmissionKind):
            raise ValueError(
                f"its omitted has the kind {one.kind!r}; choose one of {', '.join(get_args(OmissionKind))}"
            )
        if isinstance(one.n_words, bool) or not isinstance(one.n_words, int) or one.n_words < 0:
            raise ValueError(f"an omission of {one.kind} has n_words={one.n_words!r}; it must be a whole number from 0")
        if not isinstance(one.place, str):
            raise TypeError(f"an omission of {one.kind} has the place {one.place!r} instead of a text")
