"""Text of a page that no reader sees: invisible, transparent, or white on white; the layer of a scan is none."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from lake.parse.account import count_words
from lake.parse.canonical import one_line
from lake.parse.pdf.geometry import Box
from lake.parse.pdf.native import Results, unchecked

if TYPE_CHECKING:
    from lake.parse.pdf.loaded import LoadedPage

#: Types of objects, as pdfium numbers them.
_TEXT, _PATH, _FORM = 1, 2, 5
_MOST_OBJECTS = 20_000
_DEEPEST_FORM = 4
_INVISIBLE, _CLIP = 3, 7
_OPAQUE, _WHITE = 8, 250
_THIN = 2.0
#: Points of a line that letters may stand on.
_BROAD = 4.0


class _Calls:
    def __init__(self) -> None:
        pointer = ctypes.c_void_p
        self.count = unchecked("FPDFPage_CountObjects")
        self.get = unchecked("FPDFPage_GetObject", pointer)
        self.form_count = unchecked("FPDFFormObj_CountObjects")
        self.form_get = unchecked("FPDFFormObj_GetObject", pointer)
        self.kind = unchecked("FPDFPageObj_GetType")
        self.bounds = unchecked("FPDFPageObj_GetBounds")
        self.mode = unchecked("FPDFTextObj_GetTextRenderMode")
        self.fill = unchecked("FPDFPageObj_GetFillColor")
        self.stroke = unchecked("FPDFPageObj_GetStrokeColor")
        self.draw_mode = unchecked("FPDFPath_GetDrawMode")
        self.width = unchecked("FPDFPageObj_GetStrokeWidth")
        self.remove = unchecked("FPDFPage_RemoveObject")
        self.form_remove = unchecked("FPDFFormObj_RemoveObject")
        self.destroy = unchecked("FPDFPageObj_Destroy", None)


@cache
def _calls() -> _Calls:
    return _Calls()


class _Unseen(NamedTuple):
    """A text object, and the form that holds it, or None for the page."""

    drawn: ctypes.c_void_p
    form: ctypes.c_void_p | None


def remove_unseen(page: LoadedPage, *, with_invisible: bool, with_white: bool) -> str:
    """Take text that no reader sees out of a loaded page, and return it.

    Text above anything that is drawn there stays, since it may be the layer of a scan or stand on a dark ground.
    ``with_invisible`` is false for pages whose other text can't be read, ``with_white`` for those whose colours can't.
    """
    handle, calls = page.handle, _calls()
    found = _Objects(with_invisible, with_white).unseen(handle)
    if not found:
        return ""
    text_page = page.get_textpage()
    try:
        texts = [_text_of(one.drawn, text_page.raw) for one in found]
    finally:
        text_page.close()
    for (drawn, form), text in zip(found, texts, strict=True):
        if not count_words(text):
            continue  # white dots and stars only fill lines up
        removed = calls.remove(handle, drawn) if form is None else calls.form_remove(form, drawn)
        if removed:
            calls.destroy(drawn)
    return one_line(" ".join(text for text in texts if count_words(text)))


class _Objects:
    """Looks through the objects of a page."""

    def __init__(self, with_invisible: bool, with_white: bool) -> None:
        self._with_invisible, self._with_white = with_invisible, with_white
        self._quick = _calls()
        self._results = Results()
        self._numbers = [ctypes.c_uint() for _ in range(4)]
        self._at = [ctypes.byref(number) for number in self._numbers]
        self._has_layer = False

    def unseen(self, page: ctypes.c_void_p) -> list[_Unseen]:
        """The unseen text objects; no invisible ones if some lie on what is drawn, as those of a scan do."""
        white: list[_Unseen] = []
        invisible: list[_Unseen] = []
        for one, is_white in self._inside(page, None, False, 0):
            (white if is_white else invisible).append(one)
        return (white if self._with_white else []) + (invisible if self._with_invisible and not self._has_layer else [])

    def _inside(
        self, holder: ctypes.c_void_p, form: ctypes.c_void_p | None, is_covered: bool, depth: int
    ) -> Iterator[tuple[_Unseen, bool]]:
        """Text objects of the page, or of a form, that may be unseen, and whether they are white.

        ``is_covered``: something is drawn below all of the form.
        """
        quick = self._quick
        count, get = (quick.count, quick.get) if form is None else (quick.form_count, quick.form_get)
        ink: list[Box] = []
        invisible: list[tuple[ctypes.c_void_p, Box]] = []
        for i in range(min(count(holder), _MOST_OBJECTS)):
            drawn = ctypes.c_void_p(get(holder, i))
            kind = quick.kind(drawn)
            if kind == _TEXT:
                shows = self._shows(drawn)
                if shows == "nothing":
                    invisible.append((drawn, self._box(drawn)))
                elif shows == "white" and not is_covered and not _touches(self._box(drawn), ink):
                    yield _Unseen(drawn, form), True
                continue
            box = self._box(drawn)
            if kind == _FORM and depth < _DEEPEST_FORM:
                yield from self._inside(drawn, drawn, is_covered or _touches(box, ink), depth + 1)
                if not self._holds_only_text(drawn):
                    ink.append(box)
            elif kind != _PATH or self._is_ink(drawn):
                ink.append(box)
        for drawn, box in invisible:
            if is_covered or _touches(box, ink):
                self._has_layer = True
            else:
                yield _Unseen(drawn, form), False

    def _box(self, drawn: ctypes.c_void_p) -> Box:
        if not self._quick.bounds(drawn, *self._results.each_float_at):
            return Box(0.0, 0.0, 0.0, 0.0)
        left, bottom, right, top, _, _ = self._results.floats
        return Box(left, bottom, right, top)

    def _shows(self, drawn: ctypes.c_void_p) -> str:
        """Whether a text object shows "nothing", "white" letters, or "ink"."""
        mode = self._quick.mode(drawn)
        if mode == _INVISIBLE:
            return "nothing"
        if mode == _CLIP:
            return "ink"
        colours = [self._colour(self._quick.fill, drawn)] if mode % 4 != 1 else []
        colours += [self._colour(self._quick.stroke, drawn)] if mode % 4 in (1, 2) else []
        if all(colour == "nothing" for colour in colours):
            return "nothing"
        return "white" if all(colour in ("nothing", "white") for colour in colours) else "ink"

    def _colour(self, read: Callable[..., int], drawn: ctypes.c_void_p) -> str:
        if not read(drawn, *self._at):
            return "ink"
        red, green, blue, alpha = (number.value for number in self._numbers)
        if alpha < _OPAQUE:
            return "nothing"
        return "white" if min(red, green, blue) >= _WHITE else "ink"

    def _is_ink(self, path: ctypes.c_void_p) -> bool:
        """Whether a path is filled with more than white, or drawn by lines as broad as a ground."""
        fill, stroke = ctypes.c_int(), ctypes.c_int()
        if not self._quick.draw_mode(path, ctypes.byref(fill), ctypes.byref(stroke)):
            return False
        if fill.value and self._colour(self._quick.fill, path) == "ink":
            return True
        return bool(stroke.value) and self._is_broad(path) and self._colour(self._quick.stroke, path) == "ink"

    def _is_broad(self, path: ctypes.c_void_p) -> bool:
        width = self._results.floats
        return bool(self._quick.width(path, self._results.each_float_at[0])) and width[0] > _BROAD

    def _holds_only_text(self, form: ctypes.c_void_p) -> bool:
        quick = self._quick
        count = min(quick.form_count(form), _MOST_OBJECTS)
        return all(quick.kind(ctypes.c_void_p(quick.form_get(form, i))) == _TEXT for i in range(count))


def _touches(box: Box, ink: list[Box]) -> bool:
    """Whether a box lies on something that is drawn; a line that only crosses it does not count."""
    across, up = (min(_THIN, 0.4 * side) for side in (box.right - box.left, box.top - box.bottom))
    return any(
        min(box.right, one.right) - max(box.left, one.left) > across
        and min(box.top, one.top) - max(box.bottom, one.bottom) > up
        for one in ink
    )


def _text_of(drawn: ctypes.c_void_p, text_page: Any) -> str:
    import pypdfium2.raw as pdfium

    one = ctypes.cast(drawn, pdfium.FPDF_PAGEOBJECT)
    length = pdfium.FPDFTextObj_GetText(one, text_page, None, 0)
    buffer = ctypes.create_string_buffer(max(2, length))
    pdfium.FPDFTextObj_GetText(one, text_page, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), length)
    return buffer.raw[: max(0, length - 2)].decode("utf-16-le", "replace")
