"""A document as visitors see it: chunks, what was left out, its history, the pages of a PDF, and its erasure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import lake
from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake.console.pieces import pieces_of
from lake.options import RecipeOptions
from lake.service.keys import Key, KeyRing, digest_of
from tests.lake.console.conftest import HOSTILE, OPERATOR, READER, served
from tests.lake.parse.pdf_files import text_pages

Visit = Callable[..., Any]
ERASER = "eraser-key-0123456789"
PAGE = (
    "<html><title>Pump {0}</title><nav>Home Shop Help</nav><h1>Pump</h1><p>It needs {1} oil, {2}.</p>"
    "<h2>Care</h2><p>{3}</p></html>"
)


@dataclass(frozen=True, slots=True)
class Library:
    """A lake with pages of all kinds, its service, and its source."""

    url: str
    source: Path
    doc_ids: dict[str, str]
    releases: tuple[str, ...]

    def at(self, uri: str, more: str = "") -> str:
        return f"/documents/{self.doc_ids[uri]}{more}"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("library")
    source = folder / "source"
    source.mkdir()
    hostile = HOSTILE.replace("&", "&amp;").replace("<", "&lt;")
    lines = [f"Line {number} of the manual {HOSTILE}" for number in range(8)]
    (source / "manual.pdf").write_bytes(text_pages([lines, ["The second page."]], title="Manual"))
    for number in (1, 2):
        (source / f"to erase {number} <b>.md").write_text(f"# {HOSTILE} {number}\n\nOld oil of kind zz{number}.")
    (source / "long.md").write_text("\n\n".join(f"# Part {n}\n\n" + "All pumps need oil. " * 60 for n in range(40)))
    (source / "payroll.md").write_text("---\nacl: [hr]\n---\n# Payroll\n\nWho oils pumps earns 7 ducats.")
    stated = {"tags": [HOSTILE], HOSTILE: {HOSTILE: [HOSTILE]}, "link": "javascript:alert(1)"}
    (source / "pump.html.meta.json").write_text(json.dumps(stated))
    releases = []
    for oil in ("red", "blue"):
        (source / "pump.html").write_text(PAGE.format(hostile, oil, hostile, "Dust it each day. " * 60))
        job = Job((str(source),), str(folder / "lake"), settings=RecipeOptions(embedder="hash"))
        with PlainSteps() as steps:
            releases.append(str(reindex(job, steps).release))
    rows = lake.open_lake(str(folder / "lake")).dataset("documents").to_table(["doc_id", "uri"]).to_pylist()
    operator = Key("operator", digest_of(OPERATOR), "*", operator=True)
    eraser = Key("eraser", digest_of(ERASER), "*", operator=True, erases=True)
    keys = KeyRing((operator, eraser, Key("reader", digest_of(READER))))
    with served(str(folder / "lake"), keys) as running:
        yield Library(running.url, source, {row["uri"]: row["doc_id"] for row in rows}, tuple(releases))


def test_chunks_are_drawn_into_the_text(visit: Visit, library: Library, accessible: Callable[..., None]) -> None:
    page = visit(library.at("pump.html"), READER, library.url)
    assert page.text_content("h1") == f"Pump {HOSTILE}"
    sections = page.locator(".doc-section")
    assert sections.count() >= 1
    first = page.locator("a.cut").first
    assert first.text_content().endswith("1")
    assert "tokens, characters 0 to" in first.get_attribute("title")
    text = "".join(piece.text_content() for piece in page.locator(".doc-section .piece").all())
    assert f"It needs blue oil, {HOSTILE}." in text
    assert page.locator("main img, main script").count() == 0
    accessible(page)


def test_a_long_document_is_read_page_by_page(visit: Visit, library: Library) -> None:
    page = visit(library.at("long.md"), READER, library.url)
    assert "Sections 1 to" in page.text_content(".pager")
    page.click("a[rel=next] >> nth=0")
    assert "start=" in page.url
    assert not page.locator(".doc-section h2, .doc-section >> text='# Part 0'").count()
    page.click("a[rel=prev] >> nth=0")
    assert "Part 0" in page.text_content(".doc-section")
    page.click(".outline >> text=Part 30")
    assert page.locator(".place b").first.text_content() == "Part 30"
    nowhere = visit(library.at("long.md", "?start=99999999"), READER, library.url)
    assert "No text here" in nowhere.text_content("main")


def test_a_pdf_is_shown_beside_its_text(visit: Visit, library: Library, accessible: Callable[..., None]) -> None:
    page = visit(library.at("manual.pdf"), READER, library.url)
    page.locator(".picture img").evaluate("image => image.decode()")
    assert "frames around the lines" in page.get_attribute(".picture img", "alt")
    accessible(page)
    page.click("text=Hide the lines found")
    page.locator(".picture img").evaluate("image => image.decode()")
    page.click("[aria-label='Page 2']")
    page.wait_for_selector(".picture img[alt='Page 2 of the PDF']")


def test_a_pdf_whose_source_changed_has_an_explanation_in_place_of_a_picture(visit: Visit, library: Library) -> None:
    path = library.source / "manual.pdf"
    kept = path.read_bytes()
    try:
        path.write_bytes(kept + b"\n")
        page = visit(library.at("manual.pdf", "?page=2"), READER, library.url)
        page.wait_for_selector(".no-picture")
        assert "holds another version" in page.text_content(".no-picture")
        assert "Line 3 of the manual" in page.text_content(".text-column")
    finally:
        path.write_bytes(kept)


def test_about_says_what_was_left_out_and_where_it_comes_from(
    visit: Visit, library: Library, accessible: Callable[..., None]
) -> None:
    page = visit(library.at("pump.html", "/about"), READER, library.url, color_scheme="dark")
    assert "Navigation" in page.text_content("#words")
    assert "html" in page.text_content(".lineage")
    assert HOSTILE in page.locator("dt").all_text_contents()
    assert HOSTILE in page.locator(".badge").all_text_contents()
    assert page.locator("main script, main img, a[href^=javascript]").count() == 0
    accessible(page)


def test_history_leads_to_the_words_that_changed(visit: Visit, library: Library) -> None:
    page = visit(library.at("pump.html", "/history"), READER, library.url)
    assert [one.text_content() for one in page.locator(".history .badge").all()] == ["Changed", "Added"]
    page.click(f"text=What changed since {library.releases[0]}")
    assert (page.text_content("del"), page.text_content("ins")) == ("red", "blue")
    assert page.locator("main script, main img").count() == 0


def test_who_may_not_erase_sees_the_dry_run_and_its_command(visit: Visit, library: Library) -> None:
    page = visit(library.at("pump.html"), OPERATOR, library.url)
    page.click(".doc-tabs >> text=Erase")
    page.wait_for_selector("main >> text=Nothing was erased")
    assert "raglake forget pump.html" in page.text_content("pre")
    assert page.locator("main form").count() == 0
    reader = visit(library.at("pump.html"), READER, library.url)
    assert reader.locator(".doc-tabs >> text=Erase").count() == 0
    reader.goto(f"{library.url}/console{library.at('pump.html', '/erasure')}")
    assert "Not allowed" in reader.text_content("main")


def test_an_erasure_is_confirmed_by_the_name_and_ends_with_its_proof(
    visit: Visit, library: Library, accessible: Callable[..., None]
) -> None:
    uri = "to erase 1 <b>.md"
    page = visit(library.at(uri, "/erasure"), ERASER, library.url)
    page.wait_for_selector("#erase")
    accessible(page)
    page.focus("#uri")
    page.keyboard.type("to erase 2 <b>.md")
    page.keyboard.press("Tab")
    page.keyboard.type(f"about {uri}")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#erasing .notice.bad")
    assert "not the uri of the document" in page.text_content("#erasing")
    page.fill("#uri", uri)
    page.click("#erase button")
    page.wait_for_selector("#erasing .notice.bad >> text=the reason names what is to be erased")
    page.fill("#why", "ticket 4711")
    page.click("#erase button")
    page.wait_for_selector("#proof")
    assert page.evaluate("document.activeElement.textContent") == "1 document is erased for good"
    assert "Nothing was found" in page.text_content("#proof")
    accessible(page)
    page.click("main >> text=log")
    assert "erasure proven" in page.text_content(".entries li >> nth=0")
    assert "ticket 4711" in page.text_content(".entries li >> nth=1")
    page.goto(f"{library.url}/console{library.at(uri)}")
    assert "No document" in page.text_content("main")


def test_an_erasure_works_without_script(visit: Visit, library: Library) -> None:
    uri = "to erase 2 <b>.md"
    page = visit(library.at(uri, "/erasure"), ERASER, library.url, java_script_enabled=False)
    page.click("text=Look through 2 releases")
    page.fill("#uri", "another name")
    page.fill("#why", "ticket 4712")
    page.click("#erase button")
    assert "not the uri of the document" in page.text_content("#problem")
    assert page.input_value("#why") == "ticket 4712"
    page.fill("#uri", uri)
    page.click("#erase button")
    assert "Nothing was found" in page.text_content("#proof")
    assert uri in page.text_content("main")


@pytest.mark.parametrize("part", ["", "/about", "/history", "/diff", "/pages/1"])
def test_a_hidden_document_is_not_found(visit: Visit, library: Library, part: str) -> None:
    page = visit(library.at("payroll.md", part), READER, library.url)
    assert "Payroll" not in page.content()
    assert "No document" in page.text_content("body")


def test_reading_works_without_script_on_a_phone(visit: Visit, library: Library) -> None:
    screen = {"viewport": {"width": 390, "height": 844}, "java_script_enabled": False}
    page = visit(library.at("manual.pdf"), READER, library.url, **screen)
    assert "Line 3 of the manual" in page.text_content(".text-column")
    page.click("text=Show the page")
    assert page.locator(".picture img").count() == 1
    wide = visit(library.at("pump.html"), READER, library.url, viewport={"width": 390, "height": 844})
    assert wide.evaluate("document.documentElement.scrollWidth") <= 390


def test_pieces_make_the_section_again() -> None:
    chunks = [{"ordinal": n, "start": 10 + a, "end": 10 + b} for n, (a, b) in enumerate([(0, 5), (3, 8), (9, 12)])]
    pieces = pieces_of({"start": 10, "end": 22, "text": "abcdefghijkl", "chunks": chunks})
    assert [(piece.text, piece.kind) for piece in pieces] == [
        ("abc", "even"),
        ("de", "both"),
        ("fgh", "odd"),
        ("i", "between"),
        ("jkl", "even"),
    ]
    assert [[chunk["ordinal"] for chunk in piece.begins] for piece in pieces] == [[0], [1], [], [], [2]]
