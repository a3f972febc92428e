"""Opens a PDF by pdfium, after a repair if pdfium would lose pages; names why a file can't be opened."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

from lake.errors import InputError
from lake.parse.pdf.layers import Layers
from lake.parse.pdf.structure import Structure
from lake.parse.pdf.updates import with_flat_tree

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument


class Opened(NamedTuple):
    """An open document, what its bytes say that it holds, and its layers.

    ``drawn`` is the document with what it draws in layers that are off, if it draws anything there; ``document`` is
    without that.
    """

    document: PdfDocument
    structure: Structure
    layers: Layers
    drawn: PdfDocument | None = None

    def close(self) -> None:
        self.document.close()
        if self.drawn:
            self.drawn.close()


def opened(data: bytes) -> Opened:
    """Open a document. Raises InputError."""
    import pypdfium2

    if b"%PDF-" not in data[:1024]:
        raise InputError("not a PDF: it does not begin like one; check its suffix", "garbage")
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        failure = reason(data, str(error))
        structure = Structure(data)
        repaired = with_flat_tree(structure) if failure.error_class == "garbage" and structure.n_pages else b""
        document = _opened_again(repaired)
        if document is None:
            raise failure from error
        return Opened(document, structure, Layers(structure))
    structure = Structure(_without_security(document, data))
    layers = Layers(structure)
    if structure.n_pages and (structure.is_irregular or structure.n_pages != len(document)):
        if repaired_document := _opened_again(with_flat_tree(structure)):
            document.close()
            document = repaired_document
    elif (shown := layers.without_hidden()) and (without := _opened_again(shown)):
        if len(without) == len(document):
            return Opened(without, structure, layers, document)
        without.close()
    return Opened(document, structure, layers)


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


def _opened_again(changed: bytes) -> PdfDocument | None:
    """A file that was changed; None if pdfium can't open it."""
    import pypdfium2

    try:
        return pypdfium2.PdfDocument(changed) if changed else None
    except pypdfium2.PdfiumError:
        return None
