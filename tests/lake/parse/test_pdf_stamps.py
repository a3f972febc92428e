"""Stamps and watermarks of PDFs follow the text of their page, and are neither headings nor titles."""

from __future__ import annotations

from typing import Any

import pytest

from lake.parse.account import account_of
from lake.parse.pdf import parse
from tests.lake.parse.pdf_files import Draw, column, pdf, put

PROSE = (
    "The lamp of the outer pier was lit at dusk and put out when the",
    "sun had cleared the hills behind the town, by one of two keepers",
    "who shared the hut and wrote down wind and tide in a grey book.",
)
HEADINGS = ["Harbour plan", "1 Duties", "2 Wages"]


def text_of(canvas: Any) -> None:
    for text, y, size in (("Harbour plan", 780, 18), ("1 Duties", 745, 13), ("2 Wages", 630, 13)):
        put(canvas, 72, y, text, size, "Helvetica-Bold")
    column(canvas, PROSE * 2, top=725)
    column(canvas, PROSE * 2, top=610)


def stamp(text: str, x: float, y: float, size: float, degrees: float = 0, *, is_first: bool = False) -> Draw:
    """A page with a stamp that is drawn before or after its text."""

    def draw(canvas: Any) -> None:
        if not is_first:
            text_of(canvas)
        canvas.saveState()
        canvas.translate(x, y)
        canvas.rotate(degrees)
        canvas.setFillColorRGB(0.8, 0, 0)
        for i, line in enumerate(text.split("\n")):
            put(canvas, 0, -1.2 * size * i, line, size, "Helvetica-Bold")
        canvas.restoreState()
        if is_first:
            text_of(canvas)

    return draw


@pytest.mark.parametrize(
    "drawn",
    [
        ("DRAFT", 150, 300, 120, 45),
        ("DRAFT", 450, 640, 36),
        ("DRAFT", 150, 300, 90),
        ("DRAFT", 200, 655, 24),
        ("CONFIDENTIAL", 220, 812, 24),
        ("DRAFT", 72, 812, 24),
        ("Received 3 May", 380, 775, 22),
        ("Received 3 May", 380, 560, 20, 10),
        ("RECEIVED\n3 MAY 1931", 400, 720, 22),
        ("Streng vertraulich", 90, 300, 40),
        ("Harbour archive", 90, 665, 40),
        ("Keepers' own", 300, 760, 22, -8),
    ],
)
def test_a_stamp_follows_the_text_wherever_it_stands(drawn: tuple[Any, ...]) -> None:
    for is_first in (False, True):
        parsed = parse(pdf(stamp(*drawn, is_first=is_first)), ".pdf")
        headings = [block.label for block in parsed.blocks if block.kind == "heading"]
        assert (parsed.title, headings) == ("Harbour plan", HEADINGS)
        assert parsed.text.endswith(f"grey book.\n\n{drawn[0]}")
        assert account_of(parsed).n_words_lost == 0


def test_words_of_stamps_stay_headings_among_others_of_their_type_and_names_stay_with_addresses() -> None:
    def draw(canvas: Any) -> None:
        put(canvas, 72, 780, "ACME Tools", 24, "Helvetica-Bold")
        column(canvas, ("12 Harbour Road", "Port Ellen", "Invoice 2031-002"), x=400, top=790, size=9)
        for i, text in enumerate(("ORIGINAL", "AMENDED", "Draft")):
            put(canvas, 72, 720 - 100 * i, text, 14, "Helvetica-Bold")
            column(canvas, PROSE, top=700 - 100 * i)

    parsed = parse(pdf(draw), ".pdf")
    assert [block.label for block in parsed.blocks if block.kind == "heading"] == ["ORIGINAL", "AMENDED", "Draft"]
    assert parsed.text.startswith("ACME Tools 12 Harbour Road\n")


@pytest.mark.parametrize(("x", "size"), [(72, 24), (300, 40)])
def test_words_of_stamps_stay_headings_over_the_text_that_they_head(x: float, size: float) -> None:
    titles = ("Overview", "Draft", "Proof", "Sample") if x > 72 else ("Overview", "APPROVED", "Completed", "COPY")

    def page(title: str) -> Draw:
        def draw(canvas: Any) -> None:
            left = x if x == 72 else x - canvas.stringWidth(title, "Helvetica-Bold", size) / 2
            put(canvas, left, 760, title, size, "Helvetica-Bold")
            column(canvas, (*PROSE, "x" * 60), x=110 if x > 72 else 72, top=715)

        return draw

    parsed = parse(pdf(*map(page, titles)), ".pdf")
    assert [block.label for block in parsed.blocks if block.kind == "heading"] == list(titles)


def test_a_stamp_on_each_page_is_kept_once() -> None:
    pages = [stamp("COMPANY SECRET", 100, 640, 50)] * 3
    parsed = parse(pdf(*pages), ".pdf")
    assert parsed.text.count("COMPANY SECRET") == 1
    assert (4, "COMPANY SECRET, pages 2-3") in [(one.n_words, one.place) for one in parsed.omitted]
