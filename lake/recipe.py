"""The recipe: everything besides a document's bytes that determines the rows of the index."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, NamedTuple, get_args

from lake.chunking import SITUATING, SUMMARISING, ChunkRecipe
from lake.errors import UsageError
from lake.ids import derived_id, value_digest
from lake.reporting import either

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

#: Columns of the table of chunks that hold dense vectors: of the embedder, and of each further one.
VECTOR_COLUMNS = ("vector", "vector_2", "vector_3")
MAX_EMBEDDERS = len(VECTOR_COLUMNS)
#: Names a sparse model, as in ``sparse:FOLDER``, the column with its vectors, and the retriever that compares them.
SPARSE = "sparse"


def is_sparse(name: str) -> bool:
    """Whether an embedder's name is that of a sparse model."""
    return name.partition(":")[0] == SPARSE


def check_embedder_names(names: Sequence[str]) -> None:
    """Raises UsageError for embedders that can't be of one recipe: too many, one twice, or a sparse one first."""
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise UsageError(f"the embedder {repeated[0]!r} is named twice; name each model once")
    if len(names) > MAX_EMBEDDERS:
        raise UsageError(f"{len(names)} embedders are named; a recipe has at most {MAX_EMBEDDERS}")
    sparse = [name for name in names if is_sparse(name)]
    if sparse and is_sparse(names[0]):
        raise UsageError(
            f"{sparse[0]!r} is a sparse model, which searches beside an embedder; name one before it, such as "
            f"minilm+{sparse[0]}"
        )
    if len(sparse) > 1:
        raise UsageError(f"{len(sparse)} sparse models are named; a recipe has at most one")


#: Raised when the shape or meaning of stored rows changes, so that every document is planned anew.
SCHEMA_VERSION = 2


class TextIndex(NamedTuple):
    """The settings that determine the full-text index: tokenizer, language, and what the words of headings include."""

    tokenizer: str
    language: str
    parts: tuple[str, ...] = ("headings",)


#: Kinds of vector index with their parameters: of building it, and of searching it. ``auto``: none in a small table,
#: else ``ivf_sq``; ``flat``: none, so that each search compares all vectors.
INDEX_KINDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "auto": ((), ()),
    "flat": ((), ()),
    "ivf_flat": (("partitions",), ("nprobes",)),
    "ivf_sq": (("partitions",), ("nprobes", "refine")),
    "ivf_pq": (("partitions", "sub_vectors", "bits"), ("nprobes", "refine")),
    "hnsw_sq": (("partitions", "m", "ef_construction"), ("nprobes", "ef", "refine")),
}
#: Dimensions with a weight in a sparse vector of a chunk, about.
_USUAL_TERMS = 150
_MOST = {"partitions": 65_536, "nprobes": 65_536, "refine": 100, "ef": 10_000, "m": 128, "ef_construction": 2_000}


@dataclass(frozen=True, slots=True)
class VectorIndex:
    """How the vectors of chunks are indexed and searched; a parameter that is not stated is Lance's, or raglake's."""

    kind: str = "auto"
    parameters: tuple[tuple[str, int], ...] = ()

    @classmethod
    def of(cls, text: str) -> VectorIndex:
        """The index that ``KIND:NAME=NUMBER,...`` states. Raises UsageError if there is none of that kind.

        >>> str(VectorIndex.of("IVF_PQ: sub_vectors=48, partitions=64"))
        'ivf_pq:partitions=64,sub_vectors=48'
        """
        kind, _, rest = (part.strip().lower() for part in text.partition(":"))
        if kind not in INDEX_KINDS:
            raise UsageError(f"index={text!r} has no known kind; choose {either(list(INDEX_KINDS))}")
        stated = [pair.partition("=") for pair in rest.split(",") if pair.strip()]
        numbers = {name.strip(): _number(text, value.strip()) for name, _, value in stated}
        known = [name for part in INDEX_KINDS[kind] for name in part]
        for name, number in numbers.items():
            if name not in known:
                raise UsageError(f"index={text!r}: {kind} has no {name!r}; it has {either(known) if known else 'none'}")
            if not 1 <= number <= _MOST.get(name, number) or (name == "bits" and number not in (4, 8)):
                allowed = (
                    "4 or 8" if name == "bits" else f"from 1 to {_MOST[name]:,}" if name in _MOST else "at least 1"
                )
                raise UsageError(f"index={text!r}: {name} must be {allowed}")
        return cls(kind, tuple((name, numbers[name]) for name in known if name in numbers))

    def __str__(self) -> str:
        words = ",".join(f"{name}={number}" for name, number in self.parameters)
        return f"{self.kind}:{words}" if words else self.kind

    @property
    def of_building(self) -> dict[str, int]:
        return {name: number for name, number in self.parameters if name in INDEX_KINDS[self.kind][0]}

    @property
    def of_searching(self) -> dict[str, int]:
        return {name: number for name, number in self.parameters if name in INDEX_KINDS[self.kind][1]}

    @property
    def is_approximate(self) -> bool:
        """Whether it is an index of a stated kind, which a table of any size has."""
        return self.kind not in ("auto", "flat")

    def builds_like(self, other: VectorIndex) -> bool:
        """Whether a table indexed by the other one is indexed by this one as well."""
        return (self.kind, self.of_building) == (other.kind, other.of_building)

    def check(self, dimensions: int) -> None:
        """Raises UsageError if vectors of these dimensions can't be indexed so."""
        parts = self.of_building.get("sub_vectors", 1)
        if dimensions % parts:
            raise UsageError(f"index={str(self)!r}: sub_vectors must divide the {dimensions} dimensions of a vector")


def _number(text: str, value: str) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > 9:
        raise UsageError(f"index={text!r}: {value!r} is no number; write it as KIND:NAME=NUMBER,NAME=NUMBER")
    return int(value)


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
    def is_sparse(self) -> bool:
        """Whether its vectors weigh a few of very many dimensions: the tokens of a vocabulary."""
        return is_sparse(self.name)

    @property
    def width(self) -> int:
        """Numbers of a stored vector; 0 if they differ from vector to vector, as sparse ones do."""
        return 0 if self.is_sparse else self.dimensions

    def vector_bytes(self, dtype: str) -> int:
        """Bytes of a stored vector; of a sparse one about as many, since only the text tells."""
        number = 2 if dtype == "float16" else 4
        return (4 + number) * _USUAL_TERMS if self.is_sparse else number * self.dimensions

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
    is known and can be stemmed. ``embedder`` measures chunks; ``further_embedders`` give each chunk vectors of their
    own, and change neither chunks nor what is stored for ``embedder``. ``index`` is the index of each embedder's
    vectors, which is part of no document's fingerprint.
    """

    embedder: EmbedderIdentity
    chunking: ChunkRecipe = field(default_factory=ChunkRecipe)
    parsers: dict[str, str] = field(default_factory=dict)
    vector_dtype: VectorDtype = "float32"
    text_tokenizer: str = "words"
    text_language: str = "English"
    further_embedders: tuple[EmbedderIdentity, ...] = ()
    index: str = "auto"

    def __post_init__(self) -> None:
        object.__setattr__(self, "further_embedders", tuple(self.further_embedders))
        if self.further_embedders:  # a sparse model alone is what is embedded and stored for one model
            check_embedder_names([one.name for one in self.embedders])
        object.__setattr__(self, "index", str(VectorIndex.of(self.index)))
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

    @property
    def digest(self) -> str:
        return value_digest(self.to_json())

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
        return tuple(replace(self, embedder=one, further_embedders=()) for one in self.embedders)

    @property
    def text_index(self) -> TextIndex:
        """The settings that determine the full-text index. Lance's own tokenizers index texts and headings alone."""
        own = tuple(part for part in self.chunking.parts if part != "table")
        return TextIndex(self.text_tokenizer, self.text_language, *([own] if are_own(self.text_tokenizer) else []))

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
        left_out = {"further_embedders", *(["index"] if self.index == "auto" else [])}  # as releases before 0.4 have it
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
                "further_embedders": tuple(EmbedderIdentity(**one) for one in value.get("further_embedders", ())),
            }
        )
