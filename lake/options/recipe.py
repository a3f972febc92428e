"""Options of a recipe, which decides how an index is made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

from lake import plugins
from lake.errors import UsageError
from lake.options.declaration import check, option
from lake.recipe import (
    Recipe,
    TextLanguage,
    TextTokenizer,
    TokenStorage,
    VectorDtype,
    VectorIndex,
    check_embedder_names,
)
from lake.recipe.chunking import OF_SEMANTIC, ChunkRecipe, Strategy, context_of, summaries_of

DEFAULT_EMBEDDER = "minilm"
#: Options that make the embedder's identity.
OF_EMBEDDER = ("embedder", "backend", "query_prompt", "document_prompt")
_CHUNKS = ChunkRecipe()
_USUAL = {one.name: one.default for one in fields(Recipe)}


def _own(usual: object) -> str:
    return f"the lake's own; {usual} in a new lake"


def embedder_names(said: str | Sequence[str]) -> tuple[str, ...]:
    """The names of embedders that are listed, or joined by +. Raises UsageError for none, too many or equal ones.

    >>> embedder_names("minilm+multilingual"), embedder_names("st:/models/c++")
    (('minilm', 'multilingual'), ('st:/models/c++',))
    """
    names = [name for one in ([said] if isinstance(said, str) else said) for name in _apart(one)]
    if not names or not all(names):
        raise UsageError(f"embedder={said!r} names no embedder; for example 'minilm', or ['minilm', 'multilingual']")
    check_embedder_names(names)
    return tuple(names)


def _apart(text: str) -> Iterator[str]:
    """The text cut at each + that is followed by the name of an embedder; a path may have one, too."""
    name, *others = text.split("+")
    for part in others:
        if plugins.find("embedders", part.partition(":")[0]) is None:
            name = f"{name}+{part}"
            continue
        yield name
        name = part
    yield name


@dataclass(frozen=True, slots=True)
class RecipeOptions:
    """Parts of a recipe. An option of None keeps the lake's own value, or the default in a new lake."""

    embedder: str | tuple[str, ...] | None = option(
        None,
        "Embedding model: minilm (English), multilingual, st:MODEL_OR_PATH, hash, or PROVIDER:MODEL[@DIMENSIONS], for "
        "example openai:text-embedding-3-small. Up to three search together; the first one measures chunks, and a "
        "further one may be sparse, such as a SPLADE: sparse:MODEL_OR_PATH.",
        title="Embedder",
        unset=_own(DEFAULT_EMBEDDER),
    )
    backend: str | None = option(
        None,
        "What computes a local model, the first if there are several, such as openvino/bfloat16 or torch-cpu/float32.",
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
        "place (folders and file name, for full text only), model (a sentence of the --context-model); or empty.",
        title="Context",
        unset=_own(_CHUNKS.context),
    )
    context_model: str | None = option(
        None,
        "Chat model that writes a sentence about each chunk within its document, for a context with the part model, "
        "such as anthropic:claude-haiku-4-5.",
        title="Context by model",
        unset=_own("none"),
    )
    summaries: str | None = option(
        None,
        "Summary of each document and section as a row of its own, which leads searches to it: none, extract (of its "
        "own sentences), or the chat model that writes them, such as anthropic:claude-haiku-4-5.",
        title="Summaries",
        unset=_own(_CHUNKS.summaries),
    )
    vector_dtype: VectorDtype | None = option(
        None,
        "Type of stored vectors; float16 halves their size.",
        title="Vector type",
        unset=_own(_USUAL["vector_dtype"]),
    )
    token_vectors: TokenStorage | None = option(
        None,
        "Whether to store the vectors of each chunk's tokens, at 8 bits, for --rerank own: stored (55 KB for a chunk "
        "of 150 tokens) or none (a question computes them, which takes ten times as long).",
        title="Token vectors",
        unset=_own(_USUAL["token_vectors"]),
    )
    index: str | None = option(
        None,
        "Index of the vectors, as KIND or KIND:NAME=NUMBER,...: auto (ivf_sq from 20,000 chunks on), flat (none), "
        "ivf_flat, ivf_sq, ivf_pq or hnsw_sq; for example ivf_pq:partitions=64,sub_vectors=48,nprobes=20,refine=10.",
        title="Vector index",
        unset=_own(_USUAL["index"]),
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
        if isinstance(self.embedder, list):
            object.__setattr__(self, "embedder", tuple(self.embedder))
        check(self)
        if self.embedder is not None:
            names = embedder_names(self.embedder)
            object.__setattr__(self, "embedder", names[0] if len(names) == 1 else names)
        if self.context is not None:
            object.__setattr__(self, "context", context_of(self.context))
        if self.summaries is not None:
            object.__setattr__(self, "summaries", summaries_of(self.summaries))
        if self.index is not None:
            object.__setattr__(self, "index", str(VectorIndex.of(self.index)))

    @property
    def embedders(self) -> tuple[str, ...]:
        """Names of the embedders; none if the lake's own stay."""
        return () if self.embedder is None else embedder_names(self.embedder)
