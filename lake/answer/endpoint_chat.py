"""The common part of chat models behind an endpoint: pacing, retries, refused parameters, and costs."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

from lake.answer.chat import Completion, Finish, Message
from lake.chunk.tokenizers import load_tokenizer
from lake.endpoints.pacing import TokenBucket
from lake.endpoints.prices import price_of
from lake.endpoints.refusals import RefusedRequest, UnacceptedRequest
from lake.endpoints.retry import Retries
from lake.endpoints.surrogates import without_surrogates
from lake.endpoints.usage import Usage
from lake.errors import TransientError, UsageError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from lake.endpoints.prices import Price

T = TypeVar("T")

#: Counts tokens if the provider reports none; the models' own encodings differ.
TOKENIZER = "tiktoken:cl100k_base"
_TOO_LONG = ("context_length_exceeded", "maximum context length", "prompt is too long", "exceeds the available context")


@dataclass(frozen=True, slots=True)
class ChatTimeouts:
    """``timeout``: seconds without a byte; ``longest_answer``: seconds for a whole answer."""

    timeout: float = 60.0
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


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer, or a piece of one; None for what a piece does not contain."""

    text: str = ""
    finish_reason: Finish | None = None
    n_input: int | None = None
    n_output: int | None = None
    model: str | None = None

    def with_piece(self, piece: Reply) -> Reply:
        return Reply(
            self.text + piece.text,
            piece.finish_reason or self.finish_reason,
            self.n_input if piece.n_input is None else piece.n_input,
            self.n_output if piece.n_output is None else piece.n_output,
            piece.model or self.model,
        )


class EmptyAnswer(UnacceptedRequest):
    """The model answered, but without a word."""


class Unsupported(Exception):
    """The model refused an optional parameter; the next request omits it."""


class EndpointChat(ABC):
    """A subclass sends a request and reads replies; it raises RefusedRequest for what a retry may fix."""

    def __init__(
        self, name: str, model: str, timeouts: ChatTimeouts | None, price: Price | None, rpm: float = 0, tpm: float = 0
    ) -> None:
        self.name = name
        self.model = model
        self.timeouts = timeouts or ChatTimeouts()
        self.price = price or price_of(model)
        self._requests, self._tokens = TokenBucket(rpm), TokenBucket(tpm)
        self._left_out: set[str] = set()

    @property
    def address(self) -> str:
        """The endpoint's address unless it is the provider's own: models of one name may differ."""
        return ""

    @abstractmethod
    def _errors(self) -> AbstractContextManager[None]:
        """Turns the client's exceptions into RefusedRequest, Unsupported or an error of ours."""

    @abstractmethod
    def _whole(self, request: ChatRequest) -> Reply: ...

    @abstractmethod
    def _pieces(self, request: ChatRequest) -> Iterator[Reply]: ...

    def complete(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        json_schema: dict[str, Any] | None = None,
    ) -> Completion:
        request, started = _asked(messages, max_tokens, temperature, json_schema), time.monotonic()
        return self._completion(request, self._retried(request, lambda: self._whole(request)), started)

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        json_schema: dict[str, Any] | None = None,
    ) -> Iterator[str | Completion]:
        request, started = _asked(messages, max_tokens, temperature, json_schema), time.monotonic()
        pieces = self._retried(request, lambda: _begun(self._pieces(request)))
        reply = Reply()
        for piece in self._unbroken(pieces, started):
            reply = reply.with_piece(piece)
            if piece.text:
                yield piece.text
        if reply.finish_reason is None:
            raise TransientError(_broken(self.name, "it ended without a finish reason"))
        yield self._completion(request, reply, started)

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
            time.sleep(max(self._requests.take(1), self._tokens.take(self._estimate(request))))
            with self._errors():
                return send()

        while True:
            with suppress(Unsupported):  # the next attempt omits that parameter
                return self.timeouts.retries.run(repr(self.name), attempt)

    def _estimate(self, request: ChatRequest) -> int:
        return len(request.words) // 4 + request.max_tokens

    def _completion(self, request: ChatRequest, reply: Reply, started: float) -> Completion:
        finish = reply.finish_reason or "stop"
        if not reply.text.strip() and finish != "refused":
            raise EmptyAnswer(_empty(self.name, finish, request.max_tokens))
        count = load_tokenizer(TOKENIZER).count
        n_input = count(request.words) if reply.n_input is None else reply.n_input
        n_output = count(reply.text) if reply.n_output is None else reply.n_output
        cost = self.price.of(n_input, n_output) if self.price else None
        seconds = time.monotonic() - started
        return Completion(reply.text, Usage(1, n_input, n_output, cost), reply.model or self.model, finish, seconds)

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
    messages: Sequence[Message], max_tokens: int, temperature: float, json_schema: dict[str, Any] | None
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
