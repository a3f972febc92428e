"""A loaded page and its text, without pypdfium2's own objects, which cost a twentieth of the time of reading it."""

from __future__ import annotations

import ctypes
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from lake.parse.pdf.native import Results, unchecked

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage


class _PageCalls:
    def __init__(self) -> None:
        pointer = ctypes.c_void_p
        self.load = unchecked("FPDF_LoadPage", pointer)
        self.close = unchecked("FPDF_ClosePage", None)
        self.after_load = unchecked("FORM_OnAfterLoadPage", None)
        self.before_close = unchecked("FORM_OnBeforeClosePage", None)
        self.rotation = unchecked("FPDFPage_GetRotation")
        self.edges = unchecked("FPDF_GetPageBoundingBox")
        self.load_text = unchecked("FPDFText_LoadPage", pointer)
        self.close_text = unchecked("FPDFText_ClosePage", None)
        self.count = unchecked("FPDFText_CountChars")
        self.place = unchecked("FPDFText_GetTextIndexFromCharIndex")
        self.text = unchecked("FPDFText_GetText")
        self.results = Results()
        self._room(1 << 15)

    def _room(self, n_bytes: int) -> None:
        buffer = (ctypes.c_char * n_bytes)()
        self._buffer, self._buffer_at = memoryview(buffer).cast("B"), ctypes.byref(buffer)

    def text_between(self, handle: ctypes.c_void_p, first: int, last: int, n_units: int) -> str:
        """The letters of some glyphs, which take at most ``n_units``; one buffer serves all pages."""
        if 2 * n_units > len(self._buffer):
            self._room(4 * n_units)
        n_read = self.text(handle, first, last - first + 1, self._buffer_at)
        return str(self._buffer[: 2 * max(0, n_read - 1)], "utf-16-le", "ignore")


@cache
def _calls() -> _PageCalls:
    return _PageCalls()


def _handle(one: Any) -> ctypes.c_void_p:
    return ctypes.cast(one, ctypes.c_void_p)


class LoadedPage:
    """One page of an open document. Close it."""

    def __init__(self, document: PdfDocument, index: int) -> None:
        """Raises PdfiumError if the page can't be loaded."""
        import pypdfium2

        self._document = document
        self._index = index
        self._form = _handle(document.formenv.raw) if document.formenv else None
        address = _calls().load(_handle(document.raw), index)
        if not address:
            raise pypdfium2.PdfiumError("Failed to load page.")
        self.handle = ctypes.c_void_p(address)
        if self._form:
            _calls().after_load(self.handle, self._form)

    @cached_property
    def raw(self) -> Any:
        """The page as pypdfium2's checked functions take it."""
        import pypdfium2.raw as pdfium

        return ctypes.cast(self.handle, pdfium.FPDF_PAGE)

    @cached_property
    def helper(self) -> PdfPage:
        """The page loaded once more, by pypdfium2 itself, for what few pages need."""
        return self._document[self._index]

    def get_rotation(self) -> int:
        return 90 * int(_calls().rotation(self.handle))

    def get_bbox(self) -> tuple[float, float, float, float]:
        """Left, bottom, right and top of what is shown of the page."""
        calls = _calls()
        calls.edges(self.handle, calls.results.floats_at)
        left, top, right, bottom, _, _ = calls.results.floats
        return left, bottom, right, top

    def get_textpage(self) -> LoadedText:
        """The page's text. Raises PdfiumError."""
        return LoadedText(self)

    def close(self) -> None:
        if "helper" in self.__dict__:
            self.helper.close()
        if self._form:
            _calls().before_close(self.handle, self._form)
        _calls().close(self.handle)


class LoadedText:
    """The text of a loaded page. Close it before the page."""

    def __init__(self, page: LoadedPage) -> None:
        import pypdfium2

        address = _calls().load_text(page.handle)
        if not address:
            raise pypdfium2.PdfiumError("Failed to load text page.")
        self.handle = ctypes.c_void_p(address)

    @cached_property
    def raw(self) -> Any:
        """The text as pypdfium2's checked functions take it."""
        import pypdfium2.raw as pdfium

        return ctypes.cast(self.handle, pdfium.FPDF_TEXTPAGE)

    def count_chars(self) -> int:
        return int(_calls().count(self.handle))

    def get_text_range(self) -> str:
        """All text, without the glyphs at both ends that pdfium gives no letters to."""
        place = _calls().place
        first, last = 0, self.count_chars() - 1
        while first <= last and place(self.handle, first) < 0:
            first += 1
        while first <= last and place(self.handle, last) < 0:
            last -= 1
        if first > last:
            return ""
        n_units = place(self.handle, last) - place(self.handle, first) + 2
        return _calls().text_between(self.handle, first, last, n_units)

    def close(self) -> None:
        _calls().close_text(self.handle)
