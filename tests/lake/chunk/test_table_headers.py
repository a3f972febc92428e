"""Each piece that is cut out of a long table carries the table's header."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from lake.chunk.chunker import chunk
from lake.chunk.table_headers import header_cells, label_of, shortened, title_line
from lake.chunk.tokenizers import load_tokenizer
from lake.parse import parse
from lake.parse.document import ParsedDocument
from lake.recipe.chunking import ChunkRecipe
from tests.lake.parse.office_files import docx, odf, pptx
from tests.lake.parse.pdf_files import Draw, pdf, put
from tests.lake.parse.test_sheets import xlsx

WORDS = load_tokenizer("words")
SMALL = ChunkRecipe("hierarchical", 200, 60, 8, 24)
ROWS = 200


def csv_rows() -> bytes:
    lines = ["station,bearing wear mm,oil temperature C,inspector"]
    lines += [f"ST-{1000 + i},0.{i},{50 + i % 40},Olaf" for i in range(ROWS)]
    return "\n".join(lines).encode()


def table(form: str) -> tuple[bytes, str]:
    rows = [[f"ST-{1000 + i}", f"{50 + i % 40}"] for i in range(ROWS)]
    if form == "csv":
        return csv_rows(), "a.csv"
    if form == "md":
        lines = ["| station | oil temperature C |", "|:---|---:|", *(f"| {a} | {b} |" for a, b in rows)]
        return ("# Guide\n\nWear of bearings:\n\n" + "\n".join(lines)).encode(), "a.md"
    cells = "".join(f"<tr><td>{a}</td><td>{b}</td></tr>" for a, b in rows)
    head = "<tr><th>station</th><th>oil temperature C</th></tr>"
    return f"<main><h1>Guide</h1><p>Text of it.</p><table>{head}{cells}</table></main>".encode(), "a.html"


HEAD = ("station", "oil temperature C")
BODY = [(f"ST-{1000 + i}", f"{50 + i * 7 % 40}") for i in range(ROWS)]


def rows(row: str, cell: str) -> str:
    """The table in a markup whose rows and cells are written so, each with ``{}`` for its content."""
    return "".join(row.format("".join(cell.format(text) for text in one)) for one in (HEAD, *BODY))


def page(first: int) -> Draw:
    """A page of a PDF with the head and 40 rows between rules."""

    def draw(canvas: Any) -> None:
        for line, (station, oil) in enumerate((HEAD, *BODY[first : first + 40])):
            put(canvas, 72, 780 - 18 * line, station)
            put(canvas, 200, 780 - 18 * line, oil)
            canvas.grid([70, 190, 400], [775 - 18 * line, 793 - 18 * line])

    return draw


def office_table(form: str) -> bytes:
    odf_rows = rows("<table:table-row>{}</table:table-row>", "<table:table-cell><text:p>{}</text:p></table:table-cell>")
    odf_table = f"<table:table>{odf_rows}</table:table>"
    word = rows("<w:tr>{}</w:tr>", "<w:tc><w:p><w:r><w:t>{}</w:t></w:r></w:p></w:tc>")
    drawn = rows("<a:tr>{}</a:tr>", "<a:tc><a:txBody><a:p><a:r><a:t>{}</a:t></a:r></a:p></a:txBody></a:tc>")
    frame = "<p:graphicFrame><a:graphic><a:graphicData><a:tbl>{}</a:tbl></a:graphicData></a:graphic></p:graphicFrame>"
    cells = rows("<row>{}</row>", '<c t="inlineStr"><is><t>{}</t></is></c>')
    return {
        "docx": lambda: docx(f"<w:tbl>{word}</w:tbl>"),
        "pptx": lambda: pptx([frame.format(drawn)]),
        "odt": lambda: odf(f"<office:text>{odf_table}</office:text>"),
        "ods": lambda: odf(f"<office:spreadsheet>{odf_table}</office:spreadsheet>"),
        "xlsx": lambda: xlsx(f"<sheetData>{cells}</sheetData>"),
        "pdf": lambda: pdf(*(page(first) for first in range(0, ROWS, 40))),
    }[form]()


@pytest.mark.parametrize("form", ["docx", "pptx", "odt", "ods", "xlsx", "pdf"])
def test_rows_of_office_files_are_in_chunks_that_name_their_columns(form: str) -> None:
    document = parse(office_table(form), f"a.{form}")
    found = chunk(document, SMALL, WORDS)
    texts = [document.text[child.start : child.end] for child in found.children]
    assert len(texts) > 10
    for text, child in zip(texts, found.children, strict=True):
        assert all(name in child.context + text for name in HEAD)
    every = "\n".join(texts)
    assert all(f"| {station} | {oil} |" in every for station, oil in BODY)


@pytest.mark.parametrize("form", ["csv", "md", "html"])
@pytest.mark.parametrize("strategy", ["hierarchical", "window", "paragraph"])
def test_row_is_in_a_chunk_and_a_section_that_name_its_column(form: str, strategy: str) -> None:
    document = parse(*table(form))
    recipe = ChunkRecipe(strategy, 200, 60, 8, 24)  # type: ignore[arg-type]
    found = chunk(document, recipe, WORDS)
    assert len(found.parents) > 3
    for span in (*found.parents, *found.children):
        text = document.text[span.start : span.end]
        assert "oil temperature C" in text + " > ".join(span.heading)
    for child in found.children:
        assert "oil temperature C" in child.context + document.text[child.start : child.end]


def test_text_after_a_table_and_before_it_has_no_header() -> None:
    source, name = table("md")
    found = chunk(parse(b"Words before.\n\n" + source + b"\n\n# Next\n\n" + b"More words. " * 60, name), SMALL, WORDS)
    assert found.children[0].heading == ()
    assert found.children[-1].heading == ("Next",)
    assert "station" not in found.children[-1].context


def test_title_line_travels_with_the_header() -> None:
    found = chunk(parse(*table("md")), SMALL, WORDS)
    assert found.children[-1].heading == ("Guide", "Wear of bearings", "station | oil temperature C")
    assert found.children[-1].context == "Guide > Wear of bearings > station | oil temperature C\n"


def test_outer_headings_give_way_to_column_names() -> None:
    recipe = ChunkRecipe("hierarchical", 200, 60, 8, 9)
    found = chunk(parse(*table("md")), recipe, WORDS)
    assert found.children[-1].context == "station | oil temperature C\n"


def wide(n_columns: int) -> ParsedDocument:
    lines = [",".join(f"quantity {i} of goods" for i in range(n_columns))]
    lines += [",".join(f"v{row}x{i}" for i in range(n_columns)) for row in range(20)]
    return parse("\n".join(lines).encode(), "wide.csv")


@pytest.mark.parametrize("n_columns", [12, 40, 400])
def test_wide_header_is_shortened_and_never_dropped(n_columns: int) -> None:
    found = chunk(wide(n_columns), SMALL, WORDS)
    for child in found.children[1:]:
        assert child.context.startswith("quant")
        assert WORDS.count(child.context) <= SMALL.heading_tokens
        assert len(child.heading[-1]) <= 1000
    assert n_columns == 12 or "\u2026" in found.children[-1].context


@pytest.mark.parametrize(
    ("source", "cells"),
    [
        ("| a \\| b | c |\n| - | - |\n| 1 | 2 |", ("a | b", "c")),
        ("|  | c |\n| --- | --- |\n| 1 | 2 |", ("c",)),
        ("+---+-----+\n| a | b   |\n|   | mm  |\n+===+=====+\n| 1 | 2   |\n+---+-----+", ("a", "b mm")),
        ("===  =====\na    b c\n===  =====\n1    2\n===  =====", ("a", "b c")),
        ("| a | b |\n|---+---|\n| 1 | 2 |", ("a", "b")),
        ("| a | b |\n| 1 | 2 |", ("a", "b")),
        ("", ()),
        ("| --- | --- |", ()),
        ("-" * 100_000 + "x", ("-" * 100_000 + "x",)),
    ],
)
def test_header_of_each_form_of_table(source: str, cells: tuple[str, ...]) -> None:
    assert header_cells(source) == cells


def test_very_long_cells_are_bounded() -> None:
    assert len(label_of(["x" * 5000, "y"])) <= 1000
    assert len(label_of([f"word{i} and more" for i in range(10_000)])) <= 1000
    assert list(shortened(["a"])) == ["a"]


def test_paragraph_is_a_title_only_if_short() -> None:
    assert title_line("Tariffs\n(in thousands)") == "Tariffs (in thousands)"
    assert not title_line("word " * 60)
    assert not title_line("We list them here, as agreed.")


def n_calls(table: str) -> int:
    """Calls of Python functions, and steps of generators, while a table is chunked."""
    document, made = parse(table.encode(), "a.csv"), 0

    def counting(_: object, event: str, __: object) -> None:
        nonlocal made
        made += event == "call"

    chunk(document, SMALL, WORDS)
    sys.setprofile(counting)
    try:
        chunk(document, SMALL, WORDS)
    finally:
        sys.setprofile(None)
    return made


def test_the_work_for_a_header_of_many_columns_does_not_grow_with_its_square() -> None:
    assert n_calls("| a " * 1600) < 3 * n_calls("| a " * 800)
