"""Answers over HTTP, whole and as events, from a chat model behind a real endpoint."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from typing import Any

import httpx
import pytest

from lake.answer import load_chat
from lake.answer.endpoint_chat import ChatTimeouts
from lake.endpoints.retry import Retries
from lake.service.keys import Key, KeyRing, digest_of
from lake.service.response_bodies import AnswerResult
from tests.lake.answer.conftest import ChatEndpoint
from tests.lake.service.conftest import Running, Start, TwoReleases

QUESTION = "Which oil does Lamp 7 burn?"


def serving(start: Start, endpoint: ChatEndpoint, **words: Any) -> Running:
    endpoint.replies = deque(["Lamp 7 burns olive oil [1]."])
    timeouts = ChatTimeouts(timeout=20, retries=Retries(n_attempts=2, first=0.01, longest=0.02))
    return start(chat=load_chat("openai:gpt-4o-mini", timeouts), **words)


def events(running: Running, **body: Any) -> list[tuple[str, Any]]:
    told = []
    with httpx.stream("POST", f"{running.url}/answer", json={"stream": True, **body}, timeout=30) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        name = ""
        for line in answer.iter_lines():
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            if field == "data":
                told.append((name, json.loads(value) | {"header": answer.headers["raglake-release"]}))
    return told


def test_an_answer_cites_the_release_that_was_asked(
    start: Start, endpoint: ChatEndpoint, two_releases: TwoReleases
) -> None:
    running = serving(start, endpoint)
    for at, release, oil in (
        ("live", two_releases.after, "olive"),
        (two_releases.before, two_releases.before, "whale"),
    ):
        answer = running.post("/answer", question=QUESTION, at=at, k=2)
        told = AnswerResult.model_validate(answer.json())
        assert told.release == answer.headers["raglake-release"] == release
        assert told.text == "Lamp 7 burns olive oil [1]."
        assert f"Lamp 7 burns {oil} oil" in told.sources[0].text
        assert f"burns {oil} oil" in endpoint.prompt()
    figures = running.get("/metrics").text
    assert 'raglake_answer_tokens_total{direction="input"} 2000.0' in figures


def test_an_answer_comes_as_it_is_written(start: Start, endpoint: ChatEndpoint, two_releases: TwoReleases) -> None:
    told = events(serving(start, endpoint), question=QUESTION, at=two_releases.before)
    assert [name for name, _ in told] == ["text"] * 6 + ["answer"]
    assert "".join(value["text"] for _, value in told[:-1]).strip() == "Lamp 7 burns olive oil [1]."
    assert {value["header"] for _, value in told} == {two_releases.before} == {told[-1][1]["release"]}
    assert AnswerResult.model_validate(told[-1][1]).passages


def test_without_a_chat_model_there_are_passages(start: Start, endpoint: ChatEndpoint) -> None:
    running = start()
    answer = running.post("/answer", question=QUESTION)
    assert answer.status_code == 200
    assert (answer.json()["text"], len(answer.json()["passages"])) == ("", 8)
    assert "RAGLAKE_CHAT_MODEL" in answer.json()["notice"]
    assert [name for name, _ in events(running, question=QUESTION)] == ["answer"]
    assert not endpoint.requests


@pytest.mark.parametrize("stream", [False, True])
def test_a_model_that_fails_is_told_of_if_the_caller_wants_the_error(
    start: Start, endpoint: ChatEndpoint, stream: bool
) -> None:
    running = serving(start, endpoint)
    endpoint.faults.extend([{"status": 503}] * 20)
    answer = running.post("/answer", question=QUESTION, stream=stream, degrade=False)
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
    assert "retry-after" in answer.headers


def test_a_stream_that_breaks_ends_with_an_error(start: Start, endpoint: ChatEndpoint) -> None:
    running = serving(start, endpoint)
    endpoint.faults.append({"trick": "drop mid-stream"})
    told = events(running, question=QUESTION, degrade=False)
    assert [name for name, _ in told][-1] == "error"
    assert told[-1][1]["error"] == "unavailable"


def test_answers_that_take_long_hold_up_no_search(start: Start, endpoint: ChatEndpoint) -> None:
    running = serving(start, endpoint, n_threads=1, n_answering=1, n_waiting=0, answer_seconds=0.5)
    endpoint.delay = 4.0
    asking = threading.Thread(target=running.post, args=("/answer",), kwargs={"question": QUESTION, "degrade": False})
    asking.start()
    while not running.service.answering.n_taken:
        time.sleep(0.01)
    begun = time.monotonic()
    assert running.post(text="lamp").status_code == 200
    assert running.post("/answer", question=QUESTION).json()["error"] == "busy"
    assert time.monotonic() - begun < 3
    asking.join()
    endpoint.delay = 0.8
    while running.service.answering.n_taken:
        time.sleep(0.01)
    for stream in (False, True):
        answer = running.post("/answer", question=QUESTION, stream=stream, degrade=False)
        assert (answer.status_code, answer.json()["error"]) == (504, "timeout")
        while running.service.answering.n_taken:
            time.sleep(0.01)


def test_a_key_may_be_for_searching_alone(start: Start, endpoint: ChatEndpoint) -> None:
    key = "k" * 20
    running = serving(start, endpoint, keys=KeyRing([Key("searcher", digest_of(key), answers=False)]))
    answer = running.post("/answer", key, question=QUESTION)
    assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")
    assert running.post(key=key, text=QUESTION).status_code == 200
    assert not endpoint.requests
