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
    """A run of glyphs without a space; ``size`` is the font's size in points as drawn."""

    text: str
    box: Box
    size: float
    bold: bool = False


@dataclass(frozen=True, slots=True)
class PageLayout:
    """Everything on a page that decides its structure. ``rules`` are thin boxes: lines and edges of rectangles."""

    width: float
    height: float
    words: Sequence[PlacedWord]
    rules: Sequence[Box]


@dataclass(frozen=True, slots=True)
class FoundTable:
    """A table on a page: its cells' texts by row. A merged cell's text stands in its first place; the rest is empty."""

    box: Box
    rows: Sequence[Sequence[str]]
