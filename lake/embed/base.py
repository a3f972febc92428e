"""The protocol of embedders: an identity, a tokenizer, and a stream of unit vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from lake.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np

    from lake.recipe import EmbedderIdentity


class RefusedTexts(ContractError):
    """Texts that the model does not embed, by their positions, each with its reason; all others were embedded."""

    def __init__(self, reasons: Mapping[int, str]) -> None:
        position, reason = next(iter(reasons.items()))
        super().__init__(f"{len(reasons)} texts were refused; text {position}: {reason}")
        self.reasons = dict(reasons)

    def __reduce__(self) -> tuple[type, tuple[dict[int, str]]]:
        return type(self), (self.reasons,)


class Embedder(Protocol):
    """Embeds texts; a text's vector has the same bytes in any batch."""

    identity: EmbedderIdentity

    def embed(self, texts: Sequence[str]) -> Iterator[tuple[Sequence[int], np.ndarray]]:
        """Yield ``(positions in texts, float32 unit vectors [n, dimensions])`` as batches are done.

        Each position comes exactly once, in any order, so that a caller can keep what was embedded if a later batch
        fails. Raises TransientError once retries are used up, and RefusedTexts, after all batches, for single texts
        that the model refuses; their positions never come.
        """
        ...

    def embed_query(self, text: str) -> np.ndarray:
        """One unit vector [dimensions], made with the model's query prompt.

        An embedder that has ``embed_queries`` makes many of them at once, as unit vectors [n, dimensions].
        """
        ...


def listed(embedders: Embedder | Sequence[Embedder] | None) -> tuple[Embedder, ...]:
    """The embedders that a caller passes: one, several or none."""
    if embedders is None:
        return ()
    return tuple(embedders) if isinstance(embedders, Sequence) else (embedders,)
