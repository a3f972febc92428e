"""Makes the binary files of this corpus beside itself: ``python make_binary_files.py``.

Needs python-docx, python-pptx and xlsxwriter. The rest is written by hand with the standard
library. Dates inside the files are fixed, so that a second run changes no meaning.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent
WHEN = datetime(2024, 3, 2, 12, 0, tzinfo=UTC)

PDF_PAGES = (
    (
        "Great Refractor handbook",
        "",
        "1 The lens",
        "The objective lens of the Great Refractor has a diameter of 310 mm and was",
        "ground in 1887. It may only be touched with cotton gloves, never with paper.",
        "2 The drive",
        "The drive is a weight-driven clock. Wind it by 90 turns before each night.",
    ),
    (
        "Great Refractor handbook",
        "",
        "3 Focus",
        "Focus moves by 0.8 mm when the tube cools by ten degrees.",
    ),
)
PDF_OUTLINE = (("1 The lens", 0), ("2 The drive", 0), ("3 Focus", 1))


def make_pdf(path: Path, pages: Sequence[Sequence[str]], outline: Sequence[tuple[str, int]]) -> None:
    """A PDF of Helvetica lines with an outline that points to pages."""
    n_pages = len(pages)
    first_mark = 6 + 2 * n_pages
    last_mark = first_mark + len(outline) - 1
    kids = " ".join(f"{6 + 2 * i} 0 R" for i in range(n_pages))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R /Outlines 4 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {n_pages} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        f"<< /Type /Outlines /First {first_mark} 0 R /Last {last_mark} 0 R /Count {len(outline)} >>",
        "<< /Title (Great Refractor handbook) /Author (Ines Okafor) >>",
    ]
    for number, lines in enumerate(pages):
        objects += _page(6 + 2 * number, lines)
    objects += _marks(first_mark, outline)
    path.write_bytes(_assembled(objects))


def _page(number: int, lines: Sequence[str]) -> list[str]:
    shown = " ".join(f"({line}) Tj T*" for line in lines)
    stream = f"BT /F1 11 Tf 16 TL 60 780 Td {shown} ET"
    return [
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >>"
        f" /Contents {number + 1} 0 R >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
    ]


def _marks(first: int, outline: Sequence[tuple[str, int]]) -> list[str]:
    marks = []
    for i, (title, page) in enumerate(outline):
        before = f" /Prev {first + i - 1} 0 R" if i else ""
        after = f" /Next {first + i + 1} 0 R" if i + 1 < len(outline) else ""
        marks.append(f"<< /Title ({title}) /Parent 4 0 R{before}{after} /Dest [{6 + 2 * page} 0 R /Fit] >>")
    return marks


def _assembled(objects: Sequence[str]) -> bytes:
    out = b"%PDF-1.4\n"
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    trailer = f"trailer\n<< /Size {size} /Root 1 0 R /Info 5 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    return out + f"xref\n0 {size}\n0000000000 65535 f \n{table}{trailer}".encode()


def make_docx(path: Path) -> None:
    import docx

    document = docx.Document()
    document.core_properties.title = "Safety rules"
    document.core_properties.author = "Sela Winther"
    document.core_properties.created = document.core_properties.modified = WHEN
    document.add_heading("Safety rules", level=1)
    document.add_paragraph("Nobody climbs the dome alone. The ladder carries 120 kg.")
    document.add_heading("Liquid nitrogen", level=2)
    document.add_paragraph("The dewar holds 30 litres and is filled on Wednesdays.")
    document.add_paragraph("Wear the blue gloves", style="List Bullet")
    document.add_paragraph("Open both windows", style="List Bullet")
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip(table._cells, ("Alarm", "Number", "Fire", "5511"), strict=True):
        cell.text = text
    document.save(str(path))


def make_pptx(path: Path) -> None:
    import pptx

    deck = pptx.Presentation()
    deck.core_properties.title = "Observatory budget"
    deck.core_properties.author = "Tom Arvid"
    deck.core_properties.modified = WHEN
    for title, lines, note in (
        ("Observatory budget", ("Electricity costs 18,400 a year", "Half of it cools the cameras"), ""),
        ("Plans", ("A new dome rail in 2026",), "The rail was quoted at 61,000."),
    ):
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = "\n".join(lines)
        if note:
            slide.notes_slide.notes_text_frame.text = note
    deck.save(str(path))


def make_xlsx(path: Path) -> None:
    import xlsxwriter

    sheets = {
        "Eyepieces": [["Focal length", "Count", "Cabinet"], ["40 mm", 2, "B"], ["12.5 mm", 3, "B"]],
        "Filters": [["Band", "Width nm", "Bought"], ["H-alpha", 3.5, "2021-06-01"], ["O III", 3, "2022-02-14"]],
    }
    with xlsxwriter.Workbook(str(path)) as book:
        book.set_properties({"created": WHEN.replace(tzinfo=None)})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)


def make_zip(path: Path, members: dict[str, str]) -> None:
    """A zip whose first member is stored plain, as EPUB and OpenDocument ask for."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            kind = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name, WHEN.timetuple()[:6]), text, kind)


def chapter(title: str, *texts: str) -> str:
    body = "".join(f"<p>{text}</p>" for text in texts)
    return (
        '<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml">'
        f"<head><title>{title}</title></head><body><h1>{title}</h1>{body}</body></html>"
    )


EPUB = {
    "mimetype": "application/epub+zip",
    "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0">'
    "<rootfiles>"
    '<rootfile full-path="book/package.opf" media-type="application/oebps-package+xml"/></rootfiles></container>',
    "book/package.opf": '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>A history of Skerry Point</dc:title><dc:creator>Bram Olde'
    "</dc:creator><dc:language>en-GB</dc:language><dc:date>2019-08-23</dc:date></metadata><manifest>"
    '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
    '<item id="two" href="text/two.xhtml" media-type="application/xhtml+xml"/>'
    '<item id="one" href="text/chapter%20one.xhtml" media-type="application/xhtml+xml"/></manifest>'
    '<spine><itemref idref="nav"/><itemref idref="one"/><itemref idref="two"/></spine></package>',
    "book/nav.xhtml": chapter("Contents", "The list of chapters"),
    "book/text/chapter one.xhtml": chapter(
        "The founding", "The observatory was founded in 1886 by the widow of a ship owner, Marit Skaale."
    ),
    "book/text/two.xhtml": chapter("The fire", "In 1931 a fire destroyed the workshop; the dome was saved by rain."),
}

ODT = {
    "mimetype": "application/vnd.oasis.opendocument.text",
    "content.xml": '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0">'
    '<office:body><office:text><text:h text:outline-level="1">Guest house</text:h>'
    '<text:p>The guest house has six beds<text:s text:c="2"/>and one<text:line-break/>kitchen.</text:p>'
    '<text:h text:outline-level="2">House rules</text:h><text:list><text:list-item><text:p>Quiet until noon</text:p>'
    "<text:list><text:list-item><text:p>observers sleep late</text:p></text:list-item></text:list>"
    "</text:list-item></text:list>"
    "<table:table><table:table-row><table:table-cell><text:p>Room</text:p></table:table-cell><table:table-cell><text:p>Beds"
    "</text:p></table:table-cell></table:table-row><table:table-row><table:table-cell><text:p>East</text:p></table:table-cell>"
    "<table:table-cell><text:p>2</text:p></table:table-cell></table:table-row></table:table>"
    "</office:text></office:body></office:document-content>",
    "meta.xml": '<office:document-meta xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"><office:meta><dc:title>Guest house</dc:title>'
    "<dc:language>en-GB</dc:language>"
    "</office:meta></office:document-meta>",
}


def main() -> None:
    make_pdf(HERE / "refractor.pdf", PDF_PAGES, PDF_OUTLINE)
    make_docx(HERE / "safety.docx")
    make_pptx(HERE / "budget.pptx")
    make_xlsx(HERE / "stores.xlsx")
    make_zip(HERE / "history.epub", EPUB)
    make_zip(HERE / "guest-house.odt", ODT)


if __name__ == "__main__":
    main()
