"""What a chat model is: messages in, a completion out, at once or in pieces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from lake.endpoints.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Role = Literal["system", "user", "assistant"]

#: How an answer ended: by itself, at the limit of its tokens, or declined by the model or its provider.
Finish = Literal["stop", "length", "refused"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model wrote, how it ended, and what it took."""

    text: str
    usage: Usage
    model: str
    finish_reason: Finish
    seconds: float

    @property
    def cost_usd(self) -> float | None:
        return self.usage.cost_usd


class ChatModel(Protocol):
    """Raises TransientError once retries are used up, UsageError for a wrong key, model or size, ContractError else."""

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
        """One answer; with ``json_schema`` the endpoint is asked for JSON of that form, which it may ignore."""
        ...

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        json_schema: dict[str, Any] | None = None,
    ) -> Iterator[str | Completion]:
        """Pieces of text as they come, and last the Completion that holds all of it.

        A failure before the first piece is retried; one after it raises TransientError.
        """
        ...
