"""Options of a recipe, which decides how an index is made."""

from __future__ import annotations

from dataclasses import dataclass, fields

from lake.chunking import OF_SEMANTIC, ChunkRecipe, Strategy, context_of
from lake.options.declaration import check, option
from lake.recipe import Recipe, TextLanguage, TextTokenizer, VectorDtype

DEFAULT_EMBEDDER = "minilm"
#: Options that make the embedder's identity.
OF_EMBEDDER = ("embedder", "backend", "query_prompt", "document_prompt")
_CHUNKS = ChunkRecipe()
_USUAL = {one.name: one.default for one in fields(Recipe)}


def _own(usual: object) -> str:
    return f"the lake's own; {usual} in a new lake"


@dataclass(frozen=True, slots=True)
class RecipeOptions:
    """Parts of a recipe. An option of None keeps the lake's own value, or the default in a new lake."""

    embedder: str | None = option(
        None,
        "Embedding model: minilm (English), multilingual, st:MODEL_OR_PATH, hash, or PROVIDER:MODEL[@DIMENSIONS], for "
        "example openai:text-embedding-3-small.",
        title="Embedder",
        unset=_own(DEFAULT_EMBEDDER),
    )
    backend: str | None = option(
        None,
        "What computes a local model, such as openvino/bfloat16 or torch-cpu/float32.",
        title="Backend",
        unset=_own("the fastest"),
    )
    query_prompt: str | None = option(
        None,
        'Text put before each question, such as "query: "; "" means none.',
        title="Query prompt",
        unset=_own("the model's own"),
    )
    document_prompt: str | None = option(
        None,
        'Text put before each document\'s text when it is embedded, such as "passage: "; "" means none.',
        title="Document prompt",
        unset=_own("the model's own"),
    )
    strategy: Strategy | None = option(
        None,
        "How to chunk: by headings, sentences and code (hierarchical), also where the meaning of the text turns "
        "(semantic, which embeds each sentence), by paragraphs, or by a plain token window.",
        title="Chunking strategy",
        unset=_own(_CHUNKS.strategy),
    )
    parent_tokens: int | None = option(
        None,
        "Maximum parent size, in cl100k tokens; a hit shows the parent.",
        title="Parent size",
        least=2,
        unset=_own(_CHUNKS.parent_tokens),
    )
    child_tokens: int | None = option(
        None,
        "Maximum child size, in tokens of the embedder.",
        title="Child size",
        least=8,
        unset=_own(_CHUNKS.child_tokens),
    )
    overlap_tokens: int | None = option(
        None,
        "Maximum number of tokens that neighbouring children share.",
        title="Overlap",
        least=0,
        unset=_own(_CHUNKS.overlap_tokens),
    )
    turn_percentile: int | None = option(
        None,
        "Semantic chunking cuts where the meaning changes at least as much as at this percentile of a document's "
        "borders between sentences; a lower one makes more and smaller children.",
        title="Turns from percentile",
        least=0,
        most=100,
        unset=_own(f"{OF_SEMANTIC['turn_percentile']} for semantic chunking"),
    )
    least_tokens: int | None = option(
        None,
        "Minimum child size at a turn of semantic chunking, in tokens of the embedder.",
        title="Least child size",
        least=1,
        unset=_own(f"{OF_SEMANTIC['least_tokens']} for semantic chunking"),
    )
    heading_tokens: int | None = option(
        None,
        "Number of tokens reserved for the title, headings and column names embedded before a child.",
        title="Heading room",
        least=0,
        unset=_own(_CHUNKS.heading_tokens),
    )
    context: str | None = option(
        None,
        "What tells what a chunk is about, joined by +: title, headings, table (column names of a cut one), "
        "place (folders and file name, for full text only); or empty.",
        title="Context",
        unset=_own(_CHUNKS.context),
    )
    vector_dtype: VectorDtype | None = option(
        None,
        "Type of stored vectors; float16 halves their size.",
        title="Vector type",
        unset=_own(_USUAL["vector_dtype"]),
    )
    text_tokenizer: TextTokenizer | None = option(
        None, "How full text is split into words.", title="Full-text tokenizer", unset=_own(_USUAL["text_tokenizer"])
    )
    text_language: TextLanguage | None = option(
        None,
        "Language of texts whose own is unknown, for stemming.",
        title="Full-text language",
        unset=_own(_USUAL["text_language"]),
    )

    def __post_init__(self) -> None:
        check(self)
        if self.context is not None:
            object.__setattr__(self, "context", context_of(self.context))
