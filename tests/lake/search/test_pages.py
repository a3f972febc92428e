"""The pages of passages: of the best chunk, of the passage, and of the section."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from reportlab.pdfgen.canvas import Canvas

import lake
from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake.index import Index
from lake.options import RecipeOptions

N_PAGES = 5


def pdf() -> bytes:
    """A file of pages with twelve lines each; line 7 of page 3 names the basalt quarry."""
    file = BytesIO()
    canvas = Canvas(file)
    for page in range(1, N_PAGES + 1):
        for line in range(12):
            words = f"On day {line} of week {page} the crew loaded {page * line + 3} crates of tools and rope."
            if (page, line) == (3, 7):
                words = "The basalt quarry near the river was opened by the younger brother."
            canvas.drawString(60, 780 - 16 * line, words)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    folder = tmp_path_factory.mktemp("pages")
    source = folder / "source"
    source.mkdir()
    (source / "log.pdf").write_bytes(pdf())
    (source / "notes.md").write_text("# Notes\n\nA granite quarry has no brother.\n")
    settings = RecipeOptions(embedder="hash", parent_tokens=900, child_tokens=64, overlap_tokens=0, heading_tokens=8)
    with PlainSteps() as steps:
        reindex(Job(sources=(str(source),), lake=str(folder / "lake"), settings=settings), steps)
    return lake.open_lake(str(folder / "lake"))


def best(index: Index, expand: Any) -> dict[str, Any]:
    return index.search("basalt quarry younger brother", k=3, expand=expand).to_pylist()[0]


@pytest.mark.parametrize("expand", ["none", "window", "parent"])
def test_a_hit_has_the_page_of_its_best_chunk_and_that_of_its_section(index: Index, expand: str) -> None:
    hit = best(index, expand)
    assert (hit["uri"], hit["page"], hit["section_page"]) == ("log.pdf", 3, 1)
    assert hit["chunk_first_page"] <= 3 <= hit["chunk_last_page"]


def test_a_passage_has_its_own_first_and_last_page(index: Index) -> None:
    chunk, window, section = (best(index, expand) for expand in ("none", "window", "parent"))
    assert (chunk["first_page"], chunk["last_page"]) == (chunk["chunk_first_page"], chunk["chunk_last_page"])
    assert window["first_page"] <= chunk["first_page"] <= chunk["last_page"] <= window["last_page"]
    assert section["first_page"] == section["section_page"] <= window["first_page"]
    assert window["last_page"] <= section["last_page"] <= N_PAGES


def test_formats_without_pages_have_none(index: Index) -> None:
    hit = index.search("granite", k=1, mode="text").to_pylist()[0]
    names = ("page", "first_page", "last_page", "chunk_first_page", "chunk_last_page", "section_page")
    assert hit["uri"] == "notes.md"
    assert [hit[name] for name in names] == [None] * len(names)


def test_chunks_are_filtered_by_their_pages(index: Index) -> None:
    found = index.search("crates of tools", k=50, expand="none", filters={"first_page": {">": 4}})
    assert found.num_rows
    assert {hit["page"] for hit in found} == {N_PAGES}


def test_tables_have_the_pages(index: Index) -> None:
    rows = index.dataset("chunks").to_table(columns=["page", "first_page", "last_page", "section_page"]).to_pylist()
    paged = [row for row in rows if row["page"] is not None]
    assert {row["page"] for row in paged} == set(range(1, N_PAGES + 1))
    assert all(row["section_page"] <= row["first_page"] <= row["page"] <= row["last_page"] for row in paged)
