"""Vectors of single tokens by a lake's own local model, for late interaction (Khattab and Zaharia, ColBERT, 2020)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from lake.embed.batching import TextBatch, bucket_batches, padded_length
from lake.embed.bert_graph import token_graph
from lake.embed.bert_reader import BertReader, padded
from lake.embed.blas_threads import one_blas_thread
from lake.embed.local_models import bert_of
from lake.embed.numpy_bert import NumpyBert
from lake.embed.openvino_requests import GraphRequests
from lake.embed.processor import has_openvino, n_threads
from lake.embed.short_tokens import N_SPECIAL, short_tokens, tokens_of
from lake.embed.streams import in_streams

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lake.embed.base import Embedder
    from lake.embed.bert_folder import BertFolder
    from lake.recipe import EmbedderIdentity

#: Padded tokens of a batch; small, so that the chunks of one question occupy several cores.
_BUDGET = 1024
#: Texts whose token vectors are computed together if nothing else is computed of them.
_AT_A_TIME = 64
_loaded: dict[EmbedderIdentity, TokenEncoder] = {}
_loading = Lock()


class TokenRows(Protocol):
    """Computes the last layer's rows."""

    def of(self, ids: Sequence[Sequence[int]], length: int) -> np.ndarray:
        """float32 [texts, length, hidden], texts padded to ``length``."""
        ...


@runtime_checkable
class GivesTokens(Protocol):
    """An embedder whose forward pass gives token vectors, too."""

    def embed_with_tokens(self, texts: Sequence[str]) -> Iterator[tuple[Sequence[int], tuple[np.ndarray, list[bytes]]]]:
        """Like ``Embedder.embed``; beside each batch's vectors, what ``short_tokens`` makes of each of its texts."""
        ...

    def embed_tokens(self, texts: Sequence[str]) -> Iterator[tuple[Sequence[int], list[bytes]]]:
        """The same without the vectors."""
        ...


def token_encoder(identity: EmbedderIdentity) -> TokenEncoder:
    """The encoder of this embedder's model, one object per process; raises UsageError if it has no token vectors."""
    with _loading:
        if identity not in _loaded:
            _loaded[identity] = TokenEncoder(identity)
        return _loaded[identity]


class TokenEncoder:
    """Texts are padded as for embedding, and one stream computes a batch, so that a text's vectors are bitwise the
    same in any batch. Text beyond the model's limit is cut off.
    """

    def __init__(self, identity: EmbedderIdentity) -> None:
        folder, self._longest = bert_of(identity, "--rerank own compares", "leave that option out")
        self._hidden = folder.hidden
        self._documents = BertReader(folder, identity.document_prompt, longest=self._longest)
        self._questions = BertReader(folder, identity.query_prompt, longest=self._longest)
        self._rows: TokenRows = (_OpenVinoRows if has_openvino() else _NumpyRows)(identity, folder, self._longest)

    def of_question(self, text: str) -> np.ndarray:
        """float32 unit vectors [tokens, hidden]."""
        ids = self._questions.ids([text])
        rows = self._rows.of(ids, padded_length(len(ids[0]), self._longest))[0]
        return _unit(rows[N_SPECIAL : len(ids[0]) - N_SPECIAL])

    def of_texts(self, texts: Sequence[str]) -> list[np.ndarray]:
        """int8 vectors [tokens, hidden] of each text; their directions count, not their lengths."""
        ids = self._documents.ids(texts) if texts else []
        found: list[np.ndarray] = [np.empty(0)] * len(texts)

        def forward(batch: TextBatch) -> list[bytes]:
            chosen = [ids[position] for position in batch.positions]
            return short_tokens(self._rows.of(chosen, batch.length), list(map(len, chosen)))

        batches = bucket_batches([len(tokens) for tokens in ids], _BUDGET, self._longest)
        with ThreadPoolExecutor(n_threads()) as pool:
            for batch, vectors in in_streams(pool, forward, batches, 2 * n_threads()):
                for position, one in zip(batch.positions, vectors, strict=True):
                    found[position] = tokens_of(one, self._hidden)
        return found


class TokensBeside:
    """An embedder that sets the token vectors of what it embeds aside, from the same pass if its model gives both."""

    def __init__(self, embedder: Embedder) -> None:
        self.identity, self._embedder = embedder.identity, embedder
        self._aside: dict[str, bytes] = {}

    def embed(self, texts: Sequence[str]) -> Iterator[tuple[Sequence[int], np.ndarray]]:
        for positions, vectors, tokens in self._both(texts):
            self._aside.update(zip((texts[position] for position in positions), tokens, strict=True))
            yield positions, vectors

    def _both(self, texts: Sequence[str]) -> Iterator[tuple[Sequence[int], np.ndarray, list[bytes]]]:
        if isinstance(self._embedder, GivesTokens):
            for positions, (vectors, tokens) in self._embedder.embed_with_tokens(texts):
                yield positions, vectors, tokens
            return
        for positions, vectors in self._embedder.embed(texts):
            yield positions, vectors, self._apart([texts[position] for position in positions])

    def alone(self, texts: Sequence[str]) -> Iterator[tuple[Sequence[int], list[bytes]]]:
        """The same token vectors without the others, batch by batch."""
        if isinstance(self._embedder, GivesTokens):
            yield from self._embedder.embed_tokens(texts)
            return
        for start in range(0, len(texts), _AT_A_TIME):
            part = texts[start : start + _AT_A_TIME]
            yield range(start, start + len(part)), self._apart(part)

    def _apart(self, texts: Sequence[str]) -> list[bytes]:
        return [one.tobytes() for one in token_encoder(self.identity).of_texts(texts)]

    def embed_query(self, text: str) -> np.ndarray:
        return self._embedder.embed_query(text)

    def taken(self, texts: Sequence[str]) -> list[bytes]:
        """The token vectors of texts that were embedded, which are no longer kept here."""
        return [self._aside.pop(text) for text in texts]


def max_sim(question: np.ndarray, tokens: np.ndarray) -> float:
    """The mean, over a question's tokens, of the greatest cosine with a token of the text; 0 without tokens.

    ``question`` [n, hidden] are unit vectors, ``tokens`` [m, hidden] int8.
    """
    if not len(question) or not len(tokens):
        return 0.0
    rows = tokens.astype(np.float32)
    with one_blas_thread():
        cosines = question @ rows.T
    cosines /= np.maximum(np.sqrt(np.vecdot(rows, rows)), np.float32(1e-12))
    return float(cosines.max(axis=1).mean(dtype=np.float64))


def _unit(rows: np.ndarray) -> np.ndarray:
    lengths = np.sqrt(np.vecdot(rows, rows))[:, None]
    unit: np.ndarray = rows / np.maximum(lengths, np.float32(1e-12))
    return unit


class _OpenVinoRows:
    def __init__(self, _: EmbedderIdentity, folder: BertFolder, longest: int) -> None:
        self._requests = GraphRequests(token_graph(folder, longest), "f32", n_threads())

    def of(self, ids: Sequence[Sequence[int]], length: int) -> np.ndarray:
        (found,) = self._requests.infer(padded(ids, length))
        return found


class _NumpyRows:
    """Without OpenVINO; each text is computed alone, without padding."""

    def __init__(self, identity: EmbedderIdentity, folder: BertFolder, longest: int) -> None:
        self._bert = NumpyBert(identity, folder, longest)
        self._shape = (longest, folder.hidden)

    def of(self, ids: Sequence[Sequence[int]], length: int) -> np.ndarray:
        found = np.zeros((len(ids), length, self._shape[1]), np.float32)
        with one_blas_thread():
            for row, tokens in zip(found, ids, strict=True):
                row[: len(tokens)] = self._bert.token_rows(np.array([tokens]))[0]
        return found
