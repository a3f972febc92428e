"""Cross-encoders of sentence-transformers, run on this machine from local files."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from lake.embed.backends import torch_backend
from lake.embed.batching import TextBatch, bucket_batches
from lake.embed.model_files import find_folder
from lake.embed.processor import n_threads
from lake.embed.sentence_transformer import CUDA_BUDGET, no_progress_bars
from lake.embed.steady_torch import one_thread, steady_linears
from lake.embed.streams import in_streams
from lake.endpoints.surrogates import without_surrogates
from lake.errors import ContractError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sentence_transformers import CrossEncoder

#: Maximum length for models that state none, in tokens; enough for a passage.
_LONGEST = 512
#: Padded tokens per batch on CPU: few enough for a question's passages to occupy several cores.
_BUDGET = 512


class LocalCrossEncoder:
    """Scores are the logistic function of the model's single output, whatever activation it was saved with.

    Pairs are padded to a multiple of 16 tokens and batched by length; on CPU one thread computes each batch, several
    at a time, as for embedders. So a pair's score does not depend on the rest of its batch. Text beyond the model's
    limit is cut off.
    """

    def __init__(self, name: str, model: str) -> None:
        self.name = name
        self._is_cuda = torch_backend() == "torch-cuda"
        self._model = _load(find_folder(model), "cuda" if self._is_cuda else "cpu")
        n_labels = self._model.num_labels
        if n_labels != 1:
            raise UsageError(f"{name!r} sorts into {n_labels} classes; a reranker has one score, choose another model")
        self._longest = min(self._model.max_seq_length or _LONGEST, _LONGEST)
        self._lock = Lock()
        self._tokenize_one_batch_at_a_time()
        if not self._is_cuda:
            steady_linears(self._model)

    def _tokenize_one_batch_at_a_time(self) -> None:
        """A fast tokenizer keeps truncation and padding as state, and ``predict`` calls it from several threads."""
        lock, preprocess = Lock(), self._model.preprocess

        def preprocess_alone(*given: Any, **options: Any) -> Any:
            with lock:
                return preprocess(*given, **options)

        self._model.preprocess = preprocess_alone

    def scores(self, question: str, texts: Sequence[str]) -> np.ndarray:
        pairs = [(without_surrogates(question), without_surrogates(text)) for text in texts]
        found = np.empty(len(pairs), dtype=np.float64)
        n_streams = 1 if self._is_cuda else n_threads()

        def predict(batch: TextBatch) -> np.ndarray:
            return self._predict([pairs[position] for position in batch.positions], batch.length)

        with self._lock, ThreadPoolExecutor(n_streams) as pool:
            batches = bucket_batches(self._counts(pairs), CUDA_BUDGET if self._is_cuda else _BUDGET, self._longest)
            for batch, scores in in_streams(pool, predict, batches, 2 * n_streams):
                found[batch.positions] = scores
        if not np.isfinite(found).all():
            raise ContractError(f"{self.name!r} gave a score that is not finite; check the model")
        return found

    def _counts(self, pairs: list[tuple[str, str]]) -> list[int]:
        if not pairs:
            return []
        questions, texts = (list(side) for side in zip(*pairs, strict=True))
        encoded = self._model.tokenizer(questions, texts, truncation=True, max_length=self._longest, padding=False)
        return [len(ids) for ids in encoded["input_ids"]]

    def _predict(self, pairs: list[tuple[str, str]], length: int) -> np.ndarray:
        import torch

        padding: dict[str, Any] = {"text": {"padding": "max_length", "max_length": length, "truncation": True}}
        with one_thread():
            found: np.ndarray = self._model.predict(
                pairs,
                batch_size=len(pairs),
                show_progress_bar=False,
                activation_fn=torch.nn.Sigmoid(),
                processing_kwargs=padding,
            )
        return found.astype(np.float64)


def _load(folder: Path, device: str) -> CrossEncoder:
    # As for embedders: OpenMP threads that spin while they wait starve everything else; read at import.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import torch
    from sentence_transformers import CrossEncoder

    try:
        with no_progress_bars():
            model: CrossEncoder = CrossEncoder(
                str(folder), device=device, local_files_only=True, model_kwargs={"dtype": torch.float32}
            )
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise UsageError(f"no cross-encoder in {str(folder)!r}: {error}") from error
    model.eval()
    return model
