"""Places, sizes and weights of a page's glyphs as pdfium knows them.

Every call of pdfium costs time, so that callers look up a word's or a line's ends and never every glyph.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from lake.parse.pdf.drawn_rules import DrawnRules
from lake.parse.pdf.geometry import Box
from lake.parse.pdf.glyph_fonts import Style
from lake.parse.pdf.page_text import PageText
from lake.parse.pdf.raised import joint

if TYPE_CHECKING:
    from lake.parse.pdf.loaded import LoadedPage, LoadedText

#: A figure or a sign that goes on a number, and the first figure right after two letters, which may be a note's mark.
_MAY_BE_RAISED = (
    r"[-\u2212DIGIT](?:(?<=[DIGIT][DIGIT])|(?<=[DIGIT][-\u2212])(?=[DIGIT])"
    r"|(?<=[^\W\d_]{2}[DIGIT])(?![DIGIT]*[^\W\d_]))"
)
_RAISED_WESTERN = re.compile(_MAY_BE_RAISED.replace("DIGIT", "0-9"))
_RAISED_OTHER = re.compile(_MAY_BE_RAISED.replace("DIGIT", r"\d"))
_LONGEST_BASE = 20
#: Size of a superscript, and how far it is raised, in sizes of what is before it.
_RAISED_SIZE, _LEAST_RAISE = 0.85, 0.15
#: How many letters show which way a page's text runs, and the share of them that must run alike.
_N_SAMPLES, _LEAST_AGREED = 16, 0.6
_QUARTER = math.pi / 2
#: Quarter turns by which letters of a stamp are tilted at least, and no line of a scan is.
_LEAST_TILT = 0.05


def _are_apart(one: float, other: float) -> bool:
    """Whether two angles differ by more than a scan's letters do."""
    quarters = abs(one - other) / _QUARTER % 4
    return _LEAST_TILT < quarters < 4 - _LEAST_TILT


def with_signs(text: str, first: int, raised: Iterable[tuple[int, str]]) -> str:
    """A run of glyphs that begins at ``first``, with what parts each of the raised ones from what they follow."""
    for index, sign in sorted(raised, reverse=True):
        if first < index < first + len(text):
            text = f"{text[: index - first]}{sign}{text[index - first :]}"
    return text


class PageGlyphs(PageText):
    """The glyphs of one page. Boxes are in points of the page as it is read: turned to its text, and cropped."""

    def __init__(
        self,
        page: LoadedPage,
        text_page: LoadedText,
        *,
        is_unsure: bool = False,
        ligatures: Mapping[str, Mapping[int, str]] | None = None,
    ) -> None:
        """``is_unsure``: the page has fonts that may not state which letters their glyphs are.

        ``ligatures`` are letters that pdfium may not know, by the name of the font and the code of the glyph.
        """
        super().__init__(text_page, is_unsure=is_unsure, ligatures=ligatures)
        self._page = page.handle
        self._held = page, text_page  # closing either would free what the handles point to
        self._results = self._quick.results
        #: Indices of superscripts that would run into what is before them, as far as they were looked for, and what
        #: parts them from it.
        self.raised: list[tuple[int, str]] = []
        self._turn = self._text_turn(page.get_rotation() // 90)
        self._left, self._bottom, self._right, self._top = page.get_bbox()
        self._is_plain = self._turn == 0 and self._left == 0 and self._bottom == 0
        self._figures: list[int] | None = None

    def _text_turn(self, shown: int) -> int:
        """Quarter turns clockwise after which most of the text is level: those of the page, unless samples agree."""
        letters = [i for i in range(0, len(self.text), len(self.text) // _N_SAMPLES + 1) if self.text[i].isalnum()]
        angle, handle = self._quick.angle, self._handle
        if self._same_index and letters and not any([angle(handle, i) for i in letters]):
            return 0
        turns = Counter(map(self._turn_of, letters))
        (turn, n_agreed), *_ = turns.most_common(1) or [(shown, 0)]
        return turn if n_agreed > _LEAST_AGREED * len(letters) else shown

    def _turn_of(self, index: int) -> int:
        """Quarter turns clockwise after which a glyph is level."""
        angle: float = self._quick.angle(self._handle, self._index(index))
        return round(-angle / _QUARTER) % 4

    def _angle_of(self, index: int) -> float:
        angle: float = self._quick.angle(self._handle, self._index(index))
        return angle

    def is_tilted(self, index: int) -> bool:
        """Whether a glyph is neither level nor upright."""
        quarters = self._angle_of(index) / _QUARTER
        return abs(quarters - round(quarters)) > _LEAST_TILT

    def is_turned(self, index: int) -> bool:
        """Whether a glyph is not level on the page as it is read."""
        return self._turn_of(index) != self._turn

    def part_where_it_turns(self, lines: Iterable[tuple[int, int]]) -> bool:
        """Begin a new line in the text where pdfium runs level letters and turned ones together; whether it did.

        ``lines`` are the indices of the first and last glyph of lines that may hold both.
        """
        found: list[int] = []
        for first, last in lines:
            if _are_apart(self._angle_of(first), self._angle_of(last)):
                places = [i for i in range(first, last + 1) if not self.text[i].isspace()]
                angles = map(self._angle_of, places)
                found += [i for i, (a, b) in zip(places[1:], pairwise(angles), strict=True) if _are_apart(a, b)]
        if not found or self._added or self._removed:
            return False
        self._part_all(found, "\n")
        return True

    def _part_all(self, places: Sequence[int], sign: str) -> None:
        for at in places:
            run = self.text[max(0, at - _LONGEST_BASE) : at + _LONGEST_BASE]
            at_in_run = min(at, _LONGEST_BASE)
            self.correct(run, f"{run[:at_in_run]}{sign}{run[at_in_run:]}")
        self._part(places, sign)
        self.raised, self._figures = [], None

    def part_where_cut(self) -> None:
        """Part words that run together where the first of them is cut off, as in a narrow cell of a sheet."""
        if not self._same_index or self._turn:
            return
        drawn_at, handle, text = self._quick.text_object, self._handle, self.text
        before = None
        found: list[int] = []
        for i, letter in enumerate(text):
            if not letter.isalnum():
                before = None
                continue
            drawn = drawn_at(handle, i)
            if before is not None and drawn != before and self._runs_into(i):
                found.append(i)
            before = drawn
        if found:
            self._part_all(found, " ")

    def _runs_into(self, index: int) -> bool:
        """Whether a letter begins well inside the letter before it, on one line with it."""
        one, other = self.box(index - 1, index - 1), self.box(index, index)
        if one is None or other is None:
            return False
        overlap = one.right - other.left
        return 0.3 * (one.top - one.bottom) < overlap < 2 * (one.right - one.left) and other.left > one.left - overlap

    @property
    def is_upside_down(self) -> bool:
        """Whether the text runs from the right to the left of the file's page, of which pdfium joins rows to a line."""
        return self._turn == 2

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the page as read."""
        width, height = self._right - self._left, self._top - self._bottom
        return (height, width) if self._turn % 2 else (width, height)

    def box(self, first: int, last: int) -> Box | None:
        """The box around a straight run of glyphs, from the indices in ``text`` of its first and its last.

        It reaches from the font's descent to its ascent.
        """
        if not self._same_index:
            first, last = self._index(first), self._index(last)
        edges = self._edges(first, last)
        return edges and Box(*edges)

    def _edges(self, first: int, last: int) -> tuple[float, float, float, float] | None:
        """Left, bottom, right and top of a run, by pdfium's indices; a plain tuple takes half the time of a box."""
        rect, rect_at, read = self._results.floats, self._results.floats_at, self._quick.loose_box
        if not read(self._handle, first, rect_at):
            return None
        left, top, right, bottom, _, _ = rect
        if last != first and read(self._handle, last, rect_at):
            a, b, c, d, _, _ = rect
            if d < bottom:
                bottom = d
            if a < left:
                left = a
            if c > right:
                right = c
            if b > top:
                top = b
        return (left, bottom, right, top) if self._is_plain else self.shown(left, bottom, right, top)

    def place(self, first: int, last: int) -> tuple[tuple[float, float, float, float], Style, bool] | None:
        """Edges of a run as in ``box``, style of both ends, with the size of the first; whether it is one object."""
        if not self._same_index:
            first, last = self._index(first), self._index(last)
        edges = self._edges(first, last)
        if edges is None:
            return None
        styles, handle, drawn_at = self._fonts.styles, self._handle, self._quick.text_object
        drawn = drawn_at(handle, first)
        style = styles.get(drawn) or self._fonts.style_of(drawn, first)
        other = drawn if last == first else drawn_at(handle, last)
        if other == drawn:
            return edges, style, True
        size, bold, fixed = style
        if bold or fixed:
            _, other_bold, other_fixed = styles.get(other) or self._fonts.style_of(other, last)
            style = Style(size, bold and other_bold, fixed and other_fixed)
        return edges, style, False

    def words(self, spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, Box, Style]]:
        """Box and style of each run from the index of its first glyph to its last; runs without a box are not.

        Written out since every word of many pages passes here.
        """
        held, handle, read, drawn_at = self._results, self._handle, self._quick.loose_box, self._quick.text_object
        rect, rect_at, styles = held.floats, held.floats_at, self._fonts.styles
        is_same, is_plain = self._same_index, self._is_plain
        for number, (first, last) in enumerate(spans):
            if not is_same:
                first, last = self._index(first), self._index(last)
            if not read(handle, first, rect_at):
                continue
            left, top, right, bottom, _, _ = rect
            if last != first and read(handle, last, rect_at):
                a, b, c, d, _, _ = rect
                if d < bottom:
                    bottom = d
                if a < left:
                    left = a
                if c > right:
                    right = c
                if b > top:
                    top = b
            drawn = drawn_at(handle, first)
            style = styles.get(drawn) or self._fonts.style_of(drawn, first)
            box = Box(left, bottom, right, top) if is_plain else self.shown(left, bottom, right, top)
            yield number, box, style

    def rows_with_gaps(self, least: float) -> list[tuple[float, float]]:
        """Heights on the page at which text objects that follow each other have a gap of ``least`` points, and gaps."""
        quick, handle = self._quick, self._handle
        count = quick.count_rects(handle, 0, self.n_chars) if self.n_chars else 0
        read, edges = quick.rect, self._results.doubles
        a, b, c, d = self._results.doubles_at
        is_turned = self._turn % 2
        found = []
        low, high, floor, ceiling = -1e9, 1e9, 0.0, 0.0
        for i in range(count):
            if not read(handle, i, a, b, c, d):
                continue
            start, up, stop, down = edges
            if is_turned:
                start, up, stop, down = down, stop, up, start
            gap = start - high if start > high else low - stop
            if gap >= least and up > floor - 0.5 and down < ceiling + 0.5:
                box = self.shown(*((down, start, up, stop) if is_turned else (start, down, stop, up)))
                found.append(((box.bottom + box.top) / 2, gap))
            low, high, floor, ceiling = start, stop, down, up
        found.sort()
        return found

    def gaps(self, first: int, last: int, least: float) -> list[tuple[float, float]]:
        """Gaps of at least ``least`` points between the text objects of a level line: where each begins and ends."""
        start, end = self._index(first), self._index(last)
        count = self._quick.count_rects(self._handle, start, end - start + 1)
        if count < 2:
            return []
        read, handle, edges, at = self._quick.rect, self._handle, self._results.doubles, self._results.doubles_at
        low, high = (0, 2) if self._turn % 2 == 0 else (3, 1)
        extents = [(edges[low], edges[high]) for i in range(count) if read(handle, i, *at)]
        if self._turn > 1:
            extents = [(-b, -a) for a, b in extents]
        if not extents:
            return []
        extents.sort()
        offset = {0: -self._left, 1: -self._bottom, 2: self._right, 3: self._top}[self._turn]
        found = []
        reach = extents[0][1]
        for begin, stop in extents:
            if begin - reach >= least:
                found.append((reach + offset, begin + offset))
            if stop > reach:
                reach = stop
        return found

    def style(self, index: int) -> Style:
        """Size in points as drawn, weight and kind of a glyph's font."""
        place = index if self._same_index else self._index(index)
        drawn = self._quick.text_object(self._handle, place)
        return self._fonts.styles.get(drawn) or self._fonts.style_of(drawn, place)

    def parted(self, first: int, text: str) -> str:
        """A run of glyphs with a caret before superscripts that would run into a number, and notes' marks apart."""
        if self._figures is None:
            # Once for the page, since an expression costs more to begin than to run over a line.
            figure = _RAISED_WESTERN if self._is_western else _RAISED_OTHER
            self._figures = [match.start() for match in figure.finditer(self.text)]
        places = self._figures
        found: list[tuple[int, str]] = []
        for i in range(bisect_left(places, first), len(places)):
            if places[i] >= first + len(text):
                break
            if self.is_raised(places[i]):
                before = self.text[max(first, places[i] - _LONGEST_BASE) : places[i]]
                after = self.text[places[i] : first + len(text)]
                if sign := "^" if before[-1:].isdigit() else joint(before, after, 0.0, is_raised=True):
                    found.append((places[i], sign))
        self.raised += found
        return with_signs(text, first, found) if found else text

    def is_raised(self, index: int) -> bool:
        """Whether a glyph is smaller and stands higher than the one before it, on a page that is not turned."""
        if self._turn:
            return False
        first, second = self._index(index - 1), self._index(index)
        drawn_at, read, handle = self._quick.text_object, self._quick.origin, self._handle
        if drawn_at(handle, first) == drawn_at(handle, second):
            return False
        size = self.style(index - 1).size
        if not 0 < self.style(index).size <= _RAISED_SIZE * size:
            return False
        at, edges = self._results.doubles_at, self._results.doubles
        read(handle, first, at[0], at[1])
        read(handle, second, at[2], at[3])
        return _LEAST_RAISE * size <= edges[3] - edges[1] <= size and edges[2] > edges[0]

    def is_blank(self) -> bool:
        """Whether the page draws nothing."""
        return bool(self._quick.count_objects(self._page) == 0)

    def shown(self, left: float, bottom: float, right: float, top: float) -> Box:
        """A box of the page's own points in those of the page as shown."""
        if self._is_plain:
            return Box(left, bottom, right, top)
        if self._turn == 0:
            return Box(left - self._left, bottom - self._bottom, right - self._left, top - self._bottom)
        if self._turn == 1:
            return Box(bottom - self._bottom, self._right - right, top - self._bottom, self._right - left)
        if self._turn == 2:
            return Box(self._right - right, self._top - top, self._right - left, self._top - bottom)
        return Box(self._top - top, left - self._left, self._top - bottom, right - self._left)

    @cached_property
    def rules(self) -> Sequence[Box]:
        """Thin boxes that are drawn; they are looked up when they are first used."""
        return DrawnRules(self._page, self.shown)
