"""Embedders by name: ``minilm``, ``st:MODEL_OR_PATH``, ``openai:MODEL[@DIMENSIONS]`` and ``hash``."""

from __future__ import annotations

from lake.embed.base import Embedder
from lake.embed.query_encoder import QueryEncoder, load_query_encoder, query_vectors
from lake.embed.registry import changes, identify, load_embedder, price_per_million_tokens, tokenizer_of

__all__ = [
    "Embedder",
    "QueryEncoder",
    "changes",
    "identify",
    "load_embedder",
    "load_query_encoder",
    "price_per_million_tokens",
    "query_vectors",
    "tokenizer_of",
]
