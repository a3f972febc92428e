"""Cached results and answers over HTTP: marked, counted, and free of charge."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

import lake
from lake.answer import AnswerOptions
from lake.options import CacheOptions
from lake.service.app import create_app
from lake.service.capacity import Capacity
from lake.service.keys import Key, KeyRing, digest_of
from lake.service.response_bodies import AnswerResult, QueryResult
from tests.lake.answer.conftest import ChatEndpoint
from tests.lake.service.conftest import ANONYMOUS, Running, TwoReleases, _listening
from tests.lake.service.test_answers import QUESTION, events

KEYS = KeyRing(
    [Key("hr", digest_of("key of hr, 16 characters"), ("hr",)), Key("all", digest_of("key of all, 16 letters"))]
)


@pytest.fixture
def cached(two_releases: TwoReleases, endpoint: ChatEndpoint, tmp_path: Path) -> Any:
    stops = []

    url = str(shutil.copytree(two_releases.url, tmp_path / "lake"))

    def run(keys: KeyRing = ANONYMOUS, **options: Any) -> Running:
        from lake.answer import load_chat

        endpoint.replies.clear()
        endpoint.replies.append("Lamp 7 burns olive oil [1].")
        index = lake.open_lake(url, cache=CacheOptions(**options))
        limits = Capacity(rate=10_000, burst=10_000)
        words: dict[str, Any] = {"chat": load_chat("openai:gpt-4o-mini"), "answers": AnswerOptions(min_evidence=0.0)}
        running, stop = _listening(create_app(index, keys, limits, **words), limits)
        stops.append(stop)
        return running

    yield run
    for stop in stops:
        stop()


def test_responses_say_whether_they_were_cached(cached: Any, endpoint: ChatEndpoint) -> None:
    running = cached()
    first, second = (running.post(text=QUESTION) for _ in range(2))
    assert [one.headers["x-raglake-cache"] for one in (first, second)] == ["miss", "hit"]
    told = [QueryResult.model_validate(one.json()) for one in (first, second)]
    assert [one.cached for one in told] == [None, "process"]
    assert told[0].hits == told[1].hits
    chunk = told[1].hits[0].chunk_id
    assert running.post("/feedback", query_id=told[1].query_id, chunk_id=chunk, useful=True).status_code == 200
    answers = [running.post("/answer", question=QUESTION) for _ in range(3)]
    assert [one.headers["x-raglake-cache"] for one in answers] == ["miss", "hit", "hit"]
    told_answers = [AnswerResult.model_validate(one.json()) for one in answers]
    assert [one.cached for one in told_answers] == [None, "process", "process"]
    assert len({one.text for one in told_answers}) == len(endpoint.requests) == 1
    assert [one.json()["usage"]["n_calls"] for one in answers] == [1, 0, 0]
    assert answers[2].json()["cost_usd"] == 0.0
    assert answers[2].json()["query_id"] == answers[0].json()["query_id"]
    figures = running.get("/metrics").text
    assert 'raglake_answer_tokens_total{direction="input"} 1000.0' in figures
    assert 'raglake_cache_lookups_total{level="answers",outcome="hit",store="process"} 2.0' in figures
    assert 'raglake_cache_lookups_total{level="results",outcome="hit",store="process"}' in figures
    assert "raglake_cache_bytes" in figures


def test_a_cached_answer_is_streamed_at_once(cached: Any, endpoint: ChatEndpoint) -> None:
    running = cached()
    first, second = (events(running, question=QUESTION) for _ in range(2))
    assert [name for name, _ in first] == ["text"] * 6 + ["answer"]
    assert [name for name, _ in second] == ["text", "answer"]
    assert second[0][1]["text"] == second[1][1]["text"] == first[-1][1]["text"]
    assert (first[-1][1]["cached"], second[-1][1]["cached"], len(endpoint.requests)) == (None, "process", 1)
    with httpx.stream(
        "POST", f"{running.url}/answer", json={"stream": True, "question": QUESTION}, timeout=60
    ) as answer:
        assert answer.headers["x-raglake-cache"] == "hit"
    assert running.post("/answer", question=QUESTION).json()["cached"] == "process"


def test_keys_share_nothing_that_one_may_not_see(cached: Any) -> None:
    running = cached(KEYS)
    text = "Who fills lamps, and earns how many ducats?"
    for _ in range(2):
        for key, may in (("key of hr, 16 characters", True), ("key of all, 16 letters", False)):
            for path, words in (("/query", {"text": text}), ("/answer", {"question": text})):
                body = running.post(path, key, **words, k=8).json()
                assert ("payroll.md" in {hit["uri"] for hit in body.get("hits") or body["passages"]}) == may
                assert ("ducats" in str(body.get("hits") or body["passages"])) == may


def test_an_answer_to_another_question_says_so(cached: Any) -> None:
    running = cached(similar=0.8)
    running.post("/answer", question=QUESTION)
    body = running.post("/answer", question=f"{QUESTION} Please!").json()
    assert (body["made_for"], body["question"], body["cached"]) == (QUESTION, f"{QUESTION} Please!", "process")


def test_without_a_cache_no_header_speaks_of_one(cached: Any) -> None:
    running = cached(megabytes=0)
    for _ in range(2):
        answer = running.post(text=QUESTION)
        assert "x-raglake-cache" not in answer.headers
        assert answer.json()["cached"] is None
    assert "raglake_cache_" not in running.get("/metrics").text
