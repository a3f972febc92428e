"""Embeds questions in numpy alone: ready in a fraction of a second, while importing torch takes several seconds.

A cold process takes 0.43 CPU seconds to its first vector and 56 MB of memory, with OpenVINO 0.86 s and 208 MB, which is
then 1.3 times as fast for each question (``benchmarks/question_vector.py``).
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from lake.embed.bert_folder import BertFolder, open_weights, supports
from lake.embed.bert_layers import Embeddings, Layer, Room
from lake.embed.bert_reader import BertReader
from lake.embed.blas_threads import one_blas_thread
from lake.embed.unit import unit_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lake.recipe import EmbedderIdentity

__all__ = ["NumpyBert", "supports"]

BACKEND = "numpy"
#: Tokens per batch of questions; their activations stay in a core's cache.
_BUDGET = 512


class NumpyBert:
    """A query encoder for a folder that ``supports`` accepts; its vectors equal torch's within 1e-5.

    Each question is computed on one core, in the same order of operations whatever else runs. Calls from several
    threads run in parallel.
    """

    def __init__(self, identity: EmbedderIdentity, folder: BertFolder, max_sequence: int) -> None:
        self.identity = identity
        self._folder = folder
        self._reader = BertReader(folder, identity.query_prompt, longest=max_sequence)
        weights = open_weights(folder.path)
        self._embeddings = Embeddings.of(weights, max_sequence, folder)
        self._layers = [Layer.of(weights, f"encoder.layer.{i}", folder) for i in range(folder.n_layers)]

    def embed_query(self, text: str) -> np.ndarray:
        """One float32 unit vector [dimensions]; ignores text beyond the model's limit."""
        vector: np.ndarray = self.embed_queries([text])[0]
        return vector

    def embed_queries(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors [n, dimensions]; only texts of equal length share a batch, so none is padded."""
        ids = self._reader.ids(texts)
        vectors = np.empty((len(texts), self.identity.dimensions), dtype=np.float32)
        with one_blas_thread():
            for positions in _batches(ids):
                vectors[positions] = self._forward(np.array([ids[position] for position in positions]))
        return unit_rows(vectors, repr(self.identity.name))

    def _forward(self, ids: np.ndarray) -> np.ndarray:
        return self._pooled(self.token_rows(ids))

    def token_rows(self, ids: np.ndarray) -> np.ndarray:
        """The last layer's rows [texts, length, hidden] of ``ids`` [texts, length], without padding."""
        n_texts, length = ids.shape
        room = Room.of(n_texts, length, self._folder)
        rows = self._embeddings.of_tokens(ids)
        for layer in self._layers:
            layer.apply(rows, room)
        return rows.reshape(n_texts, length, -1)

    def _pooled(self, tokens: np.ndarray) -> np.ndarray:
        """Directions [texts, hidden] of any length."""
        skipped = self._reader.n_unpooled
        if self._folder.pooling == "mean":
            total: np.ndarray = tokens[:, skipped:].sum(axis=1)
            return total
        # If the prompt takes all the room, sentence-transformers pools the first token after all.
        first: np.ndarray = tokens[:, skipped if skipped < tokens.shape[1] else 0]
        return first


def _batches(ids: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    by_length: defaultdict[int, list[int]] = defaultdict(list)
    for position, tokens in enumerate(ids):
        by_length[len(tokens)].append(position)
    for length, positions in by_length.items():
        n_rows = max(_BUDGET // length, 1)
        yield from (positions[i : i + n_rows] for i in range(0, len(positions), n_rows))
