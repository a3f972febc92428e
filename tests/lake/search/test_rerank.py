"""Rerankers: a real endpoint on this machine that misbehaves on request, and a tiny random cross-encoder."""

from __future__ import annotations

import json
import random
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from lake.endpoints.endpoint import Endpoint
from lake.endpoints.retry import Retries
from lake.errors import ContractError, TransientError, UsageError
from lake.search.rerank import load_reranker
from lake.search.rerank_api import RerankApi, RerankTimeouts

if TYPE_CHECKING:
    pass

TEXTS = ["four", "a", "threes", ""]
LENGTHS = [4.0, 1.0, 6.0, 0.0]
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "cat", "sat", "on", "a", "mat", "dog"]


def api(endpoint: Any, family: str = "openai", timeout: float = 10.0) -> RerankApi:
    timeouts = RerankTimeouts(timeout, Retries(n_attempts=3, first=0.01, longest=0.02))
    return RerankApi(family, "m", Endpoint(endpoint.url, "secret", key_from="RAGLAKE_RERANK_KEY"), timeouts)


def test_scores_stand_in_the_order_of_the_texts(endpoint: Any) -> None:
    assert api(endpoint).scores("how long?", TEXTS).tolist() == LENGTHS
    path, key, request = endpoint.requests[0]
    assert (path, key) == ("/v1/rerank", "Bearer secret")
    expected = {"model": "m", "query": "how long?", "documents": TEXTS, "top_n": 4, "return_documents": False}
    assert request == expected
    assert api(endpoint, "cohere").scores("how long?", ["\ud800"]).tolist() == [1.0]
    assert "return_documents" not in endpoint.requests[1][2]
    assert api(endpoint).scores("how long?", []).tolist() == []
    many = ["x" * (i % 7) for i in range(1500)]
    assert api(endpoint).scores("how long?", many).tolist() == [float(len(text)) for text in many]
    assert [len(request["documents"]) for _, _, request in endpoint.requests] == [4, 1, 1000, 500]


@pytest.mark.parametrize(
    "fault",
    [{"status": 429, "headers": {"retry-after": "0"}}, {"status": 500}, {"status": 503}, {"drop": True}],
    ids=["429", "500", "503", "dropped"],
)
def test_what_a_retry_can_cure_is_retried(endpoint: Any, fault: dict[str, Any]) -> None:
    endpoint.faults.extend([{"body": b"no", **fault}] * 2)
    assert api(endpoint).scores("q", TEXTS).tolist() == LENGTHS
    assert len(endpoint.requests) == 3
    endpoint.faults.extend([{"body": b"no", **fault}] * 3)
    with pytest.raises(TransientError, match="after 3 attempts"):
        api(endpoint).scores("q", TEXTS)


def test_a_wait_that_is_asked_for_is_kept_unless_it_is_too_long(endpoint: Any) -> None:
    endpoint.faults.append({"status": 429, "headers": {"retry-after": "0.4"}})
    start = monotonic()
    assert api(endpoint).scores("q", TEXTS).tolist() == LENGTHS
    assert monotonic() - start >= 0.4
    endpoint.faults.append({"status": 429, "headers": {"retry-after": "3600"}, "body": b"come back tomorrow"})
    start = monotonic()
    with pytest.raises(TransientError, match="after 1 attempt: 429 come back tomorrow"):
        api(endpoint).scores("q", TEXTS)
    assert monotonic() - start < 5


def test_an_answer_that_does_not_come_is_given_up(endpoint: Any) -> None:
    endpoint.faults.extend([{"delay": 0.5}] * 3)
    with pytest.raises(TransientError, match="ReadTimeout"):
        api(endpoint, timeout=0.1).scores("q", TEXTS)


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (401, UsageError, "refused the key"),
        (403, UsageError, "RAGLAKE_RERANK_KEY"),
        (404, UsageError, "no such model or address"),
        (400, ContractError, "refused the request .400.: .*too many words"),
        (422, ContractError, "too many words"),
    ],
)
def test_a_refusal_says_what_to_do_and_is_final(endpoint: Any, status: int, kind: type, words: str) -> None:
    endpoint.faults.append({"status": status, "body": b"too many\n words"})
    with pytest.raises(kind, match=words):
        api(endpoint).scores("q", TEXTS)
    assert len(endpoint.requests) == 1


def results(*pairs: tuple[Any, Any]) -> bytes:
    return json.dumps({"results": [{"index": i, "relevance_score": score} for i, score in pairs]}).encode()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (results((0, 1.0)), "scored 1 texts of 2"),
        (results((0, 1.0), (0, 0.5)), "misnumbered"),
        (results((0, 1.0), (2, 0.5)), "misnumbered"),
        (results((0, 1.0), (1, 0.5), (1, 0.5)), "scored 3 texts of 2"),
        (results((0, 1.0), (1, float("nan"))), "not finite"),
        (results((0, 1.0), (1, None)), "without index or relevance_score"),
        (b'{"data": []}', "without index or relevance_score"),
        (b"[]", "not an object"),
        (b"<html>", "did not answer in JSON"),
        (b"", "did not answer in JSON"),
    ],
)
def test_an_answer_that_is_not_one_score_a_text_is_refused(endpoint: Any, body: bytes, words: str) -> None:
    endpoint.faults.append({"body": body})
    with pytest.raises(ContractError, match=words):
        api(endpoint).scores("q", ["a", "b"])


def test_the_environment_says_where_and_as_whom(endpoint: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("RAGLAKE_RERANK_URL", "RAGLAKE_RERANK_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_KEY"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(UsageError, match="set CO_API_KEY or RAGLAKE_RERANK_KEY"):
        load_reranker("cohere:rerank-v3.5")
    with pytest.raises(UsageError, match="or OPENAI_BASE_URL"):
        load_reranker("openai:m")
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint.url + "/")
    monkeypatch.setenv("OPENAI_API_KEY", "theirs")
    assert load_reranker("openai:m").scores("q", TEXTS).tolist() == LENGTHS
    assert load_reranker("openai:m") is load_reranker("openai:m")
    monkeypatch.setenv("RAGLAKE_RERANK_URL", endpoint.url)
    monkeypatch.setenv("RAGLAKE_RERANK_API_KEY", "own")
    for name in ("openai:m", "cohere:m"):
        assert load_reranker(name).scores("q", TEXTS).tolist() == LENGTHS
    assert [(path, key) for path, key, _ in endpoint.requests] == [
        ("/v1/rerank", "Bearer theirs"),
        ("/v1/rerank", "Bearer own"),
        ("/v1/rerank", "Bearer own"),
    ]
    monkeypatch.setenv("RAGLAKE_RERANK_URL", "localhost:80")
    with pytest.raises(UsageError, match="url must begin with http:// or https://"):
        load_reranker("cohere:m")


@pytest.mark.parametrize("name", ["", "st:", "cohere", "minilm", "http://x"])
def test_a_wrong_name_lists_the_right_forms(name: str) -> None:
    with pytest.raises(UsageError, match="st:MODEL_OR_PATH, cohere:MODEL, openai:MODEL"):
        load_reranker(name)


def save_cross_encoder(folder: Path, n_labels: int) -> Path:
    """A BERT of two layers with random weights: it shows that the machinery is right, and nothing of quality."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    words.normalizer, words.pre_tokenizer = normalizers.Lowercase(), pre_tokenizers.BertPreTokenizer()
    words.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    PreTrainedTokenizerFast(tokenizer_object=words, model_max_length=60, **special).save_pretrained(folder)
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
    config = BertConfig(vocab_size=len(WORDS), max_position_embeddings=60, num_labels=n_labels, **shape)
    model = BertForSequenceClassification(config)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def cross_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_cross_encoder(tmp_path_factory.mktemp("cross"), n_labels=1)


def some_texts(n: int) -> list[str]:
    draw = random.Random(4)
    return [" ".join(draw.choices(WORDS[4:], k=draw.randint(1, 70))) for _ in range(n)]


def test_a_cross_encoder_gives_its_own_scores_from_0_to_1(cross_encoder: Path) -> None:
    import torch
    from sentence_transformers import CrossEncoder

    texts = some_texts(20)
    found = load_reranker(f"st:{cross_encoder}").scores("the cat", texts)
    plain = CrossEncoder(str(cross_encoder), device="cpu", local_files_only=True)
    logits = plain.predict([("the cat", text) for text in texts], activation_fn=torch.nn.Identity())
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-logits.astype(np.float64))), atol=1e-5)
    assert found.dtype == np.float64
    assert found.min() < found.max()


def test_a_text_has_the_same_score_in_any_company(cross_encoder: Path) -> None:
    reranker, texts = load_reranker(f"st:{cross_encoder}"), some_texts(24)
    whole = reranker.scores("on a mat", texts)
    order = random.Random(1).sample(range(24), 24)
    assert reranker.scores("on a mat", [texts[i] for i in order]).tolist() == whole[order].tolist()
    for position in range(0, 24, 6):
        assert reranker.scores("on a mat", [texts[position]])[0] == whole[position]
    assert reranker.scores("on a mat", []).tolist() == []
    assert np.isfinite(reranker.scores("", ["", "\ud800", "\x00", "mat " * 500])).all()


def test_what_is_no_reranker_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no cross-encoder"):
        load_reranker(f"st:{tmp_path}")
    with pytest.raises(UsageError, match="3 classes"):
        load_reranker(f"st:{save_cross_encoder(tmp_path / 'three', n_labels=3)}")
