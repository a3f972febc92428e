"""Places, sizes and weights of a page's glyphs as pdfium knows them; the only module that calls pdfium's C functions.

Every call costs about a microsecond, so that callers look up a word's or a line's ends and never every glyph.
"""

from __future__ import annotations

import ctypes
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from math import hypot
from typing import TYPE_CHECKING, Any, overload

from lake.parse.pdf.geometry import Box

if TYPE_CHECKING:
    from pypdfium2 import PdfPage, PdfTextPage

_BOLD_NAME = re.compile(r"bold|black|heavy|demi|[-,_ ]bd|cmb|cmssbx|sfbx|sfsx|lmb", re.IGNORECASE)
_BOLD_WEIGHT = 600
_FORCED_BOLD = 1 << 18
_MOST_OBJECTS = 20_000
_DEEPEST_FORM = 4
_THIN = 3.0
#: Replacement characters and code points for private use, but for those of symbol fonts.
_NO_LETTERS = re.compile("[\ufffd\ue000-\uefff\uf100-\uf8ff]")
#: Characters beyond the basic plane: pdfium counts two for each.
_WIDE = re.compile("[\U00010000-\U0010ffff]")
_SAMPLES = 16
_MOST_UNMAPPED = 0.4
_LEAST_RULE = 6.0

Point = tuple[float, float]
Matrix = tuple[float, float, float, float, float, float]
_SAME: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


class _Quick:
    """The functions that are called for every line, without the checks of arguments that take most of their time.

    A handle must be a ``c_void_p``: ctypes would cut a plain number to 32 bits.
    """

    def __init__(self) -> None:
        import pypdfium2.raw as pdfium

        def unchecked(name: str, result: Any = ctypes.c_int) -> Any:
            address = ctypes.cast(getattr(pdfium, name), ctypes.c_void_p).value or 0
            return ctypes.CFUNCTYPE(result)(address)

        self.loose_box = unchecked("FPDFText_GetLooseCharBox")
        self.count_rects = unchecked("FPDFText_CountRects")
        self.rect = unchecked("FPDFText_GetRect")
        self.text_object = unchecked("FPDFText_GetTextObject", ctypes.c_void_p)
        self.font_size = unchecked("FPDFText_GetFontSize", ctypes.c_double)
        self.matrix = unchecked("FPDFText_GetMatrix")
        self.font = unchecked("FPDFTextObj_GetFont", ctypes.c_void_p)
        self.has_map_error = unchecked("FPDFText_HasUnicodeMapError")


@cache
def _quick() -> _Quick:
    return _Quick()


class PageGlyphs:
    """The glyphs of one page. Boxes are in points of the page as a reader sees it: turned, and cut to its crop box."""

    def __init__(self, page: PdfPage, text_page: PdfTextPage) -> None:
        import pypdfium2.raw as pdfium

        self._pdfium = pdfium
        self._quick = _quick()
        self._page = page.raw
        self._held = page, text_page  # closing either would free what the handles below point to
        self._raw = text_page.raw
        self._handle = ctypes.cast(text_page.raw, ctypes.c_void_p)
        self.n_chars: int = text_page.count_chars()
        self.text: str = text_page.get_text_range() if self.n_chars else ""
        self._wide = [match.start() for match in _WIDE.finditer(self.text)] if not self.text.isascii() else []
        self._same_units = len(self.text) + len(self._wide) == self.n_chars
        self._same_index = self._same_units and not self._wide
        self._turn: int = page.get_rotation() // 90
        self._left, self._bottom, self._right, self._top = page.get_bbox()
        self._is_plain = self._turn == 0 and self._left == 0 and self._bottom == 0
        self._rect = pdfium.FS_RECTF()
        self._rect_at = ctypes.byref(self._rect)
        self._edges = [ctypes.c_double() for _ in range(4)]
        self._edges_at = [ctypes.byref(edge) for edge in self._edges]
        self._bounds = [ctypes.c_float() for _ in range(4)]
        self._bounds_at = [ctypes.byref(bound) for bound in self._bounds]
        self._matrix = pdfium.FS_MATRIX()
        self._matrix_at = ctypes.byref(self._matrix)
        self._styles: dict[int, tuple[float, bool]] = {}
        self._bold_fonts: dict[int, bool] = {}

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the page as shown."""
        width, height = self._right - self._left, self._top - self._bottom
        return (height, width) if self._turn % 2 else (width, height)

    def box(self, first: int, last: int) -> Box | None:
        """The box around a straight run of glyphs, from the indices in ``text`` of its first and its last.

        It reaches from the font's descent to its ascent.
        """
        rect, read = self._rect, self._quick.loose_box
        if not self._same_index:
            first, last = self._index(first), self._index(last)
        if not read(self._handle, first, self._rect_at):
            return None
        left, bottom, right, top = rect.left, rect.bottom, rect.right, rect.top
        if last != first and read(self._handle, last, self._rect_at):
            if rect.left < left:
                left = rect.left
            if rect.bottom < bottom:
                bottom = rect.bottom
            if rect.right > right:
                right = rect.right
            if rect.top > top:
                top = rect.top
        return self.shown(left, bottom, right, top)

    def gaps(self, first: int, last: int, least: float) -> list[tuple[float, float]]:
        """Gaps of at least ``least`` points between the text objects of a level line: where each begins and ends."""
        start, end = self._index(first), self._index(last)
        drawn = self._quick.text_object
        if drawn(self._handle, start) == drawn(self._handle, end):
            return []
        count = self._quick.count_rects(self._handle, start, end - start + 1)
        if count < 2:
            return []
        read, handle = self._quick.rect, self._handle
        left_at, top_at, right_at, bottom_at = self._edges_at
        left, top, right, bottom = self._edges
        low, high = (left, right) if self._turn % 2 == 0 else (bottom, top)
        extents = []
        for i in range(count):
            if read(handle, i, left_at, top_at, right_at, bottom_at):
                extents.append((low.value, high.value))
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

    def style(self, index: int) -> tuple[float, bool]:
        """Size in points as drawn, and whether the glyph is bold."""
        place = self._index(index)
        drawn = self._quick.text_object(self._handle, place)
        if not drawn:
            return 0.0, False
        found = self._styles.get(drawn)
        if found is None:
            found = self._styles[drawn] = self._style_of(drawn, place)
        return found

    def _style_of(self, drawn: int, place: int) -> tuple[float, bool]:
        quick = self._quick
        size: float = abs(quick.font_size(self._handle, place))
        if quick.matrix(self._handle, place, self._matrix_at):
            size *= hypot(self._matrix.c, self._matrix.d)
        font = quick.font(ctypes.c_void_p(drawn))
        bold = self._bold_fonts.get(font)
        if bold is None:
            bold = self._bold_fonts[font] = bool(font) and self._is_bold(font)
        return round(size, 2), bold

    def _is_bold(self, address: int) -> bool:
        pdfium = self._pdfium
        font = ctypes.cast(address, pdfium.FPDF_FONT)
        name = ctypes.create_string_buffer(200)
        pdfium.FPDFFont_GetBaseFontName(font, name, len(name))
        if _BOLD_NAME.search(name.value.decode("utf-8", "replace")):
            return True
        return bool(pdfium.FPDFFont_GetWeight(font) >= _BOLD_WEIGHT or pdfium.FPDFFont_GetFlags(font) & _FORCED_BOLD)

    def _index(self, index: int) -> int:
        if self._same_index:
            return index
        index += bisect_left(self._wide, index)
        if self._same_units:
            return index
        place: int = self._pdfium.FPDFText_GetCharIndexFromTextIndex(self._raw, index)
        return max(0, place)

    def is_blank(self) -> bool:
        """Whether the page draws nothing."""
        return bool(self._pdfium.FPDFPage_CountObjects(self._page) == 0)

    def is_unmapped(self) -> bool:
        """Whether most glyphs have no Unicode value that means something, so that the text is no text."""
        if not self.n_chars:
            return False
        text = self.text
        if not text.isascii():
            n_glyphs = len(text) - text.count(" ") - 2 * text.count("\n")
            if len(_NO_LETTERS.findall(text)) > _MOST_UNMAPPED * max(1, n_glyphs):
                return True
        step = max(1, self.n_chars // _SAMPLES)
        sample = range(0, self.n_chars, step)
        failed: int = sum(self._quick.has_map_error(self._handle, i) == 1 for i in sample)
        return failed > _MOST_UNMAPPED * len(sample)

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

    def rules(self) -> Sequence[Box]:
        """Thin boxes that are drawn; they are looked up when they are first used."""
        return _Rules(self._rules)

    def _rules(self) -> list[Box]:
        """Thin boxes that are drawn: lines, and the edges of rectangles. None for a page that is a drawing."""
        count = self._pdfium.FPDFPage_CountObjects(self._page)
        if count > _MOST_OBJECTS:
            return []
        found = []
        objects = (self._pdfium.FPDFPage_GetObject(self._page, i) for i in range(count))
        for drawn, matrix in self._drawn(objects, _SAME, 0):
            found += [rule for rule in self._path_rules(drawn, matrix) if _is_rule(rule)]
            if len(found) > _MOST_OBJECTS:
                return []
        return found

    def _drawn(self, objects: Iterator[Any], outer: Matrix, depth: int) -> Iterator[tuple[Any, Matrix]]:
        """The paths among ``objects``, and in the forms among them, each with the matrix of what it stands in."""
        pdfium = self._pdfium
        for drawn in objects:
            kind = pdfium.FPDFPageObj_GetType(drawn)
            if kind == pdfium.FPDF_PAGEOBJ_PATH:
                yield drawn, outer
            elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _DEEPEST_FORM:
                inner = (
                    pdfium.FPDFFormObj_GetObject(drawn, i)
                    for i in range(min(pdfium.FPDFFormObj_CountObjects(drawn), _MOST_OBJECTS))
                )
                yield from self._drawn(inner, _times(self._matrix_of(drawn), outer), depth + 1)

    def _matrix_of(self, drawn: Any) -> Matrix:
        m = self._matrix
        if not self._pdfium.FPDFPageObj_GetMatrix(drawn, self._matrix_at):
            return _SAME
        return m.a, m.b, m.c, m.d, m.e, m.f

    def _path_rules(self, path: Any, outer: Matrix) -> Iterator[Box]:
        """The straight pieces of a path, or the box around one that is thin."""
        pdfium = self._pdfium
        if not pdfium.FPDFPageObj_GetBounds(path, *self._bounds_at):
            return
        corners = Box(*(bound.value for bound in self._bounds))
        if outer is not _SAME:
            corners = _around([_moved(x, y, outer) for x in corners[::2] for y in corners[1::2]])
        x0, y0, x1, y1 = corners
        width, height = x1 - x0, y1 - y0
        if min(width, height) <= _THIN + 1:
            if max(width, height) >= _LEAST_RULE:
                yield self.shown(x0, y0, x1, y1)
            return
        count = pdfium.FPDFPath_CountSegments(path)
        if count <= _MOST_OBJECTS:
            for a, b in self._straight(path, count, _times(self._matrix_of(path), outer)):
                yield self.shown(*_around([a, b]))

    def _straight(self, path: Any, count: int, matrix: Matrix) -> Iterator[tuple[Point, Point]]:
        pdfium = self._pdfium
        x, y = ctypes.c_float(), ctypes.c_float()
        x_at, y_at = ctypes.byref(x), ctypes.byref(y)
        start = here = (0.0, 0.0)
        for i in range(count):
            segment = pdfium.FPDFPath_GetPathSegment(path, i)
            kind = pdfium.FPDFPathSegment_GetType(segment)
            pdfium.FPDFPathSegment_GetPoint(segment, x_at, y_at)
            point = _moved(x.value, y.value, matrix)
            if kind == pdfium.FPDF_SEGMENT_MOVETO:
                start = point
            elif kind == pdfium.FPDF_SEGMENT_LINETO:
                yield here, point
            here = point
            if pdfium.FPDFPathSegment_GetClose(segment):
                yield here, start


class _Rules(Sequence[Box]):
    """Rules that are looked up when they are first used: most pages with gaps turn out to hold no table."""

    def __init__(self, look_up: Callable[[], list[Box]]) -> None:
        self._look_up = look_up
        self._found: list[Box] | None = None

    def _rules(self) -> list[Box]:
        if self._found is None:
            self._found = self._look_up()
        return self._found

    def __len__(self) -> int:
        return len(self._rules())

    @overload
    def __getitem__(self, index: int) -> Box: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Box]: ...

    def __getitem__(self, index: int | slice) -> Box | Sequence[Box]:
        return self._rules()[index]


def _around(points: Sequence[Point]) -> Box:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return Box(min(xs), min(ys), max(xs), max(ys))


def _is_rule(box: Box) -> bool:
    width, height = box.right - box.left, box.top - box.bottom
    return min(width, height) <= _THIN and max(width, height) >= _LEAST_RULE


def _times(one: Matrix, other: Matrix) -> Matrix:
    a, b, c, d, e, f = one
    p, q, r, s, t, u = other
    return a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u


def _moved(x: float, y: float, matrix: Matrix) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f
