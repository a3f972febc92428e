"""The service while its chat model or its embedder fails."""

from __future__ import annotations

from typing import Any

import pytest

from lake.answer.chat import Completion
from lake.errors import TransientError
from lake.search import question_vectors
from lake.service.response_bodies import AnswerResult, QueryResult, Ready
from tests.lake.service.conftest import Start

QUESTION = "Which oil does Lamp 7 burn?"


class Broken:
    """A chat model that can't be reached."""

    name = "t:broken"

    def complete(self, messages: Any, **how: Any) -> Completion:
        raise TransientError("down")

    def stream(self, messages: Any, **how: Any) -> Any:
        raise TransientError("down")
        yield


def fail(*_: Any, **__: Any) -> Any:
    raise TransientError("the embedder is down")


def test_words_answer_and_say_so_unless_the_caller_wants_the_error(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = start()
    whole = running.post(text=QUESTION)
    assert (whole.json()["degraded"], "x-raglake-degraded" in whole.headers) == ([], False)
    monkeypatch.setattr(question_vectors, "load_query_encoder", fail)
    found = running.post(text="lamp 8")
    assert (found.status_code, found.headers["x-raglake-degraded"]) == (200, "vector")
    assert QueryResult.model_validate(found.json()).degraded == ["vector"]
    assert found.json()["hits"]
    assert running.post(text="lamp 8", degrade=False).status_code >= 500
    assert running.post(text="lamp 8", mode="vector").status_code >= 500
    assert running.post(text="lamp 8", degrade="yes").status_code == 422
    assert 'raglake_degraded_total{part="vector"} 1.0' in running.get("/metrics").text


def test_passages_answer_for_a_chat_model_that_is_down(start: Start) -> None:
    running = start(chat=Broken())
    for _ in range(4):
        answer = running.post("/answer", question=QUESTION)
        assert (answer.status_code, answer.headers["x-raglake-degraded"]) == (200, "answer")
        made = AnswerResult.model_validate(answer.json())
        assert (made.degraded, made.text) == (["answer"], "")
        assert "chat model" in made.notice
        assert made.passages
    assert running.post("/answer", question=QUESTION, degrade=False).status_code >= 500
    streamed = running.post("/answer", question=QUESTION, stream=True)
    assert "event: answer" in streamed.text
    assert '"degraded":["answer"]' in streamed.text
    ready = running.get("/health/ready")
    state = Ready.model_validate(ready.json())
    assert (ready.status_code, state.status, state.parts["answer"].works) == (200, "ok", False)
    assert state.parts["answer"].since
    assert running.get("/health/live").json() == {"status": "ok"}
    assert 'raglake_part_up{part="answer"} 0.0' in running.get("/metrics").text
