"""What a chat model is: messages in, a completion out, at once or in pieces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

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
class Usage:
    """Calls, tokens as the provider counts them (else as tiktoken does), and USD; None where a price is not known.

    >>> (Usage(1, 10, 5, 0.5) + Usage(1, 20, 5, None)).n_input, (Usage(1, 1, 1, 0.5) + Usage(1, 1, 1, None)).cost_usd
    (30, None)
    """

    n_calls: int = 0
    n_input: int = 0
    n_output: int = 0
    cost_usd: float | None = 0.0

    def __add__(self, other: Usage) -> Usage:
        both_known = self.cost_usd is not None and other.cost_usd is not None
        return Usage(
            self.n_calls + other.n_calls,
            self.n_input + other.n_input,
            self.n_output + other.n_output,
            (self.cost_usd or 0.0) + (other.cost_usd or 0.0) if both_known else None,
        )


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
