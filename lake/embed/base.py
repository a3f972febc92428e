"""The protocol of embedders: an identity, a tokenizer, and a stream of unit vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

    from lake.recipe import EmbedderIdentity


class Embedder(Protocol):
    """Embeds texts; a text's vector has the same bytes in any batch."""

    identity: EmbedderIdentity

    def embed(self, texts: Sequence[str]) -> Iterator[tuple[Sequence[int], np.ndarray]]:
        """Yield ``(positions in texts, float32 unit vectors [n, dimensions])`` as batches are done.

        Each position comes exactly once, in any order, so that a caller can keep what was embedded if a later batch
        fails. Raises TransientError once retries are used up.
        """
        ...

    def embed_query(self, text: str) -> np.ndarray:
        """One unit vector [dimensions], made with the model's query prompt."""
        ...
