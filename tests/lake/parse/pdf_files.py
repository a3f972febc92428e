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


def mapped(letters: Sequence[str], lines: Iterable[tuple[int, int, Sequence[int]]]) -> bytes:
    """A page of ``lines`` (place, indices of ``letters``) whose glyphs stand for any text by a ToUnicode table."""
    pairs = "".join(f"<{65 + i:02X}> <{text.encode('utf-16-be').hex()}>\n" for i, text in enumerate(letters))
    table = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def\n"
        "1 begincodespacerange <00> <FF> endcodespacerange\n"
        f"{len(letters)} beginbfchar\n{pairs}endbfchar endcmap end end"
    )
    drawn = "".join(
        f"BT /F1 12 Tf {x} {y} Td ({''.join(chr(65 + i) for i in indices)}) Tj ET\n" for x, y, indices in lines
    )
    font = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding/ToUnicode 6 0 R>>"
    return raw_pdf(
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 5 0 R/Resources<</Font<</F1 4 0 R>>>>>>",
        font,
        f"<</Length {len(drawn)}>>stream\n{drawn}\nendstream",
        f"<</Length {len(table)}>>stream\n{table}\nendstream",
    )


def raw_pdf(*objects: str | bytes | None) -> bytes:
    """A file of these objects, numbered from 1; the first is the catalog, and None is missing."""
    out = b"%PDF-1.4\n"
    rows = []
    for i, one in enumerate(objects, 1):
        rows.append("0000000000 65535 f " if one is None else f"{len(out):010d} 00000 n ")
        if one is not None:
            out += b"%d 0 obj\n%s\nendobj\n" % (i, one.encode("latin-1") if isinstance(one, str) else one)
    table = "".join(f"{row}\n" for row in rows)
    end = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer<</Size {len(objects) + 1}/Root 1 0 R>>\n"
    return out + f"{end}startxref\n{len(out)}\n%%EOF\n".encode("latin-1")


def stream(body: str | bytes, entries: str = "") -> bytes:
    """A stream object."""
    raw = body.encode("latin-1") if isinstance(body, str) else body
    return f"<</Length {len(raw)}{entries}>>stream\n".encode() + raw + b"\nendstream"
