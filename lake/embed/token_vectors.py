"""Vectors of single tokens by a lake's own local model, for late interaction (Khattab and Zaharia, ColBERT, 2020)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from lake.embed.batching import TextBatch, bucket_batches, padded_length
from lake.embed.bert_graph import token_graph
from lake.embed.bert_reader import BertReader, padded
from lake.embed.blas_threads import one_blas_thread
from lake.embed.local_models import is_local, local_model
from lake.embed.numpy_bert import NumpyBert
from lake.embed.processor import compile_graph, has_openvino, n_threads
from lake.embed.streams import in_streams
from lake.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lake.embed.bert_folder import BertFolder
    from lake.recipe import EmbedderIdentity

#: Padded tokens of a batch; small, so that the chunks of one question occupy several cores.
_BUDGET = 1024
#: Special tokens at the start and at the end of a text, which stand for no word.
_N_SPECIAL = 1
_loaded: dict[EmbedderIdentity, TokenEncoder] = {}
_loading = Lock()


class TokenRows(Protocol):
    """Computes the last layer's rows."""

    def of(self, ids: Sequence[Sequence[int]], length: int) -> np.ndarray:
        """float32 [texts, length, hidden], texts padded to ``length``."""
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
        folder, self._longest = _bert(identity)
        self._documents = BertReader(folder, identity.document_prompt, longest=self._longest)
        self._questions = BertReader(folder, identity.query_prompt, longest=self._longest)
        self._rows: TokenRows = (_OpenVinoRows if has_openvino() else _NumpyRows)(identity, folder, self._longest)

    def of_question(self, text: str) -> np.ndarray:
        """float32 unit vectors [tokens, hidden]."""
        ids = self._questions.ids([text])
        rows = self._rows.of(ids, padded_length(len(ids[0]), self._longest))[0]
        return _unit(rows[_N_SPECIAL : len(ids[0]) - _N_SPECIAL])

    def of_texts(self, texts: Sequence[str]) -> list[np.ndarray]:
        """int8 vectors [tokens, hidden] of each text; their directions count, not their lengths."""
        ids = self._documents.ids(texts) if texts else []
        found: list[np.ndarray] = [np.empty(0)] * len(texts)

        def forward(batch: TextBatch) -> list[np.ndarray]:
            rows = self._rows.of([ids[position] for position in batch.positions], batch.length)
            lengths = [len(ids[position]) for position in batch.positions]
            return [_short(one[_N_SPECIAL : n - _N_SPECIAL]) for one, n in zip(rows, lengths, strict=True)]

        batches = bucket_batches([len(tokens) for tokens in ids], _BUDGET, self._longest)
        with ThreadPoolExecutor(n_threads()) as pool:
            for batch, vectors in in_streams(pool, forward, batches, 2 * n_threads()):
                for position, one in zip(batch.positions, vectors, strict=True):
                    found[position] = one
        return found


def max_sim(question: np.ndarray, tokens: np.ndarray) -> float:
    """The mean, over a question's tokens, of the greatest cosine with a token of the text; 0 without tokens.

    ``question`` [n, hidden] are unit vectors, ``tokens`` [m, hidden] int8.
    """
    if not len(question) or not len(tokens):
        return 0.0
    with one_blas_thread():
        cosines = question @ _unit(tokens.astype(np.float32)).T
    return float(cosines.max(axis=1).mean(dtype=np.float64))


def _unit(rows: np.ndarray) -> np.ndarray:
    lengths = np.sqrt(np.vecdot(rows, rows))[:, None]
    unit: np.ndarray = rows / np.maximum(lengths, np.float32(1e-12))
    return unit


def _short(rows: np.ndarray) -> np.ndarray:
    """int8, each row scaled to the full range."""
    greatest = np.abs(rows).max(axis=1, keepdims=True, initial=1e-12)
    short: np.ndarray = np.rint(rows * (127 / greatest)).astype(np.int8)
    return short


def _bert(identity: EmbedderIdentity) -> tuple[BertFolder, int]:
    name = identity.name
    if not is_local(name):
        raise UsageError(
            f"{name!r} has no token vectors, which --rerank own compares; choose a lake with minilm, multilingual or a "
            "plain BERT (st:FOLDER), or another reranker"
        )
    model = local_model(name)
    if (bert := model.bert) is None:
        raise UsageError(f"{name!r} is no plain BERT, so --rerank own can't read its tokens; choose another reranker")
    return bert, model.facts.max_sequence


class _OpenVinoRows:
    def __init__(self, _: EmbedderIdentity, folder: BertFolder, longest: int) -> None:
        compiled = compile_graph(token_graph(folder, longest), "f32", n_threads())
        self._requests: SimpleQueue[Any] = SimpleQueue()
        for _number in range(n_threads()):
            self._requests.put(compiled.create_infer_request())

    def of(self, ids: Sequence[Sequence[int]], length: int) -> np.ndarray:
        rows, present = padded(ids, length)
        request = self._requests.get()
        try:
            found: np.ndarray = request.infer([rows, present])[0].copy()
        finally:
            self._requests.put(request)
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
