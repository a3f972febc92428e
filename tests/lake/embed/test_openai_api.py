"""The OpenAI embedder against a real endpoint that misbehaves on request."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from time import monotonic
from typing import Any

import numpy as np
import pytest

from lake.embed import identify, load_embedder
from lake.embed.base import RefusedTexts
from lake.embed.endpoint_protocol import RequestLimits
from lake.embed.openai_api import OpenAIEmbedder
from lake.embed.openai_models import parse_model
from lake.endpoints.endpoint import Endpoint
from lake.endpoints.retry import Retries
from lake.errors import ContractError, TransientError, UsageError

FAST = Retries(n_attempts=3, first=0.01, longest=0.02)
TEXTS = [f"text number {i}" for i in range(10)]


def fault_of(status: int = 200, headers: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    return {"status": status, "headers": headers or {}, **more}


def embedder(endpoint: Any, name: str = "openai:local@8", rpm: float = 0, **limits: object) -> OpenAIEmbedder:
    return OpenAIEmbedder(
        parse_model(name),
        Endpoint(endpoint.url, "key", rpm=rpm),
        RequestLimits(**{"retries": FAST, **limits}),  # type: ignore[arg-type]
    )


def collect(embedder: OpenAIEmbedder, texts: list[str]) -> tuple[dict[int, np.ndarray], Exception | None]:
    found: dict[int, np.ndarray] = {}
    try:
        for positions, vectors in embedder.embed(texts):
            assert not set(positions) & set(found)
            found.update(zip(positions, vectors, strict=True))
    except (ContractError, TransientError, UsageError) as error:
        return found, error
    return found, None


def assert_right(endpoint: Any, found: dict[int, np.ndarray], texts: list[str], dimensions: int = 8) -> None:
    for position, vector in found.items():
        expected = endpoint.vector_of(texts[position], dimensions)
        assert vector.dtype == np.float32
        np.testing.assert_allclose(vector, expected / np.linalg.norm(expected), atol=1e-6)


def test_many_requests_give_every_vector_once_and_add_up_the_bill(endpoint: Any) -> None:
    endpoint.delay = 0.05
    subject = embedder(endpoint, max_inputs=2)
    found, error = collect(subject, TEXTS)
    assert error is None
    assert sorted(found) == list(range(10))
    assert_right(endpoint, found, TEXTS)
    assert len(endpoint.requests) == 5
    assert 1 < endpoint.most_open <= 4
    assert subject.n_tokens_billed == 500


@pytest.mark.parametrize("understands_base64", [True, False])
def test_both_encodings_and_a_shuffled_answer_are_read(endpoint: Any, understands_base64: bool) -> None:
    endpoint.understands_base64 = understands_base64
    endpoint.faults.append(fault_of(trick="shuffled"))
    found, error = collect(embedder(endpoint), TEXTS)
    assert error is None
    assert_right(endpoint, found, TEXTS)


@pytest.mark.parametrize(
    "fault",
    [fault_of(429, {"retry-after": "0"}), fault_of(500), fault_of(503), fault_of(408), fault_of(trick="drop")],
    ids=["429", "500", "503", "408", "dropped"],
)
def test_what_a_retry_can_cure_is_retried(endpoint: Any, fault: dict[str, Any]) -> None:
    endpoint.faults.extend([fault, fault])
    found, error = collect(embedder(endpoint), TEXTS)
    assert error is None
    assert_right(endpoint, found, TEXTS)
    assert len(endpoint.requests) == 3


def test_retries_are_bounded_and_ours_alone(endpoint: Any) -> None:
    endpoint.lasting = [fault_of(500)]
    found, error = collect(embedder(endpoint), TEXTS)
    assert isinstance(error, TransientError)
    assert "after 3 attempts" in str(error)
    assert not found
    assert len(endpoint.requests) == 3


def test_a_slow_answer_times_out_and_is_retried(endpoint: Any) -> None:
    endpoint.delay = 0.5
    _, error = collect(embedder(endpoint, timeout=0.1), TEXTS[:1])
    assert isinstance(error, TransientError)
    assert "timed out" in str(error)


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_honoured(endpoint: Any, form: str) -> None:
    # An HTTP date has whole seconds, so two ahead is more than one second away.
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    endpoint.faults.append(fault_of(429, {"retry-after": "1" if form == "seconds" else date}))
    started = monotonic()
    _, error = collect(embedder(endpoint), TEXTS[:1])
    assert error is None
    assert monotonic() - started > 0.9


def test_a_wait_beyond_the_limit_is_not_sat_out(endpoint: Any) -> None:
    endpoint.faults.append(fault_of(429, {"retry-after": "3600"}))
    started = monotonic()
    _, error = collect(embedder(endpoint), TEXTS[:1])
    assert isinstance(error, TransientError)
    assert monotonic() - started < 5


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (fault_of(401), UsageError, "OPENAI_API_KEY"),
        (fault_of(403), UsageError, "no, thank you"),
        (fault_of(404), UsageError, "OPENAI_BASE_URL"),
        (fault_of(429, error={"message": "pay", "code": "insufficient_quota"}), UsageError, "quota"),
        (fault_of(trick="short"), ContractError, "9 vectors for 10 texts"),
        (fault_of(trick="repeated"), ContractError, "misnumbered"),
        (fault_of(trick="html"), ContractError, "something else than JSON: <html>"),
    ],
    ids=["401", "403", "404", "quota", "short", "repeated", "html"],
)
def test_what_no_retry_cures_is_told_at_once(
    endpoint: Any, fault: dict[str, Any], kind: type[Exception], words: str
) -> None:
    endpoint.lasting = [fault]
    found, error = collect(embedder(endpoint), TEXTS)
    assert isinstance(error, kind)
    assert words in str(error)
    assert "key" not in str(error).replace("the key", "")
    assert len(endpoint.requests) == 1
    assert not found


def test_an_answer_of_other_dimensions_breaks_the_contract(endpoint: Any) -> None:
    endpoint.dimensions = 12
    _, error = collect(embedder(endpoint), TEXTS)
    assert isinstance(error, ContractError)
    assert "[12] dimensions, not 8" in str(error)


def test_finished_requests_outlive_a_later_failure(endpoint: Any) -> None:
    endpoint.delay = 0.05
    endpoint.lasting = [fault_of(401, when="number 5")]
    subject = embedder(endpoint, max_inputs=1, n_threads=2)
    found, error = collect(subject, TEXTS)
    assert isinstance(error, UsageError)
    assert set(range(5)) <= set(found)
    assert 5 not in found
    assert_right(endpoint, found, TEXTS)
    assert len(endpoint.requests) <= 7
    assert subject.n_tokens_billed == 100 * len(found)


def test_a_reader_that_stops_early_stops_the_requests(endpoint: Any) -> None:
    endpoint.delay = 0.05
    stream = embedder(endpoint, max_inputs=1, n_threads=1).embed(TEXTS)
    next(stream)
    stream.close()
    assert len(endpoint.requests) <= 3


def test_a_failure_ends_the_waits_of_the_others(endpoint: Any) -> None:
    endpoint.lasting = [fault_of(429, {"retry-after": "200"}, when="number 0"), fault_of(401, when="number 1")]
    started = monotonic()
    _, error = collect(embedder(endpoint, max_inputs=1), TEXTS)
    assert isinstance(error, UsageError)
    assert monotonic() - started < 10


def test_requests_keep_to_the_rate(endpoint: Any) -> None:
    started = monotonic()
    _, error = collect(embedder(endpoint, rpm=60, max_inputs=1), [f"text {i}" for i in range(11)])
    assert error is None
    assert monotonic() - started > 0.9


@pytest.mark.parametrize("text", ["", "word " * 9000], ids=["empty", "long"])
def test_a_text_that_the_endpoint_would_refuse_is_never_sent(endpoint: Any, text: str) -> None:
    _, error = collect(embedder(endpoint), ["fine", text])
    assert isinstance(error, ContractError)
    assert "text 1 has" in str(error)
    assert not endpoint.requests


def test_a_query_is_cut_to_what_the_model_reads(endpoint: Any) -> None:
    subject = embedder(endpoint)
    assert subject.embed_query("a short one").shape == (8,)
    subject.embed_query("word " * 9000)
    assert endpoint.requests[1]["input"][0].count("word") == pytest.approx(8191, abs=1)
    with pytest.raises(UsageError, match="empty"):
        subject.embed_query(" ")


def test_dimensions_are_asked_for_only_where_the_model_can(endpoint: Any) -> None:
    found, _ = collect(embedder(endpoint, "openai:text-embedding-3-small@512"), TEXTS[:1])
    assert found[0].shape == (512,)
    collect(embedder(endpoint, "openai:local@8"), TEXTS[:1])
    endpoint.dimensions = 1536
    collect(embedder(endpoint, "openai:text-embedding-3-small"), TEXTS[:1])
    assert [request.get("dimensions") for request in endpoint.requests] == [512, None, None]


def test_without_usage_the_local_count_is_billed(endpoint: Any) -> None:
    endpoint.says_usage = False
    subject = embedder(endpoint)
    collect(subject, ["one two three"])
    assert subject.n_tokens_billed == 3


def test_lone_surrogates_are_sent_as_replacement_characters(endpoint: Any) -> None:
    _, error = collect(embedder(endpoint), ["a \udc80 b"])
    assert error is None
    assert endpoint.requests[0]["input"] == ["a \ufffd b"]


def test_the_environment_names_the_endpoint(endpoint: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint.url)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    subject = load_embedder("openai:local@8")
    assert load_embedder("openai:local@8") is subject
    assert subject.embed_query("hello").shape == (8,)
    monkeypatch.setenv("OPENAI_API_KEY", "another")
    assert load_embedder("openai:local@8").embed_query("hello").shape == (8,)
    assert endpoint.keys == ["Bearer none", "Bearer another"]


def test_openai_itself_needs_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(UsageError, match="set OPENAI_API_KEY"):
        load_embedder("openai:text-embedding-3-small")


def test_a_rate_must_be_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "key")
    monkeypatch.setenv("RAGLAKE_OPENAI_RPM", "many")
    with pytest.raises(UsageError, match="RAGLAKE_OPENAI_RPM='many'"):
        Endpoint.of("embed", "openai")


def test_a_key_does_not_show_in_the_endpoint_s_text() -> None:
    assert "secret" not in repr(Endpoint("http://localhost", "secret"))


def test_native_dimensions_need_no_saying() -> None:
    assert identify("openai:text-embedding-3-large@3072") == identify("openai:text-embedding-3-large")
    assert identify("openai:text-embedding-3-large@256").name == "openai:text-embedding-3-large@256"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("openai:", "openai:MODEL"),
        ("openai:local@x", "openai:MODEL"),
        ("openai:local@0", "openai:MODEL"),
        ("openai:text-embedding-3-small@4096", "at most 1536"),
        ("openai:text-embedding-ada-002@512", "always returns 1536"),
    ],
)
def test_a_wrong_name_is_explained(name: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        identify(name)


# What servers do not accept


@pytest.mark.parametrize("status", [400, 413, 422, 500])
@pytest.mark.parametrize("most", [10, 32])
def test_the_batch_limit_of_a_server_is_met_and_remembered(endpoint: Any, most: int, status: int) -> None:
    endpoint.most_inputs, endpoint.most_inputs_status = most, status
    subject, texts = embedder(endpoint, n_threads=1), [f"text number {i}" for i in range(150)]
    found, error = collect(subject, texts)
    assert error is None
    assert sorted(found) == list(range(150))
    assert_right(endpoint, found, texts)
    before = len(endpoint.requests)
    collect(subject, texts)
    assert all(len(request["input"]) <= most for request in endpoint.requests[before:])
    assert before < 150 // most * 3 + 15


def test_a_refused_base64_falls_back_to_floats_for_good(endpoint: Any) -> None:
    endpoint.refuses_base64 = True
    subject = embedder(endpoint)
    found, error = collect(subject, TEXTS)
    assert error is None
    assert_right(endpoint, found, TEXTS)
    collect(subject, TEXTS)
    forms = [request["encoding_format"] for request in endpoint.requests]
    assert forms.count("base64") == 2
    assert forms[-2:] == ["float", "float"]


def test_vectors_without_an_index_come_in_order(endpoint: Any) -> None:
    endpoint.faults.append(fault_of(trick="unnumbered"))
    found, error = collect(embedder(endpoint), TEXTS)
    assert error is None
    assert_right(endpoint, found, TEXTS)


@pytest.mark.parametrize("word", ["NAN", "ZERO", "NULL", "BAD"])
def test_a_text_that_the_model_does_not_embed_costs_that_text(endpoint: Any, word: str) -> None:
    endpoint.lasting = [fault_of(400, when="BAD", error={"message": "this text is not for me"})]
    texts = [*TEXTS, f"a {word} text", *TEXTS]
    found, error = collect(embedder(endpoint), texts)
    assert isinstance(error, RefusedTexts)
    assert list(error.reasons) == [10]
    assert ("not for me" if word == "BAD" else "null, zero or not finite") in error.reasons[10]
    assert sorted(found) == [i for i in range(21) if i != 10]
    assert_right(endpoint, found, texts)
    assert len(endpoint.requests) < 15
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.reasons) == (str(error), error.reasons)


@pytest.mark.parametrize("fault", [fault_of(400), fault_of(422), fault_of(trick="nan")], ids=["400", "422", "nan"])
def test_a_server_that_embeds_nothing_costs_the_run_and_not_each_text(endpoint: Any, fault: dict[str, Any]) -> None:
    endpoint.lasting = [fault]
    found, error = collect(embedder(endpoint), TEXTS[:1])
    assert type(error) is not RefusedTexts
    assert isinstance(error, ContractError)
    assert "no, thank you" in str(error) or "not finite" in str(error)
    assert not found
    assert len(endpoint.requests) <= 4


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        (b"<!doctype html><title>Sign in</title>", ContractError, "Sign in"),
        (b"", ContractError, "nothing"),
        (b'{"error": {"message": "model is loading", "code": 503}}', TransientError, "model is loading"),
        (b'{"error": "no such model"}', ContractError, "no such model"),
        (b'{"data": [{"index": 0, "embedding": [0.1', TransientError, "embedding"),
        (b'{"detail": "nobody home"}', ContractError, "nobody home"),
        (b'{"data": [{"index": 0, "embedding": "%%%"}]}', ContractError, "can't be read"),
        (b"[1, 2]", ContractError, "[1, 2]"),
    ],
)
def test_a_body_that_is_no_answer_is_quoted(endpoint: Any, body: bytes, kind: type[Exception], words: str) -> None:
    endpoint.body = body
    _, error = collect(embedder(endpoint), TEXTS[:1])
    assert type(error) is kind
    assert words in str(error)
    assert len(str(error)) < 400


def test_the_dimensions_of_an_unknown_model_are_asked_for_once(endpoint: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint.url)
    endpoint.dimensions = 24
    found = identify("openai:local")
    assert (found.name, found.dimensions, len(endpoint.requests)) == ("openai:local@24", 24, 1)
    assert identify("openai:local", like=found) == found == identify("openai:local@24")
    assert len(endpoint.requests) == 1
    endpoint.body = b'{"data": [{"embedding": null}]}'
    with pytest.raises(ContractError, match="@DIMENSIONS"):
        identify("openai:local")
