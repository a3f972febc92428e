"""The identity of the ``hash`` embedder, known without numpy."""

from __future__ import annotations

from lake.recipe import EmbedderIdentity

DIMENSIONS = 256
IDENTITY = EmbedderIdentity(
    name="hash",
    weights="words-polynomial64-v1",
    backend="numpy",
    dtype="float32",
    dimensions=DIMENSIONS,
    max_tokens=8192,
    tokenizer="words",
)
