"""A passage becomes a draft of a question over HTTP: by a search's hit, or by a quote."""

from __future__ import annotations

from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from lake.maintenance.operate import forget
from lake.service import evaluation_bodies as bodies
from lake.service.keys import Key, KeyRing, digest_of
from tests.lake.service.conftest import Running, Start, TwoReleases

OPERATOR, LOOKER = "operator-key-0123456789", "looker-key-0123456789"
RING = KeyRing([Key("ops", digest_of(OPERATOR), "*", operator=True), Key("looker", digest_of(LOOKER), "*")])
PATH = "/evaluation/sets/lamps/drafts"


@pytest.fixture
def running(start: Start, two_releases: TwoReleases, tmp_path: Path) -> Running:
    return start(RING, str(copytree(two_releases.url, tmp_path / "lake")))


def drafted(running: Running, key: str = OPERATOR, **body: Any) -> Any:
    return running.post(PATH, key, **body)


def test_a_hit_and_a_quote_become_evidence_of_one_draft(running: Running) -> None:
    found = running.post("/query", OPERATOR, text="what does a lamp burn", k=2).json()
    hits = found["hits"]
    made = bodies.DraftMade.model_validate(
        drafted(running, query_id=found["query_id"], chunk_id=hits[0]["chunk_id"]).json()
    )
    assert (made.text, made.n_evidence, made.n_drafts) == ("what does a lamp burn", 1, 1)
    again = drafted(running, query_id=found["query_id"], chunk_id=hits[0]["chunk_id"]).json()
    assert (again["question_id"], again["n_evidence"]) == (made.question_id, 1)
    quote = hits[1]["chunk_text"]
    more = drafted(running, text=made.text, uri=hits[1]["uri"], source=hits[1]["source"], quote=quote).json()
    assert (more["question_id"], more["n_evidence"]) == (made.question_id, 2)
    shown = running.get(PATH, OPERATOR).json()["drafts"][made.start]
    assert [one["quote"] for one in shown["evidence"]] == [hits[0]["chunk_text"], quote]
    assert shown["tags"] == ["by ops"]
    running.post(f"{PATH}/{made.question_id}", OPERATOR, decision="accept")
    refused = drafted(running, text=made.text, uri=hits[1]["uri"], source=hits[1]["source"], quote=quote)
    assert (refused.status_code, refused.json()["error"]) == (409, "refused")


#: Bodies, and the status that each is refused with.
REFUSED: list[tuple[dict[str, Any], int]] = [
    ({"text": "q", "chunk_id": "0" * 32}, 404),
    ({"text": "q", "chunk_id": "' OR 1=1 --"}, 404),
    ({"text": "q", "uri": "1.md", "quote": "words that it does not hold"}, 404),
    ({"text": "q", "uri": "no such.md", "quote": "oil"}, 404),
    ({"text": "q", "chunk_id": "0" * 32, "at": "no-such-release"}, 404),
    ({"text": "???", "uri": "1.md", "quote": "oil"}, 400),
    ({"query_id": "forged", "chunk_id": "0" * 32}, 400),
    ({"text": "q"}, 422),
    ({"chunk_id": "0" * 32}, 422),
    ({"text": "q", "uri": "1.md"}, 422),
    ({"text": "q", "uri": "1.md", "quote": "x", "chunk_id": "0" * 32}, 422),
    ({"text": "q", "chunk_id": "0" * 32, "set": "other"}, 422),
]


def test_what_is_no_passage_or_no_question_is_refused(running: Running) -> None:
    assert [(body, drafted(running, **body).status_code) for body, _ in REFUSED] == REFUSED
    assert drafted(running, LOOKER, text="q", uri="1.md", quote="oil").status_code == 403
    assert running.post("/evaluation/sets/Ill%20named/drafts", OPERATOR, text="q", chunk_id="0" * 32).status_code == 400
    assert running.get("/evaluation/sets", OPERATOR).json()["sets"] == []


def test_an_erased_document_makes_no_question(running: Running) -> None:
    found = running.post("/query", OPERATOR, text="what does a lamp burn", k=1).json()
    (hit,) = found["hits"]
    index = running.service.index
    forget(index.url, uri=hit["uri"], why="asked to")
    reply = drafted(running, query_id=found["query_id"], chunk_id=hit["chunk_id"])
    assert reply.status_code == 404
    assert index.questions() == []
