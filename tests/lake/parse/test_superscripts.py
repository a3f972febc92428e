"""A superscript after a number is no part of it: the year 2031 with the note 1 is not 20311, and 10^10 is not 1010."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import docx
import pptx
import pytest

from lake.parse import parse
from lake.parse.account import account_of
from tests.lake.parse.office_files import odf
from tests.lake.parse.pdf_files import pdf, put

PIECES = [("In 2031", "1"), (" over 10", "10"), (" or 10", "-9"), (" of 5 m", "2"), (" on the 1", "st"), (" H", "2")]
EXPECTED = "In 2031^1 over 10^10 or 10^-9 of 5 m2 on the 1st H2"


def html() -> bytes:
    return f"<p>{''.join(f'{base}<sup>{raised}</sup>' for base, raised in PIECES)}</p>".encode()


def rst() -> bytes:
    return "\\ ".join(f"{base}\\ :sup:`{raised}`" for base, raised in PIECES).encode()


def rtf() -> bytes:
    return ("{\\rtf1 " + "".join(f"{base}{{\\super {raised}}}" for base, raised in PIECES) + "}").encode()


def rtf_switched() -> bytes:
    pieces = "".join(f"{base}\\up6 {raised}\\up0 " for base, raised in PIECES[:3])
    return ("{\\rtf1 " + pieces + "".join(f"{b}\\super {r}\\nosupersub " for b, r in PIECES[3:]) + "}").encode()


def word() -> bytes:
    document, out = docx.Document(), io.BytesIO()
    paragraph = document.add_paragraph()
    for base, raised in PIECES:
        paragraph.add_run(base)
        paragraph.add_run(raised).font.superscript = True
    document.save(out)
    return out.getvalue()


def slides() -> bytes:
    deck, out = pptx.Presentation(), io.BytesIO()
    paragraph = deck.slides.add_slide(deck.slide_layouts[5]).shapes.title.text_frame.paragraphs[0]
    for base, raised in PIECES:
        paragraph.add_run().text = base
        run = paragraph.add_run()
        run.text = raised
        run.font._element.set("baseline", "30000")
    deck.save(out)
    return out.getvalue()


def open_document() -> bytes:
    styles = (
        '<style:style style:name="Up"><style:text-properties style:text-position="super 58%"/></style:style>'
        '<style:style style:name="T1" style:parent-style-name="Up"/>'
        '<style:style style:name="T2"><style:text-properties style:text-position="33% 58%"/></style:style>'
    )
    spans = "".join(
        f'{base}<text:span text:style-name="T{1 + number % 2}">{raised}</text:span>'
        for number, (base, raised) in enumerate(PIECES)
    )
    return odf(f"<office:text><text:p>{spans}</text:p></office:text>", styles)


def printed() -> bytes:
    """A page with the line above, with the superscripts right after their numbers, and a line that has none."""

    def draw(canvas: Any) -> None:
        x = 72.0
        for base, raised in PIECES:
            put(canvas, x, 700, base, 11)
            x += canvas.stringWidth(base, "Helvetica", 11)
            put(canvas, x, 704, raised, 6.5)
            x += canvas.stringWidth(raised, "Helvetica", 6.5)
        put(canvas, 72, 680, "The lamp of the outer pier was lit in 1911 and 1912-13.")

    return pdf(draw)


MADE = [
    (html, "a.html"),
    (rst, "a.rst"),
    (rtf, "a.rtf"),
    (rtf_switched, "a.rtf"),
    (word, "a.docx"),
    (slides, "a.pptx"),
    (open_document, "a.odt"),
    (printed, "a.pdf"),
]


@pytest.mark.parametrize(("made", "name"), MADE)
def test_a_superscript_does_not_run_into_a_number(made: Callable[[], bytes], name: str) -> None:
    parsed = parse(made(), name)
    assert EXPECTED in " ".join(parsed.text.split())
    account = account_of(parsed)
    assert account.n_words_source == account.n_words_kept


def test_a_number_in_two_runs_stays_one() -> None:
    document, out = docx.Document(), io.BytesIO()
    paragraph = document.add_paragraph("In 20")
    paragraph.add_run("31").bold = True
    paragraph.add_run("7").font.subscript = True
    document.save(out)
    assert parse(out.getvalue(), "a.docx").text == "In 20317"
