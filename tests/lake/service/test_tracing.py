"""Spans of requests, searches and calls of chat models, by the conventions for generative AI."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from lake.answer import load_chat
from lake.answer.endpoint_chat import ChatTimeouts
from lake.endpoints import tracing
from lake.endpoints.retry import Retries
from tests.lake.answer.conftest import ChatEndpoint
from tests.lake.service.conftest import Running, Start, TwoReleases
from tests.lake.service.test_answers import events
from tests.waiting import until

pytest.importorskip("opentelemetry.sdk", reason="needs the extra otel")
QUESTION = "Which oil does Lamp 7 burn?"
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture(scope="module")
def exporter() -> Iterator[Any]:
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    before = trace._TRACER_PROVIDER
    trace._TRACER_PROVIDER = provider
    tracing.enable()
    yield kept
    tracing._enabled[0] = False
    trace._TRACER_PROVIDER = before


@pytest.fixture
def running(start: Start, endpoint: ChatEndpoint, exporter: Any) -> Running:
    endpoint.replies = deque(["Lamp 7 burns olive oil [1]."] * 3)
    found = start(chat=load_chat("openai:gpt-4o-mini", ChatTimeouts(timeout=20, retries=Retries(n_attempts=1))))
    exporter.clear()
    return found


def spans(exporter: Any) -> dict[str, Any]:
    """By name, once that of the request has ended, which is after its response."""
    until(lambda: any(one.name.startswith("POST") for one in exporter.get_finished_spans()))
    return {one.name: one for one in exporter.get_finished_spans()}


def test_a_search_in_a_trace_of_the_caller(running: Running, exporter: Any, two_releases: TwoReleases) -> None:
    found = httpx.post(
        f"{running.url}/query", json={"text": QUESTION, "k": 3}, headers={"traceparent": PARENT}, timeout=60
    ).json()
    told = spans(exporter)
    server, search = told["POST /query"], told["retrieval"]
    assert f"{server.context.trace_id:032x}" == PARENT.split("-")[1]
    assert search.parent.span_id == server.context.span_id
    assert server.attributes["http.response.status_code"] == 200
    assert (server.attributes["raglake.outcome"], server.attributes["raglake.hits"]) == ("ok", 3)
    assert search.attributes["gen_ai.operation.name"] == "retrieval"
    assert search.attributes["gen_ai.data_source.id"] == two_releases.url
    assert search.attributes["gen_ai.retrieval.top_k"] == 3
    documents = json.loads(search.attributes["gen_ai.retrieval.documents"])
    assert [one["id"] for one in documents] == [hit["doc_id"] for hit in found["hits"]]
    assert [one["score"] for one in documents] == [hit["score"] for hit in found["hits"]]
    assert QUESTION not in str([one.to_json() for one in told.values()])


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer(running: Running, exporter: Any, stream: bool) -> None:
    if stream:
        assert events(running, question=QUESTION, k=2)[-1][0] == "answer"
    else:
        running.post("/answer", question=QUESTION, k=2)
    told = spans(exporter)
    server, search, chat = told["POST /answer"], told["retrieval"], told["chat gpt-4o-mini"]
    assert search.parent.span_id == chat.parent.span_id == server.context.span_id
    assert chat.kind.name == "CLIENT"
    assert chat.attributes["gen_ai.provider.name"] == "openai"
    assert chat.attributes["gen_ai.request.model"] == "gpt-4o-mini"
    assert chat.attributes["gen_ai.usage.input_tokens"] > 0
    assert chat.attributes["gen_ai.response.finish_reasons"] == ("stop",)
    assert server.attributes["raglake.n_claims"] == 1
    texts = str([one.to_json() for one in told.values()])
    assert QUESTION not in texts
    assert "olive" not in texts


def test_words_are_recorded_only_if_they_are_wanted(
    running: Running, exporter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(tracing.CONTENT, "true")
    running.post("/answer", question=QUESTION, k=2)
    told = spans(exporter)
    assert told["retrieval"].attributes["gen_ai.retrieval.query.text"] == QUESTION
    assert "olive oil" in told["chat gpt-4o-mini"].attributes["gen_ai.output.messages"]
    assert (
        QUESTION in json.loads(told["chat gpt-4o-mini"].attributes["gen_ai.input.messages"])[-1]["parts"][0]["content"]
    )


def test_an_error_has_its_type_and_not_its_words(running: Running, exporter: Any) -> None:
    assert running.post(text="secret words", at="2001-01-01").status_code == 404
    told = spans(exporter)
    server = told["POST /query"]
    assert (server.attributes["http.response.status_code"], server.attributes["raglake.error"]) == (404, "no_release")
    assert "secret" not in server.to_json()
    running.get("/health")
    running.get("/metrics")
    assert {one.name for one in exporter.get_finished_spans()} == told.keys()
