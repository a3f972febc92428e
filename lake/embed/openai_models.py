"""``openai:MODEL[@DIMENSIONS]``: known models, their dimensions and their prices."""

from __future__ import annotations

from dataclasses import dataclass

from lake.errors import UsageError
from lake.recipe import EmbedderIdentity

PREFIX = "openai:"
MAX_TOKENS = 8191
TOKENIZER = "tiktoken:cl100k_base"

NATIVE_DIMENSIONS = {
    "text-embedding-3-small": 1536,
    "text-embedding-3-large": 3072,
    "text-embedding-ada-002": 1536,
}

#: Factor of the Batch API on prices.
BATCH_FACTOR = 0.5


@dataclass(frozen=True, slots=True)
class OpenAIModel:
    """A model behind an endpoint and the number of dimensions to request."""

    name: str
    dimensions: int

    @property
    def is_shortened(self) -> bool:
        """Whether the request must name ``dimensions``; only text-embedding-3 models support it."""
        return self.name.startswith("text-embedding-3-") and self.dimensions != NATIVE_DIMENSIONS.get(self.name)

    @property
    def identity(self) -> EmbedderIdentity:
        is_native = self.dimensions == NATIVE_DIMENSIONS.get(self.name)
        return EmbedderIdentity(
            name=f"{PREFIX}{self.name}" if is_native else f"{PREFIX}{self.name}@{self.dimensions}",
            weights=self.name,
            backend="openai",
            dtype="float32",
            dimensions=self.dimensions,
            max_tokens=MAX_TOKENS,
            tokenizer=TOKENIZER,
        )


def lacks_dimensions(name: str) -> bool:
    """Whether a name states no dimensions, and its model's are unknown.

    >>> lacks_dimensions("openai:bge-m3"), lacks_dimensions("openai:bge-m3@1024"), lacks_dimensions("openai:")
    (True, False, False)
    """
    model = name.removeprefix(PREFIX)
    return bool(model) and "@" not in model and model not in NATIVE_DIMENSIONS


def parse_model(name: str) -> OpenAIModel:
    """Raises UsageError if the dimensions of an unknown model are missing, or a model can't return them.

    >>> parse_model("openai:text-embedding-3-small@512")
    OpenAIModel(name='text-embedding-3-small', dimensions=512)
    """
    model, at, digits = name.removeprefix(PREFIX).partition("@")
    if not model or (at and not (digits.isascii() and digits.isdigit() and int(digits))):
        raise UsageError(f"{name!r} is not openai:MODEL[@DIMENSIONS]; for example 'openai:text-embedding-3-small@512'")
    native = NATIVE_DIMENSIONS.get(model)
    if not at and native is None:
        raise UsageError(
            f"the dimensions of {model!r} are unknown; name them: '{PREFIX}{model}@DIMENSIONS' "
            f"(known without: {sorted(NATIVE_DIMENSIONS)})"
        )
    dimensions = int(digits) if at else int(native or 0)
    _check_dimensions(model, dimensions, native)
    return OpenAIModel(model, dimensions)


def _check_dimensions(model: str, dimensions: int, native: int | None) -> None:
    if native is None or dimensions == native:
        return
    if not model.startswith("text-embedding-3-"):
        raise UsageError(f"{model!r} always returns {native} dimensions, not {dimensions}; leave out '@{dimensions}'")
    if dimensions > native:
        raise UsageError(f"{model!r} returns at most {native} dimensions, not {dimensions}")
