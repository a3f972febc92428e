"""Local models in torch, in batches whose composition can't change a vector."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING, Any

from lake.embed.batching import TextBatch, bucket_batches, check_lengths, padded_length, rows_within
from lake.embed.exactness import PROBES, check_exactness
from lake.embed.processor import n_threads
from lake.embed.steady_torch import one_thread, steady_linears
from lake.embed.streams import in_streams
from lake.embed.unit import unit_rows
from lake.endpoints.surrogates import without_surrogates
from lake.errors import ContractError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from torch import Tensor

    from lake.recipe import EmbedderIdentity

#: Padded tokens per batch: activations of 1-2 thousand tokens stay in a CPU's cache.
CPU_BUDGET, CUDA_BUDGET = 2048, 65536
#: Texts tokenised and sorted together; limits the memory for a long stream.
WINDOW = 4096


class SentenceTransformerEmbedder:
    """A saved sentence-transformers model, run by its own modules in float32 or, checked, in bfloat16.

    Texts are padded to a multiple of 16 tokens and batched by length. On CPU one thread computes each batch,
    several at a time, and ``steady_torch`` fixes the order of sums, so that a vector is bitwise the same in any
    batch, order and number of threads. On CUDA the batch's shape selects the kernel, so all batches are padded to
    one number of rows.
    """

    #: Padded tokens per batch on a CPU, and on CUDA.
    _budgets = CPU_BUDGET, CUDA_BUDGET

    def __init__(self, identity: EmbedderIdentity, folder: Path, max_sequence: int) -> None:
        self.identity = identity
        self._max_sequence = max_sequence
        self._is_cuda = identity.backend == "torch-cuda"
        self._budget = self._budgets[self._is_cuda]
        self._model: Any = _load(self._kind(), folder, "cuda" if self._is_cuda else "cpu")
        if not self._is_cuda:
            steady_linears(self._model)
        self._check_model()
        # A fast tokenizer keeps truncation and padding as state, so calls run one at a time.
        self._tokenizer_lock = Lock()
        if identity.dtype == "bfloat16":
            self._shorten()

    def _kind(self) -> Any:
        """The class of sentence-transformers that loads the model."""
        from sentence_transformers import SentenceTransformer

        return SentenceTransformer

    def _shorten(self) -> None:
        """Converts the model to bfloat16; raises ContractError if that changes its vectors too much."""
        import torch

        exact = [self.embed_query(text) for text in PROBES]
        self._model.to(torch.bfloat16)
        check_exactness(self.identity, [self.embed_query(text) for text in PROBES], exact)

    def embed(self, texts: Sequence[str]) -> Iterator[tuple[Sequence[int], np.ndarray]]:
        texts = [without_surrogates(text) for text in texts]
        counts = self._counts(texts)
        n_streams = 1 if self._is_cuda else n_threads()

        def forward(batch: TextBatch) -> np.ndarray:
            chosen = [texts[position] for position in batch.positions]
            return self._forward(chosen, self.identity.document_prompt, batch.length, "document")

        with ThreadPoolExecutor(n_streams) as pool:
            for batch, vectors in in_streams(pool, forward, self._batches(counts), 2 * n_streams):
                yield batch.positions, vectors

    def _batches(self, counts: Sequence[int]) -> Iterator[TextBatch]:
        for start in range(0, len(counts), WINDOW):
            for batch in bucket_batches(counts[start : start + WINDOW], self._budget, self._max_sequence):
                yield TextBatch(batch.length, [start + position for position in batch.positions])

    def embed_query(self, text: str) -> np.ndarray:
        prompt, text = self.identity.query_prompt, without_surrogates(text)
        length = padded_length(self._tokens([prompt + text])[0], self._max_sequence)
        vector: np.ndarray = self._forward([text], prompt, length, "query")[0]
        return vector

    def _counts(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text with its prompt and special tokens, as ``_fitting`` lets them pass."""
        prompt = self.identity.document_prompt
        counts: list[int] = []
        for start in range(0, len(texts), WINDOW):
            counts += self._tokens([prompt + text for text in texts[start : start + WINDOW]])
        return self._fitting(counts)

    def _fitting(self, counts: list[int]) -> list[int]:
        """The tokens that are read of texts with these; raises ContractError if one would be cut."""
        check_lengths(counts, self._max_sequence, self.identity.name)
        return counts

    def _tokens(self, texts: list[str]) -> list[int]:
        if not texts:
            return []
        with self._tokenizer_lock:
            encoded = self._model.tokenizer(texts, truncation=False, padding=False, verbose=False)
        return [len(ids) for ids in encoded["input_ids"]]

    def _forward(self, texts: list[str], prompt: str, length: int, task: str) -> np.ndarray:
        import torch

        n_rows = rows_within(self._budget, length) if self._is_cuda else len(texts)
        filled = texts + texts[:1] * (n_rows - len(texts))
        with torch.inference_mode(), one_thread():
            vectors = self._vectors(filled, prompt, length, task)[: len(texts)].float().cpu().numpy()
        return self._finished(vectors, task)

    def _vectors(self, texts: list[str], prompt: str, length: int, task: str) -> Tensor:
        """What the model makes of texts; ``task`` is ``document`` or ``query``, which differ in prompts alone."""
        vectors: Tensor = self._model(self._features(texts, prompt, length))["sentence_embedding"]
        return vectors

    def _finished(self, vectors: np.ndarray, task: str) -> np.ndarray:
        return unit_rows(vectors, repr(self.identity.name))

    def _features(self, texts: list[str], prompt: str, length: int, **more: str) -> dict[str, Any]:
        padding = {"text": {"padding": "max_length", "max_length": length, "truncation": True}}
        with self._tokenizer_lock:
            features = self._model.preprocess(texts, prompt=prompt or None, processing_kwargs=padding, **more)
        return {k: v.to(self._model.device) if hasattr(v, "to") else v for k, v in features.items()}

    def _check_model(self) -> None:
        found = (self._model.get_embedding_dimension(), self._model.max_seq_length)
        stated = (self.identity.dimensions, self._max_sequence)
        if found != stated:
            raise ContractError(
                f"{self.identity.name!r} loads with (dimensions, longest text) {found}, but its files say {stated}; "
                f"save the model again with the installed sentence-transformers"
            )


def _load(kind: Any, folder: Path, device: str) -> Any:
    """Loads the model from local files alone, without any model hub or code of its own, whatever the environment is."""
    # OpenMP threads that spin while they wait starve everything else on a shared machine; read at import.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import torch
    from safetensors import SafetensorError

    try:
        with no_progress_bars():
            model: Any = kind(str(folder), device=device, local_files_only=True, model_kwargs={"dtype": torch.float32})
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise UsageError(f"no {kind.__name__} of sentence-transformers in {str(folder)!r}: {error}") from error
    return model.eval()


@contextmanager
def no_progress_bars() -> Iterator[None]:
    logging: Any = import_module("transformers.utils.logging")
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
