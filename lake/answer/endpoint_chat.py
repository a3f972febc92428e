"""The common part of chat models behind an endpoint: pacing, retries, refused parameters, and costs."""

from __future__ import annotations

import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

from lake.answer.chat import ChatWords, Completion, Finish, Message
from lake.chunk.tokenizers import load_tokenizer
from lake.endpoints.endpoint import Endpoint, settings, using
from lake.endpoints.pacing import limits_of
from lake.endpoints.prices import VARIABLE as PRICE
from lake.endpoints.prices import price_of
from lake.endpoints.providers import PROVIDERS
from lake.endpoints.refusals import RefusedRequest, UnacceptedRequest
from lake.endpoints.retry import Retries
from lake.endpoints.surrogates import without_surrogates
from lake.endpoints.tracing import OpenSpan, chat_span
from lake.endpoints.usage import Usage, whole
from lake.errors import ContractError, TransientError, UsageError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from lake.endpoints.prices import ListPrice, Price

T = TypeVar("T")

#: Counts tokens if the provider reports none; the models' own encodings differ.
TOKENIZER = "tiktoken:cl100k_base"
#: Seconds without a byte, unless the endpoint's settings state others.
_TIMEOUT = 60.0
#: How providers say that a prompt is too long: a code or a part of the message, in lower case.
_TOO_LONG = (
    "context_length_exceeded",
    "maximum context length",
    "prompt is too long",
    "exceeds the available context",
    "exceeds the context length",
    "exceeds the maximum number of tokens",
    "model's context length",
    "too many tokens",
)


@dataclass(frozen=True, slots=True)
class ChatTimeouts:
    """``timeout``: seconds without a byte; ``longest_answer``: seconds for a whole answer."""

    timeout: float = _TIMEOUT
    retries: Retries = field(default_factory=lambda: Retries(4, first=0.5, longest=20.0, longest_stated=60.0))
    longest_answer: float = 600.0


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One request, independent of the provider."""

    messages: tuple[Message, ...]
    max_tokens: int
    temperature: float
    json_schema: dict[str, Any] | None

    @property
    def words(self) -> str:
        return "\n".join(message.text for message in self.messages)

    @property
    def stable_prefix(self) -> str:
        """The beginning that requests with other data share."""
        first = self.messages[0]
        return first.text[: first.n_stable].strip()


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer, or a piece of one; None for what a piece does not contain.

    Raises TypeError for a text that is none. Half a surrogate pair, which could not be sent on, becomes U+FFFD. A count
    or a name that can't be one is as good as missing.
    """

    text: str = ""
    finish_reason: Finish | None = None
    n_input: int | None = None
    n_output: int | None = None
    model: str | None = None
    n_cached: int | None = None
    n_written: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise TypeError(f"{type(self.text).__name__} for a text")
        object.__setattr__(self, "text", without_surrogates(self.text))
        for name in ("n_input", "n_output", "n_cached", "n_written"):
            object.__setattr__(self, name, whole(getattr(self, name)))
        object.__setattr__(self, "model", self.model if isinstance(self.model, str) else None)

    def with_piece(self, piece: Reply) -> Reply:
        return Reply(
            self.text + piece.text,
            piece.finish_reason or self.finish_reason,
            self.n_input if piece.n_input is None else piece.n_input,
            self.n_output if piece.n_output is None else piece.n_output,
            piece.model or self.model,
            self.n_cached if piece.n_cached is None else piece.n_cached,
            self.n_written if piece.n_written is None else piece.n_written,
        )


class EmptyAnswer(UnacceptedRequest):
    """The model answered, but without a word."""


class Unsupported(Exception):
    """The model refused an optional parameter; the next request omits it."""


class EndpointChat(ABC):
    """A subclass sends a request and reads replies; it raises RefusedRequest for what a retry may fix."""

    def __init__(self, provider: str, model: str, endpoint: Endpoint, timeouts: ChatTimeouts | None = None) -> None:
        self.name, self.model = f"{provider}:{model}", model
        self.provider = PROVIDERS[provider]
        self.endpoint = endpoint
        self.timeouts = timeouts or ChatTimeouts(endpoint.timeout or _TIMEOUT)
        self._limits = limits_of(self.name, endpoint)
        self._settings = settings()
        self._left_out: set[str] = set()
        if os.environ.get(PRICE):
            self.price  # noqa: B018 - an invalid one is an error before any call

    @property
    def address(self) -> str:
        """The endpoint's address unless it is the provider's own: models of one name may differ."""
        return self.endpoint.base_url or ""

    @cached_property
    def price(self) -> Price | ListPrice | None:
        """What tokens cost, None if that is not known."""
        with using(self._settings):
            return price_of(self.name, self.endpoint.base_url)

    @abstractmethod
    def _errors(self) -> AbstractContextManager[None]:
        """Turns the client's exceptions into RefusedRequest, Unsupported or an error of ours."""

    @abstractmethod
    def _whole(self, request: ChatRequest) -> Reply: ...

    @abstractmethod
    def _pieces(self, request: ChatRequest) -> Iterator[Reply]: ...

    def _read(self, read: Callable[[Any], Reply], answer: Any) -> Reply:
        """An answer or a piece as ``read`` finds it; ContractError for one of another form.

        A gateway's error that has the status of an answer raises RefusedRequest.
        """
        if error := getattr(answer, "error", None):
            raise RefusedRequest(self.endpoint.without_key(f"an error as its answer: {error}"), None)
        try:
            return read(answer)
        except (KeyError, TypeError, IndexError, AttributeError, ValueError) as error:
            raise ContractError(
                f"{self.name!r} sent an answer without a message ({error!r}); check {self.endpoint.url_from}"
            ) from error

    def complete(self, messages: Sequence[Message], **words: Unpack[ChatWords]) -> Completion:
        request, started = _asked(messages, **words), time.monotonic()
        with self._limits.slot(self.timeouts.timeout, repr(self.name)), self._traced(request) as span:
            return self._completion(request, self._retried(request, lambda: self._whole(request)), started, span)

    def stream(self, messages: Sequence[Message], **words: Unpack[ChatWords]) -> Iterator[str | Completion]:
        request, started = _asked(messages, **words), time.monotonic()
        reply, has_begun = Reply(), False
        with self._limits.slot(self.timeouts.timeout, repr(self.name)), self._traced(request) as span:
            pieces = self._retried(request, lambda: _begun(self._pieces(request)))
            for piece in self._unbroken(pieces, started):
                reply, has_begun = reply.with_piece(piece), True
                if piece.text:
                    yield piece.text
            if not has_begun:  # the server, or a proxy before it, does not stream, and answered as a whole
                reply = self._retried(request, lambda: self._whole(request))
                yield reply.text
            if reply.finish_reason is None:
                raise TransientError(_broken(self.name, "it ended without a finish reason"))
            completion = self._completion(request, reply, started, span)
        yield completion

    def _traced(self, request: ChatRequest) -> AbstractContextManager[OpenSpan]:
        told = ((message.role, message.text) for message in request.messages)
        return chat_span(self.provider.name, self.model, told, request.max_tokens)

    def _unbroken(self, pieces: Iterator[Reply], started: float) -> Iterator[Reply]:
        """Yields the pieces; a failure after the first can't be retried, since users have seen it."""
        try:
            with self._errors():
                for piece in pieces:
                    yield piece
                    if time.monotonic() - started > self.timeouts.longest_answer:
                        raise TransientError(_broken(self.name, f"over {self.timeouts.longest_answer:.0f} s"))
        except RefusedRequest as broken:
            raise TransientError(_broken(self.name, str(broken))) from broken

    def _retried(self, request: ChatRequest, send: Callable[[], T]) -> T:
        def attempt() -> T:
            time.sleep(self._limits.wait(self._estimate(request)))
            with self._errors():
                return send()

        while True:
            with suppress(Unsupported):  # the next attempt omits that parameter
                return self.timeouts.retries.run(repr(self.name), attempt)

    def _estimate(self, request: ChatRequest) -> int:
        return len(request.words) // 4 + request.max_tokens

    def _completion(self, request: ChatRequest, reply: Reply, started: float, span: OpenSpan) -> Completion:
        finish = reply.finish_reason or "stop"
        if not reply.text.strip() and finish != "refused":
            raise EmptyAnswer(_empty(self.name, finish, request.max_tokens))
        count = load_tokenizer(TOKENIZER).count
        n_input = count(request.words) if reply.n_input is None else reply.n_input
        n_output = count(reply.text) if reply.n_output is None else reply.n_output
        seconds = time.monotonic() - started
        usage = self._usage(n_input, n_output, reply.n_cached or 0, reply.n_written or 0)
        span.replied(reply.model or self.model, reply.text, finish, usage)
        return Completion(reply.text, usage, reply.model or self.model, finish, seconds)

    def _usage(self, n_input: int, n_output: int, n_cached: int, n_written: int) -> Usage:
        if self.price is None:
            return Usage(1, n_input, n_output, None, n_cached)
        cost = self.price.of(n_input, n_output, n_cached, n_written)
        return Usage(1, n_input, n_output, cost, n_cached, (self.price.origin,))

    def _check_refused_parameters(self, status: int, message: str, optional: Sequence[str]) -> None:
        """Raises Unsupported if the refusal names an optional parameter that was sent."""
        if status not in (400, 422):
            return
        named = {name for name in optional if name in message} - self._left_out
        if named:
            self._left_out |= named
            raise Unsupported(message)

    def _check_length(self, message: str, code: str | None) -> None:
        if any(words in message.lower() or words == code for words in _TOO_LONG):
            raise UsageError(f"the prompt is longer than {self.name!r} allows: {message}; lower the token budget")


def _asked(
    messages: Sequence[Message],
    *,
    max_tokens: int,
    temperature: float = 0.0,
    json_schema: dict[str, Any] | None = None,
) -> ChatRequest:
    clean = tuple(replace(message, text=without_surrogates(message.text)) for message in messages)
    return ChatRequest(clean, max_tokens, temperature, json_schema)


def _begun(pieces: Iterator[Reply]) -> Iterator[Reply]:
    """The same pieces after the first has been received, so that a failed start can be retried."""
    first = next(pieces, None)
    return pieces if first is None else chain([first], pieces)


def _broken(name: str, why: str) -> str:
    return f"the answer of {name!r} broke off: {why}; try again"


def _empty(name: str, finish: str, max_tokens: int) -> str:
    if finish == "length":
        return f"{name!r} used up {max_tokens} tokens before it wrote a word; allow a longer output"
    return f"{name!r} returned an empty answer; try again, or choose another model"
