"""Answers while chat models are down, slow or garbled; a real endpoint on this machine."""

# ruff: noqa: F811 - fixtures of other folders
from __future__ import annotations

from collections.abc import Iterator
from time import monotonic
from typing import Any

import pytest

import lake
from lake.answer import AnswerOptions
from lake.answer.chain import ChatChain
from lake.answer.chat import Completion
from lake.answer.registry import load_chat
from lake.endpoints.breaker import UnreachableError
from lake.errors import LakeError, TransientError, UsageError
from tests.lake.service.conftest import TwoReleases, two_releases  # noqa: F401 - a fixture

QUESTION = "Which oil does Lamp 7 burn?"
OPTIONS = AnswerOptions(min_evidence=0.0, model_seconds=1.0)
FAULTS: list[dict[str, Any]] = [{"status": 500}, {"status": 401}, {"status": 429, "headers": {"retry-after": "50"}}]


class Chat:
    """Writes ``text`` in two pieces; ``breaks``: raises instead, or after the first piece."""

    def __init__(self, name: str, *, breaks: Exception | None = None, is_late: bool = False) -> None:
        self.name, self.breaks, self.is_late, self.n = name, breaks, is_late, 0

    def complete(self, messages: Any, **how: Any) -> Completion:
        self.n += 1
        if self.breaks:
            raise self.breaks
        return Completion("Olive oil [1].", lake.answer.Usage(1, 10, 5, 0.5), self.name, "stop", 0.1)

    def stream(self, messages: Any, **how: Any) -> Iterator[str | Completion]:
        if self.is_late:
            yield "Olive "
        made = self.complete(messages, **how)
        yield made.text
        yield made


@pytest.fixture
def index(two_releases: TwoReleases) -> lake.Index:
    return lake.open_lake(two_releases.url)


def is_without_model(found: Any) -> bool:
    return bool(
        found.degraded == ("answer",) and not found.text and len(found.passages) and "chat model" in found.notice
    )


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(fault["status"]))
def test_passages_and_a_sentence_answer_for_a_model_that_fails(
    index: lake.Index, endpoint: Any, fault: dict[str, Any]
) -> None:
    words: dict[str, Any] = {"chat": "openai:gpt-4o", "options": OPTIONS}
    endpoint.faults.extend([fault] * 100)
    started = monotonic()
    assert is_without_model(index.answer(QUESTION, degrade=True, **words))
    (streamed,) = index.answer_stream(QUESTION, degrade=True, **words)
    assert is_without_model(streamed)
    assert monotonic() - started < 4
    endpoint.faults.clear()
    endpoint.faults.extend([{"status": 401}] * 100)
    with pytest.raises(UsageError):
        index.answer(QUESTION, **words)


def test_a_model_that_hangs_is_given_up(index: lake.Index, endpoint: Any) -> None:
    endpoint.delay = 3.0
    started = monotonic()
    assert is_without_model(index.answer(QUESTION, degrade=True, chat="openai:slow", options=OPTIONS))
    assert 0.9 < monotonic() - started < 2.5


def test_a_stream_that_breaks_ends_in_an_answer_without_text(index: lake.Index) -> None:
    words: dict[str, Any] = {"chat": Chat("t:late", breaks=TransientError("cut"), is_late=True), "options": OPTIONS}
    piece, last = index.answer_stream(QUESTION, degrade=True, **words)
    assert piece == "Olive "
    assert is_without_model(last)
    assert "broke off" in last.notice  # type: ignore[union-attr]
    with pytest.raises(TransientError):
        list(index.answer_stream(QUESTION, **words))


def test_the_next_model_of_a_chain_answers(index: lake.Index, endpoint: Any) -> None:
    bad, good = Chat("t:bad", breaks=TransientError("down")), Chat("t:good")
    for degrade in (True, False):
        found = index.answer(QUESTION, chat=ChatChain([bad, good]), options=OPTIONS, degrade=degrade)
        assert (found.text, found.model, found.degraded) == ("Olive oil [1].", "t:good", ())
        *pieces, last = index.answer_stream(QUESTION, chat=ChatChain([bad, good]), options=OPTIONS, degrade=degrade)
        assert pieces
        assert last.model == "t:good"  # type: ignore[union-attr]
    with pytest.raises(UnreachableError, match="t:bad"):
        index.answer(QUESTION, chat=ChatChain([bad]), options=OPTIONS)
    endpoint.faults.extend([{"status": 401}])
    named = index.answer(QUESTION, chat=["openai:refused", "anthropic:claude-x"], options=OPTIONS)
    assert named.model == "claude-x"


def test_a_mistake_in_the_question_calls_no_other_model(index: lake.Index) -> None:
    bad, good = Chat("t:strict", breaks=UsageError("too long")), Chat("t:unused")
    with pytest.raises(UsageError, match="too long"):
        index.answer(QUESTION, chat=ChatChain([bad, good]), options=OPTIONS, degrade=True)
    assert good.n == 0
    with pytest.raises(LakeError):
        ChatChain([])


def test_names_of_several_models_make_a_chain(endpoint: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGLAKE_CHAT_MODEL", "openai:a, anthropic:b")
    chain = load_chat()
    assert isinstance(chain, ChatChain)
    assert [model.name for model in chain.models] == ["openai:a", "anthropic:b"]
    with pytest.raises(UsageError, match="no chat model 'x'"):
        load_chat(["openai:a", "x"])
