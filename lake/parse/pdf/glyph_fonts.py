"""The fonts of a page's glyphs: names, sizes, weights and widths."""

from __future__ import annotations

import ctypes
import re
from functools import cache, lru_cache
from math import hypot
from typing import NamedTuple

from lake.parse.pdf.native import Results, unchecked

_BOLD_NAME = re.compile(r"bold|black|heavy|demi|[-,_ ]bd|cmb|cmssbx|sfbx|sfsx|lmb", re.IGNORECASE)
_BOLD_WEIGHT = 600
_FORCED_BOLD = 1 << 18
_FIXED_NAME = re.compile(r"(?i)courier|mono(?!type)|consol|typewriter|menlo|inconsolata|cmtt|cmvtt|lmtt|sftt|ectt")
_FIXED_PITCH = 1


class Style(NamedTuple):
    """How a text object is drawn: size in points, weight, and whether all letters of its font are of one width."""

    size: float
    bold: bool
    fixed: bool


_NO_STYLE = Style(0.0, False, False)


class GlyphCalls:
    """Functions of pdfium that answer for a glyph, by its number."""

    def __init__(self) -> None:
        self.loose_box = unchecked("FPDFText_GetLooseCharBox")
        self.count_rects = unchecked("FPDFText_CountRects")
        self.rect = unchecked("FPDFText_GetRect")
        self.text_object = unchecked("FPDFText_GetTextObject", ctypes.c_void_p)
        self.font_size = unchecked("FPDFText_GetFontSize", ctypes.c_double)
        self.matrix = unchecked("FPDFText_GetMatrix")
        self.font = unchecked("FPDFTextObj_GetFont", ctypes.c_void_p)
        self.has_map_error = unchecked("FPDFText_HasUnicodeMapError")
        self.origin = unchecked("FPDFText_GetCharOrigin")
        self.index_of_text = unchecked("FPDFText_GetCharIndexFromTextIndex")
        self.text_index = unchecked("FPDFText_GetTextIndexFromCharIndex")
        self.count_objects = unchecked("FPDFPage_CountObjects")
        self.angle = unchecked("FPDFText_GetCharAngle", ctypes.c_float)
        self.font_name = unchecked("FPDFFont_GetBaseFontName", ctypes.c_size_t)
        self.font_flags = unchecked("FPDFFont_GetFlags")
        self.font_weight = unchecked("FPDFFont_GetWeight")
        #: Shared by all pages: what a call puts there is read before the next call.
        self.results = Results()
        self.name = ctypes.create_string_buffer(200)
        self.name_at, self.name_size = ctypes.byref(self.name), ctypes.c_size_t(200)


@cache
def glyph_calls() -> GlyphCalls:
    return GlyphCalls()


@lru_cache(10_000)
def _kind_by_name(name: str) -> tuple[bool, bool]:
    """Whether a font's name says that it is bold, and that all of its letters are of one width."""
    return bool(_BOLD_NAME.search(name)), bool(_FIXED_NAME.search(name))


class GlyphFonts:
    """Looks up the text objects and the fonts of the glyphs of one page, by pdfium's numbers of them."""

    def __init__(self, handle: ctypes.c_void_p) -> None:
        self._quick = glyph_calls()
        self._handle = handle
        #: The style of each text object that was looked up.
        self.styles: dict[int | None, Style] = {}
        self._kinds: dict[int, tuple[bool, bool]] = {}
        self._alike: dict[tuple[float, float, float, int], Style] = {}

    def style_of(self, drawn: int | None, place: int) -> Style:
        """The style of a text object that is new."""
        if not drawn:
            return _NO_STYLE
        quick, handle = self._quick, self._handle
        stated = quick.font_size(handle, place)
        c, d = 0.0, 1.0
        if quick.matrix(handle, place, quick.results.floats_at):
            _, _, c, d, _, _ = quick.results.floats
        font = quick.font(ctypes.c_void_p(drawn))
        # Most objects of a page are drawn like some before them.
        alike = stated, c, d, font
        found = self._alike.get(alike)
        if found is None:
            kind = self._kinds.get(font)
            if kind is None:
                kind = self._kinds[font] = self._kind_of(font) if font else (False, False)
            size = abs(stated) * (d if c == 0.0 < d else hypot(c, d))
            found = self._alike[alike] = Style(round(size, 2), *kind)
        self.styles[drawn] = found
        return found

    def _kind_of(self, address: int) -> tuple[bool, bool]:
        """Whether a font is bold, and whether all of its letters are of one width."""
        font, flags = ctypes.c_void_p(address), self._quick.font_flags(ctypes.c_void_p(address))
        is_bold, is_fixed = _kind_by_name(self.name_of(address))
        is_fixed = is_fixed or bool(flags & _FIXED_PITCH)
        if is_bold or flags & _FORCED_BOLD:
            return True, is_fixed
        return bool(self._quick.font_weight(font) >= _BOLD_WEIGHT), is_fixed

    def name_of(self, address: int) -> str:
        quick = self._quick
        quick.name[0] = b"\0"  # pdfium writes nothing if the name is longer
        quick.font_name(ctypes.c_void_p(address), quick.name_at, quick.name_size)
        return quick.name.value.decode("utf-8", "replace")

    def font_at(self, place: int) -> int:
        """The font of a glyph; 0 if it has none."""
        drawn = self._quick.text_object(self._handle, place)
        return (self._quick.font(ctypes.c_void_p(drawn)) or 0) if drawn else 0
