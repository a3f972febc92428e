"""What people added to a page: values of form fields, typed text, notes and stamps; and the files embedded in a PDF."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from functools import cache
from html import unescape
from typing import TYPE_CHECKING, Any

from lake.parse.canonical import clean, one_line
from lake.parse.pdf.geometry import Line
from lake.parse.pdf.native import unchecked

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

    from lake.parse.pdf.glyphs import PageGlyphs
    from lake.parse.pdf.loaded import LoadedPage

_HIDDEN = 1 << 1
_NO_VIEW = 1 << 5
_PASSWORD = 1 << 13
_TAG, _LINE_END = re.compile("<[^<>]*>"), re.compile(r"</p>|<br ?/>")
_MOST_ANNOTATIONS = 20_000
_NOT_WORD = re.compile(r"[\W_]+")
_NAMED = re.compile(r"[^\W\d_]{3}")


@dataclass(slots=True)
class Additions:
    """Texts that belong at a place on the page, texts that follow the page, and texts that no reader sees.

    ``n_drawn`` annotations show words that nothing but their drawing holds.
    """

    placed: list[Line] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    attachments: list[str] = field(default_factory=list)
    n_drawn: int = 0

    def texts(self) -> Iterator[str]:
        yield from (line.text for line in self.placed)
        yield from self.notes
        yield from self.hidden


class _AnnotationCalls:
    """What is called for every link of every page."""

    def __init__(self) -> None:
        self.count = unchecked("FPDFPage_GetAnnotCount")
        self.get = unchecked("FPDFPage_GetAnnot", ctypes.c_void_p)
        self.kind = unchecked("FPDFAnnot_GetSubtype")
        self.close = unchecked("FPDFPage_CloseAnnot", None)


@cache
def _annotation_calls() -> _AnnotationCalls:
    return _AnnotationCalls()


class Annotations:
    """Reads the annotations of a document's pages. Make it before any page is loaded, or values are missing."""

    def __init__(self, document: PdfDocument) -> None:
        import pypdfium2.raw as pdfium

        self._pdfium = pdfium
        self._form = None
        if document.get_formtype() != pdfium.FORMTYPE_NONE:
            document.init_forms()
            self._form = document.formenv.raw if document.formenv else None
        self._seen: set[str] = set()

    def of_page(self, page: LoadedPage, glyphs: PageGlyphs, off: Container[int] = ()) -> Additions | None:
        """What stands on one page beside its own text; None if nothing does.

        ``off`` are the places in the page's list of those in layers that are off.
        """
        pdfium, calls = self._pdfium, _annotation_calls()
        handle = page.handle
        found: Additions | None = None
        for i in range(min(calls.count(handle), _MOST_ANNOTATIONS)):
            opened = ctypes.c_void_p(calls.get(handle, i))
            if not opened:
                continue
            kind = calls.kind(opened)
            if kind not in (pdfium.FPDF_ANNOT_LINK, pdfium.FPDF_ANNOT_POPUP):
                found = found or Additions()
                self._add(found, ctypes.cast(opened, pdfium.FPDF_ANNOTATION), kind, glyphs, is_off=i in off)
            calls.close(opened)
        return found

    def _add(self, found: Additions, annotation: Any, kind: int, glyphs: PageGlyphs, *, is_off: bool) -> None:
        pdfium = self._pdfium
        is_hidden = is_off or bool(pdfium.FPDFAnnot_GetFlags(annotation) & (_HIDDEN | _NO_VIEW))
        if kind == pdfium.FPDF_ANNOT_WIDGET:
            self._add_field(found, annotation, glyphs, is_hidden)
            return
        if kind == pdfium.FPDF_ANNOT_FILEATTACHMENT:
            attached = pdfium.FPDFAnnot_GetFileAttachment(annotation)
            if attached:
                found.attachments.append(_text(lambda *to: pdfium.FPDFAttachment_GetName(attached, *to)))
        text = self._string(annotation, b"Contents") or _unmarked(self._string(annotation, b"RC"))
        if not text and kind == pdfium.FPDF_ANNOT_STAMP:
            text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", self._string(annotation, b"Name").removeprefix("SB"))
        if not text:
            found.n_drawn += not is_hidden and self._draws_text(annotation)
            return
        if is_hidden:
            found.hidden.append(text)
        elif kind == pdfium.FPDF_ANNOT_FREETEXT:
            found.placed += self._lines(annotation, text, glyphs)
        else:
            found.notes.append(text)

    def _draws_text(self, annotation: Any) -> bool:
        """Whether an annotation that states no words draws some, which pdfium does not give."""
        count = min(self._pdfium.FPDFAnnot_GetObjectCount(annotation), _MOST_ANNOTATIONS)
        drawn = (self._pdfium.FPDFAnnot_GetObject(annotation, i) for i in range(count))
        return any(self._pdfium.FPDFPageObj_GetType(one) == self._pdfium.FPDF_PAGEOBJ_TEXT for one in drawn)

    def _add_field(self, found: Additions, annotation: Any, glyphs: PageGlyphs, is_hidden: bool) -> None:
        pdfium, form = self._pdfium, self._form
        if form is None:
            text = self._string(annotation, b"V")
            kind = pdfium.FPDF_FORMFIELD_TEXTFIELD
        else:
            kind = pdfium.FPDFAnnot_GetFormFieldType(form, annotation)
            text = self._value(annotation, kind, glyphs)
        if not text:
            return
        if is_hidden or (form and self._is_password(annotation, kind)):
            found.hidden.append(text)
        else:
            found.placed += self._lines(annotation, text, glyphs)

    def _value(self, annotation: Any, kind: int, glyphs: PageGlyphs) -> str:
        pdfium, form = self._pdfium, self._form
        if kind in (pdfium.FPDF_FORMFIELD_CHECKBOX, pdfium.FPDF_FORMFIELD_RADIOBUTTON):
            mark = "[x]" if pdfium.FPDFAnnot_IsChecked(form, annotation) else "[ ]"
            named = self._said(pdfium.FPDFAnnot_GetFormFieldAlternateName, annotation)
            name = named or self._said(pdfium.FPDFAnnot_GetFormFieldName, annotation).rpartition(".")[2]
            export = self._said(pdfium.FPDFAnnot_GetFormFieldExportValue, annotation)
            told = _NOT_WORD.sub("", glyphs.text).casefold()
            for words in (export, name) if kind == pdfium.FPDF_FORMFIELD_RADIOBUTTON else (name,):
                letters = _NOT_WORD.sub("", words).casefold()
                if _NAMED.search(words) and letters not in told and letters not in ("yes", "off", "checkbox", "on"):
                    mark += f" {words}"
            return mark
        if kind in (pdfium.FPDF_FORMFIELD_COMBOBOX, pdfium.FPDF_FORMFIELD_LISTBOX):
            chosen = [
                _text(lambda *to, i=i: pdfium.FPDFAnnot_GetOptionLabel(form, annotation, i, *to))
                for i in range(min(max(0, pdfium.FPDFAnnot_GetOptionCount(form, annotation)), _MOST_ANNOTATIONS))
                if pdfium.FPDFAnnot_IsOptionSelected(form, annotation, i)
            ]
            if chosen:
                return ", ".join(chosen)
        if kind in (pdfium.FPDF_FORMFIELD_PUSHBUTTON, pdfium.FPDF_FORMFIELD_SIGNATURE):
            return ""
        value = self._said(pdfium.FPDFAnnot_GetFormFieldValue, annotation)
        named = self._said(pdfium.FPDFAnnot_GetFormFieldAlternateName, annotation)
        if value and _NAMED.search(named) and one_line(named).casefold() not in one_line(glyphs.text).casefold():
            return f"{one_line(named)}: {value}"
        return value

    def _is_password(self, annotation: Any, kind: int) -> bool:
        if kind != self._pdfium.FPDF_FORMFIELD_TEXTFIELD:
            return False
        return bool(self._pdfium.FPDFAnnot_GetFormFieldFlags(self._form, annotation) & _PASSWORD)

    def _lines(self, annotation: Any, text: str, glyphs: PageGlyphs) -> list[Line]:
        """The text's lines, stacked from the top of the annotation's box."""
        rect = self._pdfium.FS_RECTF()
        self._pdfium.FPDFAnnot_GetRect(annotation, ctypes.byref(rect))
        left, low, right, high = glyphs.shown(rect.left, rect.bottom, rect.right, rect.top)
        parts = [part for part in (one_line(line) for line in text.split("\n")) if part]
        height = (high - low) / max(1, len(parts))
        size = min(12.0, max(6.0, 0.8 * height))
        lines = []
        for i, part in enumerate(parts):
            top = high - i * min(height, 1.3 * size) if len(parts) > 1 else (high + low) / 2 + size / 2
            lines.append(Line(part, left, top - size, min(right, left + 0.5 * size * len(part)), top, size))
        return lines

    def _string(self, annotation: Any, key: bytes) -> str:
        return _text(lambda *to: self._pdfium.FPDFAnnot_GetStringValue(annotation, key, *to))

    def _said(self, function: Callable[..., int], annotation: Any) -> str:
        return _text(lambda *to: function(self._form, annotation, *to))


def _unmarked(page: str) -> str:
    """The lines of a text that is written as a page of XHTML, as some programs do instead of a plain text."""
    lines = _TAG.sub("", _LINE_END.sub("\n", page)).split("\n")
    return unescape("\n".join(filter(None, map(str.strip, lines))))


def attachments(document: PdfDocument) -> list[str]:
    """Names of the files embedded in the document as a whole."""
    import pypdfium2.raw as pdfium

    found = []
    for i in range(min(max(0, pdfium.FPDFDoc_GetAttachmentCount(document.raw)), _MOST_ANNOTATIONS)):
        attached = pdfium.FPDFDoc_GetAttachment(document.raw, i)
        if attached:
            found.append(_text(lambda *to, one=attached: pdfium.FPDFAttachment_GetName(one, *to)))
    return found


def _text(read: Callable[..., int]) -> str:
    """A string of pdfium: asked for its length in bytes first, then read as UTF-16."""
    length = read(None, 0)
    if length <= 2:
        return ""
    buffer = ctypes.create_string_buffer(length)
    read(ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), length)
    return clean(buffer.raw[: length - 2].decode("utf-16-le", "replace")).strip()
