"""Routes that explain what a search finds: facets, documents by name, found words, and why something is not found."""

from __future__ import annotations

from typing import Any

import pytest

from lake.service.keys import Key, KeyRing, digest_of
from tests.lake.service.conftest import Running, Start, TwoReleases

ALL, HR, NOBODY = (f"{name} and sixteen letters" for name in ("all", "hr", "nobody"))
KEYS = KeyRing(
    (
        Key("all", digest_of(ALL), "*"),
        Key("hr", digest_of(HR), ("hr", "staff")),
        Key("nobody", digest_of(NOBODY), (), ("filters",)),
    )
)


@pytest.fixture
def running(start: Start) -> Running:
    return start(KEYS)


def _facets(running: Running, key: str, **body: Any) -> dict[str, Any]:
    return dict(running.post("/facets", key, **body).json())


def test_facets_count_what_the_caller_may_see(running: Running) -> None:
    assert _facets(running, ALL)["n_documents"] == _facets(running, HR)["n_documents"] == 41
    assert _facets(running, NOBODY)["n_documents"] == 40
    assert _facets(running, NOBODY)["facets"]["media_type"] == {
        "values": [{"value": "text/markdown", "n": 40}],
        "n_values": 1,
    }


def test_a_facet_is_counted_without_its_own_filter_and_with_those_of_others(running: Running) -> None:
    found = _facets(running, ALL, filters={"media_type": "application/pdf"})
    assert found["n_documents"] == 0
    assert found["facets"]["media_type"]["values"] == [{"value": "text/markdown", "n": 41}]
    assert found["facets"]["source"]["values"] == []


def test_facets_follow_filters_on_columns_of_chunks(running: Running) -> None:
    assert _facets(running, ALL, filters={"heading": "Payroll"})["n_documents"] == 1
    assert _facets(running, NOBODY, filters={"heading": "Payroll"})["n_documents"] == 0


def test_documents_are_found_by_the_words_of_their_names(running: Running, two_releases: TwoReleases) -> None:
    found = running.get("/documents", ALL, name="lamp 3", limit=2).json()
    assert [one["uri"] for one in found["documents"]] == ["3.md", "13.md"]
    assert found["release"] == two_releases.after
    assert [one["uri"] for one in running.get("/documents", HR, name="PAYroll").json()["documents"]] == ["payroll.md"]
    assert running.get("/documents", NOBODY, name="payroll").json()["documents"] == []


def test_hits_name_the_places_of_the_words_found_and_who_lets_the_caller_see_them(running: Running) -> None:
    hits = running.post("/query", HR, text="who earns ducats", explain=True, k=2).json()["hits"]
    assert hits[0]["acl"] == ["hr"]
    assert hits[1]["acl"] is None
    words = [hits[0]["text"][start:end] for start, end in hits[0]["found_words"]]
    assert words == ["earns", "ducats"]
    assert "found_words" not in running.post("/query", HR, text="who earns ducats").json()["hits"][0]


def test_why_follows_a_document_through_the_steps_of_the_search(running: Running) -> None:
    hit = running.post("/query", ALL, text="lamp 7", k=1).json()["hits"][0]
    other = running.post("/query", ALL, text="payroll ducats", k=1).json()["hits"][0]
    found = running.post("/why", ALL, text="lamp 7", k=1, doc_id=hit["doc_id"]).json()
    assert (found["evidence"][0]["stage"], found["evidence"][0]["rank"]) == ("found", 1)
    beyond = running.post("/why", ALL, text="lamp 7", k=1, doc_id=other["doc_id"]).json()["evidence"][0]
    assert beyond["stage"] in ("beyond k", "too deep")
    assert beyond["spans"][0]["vector_rank"] > 1
    filtered = {"text": "lamp 7", "doc_id": hit["doc_id"], "filters": {"uri": "1.md"}}
    assert running.post("/why", ALL, **filtered).json()["evidence"][0]["stage"] == "filtered"


def test_why_reveals_no_document_that_the_caller_may_not_see(running: Running) -> None:
    hidden = running.post("/query", ALL, text="payroll ducats", k=1).json()["hits"][0]
    refused = [
        running.post("/why", NOBODY, text="payroll", doc_id=doc_id) for doc_id in (hidden["doc_id"], "0" * 32, "x'")
    ]
    assert [(reply.status_code, reply.json()["error"]) for reply in refused] == [(404, "no_document")] * 3
    said = [reply.json()["message"].replace(hidden["doc_id"], "0" * 32) for reply in refused]
    assert said[0] == said[1]
    hits = running.post("/query", NOBODY, text="lamp", k=1).json()["hits"]
    why = running.post("/why", NOBODY, text="payroll ducats", doc_id=hits[0]["doc_id"]).json()
    assert why["n_visible"] == 40
    assert hidden["doc_id"] not in str(why)
    assert "payroll.md" not in str(why)


def test_a_key_that_may_not_choose_a_release_or_options_may_not_do_so_here(running: Running) -> None:
    doc_id = running.post("/query", NOBODY, text="lamp").json()["hits"][0]["doc_id"]
    for path, body in (
        ("/facets", {"at": "live@x"}),
        ("/why", {"text": "lamp", "doc_id": doc_id, "mode": "text"}),
        ("/why", {"text": "lamp", "doc_id": doc_id, "at": "other"}),
    ):
        assert running.post(path, NOBODY, **body).status_code == 403, path
    assert running.get("/documents", NOBODY, at="other").status_code == 403
