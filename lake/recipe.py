"""The recipe: everything besides a document's bytes that determines the rows of the index."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, NamedTuple, get_args

from lake.errors import UsageError
from lake.ids import derived_id, value_digest
from lake.reporting import either

Strategy = Literal["hierarchical", "window", "paragraph"]
Identifier = Callable[..., tuple[str, str]]

VectorDtype = Literal["float32", "float16"]

#: How full text is split into words: by raglake, which keeps every word, and names as wholes and in parts, without
#: accents (``words``) or with them (``words/accents``); or by Lance, which leaves out stop words: by Unicode's rules
#: and dictionaries, also inside names (``icu/split``) or not (``icu``), at anything but letters and digits
#: (``simple``), at spaces, or into groups of three letters (``ngram``).
TextTokenizer = Literal["words", "words/accents", "icu/split", "icu", "simple", "whitespace", "ngram"]


def are_own(tokenizer: str) -> bool:
    """Whether raglake makes the words of a recipe with this tokenizer; else Lance does."""
    return tokenizer.startswith("words")


#: Languages with stemming in the full-text index.
TextLanguage = Literal[
    "Arabic", "Danish", "Dutch", "English", "Finnish", "French", "German", "Greek", "Hungarian", "Italian", "Norwegian",
    "Portuguese", "Romanian", "Russian", "Spanish", "Swedish", "Tamil", "Turkish",
]  # fmt: skip

#: What stands outside a chunk and decides what it is about, in the order in which it is embedded: the document's title,
#: the headings above the chunk, the title and column names of a cut table. The place, the words of the folders and of
#: the file's name, is indexed for full text and never embedded, so that a rename embeds nothing.
CONTEXT_PARTS = ("title", "headings", "table", "place")
#: What recipes of releases before 0.4 have. It is left out where a recipe is stored, so that digests stay as they were.
EARLIER_CONTEXT = "headings+table"
#: A context without any part.
NO_CONTEXT = "empty"


def context_of(text: str) -> str:
    """Parts of a context in their order, as recipes store them. Raises UsageError for an unknown part.

    >>> context_of("table, headings"), context_of("empty")
    ('headings+table', 'empty')
    """
    parts = {part.strip().lower() for part in re.split("[+,]", text)}
    if parts == {NO_CONTEXT}:
        return NO_CONTEXT
    if unknown := sorted(parts.difference(CONTEXT_PARTS)):
        raise UsageError(
            f"context={text!r} has an unknown part {unknown[0]!r}; join {', '.join(CONTEXT_PARTS)} by +, or use "
            f"{NO_CONTEXT!r}"
        )
    return "+".join(part for part in CONTEXT_PARTS if part in parts)


#: Raised when the shape or meaning of stored rows changes, so that every document is planned anew.
SCHEMA_VERSION = 2


@dataclass(frozen=True, slots=True)
class ChunkRecipe:
    """How canonical text becomes parents and children.

    ``parent_tokens`` counts cl100k tokens; the others count tokens of the embedder's own tokenizer.
    ``heading_tokens`` is the maximum size of the context that is embedded before a child's text: the document's title,
    the heading path, the column names of a cut table, as far as they are parts of ``context``.
    ``strategy``: ``hierarchical`` follows sections, sentences and code; ``paragraph`` packs whole paragraphs and
    sentences regardless of headings; ``window`` slides a plain token window.
    """

    strategy: Strategy = "hierarchical"
    parent_tokens: int = 1200
    child_tokens: int = 200
    overlap_tokens: int = 32
    heading_tokens: int = 48
    context: str = "title+headings+table+place"

    def __post_init__(self) -> None:
        object.__setattr__(self, "context", context_of(self.context))
        if self.strategy not in ("hierarchical", "window", "paragraph"):
            raise UsageError(f"no chunking strategy {self.strategy!r}; choose 'hierarchical', 'window' or 'paragraph'")
        if not 8 <= self.child_tokens <= self.parent_tokens * 4:
            raise UsageError(
                f"child_tokens={self.child_tokens} must be at least 8 and at most 4 x parent_tokens "
                f"({self.parent_tokens})"
            )
        if not 0 <= self.overlap_tokens <= self.child_tokens // 2:
            raise UsageError(
                f"overlap_tokens={self.overlap_tokens} must lie between 0 and half of child_tokens "
                f"({self.child_tokens // 2}); lower it along with child_tokens"
            )
        if self.heading_tokens < 0:
            raise UsageError(f"heading_tokens={self.heading_tokens} must not be negative")

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of the context."""
        return tuple(part for part in CONTEXT_PARTS if part in self.context.split("+"))

    def to_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if (name, value) != ("context", EARLIER_CONTEXT)}

    def of_content(self) -> dict[str, Any]:
        """The fields that decide what is embedded; the place does not."""
        embedded = "+".join(part for part in self.parts if part != "place")
        return replace(self, context=embedded or NO_CONTEXT).to_json()

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> ChunkRecipe:
        return cls(**{"context": EARLIER_CONTEXT, **value})


class TextIndex(NamedTuple):
    """The settings that determine the full-text index: tokenizer, language, and what the words of headings include."""

    tokenizer: str
    language: str
    parts: tuple[str, ...] = ("headings",)


@dataclass(frozen=True, slots=True)
class EmbedderIdentity:
    """Properties that must be equal for two vectors of one text to be equal to the last bit.

    ``name`` is what ``--embedder`` takes. ``weights`` is the digest of the weights, or the model's name if an
    endpoint holds them. ``max_tokens`` is how much the model reads of one text, without its special tokens.
    ``tokenizer`` names the tokenizer that counts those tokens.
    """

    name: str
    weights: str
    backend: str
    dtype: str
    dimensions: int
    max_tokens: int
    tokenizer: str
    document_prompt: str = ""
    query_prompt: str = ""

    @property
    def digest(self) -> str:
        return value_digest(asdict(self))

    def answers(self, other: EmbedderIdentity) -> bool:
        """Whether a question embedded with this may search vectors of the other.

        Backend and dtype move a vector by a thousandth at most, which does not affect a search; any other difference
        means another vector space.
        """
        return replace(self, backend=other.backend, dtype=other.dtype) == other

    @property
    def has_prompts(self) -> bool:
        return bool(self.document_prompt or self.query_prompt)

    @property
    def computed_by(self) -> str:
        """Backend and dtype, such as ``openvino/bfloat16``."""
        return f"{self.backend}/{self.dtype}"

    @property
    def table(self) -> str:
        """Name of the chunks table that holds this embedder's vectors."""
        return f"chunks__{self.digest[:12]}"


@dataclass(frozen=True, slots=True)
class Recipe:
    """Frozen and digested: the same documents under the same recipe give the same rows.

    ``parsers`` maps a parser's name to its version, so that a new PDF parser plans only PDFs anew.
    ``vector_dtype`` is how vectors are stored. ``text_tokenizer`` makes the words of the full-text index;
    ``text_language`` is the language that they are stemmed in. ``words`` stems a document in its own language if that
    is known and can be stemmed.
    """

    embedder: EmbedderIdentity
    chunking: ChunkRecipe = ChunkRecipe()
    parsers: dict[str, str] = field(default_factory=dict)
    vector_dtype: VectorDtype = "float32"
    text_tokenizer: str = "words"
    text_language: str = "English"

    def __post_init__(self) -> None:
        room, wanted = self.embedder.max_tokens, self.chunking.child_tokens + self.chunking.heading_tokens
        if wanted > room:
            raise UsageError(
                f"child_tokens + heading_tokens = {wanted}, but {self.embedder.name!r} reads only {room} tokens "
                f"of a text and would cut the rest; lower them to {room} together"
            )
        for name, known in (("text_tokenizer", TextTokenizer), ("text_language", TextLanguage)):
            if getattr(self, name) not in get_args(known):
                raise UsageError(f"no {name} {getattr(self, name)!r}; choose {either(get_args(known))}")
        if self.vector_dtype not in ("float32", "float16"):
            raise UsageError(f"no vector dtype {self.vector_dtype!r}; choose 'float32' or 'float16'")

    @property
    def digest(self) -> str:
        return value_digest(self.to_json())

    @property
    def text_index(self) -> TextIndex:
        """The settings that determine the full-text index. Lance's own tokenizers index texts and headings alone."""
        own = tuple(part for part in self.chunking.parts if part != "table")
        return TextIndex(self.text_tokenizer, self.text_language, *([own] if are_own(self.text_tokenizer) else []))

    def identifier(self) -> Identifier:
        """``(bytes digest, parser, suffix, *marks) -> (content_id, fingerprint)``, the recipe's part digested once.

        The content_id keys what parser and chunker make of the bytes; a parser's result may depend on the suffix. The
        fingerprint adds everything else that determines the rows: what sidecars state, a floor of completeness other
        than the default. A mark of None or "" adds nothing.
        """
        of_content = value_digest({"chunking": self.chunking.of_content(), "tokenizer": self.embedder.tokenizer})
        of_rows = value_digest({"embedder": asdict(self.embedder), "vector_dtype": self.vector_dtype})
        schema, parsers = str(SCHEMA_VERSION), self.parsers

        def identify(digest: str, parser: str, suffix: str, *marks: str | None) -> tuple[str, str]:
            content_id = derived_id("content", schema, digest, parser, suffix, parsers.get(parser, ""), of_content)
            return content_id, derived_id("fingerprint", content_id, of_rows, *filter(None, marks))

        return identify

    def to_json(self) -> dict[str, Any]:
        return {"schema": SCHEMA_VERSION, **asdict(self), "chunking": self.chunking.to_json()}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Recipe:
        fields = {k: v for k, v in value.items() if k != "schema"}
        return cls(
            **{
                **fields,
                "embedder": EmbedderIdentity(**value["embedder"]),
                "chunking": ChunkRecipe.from_json(value["chunking"]),
            }
        )
