"""A real endpoint on this machine that speaks OpenAI's and Anthropic's chat, and misbehaves on request."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from time import sleep
from typing import Any

import pytest


@dataclass
class ChatEndpoint:
    """Writes the next of ``replies``, a text or a function of the request; the last one again and again.

    ``faults`` are used up first, one a request: a ``status`` with ``headers`` and an ``error``, or a ``trick``.
    """

    replies: deque[str | Callable[[dict[str, Any]], str]] = field(default_factory=lambda: deque(["Whale oil [1]."]))
    faults: deque[dict[str, Any]] = field(default_factory=deque)
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    finish: str = "stop"
    delay: float = 0.0
    says_usage: bool = True
    lock: Any = field(default_factory=Lock)
    url: str = ""

    def text_for(self, request: dict[str, Any]) -> str:
        reply = self.replies.popleft() if len(self.replies) > 1 else self.replies[0]
        return reply if isinstance(reply, str) else reply(request)

    def prompt(self, number: int = -1) -> str:
        """All that a request told the model."""
        request = self.requests[number]
        return "\n".join([request.get("system", ""), *(message["content"] for message in request["messages"])])


def openai_answer(endpoint: ChatEndpoint, request: dict[str, Any], text: str) -> bytes:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": endpoint.finish}
    answer = {"id": "1", "object": "chat.completion", "created": 1, "model": request["model"], "choices": [choice]}
    usage = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
    return json.dumps(answer | ({"usage": usage} if endpoint.says_usage else {})).encode()


def openai_events(endpoint: ChatEndpoint, request: dict[str, Any], text: str) -> Iterator[str]:
    def chunk(**more: Any) -> str:
        told = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": request["model"], **more}
        return f"data: {json.dumps(told)}\n\n"

    for word in text.split(" "):
        yield chunk(choices=[{"index": 0, "delta": {"content": word + " "}, "finish_reason": None}])
    yield chunk(choices=[{"index": 0, "delta": {}, "finish_reason": endpoint.finish}])
    if request.get("stream_options", {}).get("include_usage"):
        usage = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
        yield chunk(choices=[], usage=usage)
    yield "data: [DONE]\n\n"


_STOPS = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}


def anthropic_message(endpoint: ChatEndpoint, request: dict[str, Any], text: str) -> dict[str, Any]:
    usage = {"input_tokens": 1000, "output_tokens": 100}
    told = {"id": "1", "type": "message", "role": "assistant", "model": request["model"], "stop_sequence": None}
    content = [{"type": "text", "text": text}]
    return {**told, "content": content, "stop_reason": _STOPS[endpoint.finish], "usage": usage}


def anthropic_events(endpoint: ChatEndpoint, request: dict[str, Any], text: str) -> Iterator[str]:
    def event(kind: str, **more: Any) -> str:
        return f"event: {kind}\ndata: {json.dumps({'type': kind, **more})}\n\n"

    yield event("message_start", message=anthropic_message(endpoint, request, "") | {"content": []})
    yield event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    for word in text.split(" "):
        yield event("content_block_delta", index=0, delta={"type": "text_delta", "text": word + " "})
    yield event("content_block_stop", index=0)
    stop = {"stop_reason": _STOPS[endpoint.finish], "stop_sequence": None}
    yield event("message_delta", delta=stop, usage={"output_tokens": 100})
    yield event("message_stop")


def handler_of(endpoint: ChatEndpoint) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            with endpoint.lock:
                endpoint.requests.append(request)
                endpoint.headers.append({name.lower(): value for name, value in self.headers.items()})
                fault = endpoint.faults.popleft() if endpoint.faults else {}
            sleep(endpoint.delay)
            trick = fault.get("trick", "")
            if trick == "drop":
                self.close_connection = True
            elif fault.get("status", 200) != 200:
                body = json.dumps({"type": "error", "error": fault.get("error", {"message": "no, thank you"})})
                self.send(fault["status"], body.encode(), fault.get("headers", {}))
            elif trick == "html":
                self.send(200, b"<html>", {"content-type": "text/html"})
            elif trick == "half json":
                self.send(200, b'{"choices": [', {})
            elif request.get("stream"):
                self.send_events(request, trick)
            else:
                self.send(200, self.whole(request), {})

        def whole(self, request: dict[str, Any]) -> bytes:
            text = endpoint.text_for(request)
            if self.path.endswith("/messages"):
                return json.dumps(anthropic_message(endpoint, request, text)).encode()
            return openai_answer(endpoint, request, text)

        def send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {"content-type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def send_events(self, request: dict[str, Any], trick: str) -> None:
            make = anthropic_events if self.path.endswith("/messages") else openai_events
            events = list(make(endpoint, request, endpoint.text_for(request)))
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            for event in events[: len(events) // 2] if trick else events:
                self.chunk(event)
            self.end_badly(trick) if trick else self.wfile.write(b"0\r\n\r\n")
            self.close_connection = bool(trick)

        def end_badly(self, trick: str) -> None:
            if trick == "error event":
                error = json.dumps({"type": "error", "error": {"type": "overloaded_error", "message": "too busy"}})
                self.chunk(f"event: error\ndata: {error}\n\n")
            if trick == "half event":
                self.chunk('event: message_delta\ndata: {"choices": [\n\n')
            if trick == "stall":
                sleep(1)
            if trick in ("error event", "half event", "clean end"):
                self.wfile.write(b"0\r\n\r\n")

        def chunk(self, event: str) -> None:
            data = event.encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.wfile.flush()

        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    return Handler


class QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A client that gave up closes the connection under us; that is what some tests are about."""


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatEndpoint]:
    """The endpoint, with the environment that names it and no chat model yet."""
    endpoint = ChatEndpoint()
    server = QuietServer(("127.0.0.1", 0), handler_of(endpoint))
    endpoint.url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("OPENAI_BASE_URL", f"{endpoint.url}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "secret-o")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", endpoint.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "secret-a")
    for name in ("RAGLAKE_CHAT_MODEL", "RAGLAKE_CHAT_PRICE", "RAGLAKE_PROMPTS"):
        monkeypatch.delenv(name, raising=False)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield endpoint
    server.shutdown()
    thread.join()
    server.server_close()
