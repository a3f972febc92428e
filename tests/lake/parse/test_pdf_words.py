"""Words and ruling lines of PDF pages with their places."""

from __future__ import annotations

from typing import Any

import pytest

from lake.parse.pdf.geometry import PageLayout
from lake.parse.pdf.words import page_layout
from tests.lake.parse.pdf_files import A4, Draw, pdf, put, turned


def layout(draw: Draw, turn: int = 0) -> PageLayout:
    import pypdfium2

    document = pypdfium2.PdfDocument(turned(pdf(draw), turn))
    return page_layout(document, 0)


def test_words_have_places_sizes_and_weights() -> None:
    def draw(canvas: Any) -> None:
        put(canvas, 72, 700, "Rope and", 12)
        put(canvas, 300, 700, "Tar", 20, "Helvetica-Bold")

    found = layout(draw)
    assert (found.width, found.height) == A4
    assert [(word.text, word.size, word.bold) for word in found.words] == [
        ("Rope", 12, False),
        ("and", 12, False),
        ("Tar", 20, True),
    ]
    rope, _, tar = (word.box for word in found.words)
    assert rope.left == pytest.approx(72, abs=1)
    assert rope.bottom < 700 < rope.top
    assert tar.left == pytest.approx(300, abs=1)
    assert 15 < tar.top - tar.bottom < 30


def test_lines_rectangles_and_forms_give_rules() -> None:
    def draw(canvas: Any) -> None:
        canvas.line(50, 600, 250, 600)
        canvas.rect(50, 400, 100, 80)
        canvas.rect(50, 300, 100, 0.5, stroke=0, fill=1)
        canvas.beginForm("box")
        canvas.line(0, 0, 0, 40)
        canvas.endForm()
        canvas.translate(300, 200)
        canvas.doForm("box")

    lines = [(50, 600, 250, 600), (50, 300, 150, 300), (300, 200, 300, 240)]
    edges = [(50, 400, 150, 400), (50, 480, 150, 480), (50, 400, 50, 480), (150, 400, 150, 480)]
    found = layout(draw).rules
    for wanted in (*lines, *edges):
        assert any(rule == pytest.approx(wanted, abs=1.5) for rule in found), wanted


@pytest.mark.parametrize("stated", [True, False], ids=["stated", "seen"])
@pytest.mark.parametrize(("turn", "wanted"), [(0, (100, 700)), (90, (700, 495)), (180, (495, 142)), (270, (142, 100))])
def test_places_are_those_of_the_page_turned_to_its_text(turn: int, wanted: tuple[float, float], stated: bool) -> None:
    def draw(canvas: Any) -> None:
        canvas.translate(100, 700)
        canvas.rotate(turn)
        put(canvas, 0, 0, "first")

    found = layout(draw, turn if stated else 0)
    assert (found.width, found.height) == (A4 if turn % 180 == 0 else A4[::-1])
    left, bottom, _, _ = found.words[0].box
    assert (left, bottom) == pytest.approx(wanted, abs=3)
