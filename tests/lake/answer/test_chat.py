"""Both chat clients against a real endpoint that misbehaves on request."""

from __future__ import annotations

from time import monotonic
from typing import Any

import pytest

from lake.answer.chat import Completion, Message
from lake.answer.endpoint_chat import ChatTimeouts
from lake.answer.registry import NoChatModelError, load_chat
from lake.endpoints.retry import Retries
from lake.errors import ContractError, LakeError, TransientError, UsageError

FAST = ChatTimeouts(timeout=5, retries=Retries(n_attempts=3, first=0.01, longest=0.02))
ASKED = [Message("system", "Be brief."), Message("user", "What does the lamp burn?")]
QUOTA = {"message": "pay", "code": "insufficient_quota", "type": "insufficient_quota"}
MODELS = ["openai:local", "anthropic:local"]

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


def fault_of(status: int = 200, headers: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    return {"status": status, "headers": headers or {}, **more}


def collect(name: str, **words: Any) -> tuple[list[str], Completion]:
    *pieces, last = load_chat(name, FAST).stream(ASKED, max_tokens=50, **words)
    assert isinstance(last, Completion)
    return [piece for piece in pieces if isinstance(piece, str)], last


@pytest.mark.parametrize("name", MODELS)
def test_an_answer_comes_with_its_bill(endpoint: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGLAKE_CHAT_PRICE", "1.5/6")
    done = load_chat(name, FAST).complete(ASKED, max_tokens=50)
    assert (done.text, done.finish_reason, done.model) == ("Whale oil [1].", "stop", "local")
    assert (done.usage.n_calls, done.usage.n_input, done.usage.n_output) == (1, 1000, 100)
    assert done.cost_usd == pytest.approx((1000 * 1.5 + 100 * 6) / 1e6)
    request = endpoint.requests[0]
    assert (request["max_tokens"], request["temperature"]) == (50, 0)
    assert "Be brief." in endpoint.prompt()
    assert "secret" in endpoint.headers[0].get("authorization", "") + endpoint.headers[0].get("x-api-key", "")


@pytest.mark.parametrize("name", MODELS)
def test_a_stream_gives_pieces_and_then_the_whole(endpoint: Any, name: str) -> None:
    pieces, done = collect(name)
    assert pieces == ["Whale ", "oil ", "[1]. "]
    assert done.text == "".join(pieces)
    assert (done.usage.n_input, done.usage.n_output, done.finish_reason) == (1000, 100, "stop")
    assert done.cost_usd is None


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    "fault",
    [fault_of(429, {"retry-after": "0"}), fault_of(500), fault_of(529), fault_of(trick="drop")],
    ids=["429", "500", "529", "dropped"],
)
def test_what_a_retry_can_cure_is_retried(endpoint: Any, name: str, streamed: bool, fault: dict[str, Any]) -> None:
    endpoint.faults.extend([fault, fault])
    text = collect(name)[1].text if streamed else load_chat(name, FAST).complete(ASKED, max_tokens=50).text
    assert text.strip() == "Whale oil [1]."
    assert len(endpoint.requests) == 3


@pytest.mark.parametrize("name", MODELS)
def test_retries_are_bounded_and_honour_the_wait_asked_for(endpoint: Any, name: str) -> None:
    endpoint.faults.extend([fault_of(429, {"retry-after": "1"})] + [fault_of(500)] * 5)
    started = monotonic()
    with pytest.raises(TransientError, match="failed after 3 attempts"):
        load_chat(name, FAST).complete(ASKED, max_tokens=50)
    assert monotonic() - started > 0.9
    assert len(endpoint.requests) == 3
    endpoint.faults.clear()
    endpoint.faults.append(fault_of(429, {"retry-after": "3600"}))
    with pytest.raises(TransientError, match="failed after 1 attempt"):
        load_chat(name, FAST).complete(ASKED, max_tokens=50)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("streamed", [False, True])
def test_a_silent_endpoint_times_out(endpoint: Any, name: str, streamed: bool) -> None:
    endpoint.delay = 1.0
    chat = load_chat(name, ChatTimeouts(timeout=0.2, retries=Retries(n_attempts=2, first=0.01)))
    with pytest.raises(TransientError, match=r"(?i)failed after 2 attempts.*timed out"):
        list(chat.stream(ASKED, max_tokens=50)) if streamed else chat.complete(ASKED, max_tokens=50)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("trick", ["cut", "clean end", "error event", "half event", "stall"])
def test_a_stream_that_breaks_is_not_passed_off_as_an_answer(endpoint: Any, name: str, trick: str) -> None:
    endpoint.replies.appendleft("one two three four five six seven eight nine")
    endpoint.faults.append(fault_of(trick=trick))
    chat = load_chat(name, ChatTimeouts(timeout=0.3, retries=FAST.retries))
    pieces: list[object] = []
    with pytest.raises(ContractError if trick == "half event" else TransientError) as caught:
        pieces.extend(chat.stream(ASKED, max_tokens=50))
    assert pieces[:2] == ["one ", "two "]
    assert not any(isinstance(piece, Completion) for piece in pieces)
    assert "can't be read" in str(caught.value) or "broke off" in str(caught.value)
    assert len(endpoint.requests) == 1


def test_an_answer_that_never_ends_is_given_up(endpoint: Any) -> None:
    endpoint.replies.appendleft("word " * 50)
    with pytest.raises(TransientError, match="broke off: over 0 s"):
        list(load_chat("openai:local", ChatTimeouts(longest_answer=0.0)).stream(ASKED, max_tokens=50))


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (fault_of(401), UsageError, "_API_KEY"),
        (fault_of(403), UsageError, "no, thank you"),
        (fault_of(404), UsageError, "_BASE_URL"),
        (fault_of(400), ContractError, "no, thank you"),
        (fault_of(400, error={"message": "prompt is too long: 9 tokens"}), UsageError, "lower the token budget"),
        (fault_of(429, error=QUOTA), UsageError, "quota"),
        (fault_of(trick="html"), ContractError, "without a message"),
        (fault_of(trick="half json"), ContractError, "can't be read"),
    ],
    ids=["401", "403", "404", "400", "too long", "quota", "html", "half json"],
)
def test_what_no_retry_cures_is_told_at_once(
    endpoint: Any, name: str, fault: dict[str, Any], kind: type[LakeError], words: str
) -> None:
    endpoint.faults.append(fault)
    with pytest.raises(LakeError) as caught:
        load_chat(name, FAST).complete(ASKED, max_tokens=50)
    assert isinstance(caught.value, kind)
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(("finish", "told"), [("length", "length"), ("content_filter", "refused")])
def test_how_it_ended_is_told(endpoint: Any, name: str, finish: str, told: str) -> None:
    endpoint.finish = finish
    assert load_chat(name, FAST).complete(ASKED, max_tokens=50).finish_reason == told
    assert collect(name)[1].finish_reason == told


@pytest.mark.parametrize("name", MODELS)
def test_an_empty_answer_is_an_error_and_an_empty_refusal_is_not(endpoint: Any, name: str) -> None:
    endpoint.replies.appendleft("")
    endpoint.replies[1] = ""
    chat = load_chat(name, FAST)
    with pytest.raises(ContractError, match="empty answer"):
        chat.complete(ASKED, max_tokens=50)
    endpoint.finish = "length"
    with pytest.raises(ContractError, match="used up 50 tokens"):
        chat.complete(ASKED, max_tokens=50)
    endpoint.finish = "content_filter"
    assert chat.complete(ASKED, max_tokens=50).text == ""


@pytest.mark.parametrize("name", MODELS)
def test_a_form_is_asked_for_and_left_out_once_refused(endpoint: Any, name: str) -> None:
    parameter = "response_format" if name.startswith("openai") else "output_config"
    chat, schema = load_chat(name, FAST), {"type": "object"}
    chat.complete(ASKED, max_tokens=50, json_schema=schema)
    assert "'type': 'object'" in str(endpoint.requests[0][parameter])
    endpoint.faults.append(fault_of(400, error={"message": f"{parameter} is not supported"}))
    endpoint.faults.append(fault_of(400, error={"message": "temperature: only 1 is supported"}))
    for _ in range(2):
        assert chat.complete(ASKED, max_tokens=50, json_schema=schema).text == "Whale oil [1]."
    assert [parameter in request for request in endpoint.requests] == [True, True, False, False, False]
    assert ["temperature" in request for request in endpoint.requests] == [True, True, True, False, False]


def test_the_limit_s_name_is_changed_for_models_that_want_the_other(endpoint: Any) -> None:
    endpoint.faults.append(fault_of(400, error={"message": "use 'max_completion_tokens' in place of 'max_tokens'"}))
    chat = load_chat("openai:local", FAST)
    assert chat.complete(ASKED, max_tokens=50).text == "Whale oil [1]."
    assert endpoint.requests[1]["max_completion_tokens"] == 50
    assert "max_tokens" not in endpoint.requests[1]


def test_without_usage_tokens_are_counted_here(endpoint: Any) -> None:
    endpoint.says_usage = False
    usage = load_chat("openai:local", FAST).complete(ASKED, max_tokens=50).usage
    assert 8 <= usage.n_input <= 14
    assert 4 <= usage.n_output <= 8


def test_lone_surrogates_are_sent_as_replacement_characters(endpoint: Any) -> None:
    load_chat("openai:local", FAST).complete([Message("user", "a \udc80 b")], max_tokens=5)
    assert endpoint.requests[0]["messages"][0]["content"] == "a \ufffd b"


@pytest.mark.parametrize(
    ("name", "words"),
    [("gpt-5", "openai:MODEL"), ("openai:", "openai:MODEL"), ("llama:x", "anthropic:MODEL")],
)
def test_a_wrong_name_is_explained(endpoint: Any, name: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        load_chat(name)


def test_without_a_model_it_is_said_what_to_set(endpoint: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoChatModelError, match="set RAGLAKE_CHAT_MODEL"):
        load_chat()
    monkeypatch.setenv("RAGLAKE_CHAT_MODEL", "openai:local")
    assert load_chat().name == "openai:local"
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    monkeypatch.delenv("ANTHROPIC_BASE_URL")
    with pytest.raises(UsageError, match="set ANTHROPIC_API_KEY"):
        load_chat("anthropic:local")
    monkeypatch.setenv("RAGLAKE_CHAT_PRICE", "cheap")
    with pytest.raises(UsageError, match="INPUT/OUTPUT"):
        load_chat("openai:local")
