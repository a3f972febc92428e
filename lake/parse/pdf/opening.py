"""Opens a PDF by pdfium, after a repair if pdfium would lose pages; names why a file can't be opened."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from lake.errors import InputError
from lake.parse.pdf.structure import Structure

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument


def opened(data: bytes) -> tuple[PdfDocument, Structure]:
    """The document, and what its bytes say that it holds. Raises InputError."""
    import pypdfium2

    if b"%PDF-" not in data[:1024]:
        raise InputError("not a PDF: it does not begin like one; check its suffix", "garbage")
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        failure = reason(data, str(error))
        structure = Structure(data)
        if failure.error_class != "garbage" or not structure.n_pages:
            raise failure from error
        document = _reopened(None, structure.with_flat_tree())
        if document is None:
            raise failure from error
        return document, structure
    structure = Structure(_without_security(document, data))
    if structure.n_pages and (structure.is_irregular or structure.n_pages != len(document)):
        document = _reopened(document, structure.with_flat_tree()) or document
    return document, structure


def reason(data: bytes, message: str) -> InputError:
    """The error of a file in which pdfium finds ``message``."""
    if "password" in message.lower() or "security" in message.lower():
        return InputError("the PDF is protected by a password; save it without one", "encrypted")
    if b"%%EOF" not in data[-2048:] and b"endobj" in data:
        return InputError(f"the end of the PDF is missing ({len(data):,} bytes are here); fetch it again", "truncated")
    return InputError(f"the PDF's structure is damaged: {message} Fetch or export it again", "garbage")


def _without_security(document: PdfDocument, data: bytes) -> bytes:
    """The file itself, or a copy that is not encrypted."""
    import pypdfium2.raw as pdfium

    if b"/Encrypt" not in data:
        return data
    copy = BytesIO()
    document.save(copy, flags=pdfium.FPDF_REMOVE_SECURITY)
    return copy.getvalue()


def _reopened(document: PdfDocument | None, repaired: bytes) -> PdfDocument | None:
    """The repaired file in place of the document; None if pdfium can't open it."""
    import pypdfium2

    try:
        found = pypdfium2.PdfDocument(repaired)
    except pypdfium2.PdfiumError:
        return None
    if document is not None:
        document.close()
    return found
