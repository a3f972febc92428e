"""What embedders of endpoints have in common: a model, a protocol, and the sizes of requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from lake.endpoints.retry import Retries

if TYPE_CHECKING:
    from lake.recipe import EmbedderIdentity


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """Sizes of one request, its timeout in seconds, and its retries.

    OpenAI allows 2048 inputs and 300,000 tokens a request; the defaults keep a margin,
    because local counts are approximate and smaller requests lose less when one fails.
    """

    max_inputs: int = 512
    max_tokens: int = 200_000
    n_threads: int = 4
    timeout: float = 60.0
    retries: Retries = field(default_factory=Retries)


class EmbeddingModel(Protocol):
    """A model's name at the endpoint, and what its vectors are like."""

    @property
    def name(self) -> str: ...
    @property
    def dimensions(self) -> int: ...
    @property
    def is_shortened(self) -> bool:
        """Whether a request must name the dimensions."""
        ...

    @property
    def identity(self) -> EmbedderIdentity: ...


class EmbeddingProtocol(Protocol):
    """How an endpoint is asked. ``encodings`` are forms of vectors, of which an endpoint may refuse all but one."""

    encodings: tuple[str, ...]

    def embed(self, texts: Sequence[str], encoding: str, *, is_query: bool) -> dict[str, Any]:
        """The vectors in the form of OpenAI's answers: ``data`` with ``index`` and ``embedding``, and ``usage``.

        Raises RefusedRequest, UnacceptedRequest or another LakeError.
        """
        ...
