"""Which indices a table has; how Lance builds and searches each kind."""

from __future__ import annotations

from typing import Any

from lake.recipe import Recipe, VectorIndex, are_own
from lake.tables.words import text_columns

#: Keys that tables are looked up by.
KEYS_LOOKED_UP = {"documents": ("doc_id",), "parents": ("parent_id", "doc_id"), "chunks": ("chunk_id", "doc_id")}
#: Below this many rows an exact scan answers as fast as an index and never misses a neighbour.
VECTOR_INDEX_ROWS = 20_000
#: What a product quantiser of eight bits is trained by, at least.
_LEAST_TRAINED = 256
#: Names of parameters in ``lancedb.index``, and in a search.
_BUILDING = {"partitions": "num_partitions", "sub_vectors": "num_sub_vectors", "bits": "num_bits"}
#: A full-text index of words that need no tokenizer: they are split at spaces only.
_AS_THEY_ARE = {
    "base_tokenizer": "whitespace",
    "max_token_length": None,
    **dict.fromkeys(("lower_case", "stem", "remove_stop_words", "ascii_folding"), False),
}
#: Lance's names of the kinds, as tables state them.
TYPES = {"ivf_flat": "IVF_FLAT", "ivf_sq": "IVF_SQ", "ivf_pq": "IVF_PQ", "hnsw_sq": "IVF_HNSW_SQ"}


def least_rows(index: VectorIndex) -> float:
    """Rows from which on a table has this index."""
    if index.kind == "auto":
        return VECTOR_INDEX_ROWS
    if index.kind == "flat":
        return float("inf")
    return max(_LEAST_TRAINED, index.of_building.get("partitions", 0))


def indexed_columns(name: str, n_rows: int, recipe: Recipe) -> set[str]:
    """Columns that have an index in a table with ``n_rows`` rows, under a recipe."""
    kind = name.split("__")[0]
    columns = set(KEYS_LOOKED_UP.get(kind, ()))
    if kind != "chunks":
        return columns
    vectors = recipe.dense_columns if n_rows >= least_rows(recipe.vector_index) else ()
    return columns | {*text_columns(recipe.text_tokenizer), *vectors}


def type_of(index: VectorIndex) -> str:
    """Lance's name of the index that a table has, if it has one."""
    return TYPES.get(index.kind, TYPES["ivf_sq"])


def built_by(index: VectorIndex) -> Any:
    """The configuration that LanceDB builds the index by."""
    from lancedb.index import HnswSq, IvfFlat, IvfPq, IvfSq

    makers = {"ivf_flat": IvfFlat, "ivf_pq": IvfPq, "hnsw_sq": HnswSq}
    how = {_BUILDING.get(name, name): number for name, number in index.of_building.items()}
    return makers.get(index.kind, IvfSq)(distance_type="cosine", **how)


def of_words(tokenizer: str, language: str) -> Any:
    """The configuration of a full-text index. Positions, which phrases need, make it up to twice as large."""
    from lancedb.index import FTS

    chosen = _AS_THEY_ARE if are_own(tokenizer) else {"base_tokenizer": tokenizer, "language": language}
    return FTS(**chosen, with_position=True)


def searched_by(index: VectorIndex, k: int, refined: int) -> dict[str, int]:
    """What a search for ``k`` neighbours states about probing; ``refined`` is the usual refine factor."""
    stated = index.of_searching
    found = {"refine_factor": stated.get("refine", refined)}
    if n_probes := stated.get("nprobes"):
        found |= {"minimum_nprobes": n_probes, "maximum_nprobes": n_probes}
    if ef := stated.get("ef"):
        found["ef"] = max(ef, k * found["refine_factor"])
    return found
