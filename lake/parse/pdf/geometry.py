"""Words and ruling lines of a page with their places, in points from the page's lower left corner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Box(NamedTuple):
    """A rectangle; ``bottom`` is below ``top``."""

    left: float
    bottom: float
    right: float
    top: float


class PlacedWord(NamedTuple):
    """A run of glyphs without a space; ``size`` is the font's size in points as drawn.

    ``turned`` words run up or down the page.
    """

    text: str
    box: Box
    size: float
    bold: bool = False
    fixed: bool = False
    turned: bool = False


@dataclass(frozen=True, slots=True)
class PageLayout:
    """Everything on a page that decides its structure. ``rules`` are thin boxes: lines and edges of rectangles."""

    width: float
    height: float
    words: Sequence[PlacedWord]
    rules: Sequence[Box]


@dataclass(frozen=True, slots=True)
class FoundTable:
    """A table on a page: its cells' texts by row, with newlines between the lines of a cell.

    A merged cell's text stands in its first place; the rest is empty.
    """

    box: Box
    rows: Sequence[Sequence[str]]


@dataclass(slots=True)
class Line:
    """A line of text, or a table that stands for the lines inside it; the box is in points of the page as shown.

    ``begins_apart`` and ``ends_apart`` say that a wide gap parts a short piece, such as a page number, from the rest.
    ``is_fixed`` says that its letters are of one width, ``is_code`` that it is a line of a listing.
    ``starts`` are the left edges of the words of a line in such type, if they are known.
    ``is_note`` marks the lines of footnotes. ``is_upright`` is false for text that runs up or down the page,
    and ``runs_down`` tells which. ``is_stamp`` marks stamps and watermarks, which are not upright in this sense.
    """

    text: str
    left: float
    bottom: float
    right: float
    top: float
    size: float = 0.0
    bold: bool = False
    table: FoundTable | None = None
    begins_apart: bool = False
    ends_apart: bool = False
    has_gap: bool = False
    is_note: bool = False
    is_upright: bool = True
    runs_down: bool = False
    is_fixed: bool = False
    is_code: bool = False
    starts: tuple[float, ...] = ()
    is_stamp: bool = False

    @property
    def middle(self) -> float:
        return (self.bottom + self.top) / 2
