"""Runs of words without a wide gap, and the lines that they form: what tables without grids are found by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter

from lake.parse.pdf.geometry import Box, PlacedWord

#: A gap between words that parts two cells, in sizes of the font; figures stand closer together than words.
WIDE_GAP = 1.0
FIGURES_GAP = 0.5
_BACK = -0.3
_SAME_LINE = 0.4
_SAME_EDGE = 1.5
_FIGURE = re.compile(
    r"[(\[]?[-+\u2212\u2013—±<>~≈]?(?:[$€£¥₹]|USD|EUR|Rs\.?)?[-+\u2212\u2013]?\(?(?:\d[\d.,'\u2019/:%\u00d7x-]*|[.,]\d+)(?:[eE][-+]?\d+)?"
    r"\)?(?:%|[$€£¥₹]|‰|°[CF]?|bn|[kKmMxbB])?[)\]]?(?:[*†‡§]+|[)¹²³⁴]+|\^[-\u2212]?\d+)?"
)
_NO_VALUE = frozenset(
    ("-", "\u2013", "—", "\u2212", "--", "---", "n/a", "N/A", "n.a.", "NA", "nil", "NM", "nm", "*", "…", "?")
)
_CURRENCY = frozenset(["$", "€", "£", "¥", "₹", "USD", "EUR", "GBP", "CHF", "US$", "C$", "A$", "Rs", "Rs.", "kr"])
_UNIT = re.compile(
    r"[%‰)]|\)%|[kmµ]?g|t|lbs?|oz|[kcmµn]?m[²³]?|in|ft|mi|ha|[mµ]?[lL]|[mµn]?s|min|h|hrs?|d|days?|yrs?|years?"
    r"|[kMG]?Wh?|m?V|m?A|[kMG]?Hz|[kM]?Pa|m?bar|°[CF]|K|[kM]?J|k?N|[kKMGT]?i?B|bits?|bytes?|pts?|x|pp|ppm|dB|bps|million"
)


@lru_cache(50_000)
def is_figure(text: str) -> bool:
    """Whether a word is a number, perhaps with its sign, currency, unit or footnote mark."""
    return bool(_FIGURE.fullmatch(text))


def is_figure_cell(words: Sequence[str]) -> bool:
    """Whether a cell holds a value: figures with their signs and units, or a mark that says that there is none."""
    figures = 0
    for word in words:
        if is_figure(word):
            figures += 1
        elif not (word in _NO_VALUE or word in _CURRENCY or _UNIT.fullmatch(word)):
            return False
    return figures > 0 or (len(words) == 1 and words[0] in _NO_VALUE)


def is_currency(words: Sequence[str]) -> bool:
    """Whether a cell holds nothing but a currency sign."""
    return len(words) == 1 and words[0] in _CURRENCY


def is_tail(words: Sequence[str]) -> bool:
    """Whether a cell holds nothing but what ends a figure: a percent sign, a closing parenthesis, a footnote mark."""
    return len(words) == 1 and (
        words[0] in ("%", ")", ")%", "*", "†", "‡", "**") or _MARK.fullmatch(words[0]) is not None
    )


_MARK = re.compile(r"\((?:\d{1,2}|[a-z])\)|[¹²³⁴⁵⁶⁷⁸⁹]+|[*†‡§]+")


@dataclass(slots=True)
class Segment:
    """Words of one line that stand close together."""

    left: float
    right: float
    bottom: float
    top: float
    size: float
    words: list[PlacedWord]

    @property
    def middle(self) -> float:
        return (self.bottom + self.top) / 2

    @property
    def texts(self) -> list[str]:
        return [word.text for word in self.words]


class SegmentLine:
    """Segments beside each other, from left to right; ``middle`` is the mean height of their middles."""

    __slots__ = ("middle", "segments", "size")

    def __init__(self, segments: list[Segment]) -> None:
        self.segments = segments
        if len(segments) == 1:
            (only,) = segments
            self.middle = (only.bottom + only.top) / 2
            self.size = only.size
        else:
            self.middle = sum([s.bottom + s.top for s in segments]) / (2 * len(segments))
            self.size = max([s.size for s in segments])

    @property
    def bottom(self) -> float:
        return min(segment.bottom for segment in self.segments)

    @property
    def left(self) -> float:
        return self.segments[0].left

    @property
    def right(self) -> float:
        return max(segment.right for segment in self.segments)


def segments_of(words: Iterable[PlacedWord]) -> list[Segment]:
    """Segments in the order of the words."""
    found: list[Segment] = []
    text_before = ""
    size = edge = height = left = right = bottom = top = 0.0
    held: list[PlacedWord] = []
    for word in words:
        text, (x, y, to, up), word_size, *_ = word
        reach = word_size if word_size > size else size
        gap = x - edge
        # Written out since every word of every page passes here.
        if (
            held
            and gap <= WIDE_GAP * reach
            and gap >= _BACK * reach
            and -2 * _SAME_LINE * reach <= y + up - height <= 2 * _SAME_LINE * reach
            and (gap < FIGURES_GAP * reach or not (is_figure(text) and is_figure(text_before)))
        ):
            held.append(word)
            edge = to
            if to > right:
                right = to
        else:
            if held:
                found.append(Segment(left, right, bottom, top, size, held))
            held = [word]
            left, bottom, right, top = x, y, to, up
            size = word_size or up - y
            edge, height = to, y + up
        text_before = text
    if held:
        found.append(Segment(left, right, bottom, top, size, held))
    return found


def lines_of(segments: Iterable[Segment]) -> list[SegmentLine]:
    """Lines from top to bottom. Segments of one line that were not drawn one after the other are joined."""
    lines: list[list[Segment]] = []
    middle = size = 0.0
    for height, _, segment in sorted([(-s.bottom - s.top, i, s) for i, s in enumerate(segments)]):
        here = -height / 2
        if lines and middle - here <= _SAME_LINE * (size if size > segment.size else segment.size):
            lines[-1].append(segment)
            middle += (here - middle) / len(lines[-1])
        else:
            lines.append([segment])
            middle, size = here, segment.size
    return [SegmentLine(_joined(line)) if len(line) > 1 else SegmentLine(line) for line in lines]


def _joined(segments: list[Segment]) -> list[Segment]:
    segments.sort(key=attrgetter("left"))
    joined = segments[:1]
    for segment in segments[1:]:
        before = joined[-1]
        reach = max(before.size, segment.size)
        gap = segment.left - before.right
        figures = is_figure(before.words[-1].text) and is_figure(segment.words[0].text)
        if gap <= (FIGURES_GAP if figures else WIDE_GAP) * reach:
            joined[-1] = Segment(
                before.left,
                max(before.right, segment.right),
                min(before.bottom, segment.bottom),
                max(before.top, segment.top),
                reach,
                sorted(before.words + segment.words, key=lambda word: word.box.left),
            )
        else:
            joined.append(segment)
    return joined


def is_under(line: SegmentLine, above: Sequence[Segment]) -> bool:
    """Whether a line is a single segment that begins where one above begins."""
    return len(line.segments) == 1 and any(abs(segment.left - line.left) <= _SAME_EDGE for segment in above)


def box_around(words: Iterable[PlacedWord]) -> Box:
    """The smallest box that holds all words."""
    boxes = [word.box for word in words]
    return Box(
        min(box.left for box in boxes),
        min(box.bottom for box in boxes),
        max(box.right for box in boxes),
        max(box.top for box in boxes),
    )
