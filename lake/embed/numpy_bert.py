"""Embeds questions in numpy alone: ready in a fraction of a second, while importing torch takes several seconds.

A cold process takes 0.43 CPU seconds to its first vector and 56 MB of memory, with OpenVINO 0.86 s and 208 MB, which is
then 1.3 times as fast for each question (``benchmarks/question_vector.py``).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from lake.embed.bert_folder import BertFolder, open_weights, supports
from lake.embed.bert_layers import Embeddings, Layer, Room, TextRun
from lake.embed.bert_reader import BertReader
from lake.embed.blas_threads import one_blas_thread
from lake.embed.processor import n_threads
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
        """Unit vectors [n, dimensions]; the tokens of several texts are multiplied together, and none is padded."""
        ids = self._reader.ids(texts)
        vectors = np.empty((len(texts), self.identity.dimensions), dtype=np.float32)
        batches = token_batches([len(tokens) for tokens in ids], _BUDGET, n_threads())

        def embed(positions: list[int]) -> None:
            vectors[positions] = self._forward([ids[position] for position in positions])

        with one_blas_thread():
            if len(batches) == 1:
                embed(batches[0])
            else:
                with ThreadPoolExecutor(n_threads()) as pool:
                    list(pool.map(embed, batches))
        return unit_rows(vectors, repr(self.identity.name))

    def _forward(self, ids: Sequence[Sequence[int]]) -> np.ndarray:
        """Directions [texts, hidden] of token ids, those of equal length side by side."""
        runs = list(_runs(ids))
        rows = self._rows(np.concatenate(ids), runs)
        return np.concatenate([self._pooled(run.of(rows)) for run in runs])

    def token_rows(self, ids: np.ndarray) -> np.ndarray:
        """The last layer's rows [texts, length, hidden] of ``ids`` [texts, length], without padding."""
        run = TextRun(0, *ids.shape)
        return run.of(self._rows(ids.reshape(-1), [run]))

    def _rows(self, ids: np.ndarray, runs: Sequence[TextRun]) -> np.ndarray:
        room = Room.of(runs, self._folder)
        rows = self._embeddings.of_tokens(ids, runs)
        for layer in self._layers:
            layer.apply(rows, room)
        return rows

    def _pooled(self, tokens: np.ndarray) -> np.ndarray:
        """Directions [texts, hidden] of any length."""
        skipped = self._reader.n_unpooled
        if self._folder.pooling == "mean":
            total: np.ndarray = tokens[:, skipped:].sum(axis=1)
            return total
        # If the prompt takes all the room, sentence-transformers pools the first token after all.
        first: np.ndarray = tokens[:, skipped if skipped < tokens.shape[1] else 0]
        return first


def token_batches(counts: Sequence[int], budget: int, n_streams: int) -> list[list[int]]:
    """Positions of texts by length, in batches of about ``budget`` tokens or fewer, equally many for each stream.

    >>> token_batches([5, 9, 5, 2], budget=12, n_streams=1)
    [[3, 0, 2], [1]]
    """
    total = max(1, sum(counts))
    n_batches = n_streams * -(-total // (budget * n_streams))
    batches: list[list[int]] = [[] for _ in range(n_batches)]
    n_before = 0
    for position in sorted(range(len(counts)), key=counts.__getitem__):
        batches[n_before * n_batches // total].append(position)
        n_before += counts[position]
    return [batch for batch in batches if batch]


def _runs(ids: Sequence[Sequence[int]]) -> Iterator[TextRun]:
    start = 0
    for length, texts in groupby(map(len, ids)):
        n_texts = len(list(texts))
        yield TextRun(start, n_texts, length)
        start += n_texts * length
