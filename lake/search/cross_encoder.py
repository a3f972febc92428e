"""Cross-encoders of sentence-transformers, run here from local files."""

from __future__ import annotations

import os
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from lake.embed.backends import torch_backend
from lake.embed.batching import bucket_batches
from lake.embed.model_files import find_folder
from lake.embed.sentence_transformer import CPU_BUDGET, CUDA_BUDGET, no_progress_bars, set_threads
from lake.endpoints.surrogates import without_surrogates
from lake.errors import ContractError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sentence_transformers import CrossEncoder

#: For models that state no limit, and as much as a passage needs.
_LONGEST = 512


class LocalCrossEncoder:
    """Scores are the logistic function of the model's one output, 0 to 1, whatever activation it was saved with.

    Each pair is padded to its own multiple of 16 tokens and meets only pairs of that length, so that
    on CPU its score is the same in any company. What exceeds the model's limit is cut off.
    """

    def __init__(self, name: str, model: str) -> None:
        self.name = name
        self._is_cuda = torch_backend() == "torch-cuda"
        self._model = _load(find_folder(model), "cuda" if self._is_cuda else "cpu")
        n_labels = self._model.num_labels
        if n_labels != 1:
            raise UsageError(f"{name!r} sorts into {n_labels} classes; a reranker has one score, choose another model")
        self._longest = min(self._model.max_seq_length or _LONGEST, _LONGEST)
        # A fast tokenizer keeps its truncation and padding as state: one call at a time.
        self._lock = Lock()

    def scores(self, question: str, texts: Sequence[str]) -> np.ndarray:
        pairs = [(without_surrogates(question), without_surrogates(text)) for text in texts]
        found = np.empty(len(pairs), dtype=np.float64)
        with self._lock:
            for batch in bucket_batches(
                self._counts(pairs), CUDA_BUDGET if self._is_cuda else CPU_BUDGET, self._longest
            ):
                found[batch.positions] = self._predict([pairs[i] for i in batch.positions], batch.length)
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

        set_threads()
        padding: dict[str, Any] = {"text": {"padding": "max_length", "max_length": length, "truncation": True}}
        found: np.ndarray = self._model.predict(
            pairs,
            batch_size=len(pairs),
            show_progress_bar=False,
            activation_fn=torch.nn.Sigmoid(),
            processing_kwargs=padding,
        )
        return found.astype(np.float64)


def _load(folder: Path, device: str) -> CrossEncoder:
    # As for embedders: threads that spin while they wait starve everything else; read at import.
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
