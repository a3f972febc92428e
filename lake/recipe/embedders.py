"""The part of a recipe that vectors depend on: names and identities of embedders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Literal

from lake.errors import UsageError
from lake.ids import value_digest

VectorDtype = Literal["float32", "float16"]
TokenStorage = Literal["none", "stored"]

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


#: Dimensions with a weight in a sparse vector of a chunk, about.
_USUAL_TERMS = 150


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
        return _digest(self)

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


@lru_cache(maxsize=64)  # as a run asks dozens of times, of the same few
def _digest(identity: EmbedderIdentity) -> str:
    return value_digest(asdict(identity))
