"""The recipe, which determines the rows of an index besides the documents: chunking, embedders, indices."""

from __future__ import annotations

from lake.recipe.chunking import ChunkRecipe
from lake.recipe.embedders import (
    SPARSE,
    VECTOR_COLUMNS,
    EmbedderIdentity,
    TokenStorage,
    VectorDtype,
    check_embedder_names,
    is_sparse,
)
from lake.recipe.full_text import TextIndex, TextLanguage, TextTokenizer, are_own
from lake.recipe.recipe import SCHEMA_VERSION, Identifier, Recipe
from lake.recipe.vector_index import INDEX_KINDS, VectorIndex

__all__ = [
    "INDEX_KINDS",
    "SCHEMA_VERSION",
    "SPARSE",
    "VECTOR_COLUMNS",
    "ChunkRecipe",
    "EmbedderIdentity",
    "Identifier",
    "Recipe",
    "TextIndex",
    "TextLanguage",
    "TextTokenizer",
    "TokenStorage",
    "VectorDtype",
    "VectorIndex",
    "are_own",
    "check_embedder_names",
    "is_sparse",
]
