"""PDF files for tests, drawn by reportlab at places in points from the page's lower left corner."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from io import BytesIO
from typing import Any

A4 = (595.0, 842.0)

#: Draws one page on a reportlab canvas.
Draw = Callable[[Any], None]


def pdf(*pages: Draw, size: tuple[float, float] = A4, **stated: str) -> bytes:
    """A PDF with one page for each function; ``stated`` are title and author."""
    from reportlab.pdfgen.canvas import Canvas

    out = BytesIO()
    canvas = Canvas(out, pagesize=size, invariant=1, initialFontName="Helvetica")
    canvas.setTitle(stated.get("title", ""))
    canvas.setAuthor(stated.get("author", ""))
    for draw in pages:
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def put(canvas: Any, x: float, y: float, text: str, size: float = 11, font: str = "Helvetica") -> None:
    canvas.setFont(font, size)
    canvas.drawString(x, y, text)


def column(
    canvas: Any, lines: Iterable[str], x: float = 72, top: float = 770, size: float = 11, font: str = "Helvetica"
) -> float:
    """Lines under each other; returns the height at which the next would stand."""
    for line in lines:
        put(canvas, x, top, line, size, font)
        top -= 1.25 * size
    return top


def text_pages(pages: Sequence[Sequence[str]], **stated: str) -> bytes:
    """A PDF of plain lines."""
    return pdf(*(lambda canvas, lines=lines: column(canvas, lines) for lines in pages), **stated)  # type: ignore[misc]


def turned(data: bytes, degrees: int) -> bytes:
    """The file with every page turned clockwise for the reader."""
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(BytesIO(data)))
    for page in writer.pages:
        page.rotate(degrees)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()
