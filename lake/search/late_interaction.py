"""``--rerank own``: candidates scored by the token vectors of the release's own model."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from lake.cache.process_store import ProcessStore
from lake.embed.token_vectors import max_sim, token_encoder

if TYPE_CHECKING:
    from lake.recipe import EmbedderIdentity

#: Bytes of token vectors that a reader keeps; about 77 KB for a chunk of 200 tokens.
MOST_BYTES = 256 << 20


class TokenVectors:
    """int8 token vectors of texts in this process, by the text's digest; the least recently used go first.

    Nothing is stored in the lake. Entries belong to a generation of tables: an erasure makes a new one, and what the
    one before it held is dropped and can't come back.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._store = ProcessStore(most_bytes)

    def keep(self, generations: Collection[str]) -> None:
        """Drops what belongs to none of these generations."""
        self._store.keep(generations)

    def of(self, identity: EmbedderIdentity, generation: str, texts: Sequence[str]) -> list[np.ndarray]:
        """int8 [tokens, hidden] of each text; those that are not held are computed together."""
        keys = [f"{generation}:{_digest(identity, text)}" for text in texts]
        held = [self._store.get(key) for key in keys]
        missing = [position for position, data in enumerate(held) if data is None]
        made = token_encoder(identity).of_texts([texts[position] for position in missing])
        for position, tokens in zip(missing, made, strict=True):
            held[position] = tokens.tobytes()
            self._store.put(keys[position], tokens.tobytes(), generation)
        return [np.frombuffer(data or b"", np.int8).reshape(-1, identity.dimensions) for data in held]

    def __len__(self) -> int:
        return len(self._store)

    @property
    def n_bytes(self) -> int:
        return self._store.n_bytes


@dataclass(frozen=True, slots=True)
class OwnReranker:
    """A release's own model; scores lie between -1 and 1 and depend on question and text alone."""

    identity: EmbedderIdentity
    generation: str
    vectors: TokenVectors

    def scores(self, question: str, texts: Sequence[str]) -> np.ndarray:
        """float64 [n]; raises UsageError if the model has no token vectors."""
        tokens = token_encoder(self.identity).of_question(question)
        found = self.vectors.of(self.identity, self.generation, texts)
        return np.array([max_sim(tokens, one) for one in found], np.float64)


def _digest(identity: EmbedderIdentity, text: str) -> str:
    words = (identity.name, identity.weights, identity.document_prompt, text)
    return sha256("\0".join(words).encode("utf-8", "surrogatepass")).hexdigest()
