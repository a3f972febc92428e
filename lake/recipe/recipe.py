"""The recipe: everything besides a document's bytes that determines the rows of the index."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, get_args

from lake.errors import UsageError
from lake.ids import derived_id, value_digest
from lake.recipe.chunking import SITUATING, SUMMARISING, ChunkRecipe
from lake.recipe.embedders import (
    SPARSE,
    VECTOR_COLUMNS,
    EmbedderIdentity,
    TokenStorage,
    VectorDtype,
    check_embedder_names,
)
from lake.recipe.full_text import WORDS_REVISION, TextIndex, TextLanguage, TextTokenizer, are_own
from lake.recipe.vector_index import VectorIndex
from lake.reporting import either

Identifier = Callable[..., tuple[str, str]]

#: Raised when the shape or meaning of stored rows changes, so that every document is planned anew.
SCHEMA_VERSION = 2


@dataclass(frozen=True, slots=True)
class Recipe:
    """Frozen and digested: the same documents under the same recipe give the same rows.

    ``parsers`` maps a parser's name to its version, so that a new PDF parser plans only PDFs anew.
    ``vector_dtype`` is how vectors are stored. ``text_tokenizer`` makes the words of the full-text index;
    ``text_language`` is the language that they are stemmed in. ``words`` stems a document in its own language if that
    is known and can be stemmed. ``embedder`` measures chunks; ``further_embedders`` give each chunk vectors of their
    own, and change neither chunks nor what is stored for ``embedder``. ``index`` is the index of each embedder's
    vectors, which is part of no document's fingerprint. ``words_revision`` is how raglake spells words.
    ``token_vectors``: whether those of ``embedder`` are stored beside its vectors; no document's rows depend on it.
    """

    embedder: EmbedderIdentity
    chunking: ChunkRecipe = field(default_factory=ChunkRecipe)
    parsers: dict[str, str] = field(default_factory=dict)
    vector_dtype: VectorDtype = "float32"
    text_tokenizer: str = "words"
    text_language: str = "English"
    further_embedders: tuple[EmbedderIdentity, ...] = ()
    index: str = "auto"
    words_revision: int = WORDS_REVISION
    token_vectors: TokenStorage = "none"

    def __post_init__(self) -> None:
        object.__setattr__(self, "further_embedders", tuple(self.further_embedders))
        if self.further_embedders:  # a sparse model alone is what is embedded and stored for one model
            check_embedder_names([one.name for one in self.embedders])
        object.__setattr__(self, "index", str(VectorIndex.of(self.index)))
        if not are_own(self.text_tokenizer):  # Lance makes the words
            object.__setattr__(self, "words_revision", 0)
        wanted = self.chunking.child_tokens + self.chunking.heading_tokens
        for one in self.embedders:
            if not one.is_sparse:
                self.vector_index.check(one.dimensions)
            if wanted > one.max_tokens:
                raise UsageError(
                    f"child_tokens + heading_tokens = {wanted}, but {one.name!r} reads only {one.max_tokens} tokens "
                    f"of a text and would cut the rest; lower them to {one.max_tokens} together"
                )
        for name, known in (("text_tokenizer", TextTokenizer), ("text_language", TextLanguage)):
            if getattr(self, name) not in get_args(known):
                raise UsageError(f"no {name} {getattr(self, name)!r}; choose {either(get_args(known))}")
        if self.vector_dtype not in ("float32", "float16"):
            raise UsageError(f"no vector dtype {self.vector_dtype!r}; choose 'float32' or 'float16'")
        if self.token_vectors not in get_args(TokenStorage):
            raise UsageError(f"no token_vectors {self.token_vectors!r}; choose {either(get_args(TokenStorage))}")

    @property
    def digest(self) -> str:
        return value_digest(self.to_json())

    def upgraded(self, other: Recipe) -> bool:
        """Whether this is ``other``, but for what an upgrade of raglake changes without being asked for."""
        return self == replace(other, parsers=self.parsers, words_revision=self.words_revision)

    @property
    def embedders(self) -> tuple[EmbedderIdentity, ...]:
        return (self.embedder, *self.further_embedders)

    @property
    def embedder_names(self) -> str:
        """Names as ``--embedder`` takes them, such as ``minilm+multilingual``."""
        return "+".join(one.name for one in self.embedders)

    @property
    def vector_columns(self) -> dict[str, EmbedderIdentity]:
        """The embedder of each column of vectors in the table of chunks, in the order of the embedders."""
        dense = iter(VECTOR_COLUMNS)
        return {SPARSE if one.is_sparse else next(dense): one for one in self.embedders}

    @property
    def dense_columns(self) -> dict[str, EmbedderIdentity]:
        """Those of them with dense vectors, which can have an index."""
        return {column: one for column, one in self.vector_columns.items() if not one.is_sparse}

    @property
    def by_embedder(self) -> tuple[Recipe, ...]:
        """This recipe with each of its embedders alone, in order: what is embedded and stored for one model."""
        if not self.further_embedders:
            return (self,)
        first, *others = (replace(self, embedder=one, further_embedders=()) for one in self.embedders)
        return first, *(replace(one, token_vectors="none") for one in others)

    @property
    def has_token_vectors(self) -> bool:
        """Whether token vectors of the first embedder are stored."""
        return self.token_vectors == "stored"

    @property
    def text_index(self) -> TextIndex:
        """The settings that determine the full-text index. Lance's own tokenizers index texts and headings alone."""
        own = tuple(part for part in self.chunking.parts if part != "table")
        if not are_own(self.text_tokenizer):
            return TextIndex(self.text_tokenizer, self.text_language)
        return TextIndex(self.text_tokenizer, self.text_language, own, self.words_revision)

    @property
    def vector_index(self) -> VectorIndex:
        """How vectors are indexed."""
        return VectorIndex.of(self.index)

    def _of_content(self) -> dict[str, Any]:
        """What decides a content besides bytes and parser."""
        found = {"chunking": self.chunking.of_content(), "tokenizer": self.embedder.tokenizer}
        if self.chunking.is_semantic:
            found["sentences"] = [self.embedder.digest, self.vector_dtype]
        if self.chunking.is_situated:
            found["situating"] = SITUATING
        if self.chunking.has_summaries:
            found["summarising"] = SUMMARISING
        return found

    def identifier(self) -> Identifier:
        """``(bytes digest, parser, suffix, *marks) -> (content_id, fingerprint)``, the recipe's part digested once.

        The content_id keys what parser and chunker make of the bytes; a parser's result may depend on the suffix. The
        fingerprint adds everything else that determines the rows: what sidecars state, a floor of completeness other
        than the default. A mark of None or "" adds nothing.
        """
        of_content = value_digest(self._of_content())
        of_rows = value_digest(
            {"embedder": asdict(self.embedder), "vector_dtype": self.vector_dtype, **self._further()}
        )
        schema, parsers = str(SCHEMA_VERSION), self.parsers

        def identify(digest: str, parser: str, suffix: str, *marks: str | None) -> tuple[str, str]:
            content_id = derived_id("content", schema, digest, parser, suffix, parsers.get(parser, ""), of_content)
            return content_id, derived_id("fingerprint", content_id, of_rows, *filter(None, marks))

        return identify

    def _further(self) -> dict[str, Any]:
        """The further embedders; nothing for a recipe with one, whose digests are those of earlier releases."""
        found = [asdict(one) for one in self.further_embedders]
        return {"further_embedders": found} if found else {}

    def to_json(self) -> dict[str, Any]:
        left_out = {"further_embedders"}
        left_out |= {"index"} if self.index == "auto" else set()  # as releases before 0.4 have it
        left_out |= set() if self.words_revision else {"words_revision"}
        left_out |= set() if self.has_token_vectors else {"token_vectors"}
        fields = {name: value for name, value in asdict(self).items() if name not in left_out}
        return {"schema": SCHEMA_VERSION, **fields, "chunking": self.chunking.to_json(), **self._further()}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Recipe:
        fields = {k: v for k, v in value.items() if k != "schema"}
        return cls(
            **{
                **fields,
                "embedder": EmbedderIdentity(**value["embedder"]),
                "chunking": ChunkRecipe.from_json(value["chunking"]),
                "words_revision": value.get("words_revision", 0),
                "further_embedders": tuple(EmbedderIdentity(**one) for one in value.get("further_embedders", ())),
            }
        )
