"""What the service shows of one document, and to whom."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

import lake
from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake.errors import InputError
from lake.inspect.page_picture import picture
from lake.options import RecipeOptions
from lake.service.keys import Key, KeyRing, digest_of
from tests.lake.parse.pdf_files import text_pages
from tests.lake.service.conftest import Running, Start, TwoReleases

OPERATOR, READER = "operator-key-0123456789", "reader-key-0123456789"
RING = KeyRing([Key("ops", digest_of(OPERATOR), "*", operator=True), Key("reader", digest_of(READER))])

#: Small sections, of several chunks each.
RECIPE = RecipeOptions(embedder="hash", parent_tokens=120, child_tokens=60, overlap_tokens=10)


@dataclass(frozen=True, slots=True)
class Shelf:
    """A lake, the folder it was read from, and its two releases."""

    url: str
    source: Path
    before: str
    after: str

    def doc_id(self, uri: str) -> str:
        rows = lake.open_lake(self.url).dataset("documents").to_table(["doc_id", "uri"]).to_pylist()
        return next(row["doc_id"] for row in rows if row["uri"] == uri)


def ingested(folder: Path) -> str:
    job = Job(sources=(str(folder / "source"),), lake=str(folder / "lake"), settings=RECIPE)
    with PlainSteps() as steps:
        release = reindex(job, steps).release
    assert release
    return release


def doc_id_of(running: Running, uri: str, key: str = OPERATOR) -> str:
    hits = running.post(key=key, text=uri.removesuffix(".md"), k=50, mode="text").json()["hits"]
    return next(hit["doc_id"] for hit in hits if hit["uri"] == uri)


def test_a_difference_shows_the_words_that_changed(start: Start, two_releases: TwoReleases) -> None:
    running = start(RING)
    lamp = doc_id_of(running, "7.md")
    words = {"from": two_releases.before, "to": two_releases.after}
    got = running.get(f"/documents/{lamp}/diff", READER, **words)
    assert got.headers["Raglake-Release"] == two_releases.after
    found = got.json()
    changes = [(part["kind"], part["text"].strip()) for part in found["hunks"][0]["parts"] if part["kind"] != "same"]
    assert changes == [("removed", "whale"), ("added", "olive")]
    assert (found["n_words_removed"], found["n_words_added"], found["next_hunk"]) == (1, 1, None)
    same = running.get(f"/documents/{lamp}/diff", READER).json()
    assert same["equal"]
    assert same["hunks"] == []


def test_a_difference_of_a_hidden_document_is_that_of_an_unknown_one(start: Start, two_releases: TwoReleases) -> None:
    running = start(RING)
    hidden = doc_id_of(running, "payroll.md")
    words = {"from": two_releases.before, "to": two_releases.after}
    assert running.get(f"/documents/{hidden}/diff", OPERATOR, **words).status_code == 200
    refused = running.get(f"/documents/{hidden}/diff", READER, **words)
    unknown = running.get(f"/documents/{'0' * len(hidden)}/diff", READER, **words)
    assert (refused.status_code, refused.json()["error"]) == (404, "no_document")
    assert refused.json()["message"].replace(hidden, "ID") == unknown.json()["message"].replace("0" * len(hidden), "ID")


def test_a_key_may_be_kept_to_the_live_release(start: Start, two_releases: TwoReleases) -> None:
    running = start(KeyRing([Key("live", digest_of(READER), options=("k", "mode"))]))
    lamp = doc_id_of(running, "7.md", READER)
    assert running.get(f"/documents/{lamp}/diff", READER).status_code == 200
    assert running.get(f"/documents/{lamp}/diff", READER, **{"from": two_releases.before}).status_code == 403


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """A lake of two releases with a page, a PDF, copies and a document for few."""
    folder = tmp_path_factory.mktemp("shelf")
    source = folder / "source"
    source.mkdir()
    page = "<html><title>Pump</title><nav>Home Shop Help</nav><h1>Pump</h1><p>It needs red oil.</p></html>"
    (source / "pump.html").write_text(page)
    (source / "manual.pdf").write_bytes(text_pages([["Pump manual", "Turn the key."], ["Wait a minute."]]))
    for name, rights in (("copy.md", ""), ("secret-copy.md", "acl: [hr]\n")):
        text = f"# Lamp\n\n{'The lamp burns oil. ' * 20}\n\n## Care\n\n{'Dust it each day. ' * 20}"
        (source / name).write_text(f"---\ntitle: Lamp\n{rights}---\n{text}")
    first = ingested(folder)
    (source / "pump.html").write_text(page.replace("red oil", "blue oil"))
    return Shelf(str(folder / "lake"), source, first, ingested(folder))


def test_sections_hold_the_text_cut_into_chunks(start: Start, shelf: Shelf) -> None:
    running = start(RING, shelf.url)
    lamp = shelf.doc_id("copy.md")
    whole = running.get(f"/documents/{lamp}/sections", READER).json()
    assert [one["heading"] for one in whole["sections"]] == ["Lamp", "Lamp > Care"]
    assert [len(one["chunks"]) for one in whole["sections"]] == [2, 2]
    assert [(one["first_line"], one["last_line"]) for one in whole["sections"]] == [(1, 3), (5, 7)]
    for section in whole["sections"]:
        for chunk in section["chunks"]:
            inside = section["text"][chunk["start"] - section["start"] : chunk["end"] - section["start"]]
            assert chunk["text"] == inside
    found = running.post(key=READER, text="lamp", k=20).json()["hits"]
    shown = {chunk["chunk_id"] for section in whole["sections"] for chunk in section["chunks"]}
    assert {hit["chunk_id"] for hit in found if hit["doc_id"] == lamp} <= shown
    second = running.get(f"/documents/{lamp}/sections", READER, start=whole["sections"][1]["start"]).json()
    assert (second["first_section"], second["previous_start"], second["next_start"]) == (1, 0, None)
    one = running.get(f"/documents/{lamp}/sections", READER, characters=1).json()
    assert (len(one["sections"]), one["next_start"]) == (1, whole["sections"][1]["start"])
    beyond = running.get(f"/documents/{lamp}/sections", READER, start=10**9).json()
    assert (beyond["sections"], beyond["next_start"]) == ([], None)


def test_lines_are_those_of_the_sections_and_none_of_what_is_hidden(start: Start, shelf: Shelf) -> None:
    running, lamp, secret = start(RING, shelf.url), shelf.doc_id("copy.md"), shelf.doc_id("secret-copy.md")
    first, second = running.get(f"/documents/{lamp}/sections", READER).json()["sections"]
    spans = [{"doc_id": lamp, "start": one["start"], "end": one["end"]} for one in (second, first)]
    absent = [{**spans[0], "doc_id": doc_id} for doc_id in (secret, "0" * len(lamp))]
    asked = [*spans, *absent, {**spans[0], "start": 10**9, "end": 10**9}]
    found = running.post("/lines", READER, spans=asked).json()
    assert found["release"] == shelf.after
    stated = [(one.pop("first_line"), one.pop("last_line")) for one in found["spans"]]
    assert stated == [(5, 7), (1, 3), *[(None, None)] * 3]
    assert found["spans"] == asked
    seen = running.post("/lines", OPERATOR, spans=absent).json()["spans"]
    assert [one["first_line"] for one in seen] == [5, None]
    assert running.post("/lines", READER, spans=spans * 51).status_code == 422


def test_a_description_says_what_was_left_out(start: Start, shelf: Shelf) -> None:
    found = start(RING, shelf.url).get(f"/documents/{shelf.doc_id('pump.html')}/description", READER).json()
    assert [(one["kind"], one["n_words"]) for one in found["account"]["omitted"]] == [("navigation", 3)]
    assert found["rights"] == {"is_restricted": False, "may_see": None, "indexed_with": None}
    assert found["lineage"]["parser"] == "html"
    assert found["outline"][0]["heading"] == "Pump"


def test_copies_and_rights_are_those_that_the_caller_may_see(start: Start, shelf: Shelf) -> None:
    running, lamp, secret = start(RING, shelf.url), shelf.doc_id("copy.md"), shelf.doc_id("secret-copy.md")
    reader = running.get(f"/documents/{lamp}/description", READER)
    assert reader.json()["copies"] == {"n": 0, "documents": []}
    assert "secret" not in reader.text
    operator = running.get(f"/documents/{lamp}/description", OPERATOR).json()
    assert [one["uri"] for one in operator["copies"]["documents"]] == ["secret-copy.md"]
    hidden = running.get(f"/documents/{secret}/description", OPERATOR).json()
    assert hidden["rights"] == {"is_restricted": True, "may_see": ["hr"], "indexed_with": ["hr"]}
    for part in ("description", "sections", "history", "diff", "pages/1"):
        refused = running.get(f"/documents/{secret}/{part}", READER)
        assert (refused.status_code, refused.json()["error"]) == (404, "no_document"), part


def test_history_names_the_releases_that_changed_it(start: Start, shelf: Shelf) -> None:
    running = start(RING, shelf.url)
    pump = running.get(f"/documents/{shelf.doc_id('pump.html')}/history", READER).json()
    changes = [(one["release"], one["before"], one["change"]) for one in pump["changes"]]
    assert changes == [(shelf.after, shelf.before, "changed"), (shelf.before, None, "added")]
    lamp = running.get(f"/documents/{shelf.doc_id('copy.md')}/history", READER).json()
    assert [one["change"] for one in lamp["changes"]] == ["added"]


def test_a_page_is_drawn_while_the_source_has_its_bytes(start: Start, shelf: Shelf, tmp_path: Path) -> None:
    running, manual = start(RING, shelf.url), shelf.doc_id("manual.pdf")
    framed = running.get(f"/documents/{manual}/pages/1", READER)
    assert framed.headers["Content-Type"] == "image/png"
    assert framed.content[:8] == b"\x89PNG\r\n\x1a\n"
    plain = running.get(f"/documents/{manual}/pages/1", READER, lines=False)
    assert plain.content != framed.content
    no_page = running.get(f"/documents/{manual}/pages/9", READER)
    assert (no_page.status_code, no_page.json()["error"]) == (404, "no_picture")
    no_pdf = running.get(f"/documents/{shelf.doc_id('pump.html')}/pages/1", READER)
    assert (no_pdf.status_code, no_pdf.json()["error"]) == (404, "no_picture")
    path = shelf.source / "manual.pdf"
    kept = path.read_bytes()
    try:
        path.write_bytes(kept + b"\n")
        changed = running.get(f"/documents/{manual}/pages/2", READER)  # pictures are kept for some seconds
        assert (changed.status_code, changed.json()["error"]) == (404, "no_picture")
        assert str(shelf.source) not in changed.json()["message"]
        (tmp_path / "manual.pdf").write_bytes(kept)
        elsewhere = start(RING, shelf.url, sources={str(shelf.source): str(tmp_path)})
        assert elsewhere.get(f"/documents/{manual}/pages/2", READER).status_code == 200
        path.unlink()
        told = running.get(f"/documents/{manual}/pages/2", OPERATOR).json()["message"]
        assert f"--source '{shelf.source}=FOLDER'" in told
    finally:
        path.write_bytes(kept)


def test_a_damaged_pdf_costs_only_its_picture(start: Start, shelf: Shelf) -> None:
    with pytest.raises(InputError):
        picture((b"%PDF-1.7 nothing", 1, True))
