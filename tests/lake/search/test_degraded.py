"""Searches while the embedder or the reranker is down, slow or garbled; real endpoints on this machine."""

# ruff: noqa: F811 - fixtures of other folders
from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from time import monotonic, sleep
from typing import Any

import numpy as np
import pytest

import lake
from expectations.profiles import parse_profile
from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake.embed.query_encoder import encoder_breaker
from lake.endpoints.breaker import Breaker, BreakerLimits, UnreachableError
from lake.endpoints.deadline import deadline, left, within
from lake.errors import LakeError, TransientError, UsageError
from lake.options import CacheOptions, RecipeOptions
from lake.recipe import EmbedderIdentity
from tests.lake.embed.conftest import FakeEndpoint
from tests.lake.embed.conftest import endpoint as embedding  # noqa: F401 - a fixture
from tests.waiting import until

QUESTION = "Which oil does Lamp 7 burn?"
DEGRADING: dict[str, Any] = {"degrade": True, "degrade_after": 0.4}
#: What a question may take beyond the time that it waits for the embedder.
ROOM = 2.4
FAULTS = [{"status": 500}, {"status": 429, "headers": {"retry-after": "30"}}, {"status": 401}, {"trick": "html"}]
FAULTS += [{"trick": "drop"}, {"trick": "short"}, {"trick": "nan"}]


@pytest.fixture
def index(embedding: FakeEndpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[lake.Index]:
    monkeypatch.setenv("OPENAI_BASE_URL", embedding.url)
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    (tmp_path / "source").mkdir()
    for number in range(12):
        (tmp_path / "source" / f"{number}.md").write_text(f"# Lamp {number}\n\nLamp {number} burns whale oil, he said.")
    settings = RecipeOptions(embedder="openai:local@8")
    with PlainSteps() as steps:
        reindex(Job(sources=(str(tmp_path / "source"),), lake=str(tmp_path / "lake"), settings=settings), steps)
    embedding.requests.clear()
    yield lake.open_lake(str(tmp_path / "lake"))
    embedding.lasting.clear()
    embedding.delay = 0.0


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: "-".join(str(value) for value in fault.values()))
def test_words_answer_for_an_embedder_that_fails(
    index: lake.Index,
    embedding: FakeEndpoint,
    fault: dict[str, Any],
) -> None:
    assert index.search(QUESTION, **DEGRADING).degraded == ()
    embedding.lasting.append(fault)
    started = monotonic()
    found = index.search("lamp 7", **DEGRADING)
    assert monotonic() - started < DEGRADING["degrade_after"] + ROOM
    assert found.degraded == ("vector",)
    assert [hit["uri"] for hit in found] == [hit["uri"] for hit in index.search("lamp 7", mode="text")]
    with pytest.raises(LakeError):
        index.search("lamp 7", **{**DEGRADING, "mode": "vector"})


def test_an_embedder_that_hangs_is_waited_for_three_times_and_is_back_within_ten_seconds(
    index: lake.Index,
    embedding: FakeEndpoint,
) -> None:
    whole = index.search(QUESTION, **DEGRADING)
    embedding.delay = 3.0
    for _ in range(3):
        started = monotonic()
        assert index.search(QUESTION, **DEGRADING).degraded == ("vector",)
        assert 0.3 < monotonic() - started < DEGRADING["degrade_after"] + ROOM
    started = monotonic()
    for _ in range(5):
        assert index.search(QUESTION, **DEGRADING).degraded == ("vector",)
    assert monotonic() - started < 1.9
    with pytest.raises(UnreachableError, match="since"):
        index.search(QUESTION, **{**DEGRADING, "mode": "vector"})
    embedding.delay = 0.0
    until(lambda: not index.search(QUESTION, **DEGRADING).degraded, "not back", 10)
    assert index.search(QUESTION, **DEGRADING).hits.equals(whole.hits)


def test_a_vector_that_a_cache_has_needs_no_embedder(
    index: lake.Index, embedding: FakeEndpoint, tmp_path: Path
) -> None:
    cached = lake.open_lake(str(tmp_path / "lake"), cache=CacheOptions())
    whole = cached.search(QUESTION, k=3, **DEGRADING)
    embedding.lasting.append({"status": 500})
    for number in range(4):
        assert cached.search(f"lamp {number}", **DEGRADING).degraded == ("vector",)
    found = cached.search(QUESTION, k=2, **DEGRADING)
    assert (found.degraded, found.cached) == ((), None)
    assert found["chunk_id"].to_pylist() == whole["chunk_id"].to_pylist()[:2]
    outcomes = cached.search_batch([QUESTION, "lamp 5"], k=4, **DEGRADING)
    assert [one.degraded for one in outcomes] == [(), ("vector",)]


@dataclass
class Encoder:
    """An embedder of somebody's own; ``fails`` is what its calls do."""

    identity: EmbedderIdentity
    address: str = ""
    fails: bool = False

    def embed_query(self, text: str) -> np.ndarray:
        if self.fails:
            raise OSError("a key that is no good")
        return np.eye(1, self.identity.dimensions, dtype=np.float32)[0]


def test_embedders_at_one_address_share_a_breaker_which_the_last_one_probes(index: lake.Index) -> None:
    identity = index.release().recipe.embedder
    one, other = Encoder(identity, "here", fails=True), Encoder(identity, "here")
    breaker = encoder_breaker(identity, one)
    assert breaker is not encoder_breaker(identity, Encoder(identity, "there"))
    for _ in range(3):
        with pytest.raises(UnreachableError):
            breaker.call(lambda: one.embed_query("x"), 1.0)
    assert breaker.is_open
    assert encoder_breaker(identity, other) is breaker
    until(lambda: not breaker.is_open)


def test_an_outage_is_an_event_with_a_beginning_and_an_end(caplog: pytest.LogCaptureFixture) -> None:
    breaker = Breaker("rerank", "m", lambda: None, BreakerLimits(first=0.01))
    breaker.open(OSError("down"))
    until(lambda: not breaker.is_open)
    begun, ended = (json.loads(record.getMessage()) for record in caplog.records if record.name == "raglake.parts")
    assert begun == {"event": "degraded", "part": "rerank", "name": "m", "cause": "down"}
    assert (ended["event"], ended["part"], ended["seconds"] < 120) == ("recovered", "rerank", True)


def test_a_search_that_may_not_degrade_raises(
    index: lake.Index,
    embedding: FakeEndpoint,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    embedding.lasting.append({"status": 401})
    for given in ({}, {"degrade": False}, {"mode": "vector"}):
        with pytest.raises(UsageError, match="refused the key"):
            index.search(QUESTION, **given)
    assert index.search(QUESTION, mode="text").degraded == ()
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    assert index.search(QUESTION, **DEGRADING).degraded == ("vector",)


def test_evaluation_never_degrades() -> None:
    with pytest.raises(UsageError, match="degrade"):
        parse_profile('{"degrade": true}')


def test_a_reranker_that_fails_leaves_the_order_before(
    endpoint: Any, tmp_path: Path, index: lake.Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAGLAKE_RERANK_URL", endpoint.url)
    words: dict[str, Any] = {**DEGRADING, "rerank": "openai:m"}
    assert index.search(QUESTION, **words).degraded == ()
    before = [hit["uri"] for hit in index.search(QUESTION)]
    for fault in ({"status": 500, "body": b"no"}, {"body": b"<html>"}, {"delay": 1.0}, {"drop": True}):
        endpoint.faults.extend([fault] * 20)
        started = monotonic()
        found = index.search(QUESTION, min_score=5.0, **words)
        assert monotonic() - started < DEGRADING["degrade_after"] + ROOM
        assert found.degraded == ("rerank",)
        assert [hit["uri"] for hit in found] == before
        endpoint.faults.clear()
    endpoint.faults.extend([{"status": 401, "body": b"no"}] * 20)
    with pytest.raises(UsageError):
        index.search(QUESTION, rerank="openai:m")
    with pytest.raises(UsageError):
        index.search(QUESTION, **DEGRADING, rerank="no_such:m")


def test_mistakes_of_a_caller_are_errors(index: lake.Index) -> None:
    for wrong in ({"degrade_after": 0}, {"degrade_after": float("nan")}, {"degrade_after": -1.0}, {"degrade": "yes"}):
        with pytest.raises(UsageError):
            index.search(QUESTION, **wrong)


def test_a_breaker_opens_after_failures_in_a_row_and_closes_when_a_probe_succeeds() -> None:
    works = [False]

    def part() -> str:
        if not works[0]:
            raise OSError("down")
        return "up"

    breaker = Breaker("vector", "m", part, BreakerLimits(n_failures=2, first=0.05, longest=0.1))
    for _ in range(2):
        assert not breaker.is_open
        with pytest.raises(UnreachableError, match="the embedder 'm' can't be reached: down"):
            breaker.call(part, 1.0)
    assert breaker.is_open
    with pytest.raises(UnreachableError, match="it has not answered since"):
        breaker.call(lambda: "not called", 1.0)
    works[0] = True
    until(lambda: not breaker.is_open)
    assert breaker.call(part, 1.0) == "up"


def test_a_call_that_hangs_while_its_part_fails_for_others_is_given_up() -> None:
    is_back = Event()

    def part() -> None:
        if not is_back.is_set():
            raise OSError("down")

    breaker = Breaker("answer", "m", part, BreakerLimits(first=0.05, patience=0.0))

    def hanging() -> bool:
        breaker.open(OSError("down"))  # as calls of others do
        return is_back.wait(120)

    with pytest.raises(UnreachableError, match="has not answered yet, and fails meanwhile"):
        breaker.call(hanging, 120.0)
    is_back.set()
    until(lambda: not breaker.is_open)


def test_work_ends_with_its_deadline() -> None:
    with deadline(0.2), deadline(5):
        assert (left() or 9) <= 0.2
        started = monotonic()
        with pytest.raises(TransientError, match="did not answer within"):
            within(3, lambda: sleep(2), "it")
        assert monotonic() - started < 1.8
    assert left() is None
