"""BERT models in OpenVINO: several times as fast as torch on the same cores, in float32 or bfloat16."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from lake.embed.batching import TextBatch, bucket_batches, check_lengths, padded_length
from lake.embed.bert_graph import bert_graph
from lake.embed.bert_reader import BertReader, padded, pooling
from lake.embed.exactness import PROBES, check_exactness
from lake.embed.numpy_bert import NumpyBert
from lake.embed.openvino_requests import GraphRequests
from lake.embed.processor import n_threads
from lake.embed.short_tokens import short_tokens
from lake.embed.streams import in_streams
from lake.embed.unit import unit_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from lake.embed.bert_folder import BertFolder
    from lake.recipe import EmbedderIdentity

Made = TypeVar("Made")

_PRECISIONS = {"float32": "f32", "bfloat16": "bf16"}
#: Padded tokens of a batch, whose activations stay in a core's cache; texts tokenised and sorted together.
_BUDGET, _WINDOW = 2048, 4096


class OpenVinoBert:
    """An embedder for a folder that ``bert_folder`` reads; refuses to work if its vectors are not the model's.

    Texts are padded to a multiple of 16 tokens and batched by length, and one stream computes a whole batch, so that
    a vector is bitwise the same in any batch, order and number of streams.
    """

    def __init__(self, identity: EmbedderIdentity, folder: BertFolder, max_sequence: int) -> None:
        self.identity = identity
        self._folder, self._max_sequence = folder, max_sequence
        self._documents = BertReader(folder, identity.document_prompt)
        self._questions = BertReader(folder, identity.query_prompt, longest=max_sequence)
        self._n_streams = n_threads()
        self._requests = self._compiled(with_rows=False)
        self._check()

    def _compiled(self, *, with_rows: bool) -> GraphRequests:
        graph = bert_graph(self._folder, self._max_sequence, with_rows=with_rows)
        return GraphRequests(graph, _PRECISIONS[self.identity.dtype], self._n_streams)

    @cached_property
    def _with_rows(self) -> GraphRequests:
        return self._compiled(with_rows=True)

    def embed(self, texts: Sequence[str]) -> Iterator[tuple[Sequence[int], np.ndarray]]:
        def forward(ids: Sequence[Sequence[int]], length: int) -> np.ndarray:
            return self._forward(ids, length, self._documents.n_unpooled)

        return self._embedded(texts, forward)

    def embed_with_tokens(self, texts: Sequence[str]) -> Iterator[tuple[Sequence[int], tuple[np.ndarray, list[bytes]]]]:
        """Like ``embed``, with the same vectors to the last bit, and each text's ``short_tokens`` beside them.

        In bfloat16 that takes a pass of its own: a second result changes which operations OpenVINO joins.
        """
        unpooled = self._documents.n_unpooled

        def forward(ids: Sequence[Sequence[int]], length: int) -> tuple[np.ndarray, list[bytes]]:
            summed, tokens = self._pass(ids, length)
            if self.identity.dtype == "float32":
                return unit_rows(summed, repr(self.identity.name)), tokens
            return self._forward(ids, length, unpooled), tokens

        return self._embedded(texts, forward)

    def embed_tokens(self, texts: Sequence[str]) -> Iterator[tuple[Sequence[int], list[bytes]]]:
        """The token vectors of ``embed_with_tokens`` alone."""
        return self._embedded(texts, lambda ids, length: self._pass(ids, length)[1])

    def _pass(self, ids: Sequence[Sequence[int]], length: int) -> tuple[np.ndarray, list[bytes]]:
        """Sums [texts, hidden] and token vectors, from one pass."""
        rows, present = padded(ids, length)
        pooled = pooling(present, self._folder, self._documents.n_unpooled)
        summed, last = self._with_rows.infer([rows, present, pooled])
        return summed, short_tokens(last, list(map(len, ids)))

    def _embedded(
        self, texts: Sequence[str], forward: Callable[[Sequence[Sequence[int]], int], Made]
    ) -> Iterator[tuple[Sequence[int], Made]]:
        with ThreadPoolExecutor(self._n_streams) as pool:
            for start in range(0, len(texts), _WINDOW):
                ids = self._documents.ids(texts[start : start + _WINDOW])
                counts = [len(tokens) for tokens in ids]
                check_lengths(counts, self._max_sequence, self.identity.name, start)
                batches = bucket_batches(counts, _BUDGET, self._max_sequence)

                def of_batch(batch: TextBatch, ids: Sequence[Sequence[int]] = ids) -> Made:
                    return forward([ids[position] for position in batch.positions], batch.length)

                for batch, made in in_streams(pool, of_batch, batches, 2 * self._n_streams):
                    yield [start + position for position in batch.positions], made

    def embed_query(self, text: str) -> np.ndarray:
        """Ignores text beyond the model's limit."""
        ids = self._questions.ids([text])
        length = padded_length(len(ids[0]), self._max_sequence)
        vector: np.ndarray = self._forward(ids, length, self._questions.n_unpooled)[0]
        return vector

    def _forward(self, ids: Sequence[Sequence[int]], length: int, n_unpooled: int) -> np.ndarray:
        rows, present = padded(ids, length)
        (summed,) = self._requests.infer([rows, present, pooling(present, self._folder, n_unpooled)])
        return unit_rows(summed, repr(self.identity.name))

    def _check(self) -> None:
        exact = NumpyBert(replace(self.identity, dtype="float32"), self._folder, self._max_sequence)
        found = [self.embed_query(text) for text in PROBES]
        check_exactness(self.identity, found, [exact.embed_query(text) for text in PROBES])
