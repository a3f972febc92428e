"""Places, sizes and weights of a page's glyphs as pdfium knows them; the only module that calls pdfium's C functions.

Every call costs about a microsecond, so that callers look up a word's or a line's ends and never every glyph.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from math import hypot
from typing import TYPE_CHECKING, Any

from lake.parse.pdf.geometry import Box

if TYPE_CHECKING:
    from pypdfium2 import PdfPage, PdfTextPage

_BOLD_NAME = re.compile(r"bold|black|heavy|demi|[-,_ ]bd|cmb|cmssbx|sfbx|sfsx|lmb", re.IGNORECASE)
_BOLD_WEIGHT = 600
_FORCED_BOLD = 1 << 18
_FILL_AND_STROKE = 2
_MOST_OBJECTS = 20_000
_DEEPEST_FORM = 4
_THIN = 3.0
_GLYPHS = re.compile(r"\S")
#: Replacement characters, private use and controls, but for the bullets of symbol fonts and pdfium's hyphen.
_NO_LETTERS = re.compile("[\ufffd\ue000-\uefff\uf100-\uf8ff\x00\x01\x03-\x08\x0e-\x1f]")
_SAMPLES = 24
_MOST_UNMAPPED = 0.4
_LEAST_RULE = 6.0

Matrix = tuple[float, float, float, float, float, float]
_SAME: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


class PageGlyphs:
    """The glyphs of one page. Boxes are in points of the page as a reader sees it: turned, and cut to its crop box."""

    def __init__(self, page: PdfPage, text_page: PdfTextPage) -> None:
        import pypdfium2.raw as pdfium

        self._pdfium = pdfium
        self._page = page.raw
        self._raw = text_page.raw
        self.n_chars: int = text_page.count_chars()
        self.text: str = text_page.get_text_range() if self.n_chars else ""
        self._same_index = len(self.text) == self.n_chars
        self._turn: int = page.get_rotation() // 90
        self._left, self._bottom, self._right, self._top = page.get_bbox()
        self._rect = pdfium.FS_RECTF()
        self._rect_at = ctypes.byref(self._rect)
        self._edges = [ctypes.c_double() for _ in range(4)]
        self._edges_at = [ctypes.byref(edge) for edge in self._edges]
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
        rect, read = self._rect, self._pdfium.FPDFText_GetLooseCharBox
        if not self._same_index:
            first, last = self._index(first), self._index(last)
        if not read(self._raw, first, self._rect_at):
            return None
        left, bottom, right, top = rect.left, rect.bottom, rect.right, rect.top
        if last != first and read(self._raw, last, self._rect_at):
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
        count = self._pdfium.FPDFText_CountRects(self._raw, start, end - start + 1)
        if count < 2:
            return []
        read, raw, (left_at, top_at, right_at, bottom_at) = self._pdfium.FPDFText_GetRect, self._raw, self._edges_at
        left, top, right, bottom = self._edges
        low, high = (left, right) if self._turn % 2 == 0 else (bottom, top)
        extents = []
        for i in range(count):
            if read(raw, i, left_at, top_at, right_at, bottom_at):
                extents.append((low.value, high.value))
        if self._turn > 1:
            extents = [(-b, -a) for a, b in extents]
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
        drawn = self._pdfium.FPDFText_GetTextObject(self._raw, place)
        if not drawn:
            return 0.0, False
        address = ctypes.addressof(drawn.contents)
        found = self._styles.get(address)
        if found is None:
            found = self._styles[address] = self._style_of(drawn, place)
        return found

    def _style_of(self, drawn: Any, place: int) -> tuple[float, bool]:
        pdfium = self._pdfium
        size = abs(pdfium.FPDFText_GetFontSize(self._raw, place))
        if pdfium.FPDFText_GetMatrix(self._raw, place, self._matrix_at):
            size *= hypot(self._matrix.c, self._matrix.d)
        bold = pdfium.FPDFTextObj_GetTextRenderMode(drawn) == _FILL_AND_STROKE
        font = pdfium.FPDFTextObj_GetFont(drawn)
        if font and not bold:
            address = ctypes.addressof(font.contents)
            if address not in self._bold_fonts:
                self._bold_fonts[address] = self._is_bold(font)
            bold = self._bold_fonts[address]
        return round(size, 2), bold

    def _is_bold(self, font: Any) -> bool:
        pdfium = self._pdfium
        name = ctypes.create_string_buffer(200)
        pdfium.FPDFFont_GetBaseFontName(font, name, len(name))
        if _BOLD_NAME.search(name.value.decode("utf-8", "replace")):
            return True
        return bool(pdfium.FPDFFont_GetWeight(font) >= _BOLD_WEIGHT or pdfium.FPDFFont_GetFlags(font) & _FORCED_BOLD)

    def _index(self, index: int) -> int:
        if self._same_index:
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
        n_glyphs = len(_GLYPHS.findall(self.text)) if self.text else 0
        if len(_NO_LETTERS.findall(self.text)) > _MOST_UNMAPPED * max(1, n_glyphs):
            return True
        step = max(1, self.n_chars // _SAMPLES)
        sample = range(0, self.n_chars, step)
        failed: int = sum(self._pdfium.FPDFText_HasUnicodeMapError(self._raw, i) == 1 for i in sample)
        return failed > _MOST_UNMAPPED * len(sample)

    def shown(self, left: float, bottom: float, right: float, top: float) -> Box:
        """A box of the page's own points in those of the page as shown."""
        if self._turn == 0:
            return Box(left - self._left, bottom - self._bottom, right - self._left, top - self._bottom)
        if self._turn == 1:
            return Box(bottom - self._bottom, self._right - right, top - self._bottom, self._right - left)
        if self._turn == 2:
            return Box(self._right - right, self._top - top, self._right - left, self._top - bottom)
        return Box(self._top - top, left - self._left, self._top - bottom, right - self._left)

    def rules(self) -> list[Box]:
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
        """The paths among ``objects``, and in the forms among them, each with its matrix."""
        pdfium = self._pdfium
        for drawn in objects:
            kind = pdfium.FPDFPageObj_GetType(drawn)
            if kind == pdfium.FPDF_PAGEOBJ_PATH:
                yield drawn, _times(self._matrix_of(drawn), outer)
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

    def _path_rules(self, path: Any, matrix: Matrix) -> Iterator[Box]:
        """The straight pieces of a path that is stroked, or the edges of one that is filled."""
        pdfium = self._pdfium
        count = pdfium.FPDFPath_CountSegments(path)
        if count > _MOST_OBJECTS:
            return
        x, y = ctypes.c_float(), ctypes.c_float()
        x_at, y_at = ctypes.byref(x), ctypes.byref(y)
        start = here = (0.0, 0.0)
        pieces = []
        for i in range(count):
            segment = pdfium.FPDFPath_GetPathSegment(path, i)
            kind = pdfium.FPDFPathSegment_GetType(segment)
            pdfium.FPDFPathSegment_GetPoint(segment, x_at, y_at)
            point = _moved(x.value, y.value, matrix)
            if kind == pdfium.FPDF_SEGMENT_MOVETO:
                start = point
            elif kind == pdfium.FPDF_SEGMENT_LINETO:
                pieces.append((here, point))
            here = point
            if pdfium.FPDFPathSegment_GetClose(segment):
                pieces.append((here, start))
        if not pieces:
            return
        left = min(min(a[0], b[0]) for a, b in pieces)
        right = max(max(a[0], b[0]) for a, b in pieces)
        bottom = min(min(a[1], b[1]) for a, b in pieces)
        top = max(max(a[1], b[1]) for a, b in pieces)
        if min(right - left, top - bottom) <= _THIN:
            yield self.shown(left, bottom, right, top)
            return
        for a, b in pieces:
            yield self.shown(min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1]))


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
