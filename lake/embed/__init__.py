"""Embedders by name: ``minilm``, ``multilingual``, ``st:MODEL_OR_PATH``, ``hash``, ``PROVIDER:MODEL[@DIMENSIONS]``.

Names, prices and tokenizers are known without numpy, which a process that only parses and counts never needs;
``lake.embed.query_encoder`` embeds questions.
"""

from __future__ import annotations

from lake.embed.base import Embedder
from lake.embed.registry import (
    changes,
    check_prompts,
    identify,
    load_embedder,
    price_origin,
    price_per_million_tokens,
    prompt_tokens,
    tokenizer_of,
    usual_prompts,
)

__all__ = [
    "Embedder",
    "changes",
    "check_prompts",
    "identify",
    "load_embedder",
    "price_origin",
    "price_per_million_tokens",
    "prompt_tokens",
    "tokenizer_of",
    "usual_prompts",
]
