"""Scans and pictures for tests: pages drawn by reportlab, rendered by pypdfium2, and put into other files."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

from tests.lake.parse.pdf_files import A4, column, pdf

if TYPE_CHECKING:
    from PIL.Image import Image

    from tests.lake.parse.pdf_files import Draw

LETTER = (
    "Inspection of the northern lighthouse",
    "The lamp was replaced on the third of March by two keepers.",
    "Its glass had cracked during the winter storms, and water",
    "had entered the housing. Die Prüfung ergab keine Mängel.",
)


def rendered(data: bytes, number: int = 0, dpi: int = 200) -> Image:
    """A page of a PDF as a grey picture."""
    import pypdfium2

    document = pypdfium2.PdfDocument(data)
    try:
        return document[number].render(scale=dpi / 72, grayscale=True).to_pil()
    finally:
        document.close()


def picture(lines: Sequence[str] = LETTER, *, dpi: int = 200, size: tuple[float, float] = (420, 130)) -> Image:
    """Lines of 12 points as a grey picture of ``size`` in points."""
    return rendered(pdf(lambda canvas: column(canvas, lines, x=20, top=size[1] - 30, size=12), size=size), dpi=dpi)


def encoded(image: Image, form: str = "PNG", **how: Any) -> bytes:
    out = BytesIO()
    image.save(out, form, **how)
    return out.getvalue()


def scanned(image: Image, width: float = A4[0], height: float | None = None) -> Draw:
    """Draws a picture over the width of a page, at its top."""

    def draw(canvas: Any) -> None:
        from reportlab.lib.utils import ImageReader

        tall = height or width * image.height / image.width
        canvas.drawImage(ImageReader(image), 0, A4[1] - tall, width, tall)

    return draw


def encoded_white() -> bytes:
    from PIL.Image import new

    return encoded(new("L", (300, 200), "white"))
