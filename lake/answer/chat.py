"""The protocol of chat models: messages in, a completion out, at once or in pieces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NotRequired, Protocol, TypedDict

from lake.endpoints.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Role = Literal["system", "user", "assistant"]

#: How an answer ended: by itself, at its token limit, or declined by the model or its provider.
Finish = Literal["stop", "length", "refused"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation; requests that differ in their data share its first ``n_stable`` characters."""

    role: Role
    text: str
    n_stable: int = 0


@dataclass(frozen=True, slots=True)
class Completion:
    """A model's text, how it ended, and what it cost."""

    text: str
    usage: Usage
    model: str
    finish_reason: Finish
    seconds: float

    @property
    def cost_usd(self) -> float | None:
        return self.usage.cost_usd


class ChatWords(TypedDict):
    """What a request states besides its messages; see ``ChatModel.complete``."""

    max_tokens: int
    temperature: NotRequired[float]
    json_schema: NotRequired[dict[str, Any] | None]


class ChatModel(Protocol):
    """Raises TransientError once retries are used up, UsageError for a wrong key, model or size, else ContractError."""

    @property
    def name(self) -> str: ...

    def complete(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        json_schema: dict[str, Any] | None = None,
    ) -> Completion:
        """One answer; with ``json_schema`` it requests JSON of that schema, which the endpoint may ignore."""
        ...

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        json_schema: dict[str, Any] | None = None,
    ) -> Iterator[str | Completion]:
        """Pieces of text as they come, then the Completion with the whole text.

        A failure before the first piece is retried; one after it raises TransientError.
        """
        ...
