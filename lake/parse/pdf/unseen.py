"""Text of a page that no reader sees: invisible, white on white, clipped, or masked; the layer of a scan is none."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from lake.parse.account import count_words
from lake.parse.canonical import one_line
from lake.parse.pdf.clips import clip_of
from lake.parse.pdf.geometry import Box
from lake.parse.pdf.native import Results, unchecked
from lake.parse.pdf.rendered import picture_of
from lake.parse.pdf.signs import CLIPPED, IN_FORMS, MASKED

if TYPE_CHECKING:
    from lake.parse.pdf.loaded import LoadedPage

#: Types of objects, as pdfium numbers them.
_TEXT, _PATH, _FORM = 1, 2, 5
_MOST_OBJECTS = 20_000
_DEEPEST_FORM = 4
#: Modes of drawing text: invisible, and the first of those that also clip what follows.
_INVISIBLE, _CLIPPING, _ONLY_CLIPPING = 3, 4, 7
_OPAQUE, _WHITE = 8, 250
#: Points, and the share of a side, by which a drawing may reach into a text's box without being its ground.
_THIN, _THIN_SHARE = 2.0, 0.3
#: Points of a line that letters may stand on.
_BROAD = 4.0
_LEAST_PIXELS = 2.0

_INVISIBLE_TEXT, _CUT_OFF = "invisible text", "text outside of what is shown"

_Handle = ctypes.c_void_p
#: Six numbers that take places of a form to those of the page.
_Matrix = tuple[float, float, float, float, float, float]
_AS_ON_PAGE: _Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


class _Calls:
    def __init__(self) -> None:
        self.count = unchecked("FPDFPage_CountObjects")
        self.get = unchecked("FPDFPage_GetObject", _Handle)
        self.form_count = unchecked("FPDFFormObj_CountObjects")
        self.form_get = unchecked("FPDFFormObj_GetObject", _Handle)
        self.kind = unchecked("FPDFPageObj_GetType")
        self.bounds = unchecked("FPDFPageObj_GetBounds")
        self.matrix = unchecked("FPDFPageObj_GetMatrix")
        self.mode = unchecked("FPDFTextObj_GetTextRenderMode")
        self.fill = unchecked("FPDFPageObj_GetFillColor")
        self.stroke = unchecked("FPDFPageObj_GetStrokeColor")
        self.draw_mode = unchecked("FPDFPath_GetDrawMode")
        self.width = unchecked("FPDFPageObj_GetStrokeWidth")
        self.has_transparency = unchecked("FPDFPageObj_HasTransparency")
        self.remove = unchecked("FPDFPage_RemoveObject")
        self.form_remove = unchecked("FPDFFormObj_RemoveObject")
        self.destroy = unchecked("FPDFPageObj_Destroy", None)


@cache
def _calls() -> _Calls:
    return _Calls()


class _Form(NamedTuple):
    """A form that the page draws, or the page itself without a handle."""

    handle: _Handle | None
    matrix: _Matrix
    is_blended: bool = False


class _Faint(NamedTuple):
    """A text object that is "white", draws "nothing", lies "outside" of its clip, or may be "covered"; its holder."""

    drawn: _Handle
    form: _Form
    shows: str

    @property
    def is_white(self) -> bool:
        return self.shows == "white"

    @property
    def is_cut(self) -> bool:
        return self.shows in ("outside", "covered")


def remove_unseen(page: LoadedPage, ways: int, *, with_invisible: bool) -> dict[str, str]:
    """Take text that no reader sees out of a loaded page, and return it by the reason; ``ways`` as in `signs`.

    Text over or under anything that is drawn stays, since it may be the layer of a scan or stand on a dark ground, as
    does text without which the page would look different. ``with_invisible`` is false for pages whose other text
    can't be read or may be pictures.
    """
    found = _Objects(page, ways).unseen(with_invisible)
    if not found:
        return {}
    calls = _calls()
    text_page = page.get_textpage()
    try:
        texts = [_text_of(one.drawn, text_page.raw) for one in found]
    finally:
        text_page.close()
    taken: dict[str, list[str]] = {}
    for one, text in zip(found, texts, strict=True):
        if not count_words(text):
            continue  # white dots and stars only fill lines up
        drawn, form, _ = one
        taken.setdefault(_CUT_OFF if one.is_cut else _INVISIBLE_TEXT, []).append(text)
        removed = calls.form_remove(form.handle, drawn) if form.handle else calls.remove(page.handle, drawn)
        if removed:
            calls.destroy(drawn)
    return {why: one_line(" ".join(own)) for why, own in taken.items()}


class _Objects:
    """The objects of a page and of the forms that it draws."""

    def __init__(self, page: LoadedPage, ways: int) -> None:
        self._page = page
        self._ways = ways
        self._quick = _calls()
        self._results = Results()
        self._numbers = [ctypes.c_uint() for _ in range(4)]
        self._at = [ctypes.byref(number) for number in self._numbers]
        self._texts: list[_Handle] = []
        self._faint: list[_Faint] = []
        #: What is no text, with its kind and what holds it.
        self._others: list[tuple[int, _Handle, _Form]] = []
        self._n_left = _MOST_OBJECTS

    def unseen(self, with_invisible: bool) -> Sequence[_Faint]:
        """The unseen text objects; no invisible ones if some lie on what is drawn, as those of a scan do."""
        self._look_into(_Form(None, _AS_ON_PAGE), 0)
        if self._n_left < 0:
            return ()
        cut = self._unseen_cut([one for one in self._faint if one.is_cut]) if with_invisible else []
        return [*self._unseen_faint([one for one in self._faint if not one.is_cut], with_invisible), *cut]

    def _unseen_cut(self, cut: Sequence[_Faint]) -> list[_Faint]:
        """Those without which the page looks the same, of which those inside of a clip have no ground."""
        whole = picture_of(self._page) if cut else None
        if whole is None:
            return []
        placed = [(one, self._box(one.drawn, one.form)) for one in cut]
        placed = [
            (one, box)
            for one, box in placed
            if one.shows == "outside" or (_is_readable(box, whole.scale) and whole.is_blank(_inside(box)))
        ]
        rest = picture_of(self._page, [one.drawn for one, _ in placed]) if placed else None
        return [] if rest is None else [one for one, box in placed if not whole.differs(rest, box)]

    def _unseen_faint(self, faint: Sequence[_Faint], with_invisible: bool) -> Sequence[_Faint]:
        faint = [one for one in faint if one.is_white or with_invisible]
        if not faint:
            return ()
        boxes = [self._box(one.drawn, one.form) for one in faint]
        ink = [self._box(drawn, form) for kind, drawn, form in self._others if kind != _PATH or self._is_ink(drawn)]
        is_seen = [_touches(box, ink) for box in boxes]
        if not all(is_seen):
            for i, seen in enumerate(self._are_seen(faint, boxes)):
                is_seen[i] = is_seen[i] or seen
        has_layer = any(seen for one, seen in zip(faint, is_seen, strict=True) if not one.is_white)
        return [one for one, seen in zip(faint, is_seen, strict=True) if not seen and (one.is_white or not has_layer)]

    def _are_seen(self, faint: Sequence[_Faint], boxes: Sequence[Box]) -> Sequence[bool]:
        """Whether texts have a ground on the page as it is drawn, or the page looks different without them."""
        has_white = any(one.is_white for one in faint)
        whole = rest = ground = picture_of(self._page, self._texts)
        if has_white:
            whole, rest = picture_of(self._page), picture_of(self._page, [one.drawn for one in faint])
        if ground is None or whole is None or rest is None:
            return [True] * len(faint)
        is_same = whole.pixels == rest.pixels
        return [
            # White letters may be the inside of letters whose edges are drawn on their own.
            not (rest if one.is_white else ground).is_blank(_inside(box)) or (not is_same and whole.differs(rest, box))
            for one, box in zip(faint, boxes, strict=True)
        ]

    def _look_into(self, holder: _Form, depth: int) -> None:
        quick = self._quick
        if holder.handle is None:
            within, count, get = self._page.handle, quick.count, quick.get
        else:
            within, count, get = holder.handle, quick.form_count, quick.form_get
        n_objects = count(within)
        self._n_left -= n_objects
        for i in range(n_objects if self._n_left >= 0 else 0):
            drawn = _Handle(get(within, i))
            kind = quick.kind(drawn)
            if kind == _TEXT:
                self._texts.append(drawn)
                shows = self._shows(drawn)
                if shows == "ink" or (shows == "white" and holder.is_blended):
                    shows = self._cut(drawn, holder)
                if shows:
                    self._faint.append(_Faint(drawn, holder, shows))
            elif kind == _FORM and depth < _DEEPEST_FORM:
                is_blended = holder.is_blended or bool(quick.has_transparency(drawn))
                self._look_into(_Form(drawn, self._matrix_of(drawn, holder.matrix), is_blended), depth + 1)
            else:
                self._others.append((kind, drawn, holder))

    def _matrix_of(self, form: _Handle, outer: _Matrix) -> _Matrix:
        if not self._quick.matrix(form, self._results.floats_at):
            return outer
        a, b, c, d, e, f = self._results.floats
        right, up = _placed(outer, e, f)
        oa, ob, oc, od, _, _ = outer
        return a * oa + b * oc, a * ob + b * od, c * oa + d * oc, c * ob + d * od, right, up

    def _box(self, drawn: _Handle, holder: _Form) -> Box:
        """Where an object stands on the page."""
        if not self._quick.bounds(drawn, *self._results.each_float_at):
            return Box(0.0, 0.0, 0.0, 0.0)
        left, bottom, right, top, _, _ = self._results.floats
        if holder.handle is None:
            return Box(left, bottom, right, top)
        corners = [_placed(holder.matrix, x, y) for x in (left, right) for y in (bottom, top)]
        across, up = [x for x, _ in corners], [y for _, y in corners]
        return Box(min(across), min(up), max(across), max(up))

    def _cut(self, drawn: _Handle, holder: _Form) -> str:
        """Whether a text object may show nothing for what clips or masks it."""
        clip = clip_of(drawn) if self._ways & CLIPPED or (self._ways & IN_FORMS and holder.handle) else ""
        if clip == "outside":
            return clip
        is_masked = self._ways & MASKED and (holder.is_blended or self._quick.has_transparency(drawn))
        return "covered" if clip or is_masked or self._quick.mode(drawn) == _ONLY_CLIPPING else ""

    def _shows(self, drawn: _Handle) -> str:
        """Whether a text object shows "nothing", "white" letters, or "ink"."""
        mode = self._quick.mode(drawn)
        if mode == _INVISIBLE:
            return "nothing"
        if mode >= _CLIPPING:
            return "ink"
        colours = [self._colour(self._quick.fill, drawn)] if mode % 4 != 1 else []
        colours += [self._colour(self._quick.stroke, drawn)] if mode % 4 in (1, 2) else []
        if all(colour == "nothing" for colour in colours):
            return "nothing"
        if "ink" in colours or self._quick.has_transparency(drawn):
            return "ink"  # white that is blended with what is below may be dark
        return "white"

    def _colour(self, read: Callable[..., int], drawn: _Handle) -> str:
        if not read(drawn, *self._at):
            return "ink"
        red, green, blue, alpha = (number.value for number in self._numbers)
        if alpha < _OPAQUE:
            return "nothing"
        return "white" if min(red, green, blue) >= _WHITE else "ink"

    def _is_ink(self, path: _Handle) -> bool:
        """Whether a path is filled with more than white, or drawn by lines as broad as a ground."""
        fill, stroke = ctypes.c_int(), ctypes.c_int()
        if not self._quick.draw_mode(path, ctypes.byref(fill), ctypes.byref(stroke)):
            return False
        if fill.value and (self._colour(self._quick.fill, path) == "ink" or self._quick.has_transparency(path)):
            return True
        return bool(stroke.value) and self._is_broad(path) and self._colour(self._quick.stroke, path) == "ink"

    def _is_broad(self, path: _Handle) -> bool:
        width = self._results.floats
        return bool(self._quick.width(path, self._results.each_float_at[0])) and width[0] > _BROAD


def _is_readable(box: Box, scale: float) -> bool:
    """Whether letters are large enough for a picture to show that they are there."""
    return min(box.top - box.bottom, box.right - box.left) * scale >= _LEAST_PIXELS


def _placed(matrix: _Matrix, x: float, y: float) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def _inside(box: Box) -> Box:
    """A text's box without its edges, into which lines and letters beside it may reach."""
    across, up = (min(_THIN, _THIN_SHARE * side) for side in (box.right - box.left, box.top - box.bottom))
    return Box(box.left + across, box.bottom + up, box.right - across, box.top - up)


def _touches(box: Box, ink: Sequence[Box]) -> bool:
    """Whether a box lies on something that is drawn; a line that only crosses it does not count."""
    across, up = (min(_THIN, 0.4 * side) for side in (box.right - box.left, box.top - box.bottom))
    return any(
        min(box.right, one.right) - max(box.left, one.left) > across
        and min(box.top, one.top) - max(box.bottom, one.bottom) > up
        for one in ink
    )


def _text_of(drawn: _Handle, text_page: Any) -> str:
    import pypdfium2.raw as pdfium

    one = ctypes.cast(drawn, pdfium.FPDF_PAGEOBJECT)
    length = pdfium.FPDFTextObj_GetText(one, text_page, None, 0)
    buffer = ctypes.create_string_buffer(max(2, length))
    pdfium.FPDFTextObj_GetText(one, text_page, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), length)
    return buffer.raw[: max(0, length - 2)].decode("utf-16-le", "replace")
