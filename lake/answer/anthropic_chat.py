"""Chat by Anthropic's own client; needs the extra ``anthropic``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lake.answer.endpoint_chat import ChatRequest, ChatTimeouts, EndpointChat, Reply
from lake.endpoints.deadline import at_most
from lake.endpoints.refusals import RefusedRequest, translated
from lake.errors import ContractError, UsageError

if TYPE_CHECKING:
    from anthropic import Anthropic

    from lake.answer.chat import Finish
    from lake.endpoints.prices import Price

PREFIX = "anthropic:"
_KEY, _ADDRESS = "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"

_OPTIONAL = ("temperature", "output_config")
_FINISHES: dict[str, Finish] = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refused",
}


class AnthropicChat(EndpointChat):
    """Reads ANTHROPIC_API_KEY, and ANTHROPIC_BASE_URL if set."""

    def __init__(self, model: str, timeouts: ChatTimeouts | None = None, price: Price | None = None) -> None:
        super().__init__(f"{PREFIX}{model}", model, timeouts, price)
        self._key = os.environ.get(_KEY, "")
        if not self._key:
            raise UsageError(f"no key for Anthropic; set {_KEY}")

    @property
    def address(self) -> str:
        return os.environ.get(_ADDRESS, "")

    @cached_property
    def _client(self) -> Anthropic:
        try:
            from anthropic import Anthropic
        except ImportError as missing:
            raise UsageError("the client for Anthropic is not installed; pip install 'raglake[anthropic]'") from missing
        return Anthropic(api_key=self._key, timeout=self.timeouts.timeout, max_retries=0)

    def _whole(self, chat_request: ChatRequest) -> Reply:
        answer = self._client.messages.create(**self._request(chat_request))
        blocks = getattr(answer, "content", None)
        if blocks is None:
            raise ContractError(f"the endpoint's answer contains no message; check {_ADDRESS}")
        text = "".join(block.text for block in blocks if block.type == "text")
        return Reply(
            text, _finish(answer.stop_reason), _n_input(answer.usage), answer.usage.output_tokens, answer.model
        )

    def _pieces(self, chat_request: ChatRequest) -> Iterator[Reply]:
        with self._client.messages.create(**self._request(chat_request), stream=True) as events:
            for event in events:
                yield _piece(event)

    def _request(self, chat_request: ChatRequest) -> dict[str, Any]:
        system = "\n\n".join(message.text for message in chat_request.messages if message.role == "system")
        request: dict[str, Any] = {
            "model": self.model,
            "max_tokens": chat_request.max_tokens,
            "timeout": at_most(self.timeouts.timeout),
            "messages": [{"role": m.role, "content": m.text} for m in chat_request.messages if m.role != "system"],
        }
        if system:
            request["system"] = system
        if chat_request.json_schema is not None:
            request["output_config"] = {"format": {"type": "json_schema", "schema": chat_request.json_schema}}
        if "temperature" not in self._left_out:
            # The client dropped this argument, since newer models refuse it; older ones need it.
            request["extra_body"] = {"temperature": chat_request.temperature}
        return {name: value for name, value in request.items() if name not in self._left_out}

    @contextmanager
    def _errors(self) -> Iterator[None]:
        self._client  # noqa: B018 - without the package there is nothing to import below
        import anthropic
        import httpx2

        try:
            yield
        except anthropic.APIStatusError as error:
            # Inside a stream the status is that of its beginning: 200.
            status, kind = error.status_code, _kind(error.body)
            if status < 400:
                raise RefusedRequest(error.message, None) from error
            self._check_length(error.message, kind)
            self._check_refused_parameters(status, error.message, _OPTIONAL)
            headers = error.response.headers
            raise translated(status, error.message, kind, headers, key=_KEY, address=_ADDRESS) from error
        except (anthropic.APIConnectionError, httpx2.HTTPError) as error:
            raise RefusedRequest(f"{error} {error.__cause__ or ''}".strip(), None) from error
        except (anthropic.AnthropicError, ValueError) as error:
            raise ContractError(f"the endpoint's answer can't be read: {error}") from error


def _piece(event: Any) -> Reply:
    if event.type == "message_start":
        return Reply(n_input=_n_input(event.message.usage), model=event.message.model)
    if event.type == "content_block_delta":
        return Reply(getattr(event.delta, "text", ""))
    if event.type == "message_delta":
        return Reply(finish_reason=_finish(event.delta.stop_reason), n_output=event.usage.output_tokens)
    return Reply()


def _finish(reason: str | None) -> Finish:
    return _FINISHES.get(reason or "", "stop")


def _n_input(usage: Any) -> int:
    cached = (getattr(usage, f"cache_{what}_input_tokens", None) or 0 for what in ("creation", "read"))
    return int(usage.input_tokens) + sum(cached)


def _kind(body: object) -> str | None:
    error = body.get("error") if isinstance(body, dict) else None
    return error.get("type") if isinstance(error, dict) else None
