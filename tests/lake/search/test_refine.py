"""What becomes of candidates: copies collapsed, boosts, diversity, thresholds, and a reranker's last word."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import lake
from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake.errors import UsageError
from lake.index import Index
from lake.options import Boosts, RecipeOptions

PUMP = "The pump in the north hall is reset with the green key after a pressure alarm."


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    folder = tmp_path_factory.mktemp("refine")
    texts = {
        "wiki/pump.md": f"{PUMP} Ask the caretaker for it.",
        "wiki/copy.md": f"{PUMP} Ask the caretaker for it!",
        "wiki/hall.md": "The north hall has a pump, a crane and a green door.",
        "tickets/alarm.md": "A pressure alarm rang in the north hall at night.",
        "tickets/key.md": "Somebody lost the green key of the pump.",
    }
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text + "\n")
        os.utime(path, (0, 0))
    (folder / "wiki" / "hall.md.meta.json").write_text('{"author": "Ada", "quality": "high"}')
    (folder / "tickets" / "alarm.md.meta.json").write_text('{"reviewed": "2099-01-01"}')
    newest = (datetime.now(UTC) - timedelta(days=1)).timestamp()
    os.utime(folder / "tickets" / "key.md", (newest, newest))
    sources = tuple(f"{name}={folder / name}" for name in ("wiki", "tickets"))
    with PlainSteps() as steps:
        reindex(Job(sources=sources, lake=str(folder / "lake"), settings=RecipeOptions(embedder="hash")), steps)
    return lake.open_lake(str(folder / "lake"))


QUESTION = "how is the pump in the north hall reset with the green key"


def uris(index: Index, **how: object) -> list[str]:
    return index.search(QUESTION, 9, **how)["uri"].to_pylist()  # type: ignore[no-any-return]


def test_near_copies_are_left_out_and_named(index: Index) -> None:
    assert set(uris(index)[:2]) == {"pump.md", "copy.md"}
    hits = index.search(QUESTION, 9, collapse=0.8).to_pylist()
    assert [hit["uri"] for hit in hits if hit["uri"] in ("pump.md", "copy.md")] == [hits[0]["uri"]]
    assert {hits[0]["uri"], *hits[0]["copies"]} == {"pump.md", "copy.md"}
    assert len(hits) == 4


@pytest.mark.parametrize("mode", ["hybrid", "vector", "text"])
def test_boosts_lift_a_source_and_what_is_new(index: Index, mode: str) -> None:
    assert uris(index, mode=mode)[0] in ("pump.md", "copy.md")
    boosted = index.search(QUESTION, 2, mode=mode, boosts=Boosts(sources={"tickets": 50.0}))
    assert set(boosted["source"].to_pylist()) == {"tickets"}
    assert uris(index, mode=mode, boosts=Boosts(recency_half_life_days=30, recency_weight=50))[0] == "key.md"


def test_boosts_by_metadata_lift_a_document_and_explain_shows_them(index: Index) -> None:
    hits = index.search(QUESTION, 9, boosts={"values": {"metadata.quality": {"high": 9}, "author": {"Ada": 2}}})
    assert (hits["uri"][0].as_py(), hits["boost"][0].as_py()) == ("hall.md", 18.0)
    assert set(hits["boost"].to_pylist()[1:]) == {1.0}
    assert index.explain(hits)[0]["legs"]["boosts"] == {"factor": 18.0}
    assert index.search(QUESTION, 9)["boost"].to_pylist() == [None] * 5
    by_date = {"recency_half_life_days": 10, "recency_weight": 50, "recency_field": "metadata.reviewed"}
    assert uris(index, boosts=by_date)[0] == "alarm.md"


def test_diversity_puts_something_else_second(index: Index) -> None:
    assert set(uris(index)[:2]) == {"pump.md", "copy.md"}
    spread = uris(index, diversity=0.7)
    assert spread[0] == uris(index)[0]
    assert spread[1] not in ("pump.md", "copy.md")
    assert sorted(spread) == sorted(uris(index))


def test_scores_below_the_least_are_dropped(index: Index) -> None:
    scores = index.search(QUESTION, 9, mode="vector")["score"].to_pylist()
    kept = index.search(QUESTION, 9, mode="vector", min_score=scores[2])["score"].to_pylist()
    assert kept == scores[:3]
    assert index.search(QUESTION, 9, mode="vector", min_score=2.0).num_rows == 0


def test_a_reranker_has_the_last_word(index: Index, endpoint: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGLAKE_RERANK_URL", endpoint.url)
    monkeypatch.setenv("RAGLAKE_RERANK_API_KEY", "key")
    hits = index.search(QUESTION, 9, rerank="cohere:longest").to_pylist()
    lengths = [len(hit["chunk_text"]) for hit in hits]
    assert [hit["rerank_score"] for hit in hits] == [hit["score"] for hit in hits] == sorted(lengths, reverse=True)
    assert len(endpoint.requests[-1][2]["documents"]) == 5
    assert len(index.search(QUESTION, 9, rerank="cohere:longest", rerank_depth=2)) == 2


@pytest.mark.parametrize(
    "how", [{"rerank": "best"}, {"collapse": 0.0}, {"diversity": 2}, {"rerank_depth": 0}, {"min_score": "x"}]
)
def test_wrong_words(index: Index, how: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        index.search(QUESTION, **how)
