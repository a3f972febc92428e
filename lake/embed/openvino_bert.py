"""BERT models in OpenVINO: several times as fast as torch on the same cores, in float32 or bfloat16."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import numpy as np

from lake.embed.batching import TextBatch, bucket_batches, check_lengths, padded_length
from lake.embed.bert_graph import bert_graph
from lake.embed.bert_reader import BertReader, padded, pooling
from lake.embed.exactness import PROBES, check_exactness
from lake.embed.numpy_bert import NumpyBert
from lake.embed.processor import compile_graph, n_threads
from lake.embed.streams import in_streams
from lake.embed.unit import unit_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from lake.embed.bert_folder import BertFolder
    from lake.recipe import EmbedderIdentity

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
        compiled = compile_graph(bert_graph(folder, max_sequence), _PRECISIONS[identity.dtype], self._n_streams)
        self._requests: SimpleQueue[Any] = SimpleQueue()
        for _ in range(self._n_streams):
            self._requests.put(compiled.create_infer_request())
        self._check()

    def embed(self, texts: Sequence[str]) -> Iterator[tuple[Sequence[int], np.ndarray]]:
        with ThreadPoolExecutor(self._n_streams) as pool:
            for start in range(0, len(texts), _WINDOW):
                ids = self._documents.ids(texts[start : start + _WINDOW])
                counts = [len(tokens) for tokens in ids]
                check_lengths(counts, self._max_sequence, self.identity.name, start)
                batches = bucket_batches(counts, _BUDGET, self._max_sequence)
                for batch, vectors in in_streams(pool, self._documents_of(ids), batches, 2 * self._n_streams):
                    yield [start + position for position in batch.positions], vectors

    def _documents_of(self, ids: Sequence[Sequence[int]]) -> Callable[[TextBatch], np.ndarray]:
        def forward(batch: TextBatch) -> np.ndarray:
            chosen = [ids[position] for position in batch.positions]
            return self._forward(chosen, batch.length, self._documents.n_unpooled)

        return forward

    def embed_query(self, text: str) -> np.ndarray:
        """Ignores text beyond the model's limit."""
        ids = self._questions.ids([text])
        length = padded_length(len(ids[0]), self._max_sequence)
        vector: np.ndarray = self._forward(ids, length, self._questions.n_unpooled)[0]
        return vector

    def _forward(self, ids: Sequence[Sequence[int]], length: int, n_unpooled: int) -> np.ndarray:
        rows, present = padded(ids, length)
        request = self._requests.get()
        try:
            summed = request.infer([rows, present, pooling(present, self._folder, n_unpooled)])[0].copy()
        finally:
            self._requests.put(request)
        return unit_rows(summed, repr(self.identity.name))

    def _check(self) -> None:
        exact = NumpyBert(replace(self.identity, dtype="float32"), self._folder, self._max_sequence)
        found = [self.embed_query(text) for text in PROBES]
        check_exactness(self.identity, found, [exact.embed_query(text) for text in PROBES])
