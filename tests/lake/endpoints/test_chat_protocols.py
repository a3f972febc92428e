"""Each provider's chat against a server that answers as its documentation says, in good and in bad days."""

from __future__ import annotations

import gzip
import json
import time
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from lake.answer import load_chat
from lake.answer.chat import Completion, Message
from lake.answer.endpoint_chat import ChatTimeouts
from lake.endpoints.bounded import MOST_BYTES
from lake.endpoints.deadline import deadline
from lake.endpoints.endpoint import using
from lake.endpoints.retry import Retries
from lake.errors import ContractError, LakeError, TransientError, UsageError
from lake.options.endpoints import ModelEndpoints
from tests.lake.endpoints.conftest import Reply, Server, mutated

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
MESSAGES = [Message("system", "Answer briefly.", n_stable=6), Message("user", "How much oil?")]
SECRET = "k-12345"
FAST = ChatTimeouts(5.0, Retries(3, first=0.01, longest=0.02, longest_stated=1.0))


def events(*objects: dict[str, Any], end: str = "") -> tuple[str, ...]:
    return (*(f"data: {json.dumps(one)}\n\n" for one in objects), *([f"data: {end}\n\n"] if end else []))


def lines(*objects: dict[str, Any]) -> tuple[str, ...]:
    return tuple(f"{json.dumps(one)}\n" for one in objects)


@dataclass(frozen=True)
class Case:
    """A provider: what it must be sent, what it answers, and how it refuses."""

    name: str
    path: str
    key: tuple[str, str]
    sends: dict[str, Any]
    good: dict[str, Any]
    stream: tuple[str, ...]
    cut: dict[str, Any]
    declined: dict[str, Any]
    too_long: Reply
    no_key: Reply
    schema: tuple[str, ...]
    stream_path: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    n_cached: int = 0

    @property
    def provider(self) -> str:
        return self.name.partition(":")[0]


def openai_reply(text: str = "Two liters.", finish: str = "stop") -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
    usage |= {"prompt_tokens_details": {"cached_tokens": 64}}
    return {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}


def openai_chunk(text: str | None = None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"content": text} if text else {}, "finish_reason": finish}
    return {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice], **more}


def openai_case(name: str, path: str, key: tuple[str, str], **more: Any) -> Case:
    stream = events(
        openai_chunk("Two "),
        openai_chunk("liters."),
        openai_chunk(finish="stop"),
        {**openai_chunk(), "choices": [], "usage": openai_reply()["usage"]},
        end="[DONE]",
    )
    told = "This model's maximum context length is 8192 tokens."
    words: dict[str, Any] = {
        "sends": {"model": name.partition(":")[2], "max_tokens": 50, "temperature": 0.0},
        "schema": ("response_format", "json_schema", "schema"),
        "n_cached": 64,
    }
    return Case(
        name,
        path,
        key,
        good=openai_reply(),
        stream=stream,
        cut=openai_reply(finish="length"),
        declined=openai_reply("", "content_filter"),
        too_long=Reply(400, {"error": {"message": told, "code": "context_length_exceeded"}}),
        no_key=Reply(401, {"error": {"message": "Incorrect API key provided."}}),
        **(words | more),
    )


def gemini(text: str = "Two liters.", finish: str | None = "STOP", **more: Any) -> dict[str, Any]:
    candidate = {"content": {"role": "model", "parts": [{"text": text}]}, "index": 0}
    candidate |= {"finishReason": finish} if finish else {}
    usage = {"promptTokenCount": 100, "candidatesTokenCount": 4, "thoughtsTokenCount": 6}
    usage |= {"cachedContentTokenCount": 64, "totalTokenCount": 110}
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "m", **more}


def gemini_refusal(status: int, message: str, **more: Any) -> Reply:
    return Reply(status, {"error": {"code": status, "message": message, "status": "X", **more}})


def anthropic(text: str = "Two liters.", stop: str | None = "end_turn") -> dict[str, Any]:
    usage = {"input_tokens": 6, "cache_creation_input_tokens": 30, "cache_read_input_tokens": 64, "output_tokens": 10}
    told = {"id": "1", "type": "message", "role": "assistant", "model": "m", "stop_sequence": None}
    return {**told, "content": [{"type": "text", "text": text}], "stop_reason": stop, "usage": usage}


def anthropic_events() -> tuple[str, ...]:
    def event(kind: str, **more: Any) -> str:
        return f"event: {kind}\ndata: {json.dumps({'type': kind, **more})}\n\n"

    texts = [
        event("content_block_delta", index=0, delta={"type": "text_delta", "text": t}) for t in ("Two ", "liters.")
    ]
    return (
        event("message_start", message=anthropic("") | {"content": []}),
        event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        *texts,
        event("content_block_stop", index=0),
        event("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage={"output_tokens": 10}),
        event("message_stop"),
    )


def cohere(text: str = "Two liters.", finish: str = "COMPLETE") -> dict[str, Any]:
    usage = {
        "billed_units": {"input_tokens": 90, "output_tokens": 9},
        "tokens": {"input_tokens": 100, "output_tokens": 10},
    }
    message = {"role": "assistant", "content": [{"type": "text", "text": text}]}
    return {"id": "1", "finish_reason": finish, "message": message, "usage": usage}


def cohere_events() -> tuple[str, ...]:
    def delta(text: str) -> dict[str, Any]:
        return {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": text}}}}

    whole = cohere()
    end = {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": whole["usage"]}}
    return events({"type": "message-start", "id": "1"}, delta("Two "), delta("liters."), end)


def ollama(text: str = "Two liters.", *, done: bool = True, reason: str = "stop") -> dict[str, Any]:
    told = {"model": "m", "message": {"role": "assistant", "content": text}, "done": done}
    return told | ({"done_reason": reason, "prompt_eval_count": 100, "eval_count": 10} if done else {})


BEARER = ("authorization", f"Bearer {SECRET}")
AZURE = {"api_version": "2024-10-21"}
CASES = [
    openai_case("openai:gpt-x", "/chat/completions", BEARER),
    openai_case("mistral:mistral-small", "/chat/completions", BEARER),
    openai_case("vllm:qwen", "/chat/completions", BEARER),
    openai_case("azure:deployed", "/openai/v1/chat/completions", BEARER),
    openai_case(
        "azure:deployed",
        "/openai/deployments/deployed/chat/completions?api-version=2024-10-21",
        ("api-key", SECRET),
        variables=AZURE,
    ),
    Case(
        "anthropic:claude-x",
        "/v1/messages",
        BEARER,
        {"model": "claude-x", "max_tokens": 50, "temperature": 0.0},
        anthropic(),
        anthropic_events(),
        anthropic(stop="max_tokens"),
        anthropic("", "refusal"),
        Reply(
            400, {"type": "error", "error": {"type": "invalid_request_error", "message": "prompt is too long: 9 > 8"}}
        ),
        Reply(401, {"type": "error", "error": {"type": "authentication_error", "message": "invalid x-api-key"}}),
        ("output_config", "format", "schema"),
        n_cached=64,
    ),
    Case(
        "gemini:gemini-x",
        "/models/gemini-x:generateContent",
        ("x-goog-api-key", SECRET),
        {"systemInstruction": {"parts": [{"text": "Answer briefly."}]}},
        gemini(),
        events(gemini("Two ", None), gemini("liters.")),
        gemini(finish="MAX_TOKENS"),
        {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 100}},
        gemini_refusal(400, "The input token count (9) exceeds the maximum number of tokens allowed (8)."),
        gemini_refusal(400, "API key not valid. Please pass a valid API key."),
        ("generationConfig", "responseJsonSchema"),
        "/models/gemini-x:streamGenerateContent?alt=sse",
        n_cached=64,
    ),
    Case(
        "cohere:command-x",
        "/chat",
        BEARER,
        {"model": "command-x", "max_tokens": 50, "temperature": 0.0},
        cohere(),
        cohere_events(),
        cohere(finish="MAX_TOKENS"),
        cohere("", "ERROR_TOXIC"),
        Reply(400, {"message": "too many tokens: size limit exceeded by 9 tokens."}),
        Reply(401, {"message": "invalid api token"}),
        ("response_format", "json_schema"),
    ),
    Case(
        "ollama:llama",
        "/api/chat",
        BEARER,
        {"model": "llama", "truncate": False, "options": {"num_predict": 50, "num_ctx": 4096, "temperature": 0.0}},
        ollama(),
        lines(ollama("Two ", done=False), ollama("liters.", done=False), ollama("")),
        ollama(reason="length"),
        {},
        Reply(400, {"error": "the input length exceeds the context length"}),
        Reply(401, {"error": "unauthorized"}),
        ("format",),
    ),
]
EACH = pytest.mark.parametrize("case", CASES, ids=[f"{case.name}{case.path[-12:]}" for case in CASES])


@pytest.fixture(autouse=True)
def _environment(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGLAKE_CHAT_URL", server.url)
    monkeypatch.setenv("RAGLAKE_CHAT_KEY", SECRET)


def model(case: Case, monkeypatch: pytest.MonkeyPatch, timeouts: ChatTimeouts = FAST) -> Any:
    for name, value in case.variables.items():
        monkeypatch.setenv(f"RAGLAKE_CHAT_{name.upper()}", value)
    return load_chat(case.name, timeouts)


@EACH
def test_a_request_is_the_provider_s_and_its_answer_is_read(
    case: Case, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAGLAKE_CHAT_HEADERS", '{"x-team": "search"}')
    monkeypatch.setenv("RAGLAKE_CHAT_PRICE", "1/10/0.5")
    server.says(Reply(body=case.good))
    done = model(case, monkeypatch).complete(MESSAGES, max_tokens=50, json_schema=SCHEMA)
    (request,) = server.requests
    assert request.path == case.path
    assert request.headers[case.key[0]] == case.key[1]
    assert request.headers["x-team"] == "search"
    assert {name: request.body.get(name) for name in case.sends} == case.sends
    form: Any = request.body
    for name in case.schema:
        form = form[name]
    assert form == SCHEMA
    assert "How much oil?" in json.dumps(request.body)
    assert (done.text, done.finish_reason) == ("Two liters.", "stop")
    assert (done.usage.n_input, done.usage.n_output, done.usage.n_cached) == (100, 10, case.n_cached)
    expected = ((100 - case.n_cached) * 1 + case.n_cached * 0.5 + 10 * 10) / 1e6
    assert done.cost_usd == pytest.approx(expected)
    assert done.usage.prices == ("own price (RAGLAKE_CHAT_PRICE)",)


@EACH
def test_a_stream_comes_in_pieces_with_its_bill(case: Case, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.says(Reply(pieces=case.stream))
    *pieces, done = model(case, monkeypatch).stream(MESSAGES, max_tokens=50)
    assert server.requests[0].path == (case.stream_path or case.path)
    assert pieces == ["Two ", "liters."]
    assert isinstance(done, Completion)
    assert (done.text, done.finish_reason, done.usage.n_input, done.usage.n_output) == ("Two liters.", "stop", 100, 10)
    assert done.usage.n_cached == case.n_cached


@EACH
def test_a_stream_is_cut_at_line_ends_alone(case: Case, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = "".join(case.stream).replace('"Two ', '"Two\u2028\u0085\U0001f600 ')
    if case.provider != "ollama":  # with comments, the other line ends, and an object over two lines
        stream = ": busy\n\n" + stream.replace("data: {", "data: {\ndata:").replace("\n", "\r\n")
    server.says(Reply(pieces=(stream,)))
    first, *_ = model(case, monkeypatch).stream(MESSAGES, max_tokens=50)
    assert first == "Two\u2028\u0085\U0001f600 "


@EACH
def test_a_stream_that_ends_early_is_no_answer(case: Case, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    cut = {"anthropic": 4, "gemini": 1}.get(case.provider, 2)
    for pieces in (
        case.stream[:cut],
        (*case.stream[:cut], 'data: {"half\n\n' if case.provider != "ollama" else '{"ha\n'),
    ):
        server.says(Reply(pieces=pieces))
        with pytest.raises((TransientError, ContractError), match=r"broke off|can't be read"):
            list(model(case, monkeypatch).stream(MESSAGES, max_tokens=50))


@EACH
def test_a_server_that_does_not_stream_is_asked_for_the_whole(
    case: Case, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.says(*[Reply(body=case.good)] * 2)
    *pieces, done = model(case, monkeypatch).stream(MESSAGES, max_tokens=50)
    assert isinstance(done, Completion)
    assert ("".join(map(str, pieces)), done.finish_reason) == (done.text, "stop")
    assert server.requests[-1].path == case.path
    assert len(server.requests) == (1 if case.provider == "ollama" else 2)  # whose stream is objects, one or many


@EACH
def test_how_it_ended_is_told(case: Case, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.says(Reply(body=case.cut))
    assert model(case, monkeypatch).complete(MESSAGES, max_tokens=50).finish_reason == "length"
    if case.declined:
        server.says(Reply(body=case.declined))
        assert model(case, monkeypatch).complete(MESSAGES, max_tokens=50).finish_reason == "refused"


@EACH
def test_a_rate_limit_is_waited_for(case: Case, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = Reply(429, {"error": {"message": "slow down"}, "message": "slow down"}, {"retry-after": "0.05"})
    if case.provider == "gemini":
        delay = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.05s"}
        refusal = gemini_refusal(429, "Resource exhausted", details=[delay])
    server.says(refusal, Reply(body=case.good))
    started = time.monotonic()
    assert model(case, monkeypatch).complete(MESSAGES, max_tokens=50).text == "Two liters."
    assert time.monotonic() - started >= 0.05
    server.says(refusal)
    with pytest.raises(TransientError, match=r"failed after 3 attempts: .*(slow down|exhausted)"):
        model(case, monkeypatch).complete(MESSAGES, max_tokens=50)


@EACH
def test_what_a_person_must_mend_is_named_and_not_retried(
    case: Case, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for refusal, words in (
        (case.no_key, "refused the key .*RAGLAKE_CHAT_KEY"),
        (
            Reply(404, {"error": {"message": f"no such model for {SECRET}"}}),
            "no such model or address .*RAGLAKE_CHAT_URL",
        ),
        (case.too_long, "the prompt is longer than .* allows"),
    ):
        server.says(refusal)
        with pytest.raises(UsageError, match=words) as raised:
            model(case, monkeypatch).complete(MESSAGES, max_tokens=50)
        assert len(server.requests) == 1
        assert SECRET not in str(raised.value)


@EACH
def test_a_redirection_is_not_followed(case: Case, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = f"{server.url.replace('127.0.0.1', 'localhost')}/elsewhere"
    server.says(Reply(307, headers={"location": elsewhere}), Reply(body=case.good))
    with pytest.raises(UsageError, match=rf"redirects to {elsewhere} \(307\).* check RAGLAKE_CHAT_URL"):
        model(case, monkeypatch).complete(MESSAGES, max_tokens=50)
    assert len(server.requests) == 1


@EACH
def test_a_garbled_answer_is_none(case: Case, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for body in ("<html>", "[]", '{"half', '{"hello": 1}', "[" * 100_000):
        server.says(Reply(body=body))
        with pytest.raises((ContractError, TransientError)):
            model(case, monkeypatch).complete(MESSAGES, max_tokens=50)
    server.says(Reply(pieces=(f"data: {'[' * 100_000}\n\n",)))
    with pytest.raises((ContractError, TransientError)):
        list(model(case, monkeypatch).stream(MESSAGES, max_tokens=50))


@EACH
def test_half_a_character_is_replaced(case: Case, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that holds one could be sent on as JSON."""
    half = json.dumps(case.good).replace('"Two ', '"\\ud83d ')
    server.says(Reply(body=half), Reply(pieces=tuple(one.replace('"Two ', '"\\ud83d ') for one in case.stream)))
    done = model(case, monkeypatch).complete(MESSAGES, max_tokens=50)
    *pieces, streamed = model(case, monkeypatch).stream(MESSAGES, max_tokens=50)
    assert isinstance(streamed, Completion)
    assert [done.text, "".join(pieces), streamed.text] == ["\ufffd liters."] * 3


CLIENTS = pytest.mark.parametrize("case", [CASES[0], *CASES[-4:-2]], ids=lambda case: case.provider)


@CLIENTS
def test_an_answer_that_comes_byte_by_byte_ends_with_the_deadline(
    case: Case, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = model(case, monkeypatch)
    server.says(Reply(body=case.good, pause=0.02))
    with deadline(0.2), pytest.raises(TransientError):
        subject.complete(MESSAGES, max_tokens=50)
    server.says(Reply(pieces=(": busy\n" * 20, *case.stream), pause=0.02))
    with deadline(0.2), pytest.raises(TransientError):
        list(subject.stream(MESSAGES, max_tokens=50))


@CLIENTS
def test_an_answer_that_unpacks_to_too_much_is_not_kept(
    case: Case, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = gzip.compress(json.dumps(case.good).encode() + b" " * MOST_BYTES, 1)
    server.says(Reply(body=body, headers={"content-encoding": "gzip"}))
    with pytest.raises(TransientError, match="more than 64 MB"):
        model(case, monkeypatch, replace(FAST, retries=Retries(1))).complete(MESSAGES, max_tokens=50)


@pytest.mark.parametrize("case", [CASES[0], *CASES[-4:]], ids=lambda case: case.provider)
def test_whatever_stands_in_an_answer_it_is_read_or_refused(
    case: Case, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = model(case, monkeypatch)
    for body in mutated(case.good):
        server.says(Reply(body=body))
        try:
            done = subject.complete(MESSAGES, max_tokens=50)
        except LakeError:
            continue
        numbers = (done.usage.n_input, done.usage.n_output, done.usage.n_cached)
        assert all(type(number) is int and number >= 0 for number in numbers), body
        assert [type(done.text), type(done.model)] == [str, str], body


@EACH
def test_an_error_with_the_status_of_an_answer_is_quoted(
    case: Case, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.says(Reply(body={"error": {"message": f"upstream is busy for {SECRET}"}}), Reply(body=case.good))
    subject = model(case, monkeypatch, replace(FAST, retries=Retries(1)))
    with pytest.raises((ContractError, TransientError), match=r"upstream is busy for \.\.\."):
        subject.complete(MESSAGES, max_tokens=50)
    assert subject.complete(MESSAGES, max_tokens=50).text == "Two liters."


def test_the_thoughts_of_a_model_of_mistral_are_left_out(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    (case,) = (case for case in CASES if case.provider == "mistral")
    blocks: Any = [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}, {"type": "text", "text": "Two"}]
    server.says(Reply(body=openai_reply(blocks)))
    assert model(case, monkeypatch).complete(MESSAGES, max_tokens=50).text == "Two"
    server.says(Reply(pieces=events(openai_chunk(blocks), openai_chunk(" liters.", "stop"))))
    assert list(model(case, monkeypatch).stream(MESSAGES, max_tokens=50))[:2] == ["Two", " liters."]


@EACH
def test_a_server_that_is_too_slow_is_given_up(case: Case, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGLAKE_CHAT_TIMEOUT", "0.1")
    server.says(Reply(body=case.good, seconds=0.3))
    hasty = ChatTimeouts(0.1, Retries(1, first=0.01, longest=0.02))
    with pytest.raises(TransientError, match="failed after 1 attempt"):
        model(case, monkeypatch, hasty).complete(MESSAGES, max_tokens=50)


def test_a_prompt_s_stable_beginning_is_marked_for_the_cache(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.says(Reply(body=anthropic()))
    load_chat("anthropic:claude-x").complete(MESSAGES, max_tokens=50)
    first = {"type": "text", "text": "Answer", "cache_control": {"type": "ephemeral"}}
    assert server.requests[0].body["system"] == [first, {"type": "text", "text": " briefly."}]
    # Servers of one's own may refuse the key of OpenAI's cache.
    server.says(Reply(body=openai_reply()))
    load_chat("openai:m").complete(MESSAGES, max_tokens=50)
    assert "prompt_cache_key" not in server.requests[0].body


def test_an_entra_token_goes_where_azure_wants_it(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    token = "eyJhbGciOi.eyJhdWQ.c2ln"
    for version in ("", "2024-10-21"):
        monkeypatch.setenv("RAGLAKE_CHAT_KEY", token)
        monkeypatch.setenv("RAGLAKE_CHAT_API_VERSION", version)
        server.says(Reply(body=openai_reply()))
        load_chat("azure:deployed").complete(MESSAGES, max_tokens=50)
        assert server.requests[0].headers["authorization"] == f"Bearer {token}"
        assert "api-key" not in server.requests[0].headers


def test_a_parameter_that_a_model_refuses_is_left_out(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.says(gemini_refusal(400, 'Invalid JSON payload: unknown name "responseJsonSchema"'), Reply(body=gemini()))
    assert load_chat("gemini:m").complete(MESSAGES, max_tokens=50, json_schema=SCHEMA).text == "Two liters."
    assert ["responseJsonSchema" in request.body["generationConfig"] for request in server.requests] == [True, False]


def test_models_of_one_process_are_at_several_places(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.says(Reply(body=openai_reply()))
    monkeypatch.delenv("RAGLAKE_CHAT_URL")
    monkeypatch.delenv("RAGLAKE_CHAT_KEY")
    monkeypatch.setenv("OPENAI_API_KEY", "of-openai")
    monkeypatch.setenv("RAGLAKE_JUDGE_KEY", "of-the-judge")
    of_lake = ModelEndpoints(
        chat={"url": f"{server.url}/chat"}, judge={"url": f"{server.url}/judge", "headers": {"x-a": "b"}}
    )
    with using(of_lake):
        for role in ("chat", "judge"):
            load_chat("openai:m", role=role).complete(MESSAGES, max_tokens=50)
    chat, judge = server.requests
    assert (chat.path, chat.headers["authorization"]) == ("/chat/chat/completions", "Bearer none")
    assert (judge.path, judge.headers["authorization"]) == ("/judge/chat/completions", "Bearer of-the-judge")
    assert judge.headers["x-a"] == "b"
