"""Chat by Anthropic's own client; needs the extra ``anthropic``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from lake.answer.endpoint_chat import ChatRequest, EndpointChat, Reply
from lake.endpoints.bounded import bounded
from lake.endpoints.deadline import at_most
from lake.endpoints.endpoint import Endpoint
from lake.endpoints.providers import PROVIDERS
from lake.endpoints.refusals import RefusedRequest, translated
from lake.endpoints.usage import whole
from lake.errors import ContractError, UsageError

if TYPE_CHECKING:
    from anthropic import Anthropic

    from lake.answer.chat import Finish, Message

_OPTIONAL = ("temperature", "output_config")
_FINISHES: dict[str, Finish] = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refused",
}


class AnthropicChat(EndpointChat):
    """Marks the instructions that all requests share for the provider's cache of prompts."""

    @cached_property
    def _client(self) -> Anthropic:
        return _client_of(self.endpoint, self.timeouts.timeout)

    def _whole(self, chat_request: ChatRequest) -> Reply:
        answer = self._client.messages.create(**self._request(chat_request))
        return self._read(_reply, answer)

    def _pieces(self, chat_request: ChatRequest) -> Iterator[Reply]:
        with self._client.messages.create(**self._request(chat_request), stream=True) as events:
            for event in events:
                yield self._read(_piece, event)

    def _request(self, chat_request: ChatRequest) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": self.model,
            "max_tokens": chat_request.max_tokens,
            "timeout": at_most(self.timeouts.timeout),
            "messages": [{"role": m.role, "content": m.text} for m in chat_request.messages if m.role != "system"],
        }
        if system := [message for message in chat_request.messages if message.role == "system"]:
            request["system"] = _system(system)
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
            status, kind, message = error.status_code, _kind(error.body), self.endpoint.without_key(error.message)
            if status < 300:
                raise RefusedRequest(message, None) from error
            self._check_length(message, kind)
            self._check_refused_parameters(status, message, _OPTIONAL)
            headers = error.response.headers
            access = {"key": self.endpoint.key_from, "address": self.endpoint.url_from}
            raise translated(status, message, kind, headers, **access) from error
        except (anthropic.APIConnectionError, httpx2.HTTPError) as error:
            raise RefusedRequest(f"{error} {error.__cause__ or ''}".strip(), None) from error
        except (anthropic.AnthropicError, ValueError, RecursionError) as error:
            raise ContractError(f"the endpoint's answer can't be read: {error}") from error


@lru_cache(maxsize=32)
def _client_of(endpoint: Endpoint, timeout: float) -> Anthropic:
    """One client for each endpoint, so that connections are used again; it follows no redirection, as OpenAI's here."""
    try:
        from anthropic import Anthropic, DefaultHttpxClient
    except ImportError as missing:
        raise UsageError("the client for Anthropic is not installed; pip install 'raglake[anthropic]'") from missing
    return Anthropic(
        api_key=endpoint.api_key or "none",
        base_url=endpoint.base_url or PROVIDERS["anthropic"].url,
        default_headers=dict(endpoint.headers),
        timeout=timeout,
        max_retries=0,
        http_client=bounded(DefaultHttpxClient)(follow_redirects=False),
    )


def _reply(answer: Any) -> Reply:
    text = "".join(block.text for block in answer.content if block.type == "text")
    n_output = getattr(answer.usage, "output_tokens", None)
    reply = Reply(text, _finish(answer.stop_reason), n_output=n_output, model=answer.model)
    return reply.with_piece(_of_input(answer.usage))


def _piece(event: Any) -> Reply:
    if event.type == "message_start":
        return Reply(model=event.message.model).with_piece(_of_input(event.message.usage))
    if event.type == "content_block_delta":
        return Reply(getattr(event.delta, "text", ""))
    if event.type == "message_delta":
        n_output = getattr(event.usage, "output_tokens", None)
        return Reply(finish_reason=_finish(event.delta.stop_reason), n_output=n_output)
    return Reply()


def _finish(reason: str | None) -> Finish:
    return _FINISHES.get(reason or "", "stop")


def _system(messages: Sequence[Message]) -> str | list[dict[str, Any]]:
    """The instructions; in blocks if other requests share their beginning."""
    if any(message.n_stable for message in messages):
        return [part for message in messages for part in _parts(message)]
    return "\n\n".join(message.text for message in messages)


def _parts(message: Message) -> list[dict[str, Any]]:
    """A text as blocks, the one that other requests share first; too short a block is not cached, and costs no more."""
    shared, rest = message.text[: message.n_stable], message.text[message.n_stable :]
    parts: list[dict[str, Any]] = [{"type": "text", "text": text} for text in (shared, rest) if text.strip()]
    if shared.strip():
        parts[0]["cache_control"] = {"type": "ephemeral"}
    return parts


def _of_input(usage: Any) -> Reply:
    """The input tokens; the provider counts those that were written to its cache, or read from it, apart."""
    n_new = whole(getattr(usage, "input_tokens", None))
    if n_new is None:
        return Reply()
    written, cached = (whole(getattr(usage, f"cache_{what}_input_tokens", 0)) or 0 for what in ("creation", "read"))
    return Reply(n_input=n_new + written + cached, n_cached=cached, n_written=written)


def _kind(body: object) -> str | None:
    error = body.get("error") if isinstance(body, dict) else None
    return error.get("type") if isinstance(error, dict) else None
