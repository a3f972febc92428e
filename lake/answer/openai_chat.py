"""Chat through any endpoint with OpenAI's protocol, by the ``openai`` client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lake.answer.endpoint_chat import ChatRequest, ChatTimeouts, EndpointChat, Reply, Unsupported
from lake.endpoints.deadline import at_most
from lake.endpoints.openai_client import of_each_request, openai_client
from lake.endpoints.refusals import RefusedRequest, translated
from lake.errors import ContractError
from lake.ids import value_digest

if TYPE_CHECKING:
    from openai import OpenAI

    from lake.answer.chat import Finish
    from lake.endpoints.endpoint import Endpoint


_OPTIONAL = ("temperature", "response_format", "stream_options", "prompt_cache_key")
_FINISHES: dict[str, Finish] = {"length": "length", "model_length": "length", "content_filter": "refused"}


class OpenAIChat(EndpointChat):
    """Omits a parameter once the model has refused it, for instance a temperature."""

    def __init__(self, provider: str, model: str, endpoint: Endpoint, timeouts: ChatTimeouts | None = None) -> None:
        super().__init__(provider, model, endpoint, timeouts)
        is_own = self.provider.owns(endpoint.base_url)
        # OpenAI's newer models accept only the longer name, most other servers only the shorter one.
        self._limit = "max_completion_tokens" if is_own and provider in ("openai", "azure") else "max_tokens"
        self._has_prompt_cache = is_own

    @cached_property
    def _client(self) -> OpenAI:
        return openai_client(self.provider, self.endpoint, self.model, self.timeouts.timeout)

    def _whole(self, chat_request: ChatRequest) -> Reply:
        answer = self._client.chat.completions.create(**self._request(chat_request))
        return self._read(_reply, answer)

    def _pieces(self, chat_request: ChatRequest) -> Iterator[Reply]:
        request = self._request(chat_request) | {"stream": True}
        if "stream_options" not in self._left_out:
            request["stream_options"] = {"include_usage": True}
        with self._client.chat.completions.create(**request) as chunks:
            for chunk in chunks:
                yield self._read(_piece, chunk)

    def _request(self, chat_request: ChatRequest) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": message.role, "content": message.text} for message in chat_request.messages],
            self._limit: chat_request.max_tokens,
            "temperature": chat_request.temperature,
            "timeout": at_most(self.timeouts.timeout),
            **of_each_request(self.provider, self.endpoint),
        }
        if chat_request.json_schema is not None:
            form = {"name": "answer", "schema": chat_request.json_schema, "strict": True}
            request["response_format"] = {"type": "json_schema", "json_schema": form}
        if self._has_prompt_cache and (prefix := chat_request.stable_prefix):
            request["prompt_cache_key"] = f"raglake-{value_digest(prefix)[:16]}"
        return {name: value for name, value in request.items() if name not in self._left_out}

    @contextmanager
    def _errors(self) -> Iterator[None]:
        import openai

        try:
            yield
        except openai.APIStatusError as error:
            message, headers = self.endpoint.without_key(error.message), error.response.headers
            self._check_status(error.status_code, message, error.code)
            access = {"key": self.endpoint.key_from, "address": self.endpoint.url_from}
            raise translated(error.status_code, message, error.code, headers, **access) from error
        except openai.APIConnectionError as error:
            raise RefusedRequest(f"{error.message} {error.__cause__ or ''}".strip(), None) from error
        except openai.APIResponseValidationError as error:
            raise ContractError(f"the endpoint's answer can't be read: {error}") from error
        except openai.APIError as error:  # an error sent in the middle of a stream
            raise RefusedRequest(self.endpoint.without_key(error.message), None) from error
        except (openai.OpenAIError, ValueError, RecursionError) as error:
            raise ContractError(f"the endpoint's answer can't be read: {error}") from error

    def _check_status(self, status: int, message: str, code: str | None) -> None:
        other = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}[self._limit]
        if status in (400, 422) and self._limit in message and other in message and "limit" not in self._left_out:
            self._left_out.add("limit")  # swapped once, and never back
            self._limit = other
            raise Unsupported(message)
        self._check_length(message, code)
        self._check_refused_parameters(status, message, _OPTIONAL)


def _reply(answer: Any) -> Reply:
    choice = answer.choices[0]
    text, refusal = _text(choice.message.content), getattr(choice.message, "refusal", None)
    finish = "refused" if refusal else _finish(choice.finish_reason)
    return _with_usage(Reply(text or refusal or "", finish, model=answer.model), answer)


def _piece(chunk: Any) -> Reply:
    choices = getattr(chunk, "choices", None)
    if not choices:
        return _with_usage(Reply(model=getattr(chunk, "model", None)), chunk)
    delta, reason = choices[0].delta, choices[0].finish_reason
    refusal = getattr(delta, "refusal", None)
    finish: Finish | None = "refused" if refusal else _finish(reason) if reason else None
    return _with_usage(Reply(_text(delta.content) or refusal or "", finish, model=chunk.model), chunk)


def _text(content: Any) -> str:
    """A message's text; models of Mistral that reason send blocks, of which their thoughts are left out."""
    if isinstance(content, list):
        return "".join(block["text"] for block in content if block["type"] == "text")
    text: str = content or ""
    return text


def _finish(reason: str | None) -> Finish:
    return _FINISHES.get(reason or "", "stop")


def _with_usage(reply: Reply, answer: Any) -> Reply:
    usage = getattr(answer, "usage", None)
    n_input, n_output = (getattr(usage, f"{kind}_tokens", None) for kind in ("prompt", "completion"))
    cached = getattr(getattr(usage, "prompt_tokens_details", None), "cached_tokens", None)
    return reply.with_piece(Reply("", None, n_input, n_output, n_cached=cached))
