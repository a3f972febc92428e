"""Many questions in one request: one release, one embedding, each with its own error, and each counted."""

from __future__ import annotations

import json
from typing import Any

import httpx
import numpy as np
import pytest

import lake
from lake.embed.hashing import HashEmbedder
from lake.errors import TransientError, UsageError
from lake.service.keys import Key, KeyRing, digest_of
from lake.service.response_bodies import BatchResult
from tests.lake.service.conftest import Running, Start, TwoReleases

QUESTIONS: list[dict[str, Any]] = [
    {"text": "lamp 7 burns oil", "k": 3},
    {"text": "who fills lamps?", "mode": "text", "k": 2},
    {"text": "lamp 7 burns oil", "mode": "vector", "k": 1, "expand": "none"},
    {"text": '"lamp 9" oil', "syntax": "boolean", "mode": "text"},
    {"text": "lamps", "filters": {"uri": "1*.md"}},
]


def results(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["results"]
    BatchResult.model_validate(answer.json())
    return found


def test_each_question_finds_what_it_finds_alone(start: Start, two_releases: TwoReleases) -> None:
    running = start()
    for at in ("live", two_releases.before):
        answer = running.post("/query/batch", queries=QUESTIONS, at=at)
        alone = [running.post(**question, at=at).json() for question in QUESTIONS]
        assert [one | {"release": answer.headers["Raglake-Release"]} for one in results(answer)] == alone


def test_a_question_that_is_wrong_costs_only_itself(start: Start) -> None:
    wrong: list[Any] = [
        {"text": "oil", "k": 0},
        {"text": "oil", "nonsense": 1},
        {"text": "..."},
        {"text": "oil", "filters": {"nonsense": 1}},
        {"text": "oil", "k": 101},
        {"k": 3},
        "oil",
        {"text": "oil", "at": "2020-01-01"},
        {"text": "\ud800 oil"},
        {"text": "oil " * 70_000},
    ]
    running = start()
    found = results(_posted(running, {"queries": [QUESTIONS[0], *wrong, QUESTIONS[1]]}))
    assert [one.get("status", 200) for one in found] == [200, 422, 422, 400, 400, 400, 422, 422, 422, 422, 413, 200]
    assert all(one["message"] for one in found[1:-1])


def _posted(running: Running, body: dict[str, Any]) -> httpx.Response:
    content = json.dumps(body).encode()  # half characters as \ud800
    return httpx.post(
        f"{running.url}/query/batch", content=content, headers={"Content-Type": "application/json"}, timeout=60
    )


def test_the_whole_is_refused_for_what_concerns_all(start: Start) -> None:
    running = start(max_queries=3)
    many = running.post("/query/batch", queries=[{"text": "oil"}] * 4)
    assert (many.status_code, many.json()["error"]) == (413, "too_large")
    assert running.post("/query/batch", queries=[]).status_code == 422
    assert running.post("/query/batch", queries=[{"text": "oil"}], at="2020").status_code == 404
    assert running.post("/query/batch", queries=[{"text": "oil"}], k=3).status_code == 422


def test_each_question_counts_as_a_request(start: Start) -> None:
    key = "a-key-of-enough-characters"
    running = start(KeyRing([Key("one", digest_of(key), rate=0.01, burst=7)]), n_threads=1, n_waiting=2)
    three = {"queries": [{"text": "oil"}] * 3}
    assert running.post("/query/batch", key, **three).status_code == 200
    assert running.post("/query/batch", key, **three).status_code == 200
    refused = running.post("/query/batch", key, **three)
    assert (refused.status_code, refused.json()["error"]) == (429, "rate_limited")
    assert int(refused.headers["Retry-After"]) > 100
    assert running.post("/query/batch", key, queries=[{"text": "oil"}] * 8).status_code in (413, 429)


def test_a_key_has_its_rights_and_options_for_each(start: Start) -> None:
    keys = {"staff": "s" * 20, "hr": "h" * 20}
    ring = KeyRing([
        Key("staff", digest_of(keys["staff"]), options=("mode",)),
        Key("hr", digest_of(keys["hr"]), principals=("hr",)),
    ])  # fmt: skip
    running = start(ring)
    asked = [{"text": "payroll ducats", "mode": "text"}, {"text": "payroll", "filters": {"uri": "p*"}}]
    seen = {name: results(running.post("/query/batch", key, queries=asked)) for name, key in keys.items()}
    assert [hit["uri"] for hit in seen["hr"][0]["hits"]][:1] == ["payroll.md"]
    assert not any(hit["uri"] == "payroll.md" for hit in seen["staff"][0]["hits"])
    assert (seen["staff"][1]["status"], seen["staff"][1]["error"]) == (403, "forbidden")
    assert running.post("/query/batch", keys["staff"], queries=asked, degrade=False).status_code == 403


class Counting(HashEmbedder):
    """Notes how many questions it embeds at once; fails if told to."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.fails = False

    def embed_queries(self, texts: list[str]) -> np.ndarray:
        if self.fails:
            raise TransientError("the endpoint is gone")
        self.batches.append(len(texts))
        return np.stack([self.embed_query(text) for text in texts])


def test_questions_are_embedded_together_and_errors_stand_in_their_place(two_releases: TwoReleases) -> None:
    index, embedder = lake.open_lake(two_releases.url), Counting()
    asked: list[Any] = ["lamp 7", {"text": "lamp 8", "k": 2}, {"text": "oil", "mode": "text"}, {"text": "..."}]
    *found, wrong = index.search_outcomes(asked, 3, embedder=embedder)
    assert embedder.batches == [2]
    assert isinstance(wrong, UsageError)
    assert [len(one) for one in found if not isinstance(one, Exception)] == [3, 2, 3]
    with pytest.raises(UsageError):
        index.search_batch(asked)
    embedder.fails = True
    kinds = [type(one).__name__ for one in index.search_outcomes(asked, 3, embedder=embedder)]
    assert kinds == ["TransientError", "TransientError", "SearchResult", "UsageError"]
    missing = index.search_batch(asked[:3], 3, embedder=embedder, degrade=True)
    assert [one.degraded for one in missing] == [("vector",), ("vector",), ()]
