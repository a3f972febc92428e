"""What a reader sees of a page: small pictures of it, with some of its objects left out."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from lake.parse.pdf.geometry import Box
from lake.parse.pdf.native import unchecked

if TYPE_CHECKING:
    from lake.parse.pdf.loaded import LoadedPage

#: pdfium's number of the format with three bytes for a pixel, and of the flag that annotations are drawn.
_BGR, _WITH_ANNOTATIONS = 2, 1
_N_CHANNELS = 3
_PAPER = 0xFFFFFFFF
_MOST_PIXELS, _LARGEST_SCALE = 1_000_000, 1.5
#: A channel from this value on is white to the eye.
_WHITE = 250


class _RenderCalls:
    def __init__(self) -> None:
        pointer = ctypes.c_void_p
        self.create = unchecked("FPDFBitmap_CreateEx", pointer)
        self.fill = unchecked("FPDFBitmap_FillRect")
        self.render = unchecked("FPDF_RenderPageBitmap", None)
        self.buffer = unchecked("FPDFBitmap_GetBuffer", pointer)
        self.stride = unchecked("FPDFBitmap_GetStride")
        self.destroy = unchecked("FPDFBitmap_Destroy", None)
        self.set_active = unchecked("FPDFPageObj_SetIsActive")


@cache
def _calls() -> _RenderCalls:
    return _RenderCalls()


class Picture(NamedTuple):
    """A page as drawn, three bytes a pixel; ``scale`` is pixels a point, ``left`` and ``top`` the page's edges."""

    pixels: bytes
    stride: int
    width: int
    height: int
    scale: float
    left: float
    top: float

    def rows(self, box: Box) -> Iterator[bytes]:
        """The pixels that a box in points of the page touches, row by row."""
        first, last = self._span(box.left - self.left, box.right - self.left, self.width)
        for row in range(*self._span(self.top - box.top, self.top - box.bottom, self.height)):
            start = row * self.stride
            yield self.pixels[start + _N_CHANNELS * first : start + _N_CHANNELS * last]

    def _span(self, begin: float, end: float, size: int) -> tuple[int, int]:
        first, last = int(begin * self.scale), int(end * self.scale) + 1
        return max(0, min(first, size)), max(0, min(last, size))

    def is_blank(self, box: Box) -> bool:
        """Whether a part of the page is white."""
        return all(min(row, default=_WHITE) >= _WHITE for row in self.rows(box))

    def differs(self, other: Picture, box: Box) -> bool:
        """Whether a part of the page is drawn in another way."""
        return any(own != its for own, its in zip(self.rows(box), other.rows(box), strict=True))


def picture_of(page: LoadedPage, without: Iterable[ctypes.c_void_p] = ()) -> Picture | None:
    """Draw a page with its annotations, but without some of its objects; None if there is no memory for it."""
    calls, left_out = _calls(), list(without)
    for one in left_out:
        calls.set_active(one, 0)
    try:
        return _drawn(page)
    finally:
        for one in left_out:
            calls.set_active(one, 1)


def _drawn(page: LoadedPage) -> Picture | None:
    calls = _calls()
    left, bottom, right, top = page.get_bbox()
    wide, high = max(1.0, right - left), max(1.0, top - bottom)
    scale = min(_LARGEST_SCALE, (_MOST_PIXELS / (wide * high)) ** 0.5)
    width, height = max(1, round(wide * scale)), max(1, round(high * scale))
    bitmap = ctypes.c_void_p(calls.create(width, height, _BGR, None, 0))
    if not bitmap:
        return None
    try:
        calls.fill(bitmap, 0, 0, width, height, ctypes.c_ulong(_PAPER))
        upright = (4 - page.get_rotation() // 90) % 4
        calls.render(bitmap, page.handle, 0, 0, width, height, upright, _WITH_ANNOTATIONS)
        stride = calls.stride(bitmap)
        address: Any = calls.buffer(bitmap)
        return Picture(ctypes.string_at(address, stride * height), stride, width, height, scale, left, top)
    finally:
        calls.destroy(bitmap)
