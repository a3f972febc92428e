"""Each provider's embeddings and rerankers against a server that answers as its documentation says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from lake.embed import identify, load_embedder
from lake.embed.base import RefusedTexts
from lake.embed.registry import price_per_million_tokens
from lake.endpoints.endpoint import Endpoint, using
from lake.endpoints.retry import Retries
from lake.errors import ContractError, LakeError, TransientError, UsageError
from lake.options.endpoints import ModelEndpoints
from lake.search.rerank_api import RerankApi, RerankTimeouts
from tests.lake.endpoints.conftest import Reply, Server, mutated

SECRET = "k-12345"
BEARER = ("authorization", f"Bearer {SECRET}")
TEXTS = ["oil", "water and salt"]
VECTORS = [[3.0, 4.0, 0.0], [0.0, 0.0, 2.0]]
UNIT = [[0.6, 0.8, 0.0], [0.0, 0.0, 1.0]]


def listed(vectors: list[Any]) -> dict[str, Any]:
    """As OpenAI, Jina, Mistral and Voyage answer; out of order, which the index mends."""
    data = [{"object": "embedding", "index": n, "embedding": vector} for n, vector in enumerate(vectors)]
    return {"object": "list", "data": data[::-1], "model": "m", "usage": {"prompt_tokens": 7, "total_tokens": 7}}


_NO_KEY = Reply(401, {"error": {"message": "bad key"}})
_TOO_LONG = Reply(400, {"error": {"message": "input is too long"}})


@dataclass(frozen=True)
class Embedding:
    name: str
    path: str
    texts: Callable[[dict[str, Any]], list[str]]
    answer: Callable[[list[Any]], Any]
    #: Fields of the request for documents, and those that differ for questions.
    documents: dict[str, Any] = field(default_factory=dict)
    questions: dict[str, Any] = field(default_factory=dict)
    key: tuple[str, str] = BEARER
    no_key: Reply = _NO_KEY
    too_long: Reply = _TOO_LONG
    variables: dict[str, str] = field(default_factory=dict)
    n_billed: int = 7


def of(name: str) -> Callable[[dict[str, Any]], list[str]]:
    return lambda body: list(body[name])


def gemini_texts(body: dict[str, Any]) -> list[str]:
    return [one["content"]["parts"][0]["text"] for one in body["requests"]]


CASES = [
    Embedding("openai:m@3", "/embeddings", of("input"), listed, {"model": "m"}),
    Embedding("vllm:m@3", "/embeddings", of("input"), listed, {"model": "m"}),
    Embedding("azure:dep@3", "/openai/v1/embeddings", of("input"), listed, {"model": "dep"}),
    Embedding(
        "azure:text-embedding-3-small-eu@3",
        "/openai/deployments/text-embedding-3-small-eu/embeddings?api-version=2024-10-21",
        of("input"),
        listed,
        {"dimensions": 3},
        key=("api-key", SECRET),
        variables={"API_VERSION": "2024-10-21"},
    ),
    Embedding("mistral:codestral-embed@3", "/embeddings", of("input"), listed, {"output_dimension": 3}),
    Embedding(
        "voyage:m@3",
        "/embeddings",
        of("input"),
        listed,
        {"input_type": "document", "truncation": False},
        {"input_type": "query"},
        no_key=Reply(401, {"detail": "Provided API key is invalid."}),
    ),
    Embedding(
        "jina:m@3",
        "/embeddings",
        of("input"),
        listed,
        {"task": "retrieval.passage", "truncate": False},
        {"task": "retrieval.query"},
    ),
    Embedding(
        "cohere:m@3",
        "/embed",
        of("texts"),
        lambda vectors: {"embeddings": {"float": vectors}, "meta": {"billed_units": {"input_tokens": 7}}},
        {"input_type": "search_document", "truncate": "NONE", "embedding_types": ["float"]},
        {"input_type": "search_query"},
        no_key=Reply(401, {"message": "invalid api token"}),
    ),
    Embedding(
        "gemini:gemini-embedding-001@3",
        "/models/gemini-embedding-001:batchEmbedContents",
        gemini_texts,
        lambda vectors: {"embeddings": [{"values": v} for v in vectors], "usageMetadata": {"promptTokenCount": 7}},
        key=("x-goog-api-key", SECRET),
        no_key=Reply(400, {"error": {"code": 400, "message": "API key not valid. Please pass a valid API key."}}),
    ),
    Embedding(
        "ollama:m@3",
        "/api/embed",
        of("input"),
        lambda vectors: {"model": "m", "embeddings": vectors, "prompt_eval_count": 7},
        {"truncate": False},
        too_long=Reply(500, {"error": "the input length exceeds the context length"}),
    ),
    Embedding(
        "tei:m@3",
        "/embed",
        of("inputs"),
        lambda vectors: vectors,
        {"truncate": False, "normalize": True},
        too_long=Reply(413, {"error": "Input validation error: `inputs` must have less than 512 tokens"}),
        n_billed=4,
    ),
]
EACH = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])


@pytest.fixture(autouse=True)
def _environment(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for role in ("EMBED", "RERANK"):
        monkeypatch.setenv(f"RAGLAKE_{role}_URL", server.url)
        monkeypatch.setenv(f"RAGLAKE_{role}_KEY", SECRET)


def embedder(case: Embedding, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in case.variables.items():
        monkeypatch.setenv(f"RAGLAKE_EMBED_{name}", value)
    found: Any = load_embedder(case.name)
    monkeypatch.setattr(found._limits.retries.__class__, "_wait", lambda *_: 0.01)
    return found


def collected(subject: Any, texts: list[str]) -> dict[int, list[float]]:
    return {n: row.tolist() for places, rows in subject.embed(texts) for n, row in zip(places, rows, strict=True)}


@EACH
def test_documents_and_questions_are_embedded_as_the_provider_tells_them_apart(
    case: Embedding, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.says(Reply(body=case.answer(VECTORS)), Reply(body=case.answer(VECTORS[:1])))
    subject = embedder(case, monkeypatch)
    subject.n_tokens_billed = 0
    assert collected(subject, TEXTS) == {n: pytest.approx(row) for n, row in enumerate(UNIT)}
    assert subject.n_tokens_billed == case.n_billed
    assert subject.embed_query("oil").tolist() == pytest.approx(UNIT[0])
    documents, question = server.requests
    assert documents.path == question.path == case.path
    assert documents.headers[case.key[0]] == case.key[1]
    assert [case.texts(documents.body), case.texts(question.body)] == [TEXTS, ["oil"]]
    for request, sent in ((documents, case.documents), (question, case.documents | case.questions)):
        assert {name: request.body.get(name) for name in sent} == sent


def test_gemini_s_task_and_dimensions_stand_with_each_text(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    (case,) = (case for case in CASES if case.name.startswith("gemini"))
    server.says(Reply(body=case.answer(VECTORS[:1])))
    subject = embedder(case, monkeypatch)
    collected(subject, TEXTS[:1])
    subject.embed_query("oil")
    tasks = ["RETRIEVAL_DOCUMENT", "RETRIEVAL_QUERY"]
    assert [request.body["requests"][0]["taskType"] for request in server.requests] == tasks
    assert {request.body["requests"][0]["outputDimensionality"] for request in server.requests} == {3}


@EACH
def test_refusals_are_waited_for_named_or_cost_one_text(
    case: Embedding, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject, good = embedder(case, monkeypatch), Reply(body=case.answer(VECTORS[:1]))
    server.says(Reply(429, {"error": "slow down"}, {"retry-after": "0"}), good)
    assert subject.embed_query("oil").tolist() == pytest.approx(UNIT[0])
    for refusal, words in (
        (case.no_key, "refused the key .*RAGLAKE_EMBED_KEY"),
        (Reply(404, {"error": f"model not found for {SECRET}"}), "no such model or address .*RAGLAKE_EMBED_URL"),
    ):
        server.says(refusal)
        with pytest.raises(UsageError, match=words) as raised:
            subject.embed_query("oil")
        assert len(server.requests) == 1
        assert SECRET not in str(raised.value)
    server.says(case.too_long, good)
    with pytest.raises(RefusedTexts, match="1 texts were refused"):
        collected(subject, TEXTS[:1])


@EACH
def test_a_garbled_answer_is_no_vector(case: Embedding, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    subject = embedder(case, monkeypatch)
    for body in ("<html>", '{"half', '{"hello": 1}', "[[1]]", "[" * 100_000):
        server.says(Reply(body=body))
        with pytest.raises((ContractError, TransientError)):
            collected(subject, TEXTS)


@pytest.mark.parametrize("case", [case for case in CASES if case.name.startswith(("openai", "cohere", "ollama"))])
def test_an_odd_count_is_counted_here_and_what_is_no_list_is_refused(
    case: Embedding, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = embedder(case, monkeypatch)
    for body in mutated(case.answer(VECTORS[:1])):
        server.says(Reply(body=body))
        try:
            assert np.isfinite(subject.embed_query("oil")).all(), body
        except LakeError:
            continue
    assert type(subject.n_tokens_billed) is int


def test_an_unknown_model_s_dimensions_are_found_out(server: Server) -> None:
    server.says(Reply(body={"embeddings": VECTORS[:1]}))
    assert identify("ollama:bge").name == "ollama:bge@3"
    server.says(Reply(body=VECTORS[:1]))
    assert identify("tei:bge").dimensions == 3


def test_an_identity_holds_no_address(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    before = identify("voyage:voyage-3.5")
    monkeypatch.setenv("RAGLAKE_EMBED_URL", "http://127.0.0.1:9/other")
    with using(ModelEndpoints(embed={"url": "http://127.0.0.1:9/third"})):
        assert identify("voyage:voyage-3.5") == before
    assert (before.name, before.dimensions, before.backend) == ("voyage:voyage-3.5", 1024, "voyage")
    assert "127.0.0.1" not in repr(before)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("voyage:voyage-3.5@100", "returns from 256 to 2048 dimensions"),
        ("cohere:embed-english-v3.0@512", "returns always 1024 dimensions"),
        ("mistral:unknown", "returned no embeddings|dimensions"),
        ("voyage:@5", "is not voyage:MODEL"),
        ("voyage:m@0", "is not voyage:MODEL"),
        ("voyage:", "no embedder|is not voyage:MODEL"),
    ],
)
def test_dimensions_that_a_model_does_not_have_are_refused(server: Server, name: str, words: str) -> None:
    server.says(Reply(body={"hello": 1}))
    with pytest.raises((UsageError, ContractError), match=words):
        identify(name)


def test_prices_are_the_lake_s_else_those_of_the_list_else_unknown() -> None:
    assert price_per_million_tokens("voyage:voyage-3.5") == pytest.approx(0.06)
    assert price_per_million_tokens("ollama:bge@3") is None
    with using(ModelEndpoints(prices={"voyage:voyage-3.5": "0.05", "ollama:bge": "0"})):
        assert price_per_million_tokens("voyage:voyage-3.5@512") == pytest.approx(0.05)
        assert price_per_million_tokens("ollama:bge@3") == 0


@dataclass(frozen=True)
class Reranking:
    provider: str
    sends: dict[str, Any]
    answer: Callable[[list[tuple[int, float]]], Any]


def results(pairs: list[tuple[int, float]]) -> dict[str, Any]:
    return {"results": [{"index": n, "relevance_score": score} for n, score in pairs]}


RERANKERS = [
    Reranking("cohere", {"model": "m", "query": "q", "documents": TEXTS, "top_n": 2}, results),
    Reranking("vllm", {"model": "m", "query": "q", "documents": TEXTS, "top_n": 2}, results),
    Reranking("jina", {"model": "m", "query": "q", "documents": TEXTS, "top_n": 2, "return_documents": False}, results),
    Reranking(
        "voyage",
        {"model": "m", "query": "q", "documents": TEXTS, "top_k": 2, "return_documents": False},
        lambda pairs: {"data": results(pairs)["results"], "usage": {"total_tokens": 7}},
    ),
    Reranking(
        "tei",
        {"query": "q", "texts": TEXTS, "truncate": True},
        lambda pairs: [{"index": n, "score": score} for n, score in pairs],
    ),
]
EACH_RERANKER = pytest.mark.parametrize("case", RERANKERS, ids=[case.provider for case in RERANKERS])


def reranker(case: Reranking, timeout: float = 5.0) -> RerankApi:
    timeouts = RerankTimeouts(timeout, Retries(2, first=0.01, longest=0.02))
    return RerankApi(case.provider, "m", Endpoint.of("rerank", case.provider), timeouts)


@EACH_RERANKER
def test_a_reranker_is_asked_and_refuses_in_its_own_way(case: Reranking, server: Server) -> None:
    good = Reply(body=case.answer([(1, 0.9), (0, 0.1)]))
    server.says(Reply(429, {"message": "slow down"}, {"retry-after": "0"}), good)
    assert reranker(case).scores("q", TEXTS).tolist() == [0.1, 0.9]
    assert server.requests[1].path == "/rerank"
    assert server.requests[1].body == case.sends
    assert server.requests[1].headers["authorization"] == f"Bearer {SECRET}"
    for refusal, error, words in (
        (Reply(401, {"message": "no"}), UsageError, "RAGLAKE_RERANK_KEY"),
        (Reply(404, {"message": "no"}), UsageError, "RAGLAKE_RERANK_URL"),
        (Reply(400, {"message": "too long"}), ContractError, "too long"),
        (Reply(503, {"message": "no"}), TransientError, "failed after 2 attempts"),
        (Reply(body="<html>"), ContractError, "did not answer in JSON"),
        (Reply(body=case.answer([(1, 0.9)])), ContractError, "scored 1 texts of 2"),
    ):
        server.says(refusal)
        with pytest.raises(error, match=words):
            reranker(case).scores("q", TEXTS)


def test_requests_at_once_are_limited(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGLAKE_RERANK_CONCURRENCY", "1")
    case = RERANKERS[0]
    subject = reranker(case, 0.1)
    with subject._limits.slot(1.0, "another"), pytest.raises(TransientError, match="maximum of requests under way"):
        subject.scores("q", TEXTS)
    server.says(Reply(body=case.answer([(0, 0.1), (1, 0.9)])))
    assert subject.scores("q", TEXTS).tolist() == [0.1, 0.9]


def test_requests_a_minute_are_limited_for_all_that_call_a_model(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAGLAKE_RERANK_RPM", "6")
    waits = [reranker(RERANKERS[0])._limits.wait(0) for _ in range(4)]
    assert waits[0] == 0
    assert waits[3] > 20
    assert RerankApi("jina", "m", Endpoint.of("rerank", "jina"))._limits.wait(0) == 0
