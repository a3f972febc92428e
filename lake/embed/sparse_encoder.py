"""Sparse models such as SPLADE: a weight for each token of a vocabulary that a text is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lake.embed.sentence_transformer import SentenceTransformerEmbedder
from lake.embed.sparse_vectors import strongest
from lake.errors import ContractError

if TYPE_CHECKING:
    import numpy as np


class SparseEmbedder(SentenceTransformerEmbedder):
    """A saved ``SparseEncoder`` of sentence-transformers, run by its own modules in float32.

    Its vectors [n, vocabulary] are as long as their weights make them, and are compared by their dot product.
    Questions may have modules of their own, for instance a weight for each token, which runs no transformer.
    """

    #: A weight for each token of the vocabulary is made at each place of a text.
    _budgets = 512, 8192

    def _kind(self) -> Any:
        from sentence_transformers import SparseEncoder

        return SparseEncoder

    def _vectors(self, texts: list[str], prompt: str, length: int, task: str) -> Any:
        features = self._features(texts, prompt, length, task=task)
        vectors = self._model(features, task=task)["sentence_embedding"]
        return vectors.to_dense() if vectors.is_sparse else vectors

    def _fitting(self, counts: list[int]) -> list[int]:
        # Another model's tokenizer measured the texts: of one that is too long the beginning is read.
        return [min(count, self._max_sequence) for count in counts]

    def _finished(self, vectors: np.ndarray, task: str) -> np.ndarray:
        return strongest(vectors) if task == "document" else vectors

    def _check_model(self) -> None:
        # If questions have modules of their own, the model states the longest of both; documents have theirs.
        routes = getattr(self._model[0], "sub_modules", None)
        reads = routes["document"][0] if routes and "document" in routes else self._model
        if (found := reads.max_seq_length) != self._max_sequence:
            raise ContractError(
                f"{self.identity.name!r} loads with texts of up to {found} tokens, but its files say "
                f"{self._max_sequence}; save the model again with the installed sentence-transformers"
            )
