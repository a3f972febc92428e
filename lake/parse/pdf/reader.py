"""PDF by pypdfium2: page text with outline headings, without running headers and footers."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from lake.errors import InputError
from lake.parse.canonical import TextWriter, clean, one_line
from lake.parse.pdf.layout import Bookmark, body_lines, placed_headings, write_page
from lake.parse.unstructured_light import partitioner, write_elements

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

    from lake.parse.document import ParsedDocument

MAX_PAGES = 20_000
_LINE_END_HYPHENS = str.maketrans("", "", "\x02\ufffe")
_NO_TITLES = ("untitled", "microsoft word - ", "microsoft powerpoint - ", "slide 1")


def parse(data: bytes, suffix: str) -> ParsedDocument:
    document = _open(data)
    try:
        return _parsed(document, data)
    finally:
        document.close()


def ocr_installed() -> bool:
    """Whether the optional extra ``raglake[ocr]``, which reads scanned pages, is installed."""
    return find_spec("unstructured_inference") is not None


def _open(data: bytes) -> PdfDocument:
    import pypdfium2

    if b"%PDF-" not in data[:1024]:
        raise InputError("not a PDF: it does not begin like one; check its suffix", "garbage")
    try:
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        raise _reason(data, str(error)) from error


def _reason(data: bytes, message: str) -> InputError:
    if "password" in message.lower() or "security" in message.lower():
        return InputError("the PDF is protected by a password; save it without one", "encrypted")
    if b"%%EOF" not in data[-2048:] and b"endobj" in data:
        return InputError(f"the end of the PDF is missing ({len(data):,} bytes are here); fetch it again", "truncated")
    return InputError(f"the PDF's structure is damaged: {message} Fetch or export it again", "garbage")


def _parsed(document: PdfDocument, data: bytes) -> ParsedDocument:
    if len(document) > MAX_PAGES:
        raise InputError(f"{len(document):,} pages, more than the limit of {MAX_PAGES:,}; split the file", "too_large")
    pages = [_page_lines(document, index, data) for index in range(len(document))]
    if not any(pages):
        return _from_scan(data, len(pages))
    writer = TextWriter()
    headings = placed_headings(pages, _outline(document))
    for number, lines in enumerate(body_lines(pages), start=1):
        write_page(writer, lines, headings.get(number - 1, []), number)
    return writer.finish(**_stated(document, pages))


def _page_lines(document: PdfDocument, index: int, data: bytes) -> list[str]:
    """Lines of one page; words that pdfium marks as hyphenated at a line's end are joined."""
    import pypdfium2

    try:
        page = document[index]
        text_page = page.get_textpage()
        text = text_page.get_text_range()
    except pypdfium2.PdfiumError as error:
        damage = _reason(data, str(error))
        raise InputError(f"page {index + 1} of {len(document)}: {damage}", damage.error_class) from error
    text_page.close()
    page.close()
    lines = clean(text).translate(_LINE_END_HYPHENS).split("\n")
    return [line.strip() for line in lines if line.strip()]


def _outline(document: PdfDocument) -> list[Bookmark]:
    """The bookmarks that point to a page of this document."""
    found = []
    for item in document.get_toc(max_depth=6):
        target = item.get_dest()
        page = target.get_index() if target else None
        title = one_line(clean(item.get_title()))
        if page is not None and 0 <= page < len(document) and title:
            found.append(Bookmark(item.level + 1, title, page))
    return found


def _stated(document: PdfDocument, pages: Sequence[list[str]]) -> dict[str, Any]:
    info = {key: one_line(clean(value)) for key, value in document.get_metadata_dict(skip_empty=True).items()}
    title = info.get("Title", "")
    empty = [number for number, lines in enumerate(pages, start=1) if not lines]
    metadata: dict[str, object] = {"pages": len(pages)}
    if empty:
        metadata["pages_without_text"] = empty
    return {
        "title": None if title.lower().startswith(_NO_TITLES) else title or None,
        "author": info.get("Author") or None,
        "metadata": metadata,
    }


def _from_scan(data: bytes, n_pages: int) -> ParsedDocument:
    if not ocr_installed():
        raise InputError(
            f"no text layer on any of {n_pages} pages, so probably a scan; install raglake[ocr] or add a text layer",
            "no_text",
        )
    import io

    writer = TextWriter()
    write_elements(partitioner("pdf")(file=io.BytesIO(data), strategy="ocr_only"), writer)
    return writer.finish(metadata={"pages": n_pages, "ocr": True})
