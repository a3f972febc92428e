"""Several chat models in order: the next one is called if those before it can't be reached."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

from lake.answer.chat import ChatWords, Completion, Message
from lake.answer.endpoint_chat import EmptyAnswer
from lake.endpoints.breaker import Breaker, UnreachableError, breaker_of
from lake.endpoints.refusals import RefusedAccess
from lake.errors import UsageError

if TYPE_CHECKING:
    from lake.answer.chat import ChatModel

T = TypeVar("T")

#: Seconds without a piece after which a stream has broken, if there is a time limit at all.
_SILENCE = 20.0
_END = object()


class ChatChain:
    """A chat model that calls the first of ``models`` that can be reached; a Completion names the one that wrote it.

    Raises UnreachableError if none can. A prompt that is too long is the caller's error and calls no other model.
    With ``seconds``, all calls together end within that time, and each model gets an equal share of what is left.
    """

    def __init__(self, models: Sequence[ChatModel], seconds: float | None = None) -> None:
        if not models:
            raise UsageError("a chain of chat models needs at least one")
        self.models = tuple(models)
        self._until = None if seconds is None else time.monotonic() + seconds

    @property
    def name(self) -> str:
        return ",".join(model.name for model in self.models)

    @property
    def address(self) -> str:
        """The addresses of all models."""
        return ",".join(getattr(model, "address", "") for model in self.models)

    @classmethod
    def within(cls, model: ChatModel, seconds: float) -> ChatChain:
        """The model, or the models of a chain, for one question."""
        return cls(model.models if isinstance(model, ChatChain) else [model], seconds)

    def complete(self, messages: Sequence[Message], **words: Unpack[ChatWords]) -> Completion:
        return self._first(lambda model: model.complete(messages, **words))[1]

    def stream(self, messages: Sequence[Message], **words: Unpack[ChatWords]) -> Iterator[str | Completion]:
        """A model that fails after its first piece ends the stream, since its words have been read."""
        breaker, pieces = self._first(lambda model: _begun(model.stream(messages, **words)))
        while True:
            limit = None if self._until is None else min(_SILENCE, self._left())
            piece: Any = breaker.call(lambda: next(pieces, _END), limit, is_forced=True)
            if piece is _END:
                return
            yield piece

    def _first(self, call: Callable[[ChatModel], T]) -> tuple[Breaker, T]:
        """The breaker and the result of the first model that can be reached."""
        failures: list[str] = []
        for n_left, model in zip(range(len(self.models), 0, -1), self.models, strict=True):
            breaker, seconds = chat_breaker(model), None if self._until is None else self._left() / n_left
            try:
                return breaker, breaker.call(lambda model=model: call(model), seconds)  # type: ignore[misc]
            except UnreachableError as failure:
                failures.append(str(failure))
        raise UnreachableError("; ".join(failures), "answer")

    def _left(self) -> float:
        return max((self._until or 0.0) - time.monotonic(), 0.001)


def chat_breaker(model: ChatModel) -> Breaker:
    """The breaker of a chat model at its address."""

    def probe() -> None:
        with suppress(EmptyAnswer):  # it has thought, and so it works
            model.complete([Message("user", "Reply with one word.")], max_tokens=16)

    address = getattr(model, "address", None)
    return breaker_of("answer", model.name, id(model) if address is None else address, probe, is_failure=_is_failure)


def _is_failure(error: Exception) -> bool:
    return not isinstance(error, UsageError) or isinstance(error, RefusedAccess)


def _begun(pieces: Iterator[str | Completion]) -> Iterator[Any]:
    """The same pieces after the first has come."""
    first = next(pieces, _END)
    return iter(()) if first is _END else chain([first], pieces)
