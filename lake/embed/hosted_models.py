"""``PROVIDER:MODEL[@DIMENSIONS]``: what is known of the models of hosted embedders, and their identities."""

from __future__ import annotations

from dataclasses import dataclass

from lake.embed import openai_models
from lake.errors import UsageError
from lake.recipe import EmbedderIdentity

#: Counts tokens for every provider; only OpenAI's own models use it.
TOKENIZER = openai_models.TOKENIZER
#: Tokens of other models, by their own counting, that one of ours may stand for. A text that is longer nevertheless is
#: refused by the provider, and never cut.
_ROOM = 0.75


@dataclass(frozen=True, slots=True)
class KnownModel:
    """``max_tokens`` as the provider counts them; ``least`` and ``most`` bound the dimensions that can be requested."""

    dimensions: int
    max_tokens: int
    least: int = 0
    most: int = 0


_VOYAGE = KnownModel(1024, 32_000, 256, 2048)
_COHERE_3, _COHERE_3_LIGHT = KnownModel(1024, 512), KnownModel(384, 512)
_GEMINI = KnownModel(3072, 2048, 1, 3072)
KNOWN: dict[str, KnownModel] = {
    **dict.fromkeys(
        (f"voyage:{name}" for name in ("voyage-4-large", "voyage-4", "voyage-4-lite", "voyage-code-3")), _VOYAGE
    ),
    **dict.fromkeys((f"voyage:{name}" for name in ("voyage-3-large", "voyage-3.5", "voyage-3.5-lite")), _VOYAGE),
    "voyage:voyage-finance-2": KnownModel(1024, 32_000),
    "voyage:voyage-law-2": KnownModel(1024, 16_000),
    "cohere:embed-v4.0": KnownModel(1536, 128_000, 256, 1536),
    **dict.fromkeys(("cohere:embed-english-v3.0", "cohere:embed-multilingual-v3.0"), _COHERE_3),
    **dict.fromkeys(("cohere:embed-english-light-v3.0", "cohere:embed-multilingual-light-v3.0"), _COHERE_3_LIGHT),
    "gemini:gemini-embedding-001": _GEMINI,
    "gemini:gemini-embedding-2": KnownModel(3072, 8192, 1, 3072),
    "mistral:mistral-embed": KnownModel(1024, 8192),
    "mistral:codestral-embed": KnownModel(1536, 8192, 1, 3072),
    "jina:jina-embeddings-v3": KnownModel(1024, 8192, 32, 1024),
}
#: A deployment at Azure has any name, but mostly one with that of its model.
_DEPLOYED = {
    "text-embedding-3-small": KnownModel(1536, 8191, 1, 1536),
    "text-embedding-3-large": KnownModel(3072, 8191, 1, 3072),
    "text-embedding-ada-002": KnownModel(1536, 8191),
}


def has_tasks(provider: str, model: str) -> bool:
    """Whether a model is told questions from documents by a field of the request, so that it needs no prompts.

    >>> has_tasks("gemini", "gemini-embedding-001"), has_tasks("gemini", "gemini-embedding-2"), has_tasks("tei", "m")
    (True, False, False)
    """
    if provider == "gemini":  # later models take instructions in the text instead
        return model == "gemini-embedding-001" or model.startswith("text-embedding-")
    if provider == "jina":
        return not model.startswith(("jina-embeddings-v2", "jina-clip"))
    return provider in ("cohere", "voyage")


@dataclass(frozen=True, slots=True)
class HostedModel:
    """A model of a provider and the number of dimensions to request."""

    provider: str
    name: str
    dimensions: int

    @property
    def known(self) -> KnownModel | None:
        if self.provider == "azure":
            return next((known for model, known in _DEPLOYED.items() if model in self.name), None)
        return KNOWN.get(f"{self.provider}:{self.name}")

    @property
    def is_shortened(self) -> bool:
        """Whether the request must name the dimensions."""
        return self.known is not None and self.dimensions != self.known.dimensions

    @property
    def _room(self) -> float:
        return 1.0 if self.provider == "azure" else _ROOM

    @property
    def identity(self) -> EmbedderIdentity:
        """The identity, in which no address stands."""
        known, name = self.known, f"{self.provider}:{self.name}"
        return EmbedderIdentity(
            name=name if known and not self.is_shortened else f"{name}@{self.dimensions}",
            weights=self.name,
            backend=self.provider,
            dtype="float32",
            dimensions=self.dimensions,
            max_tokens=int(known.max_tokens * self._room) if known else openai_models.MAX_TOKENS,
            tokenizer=TOKENIZER,
        )


def parse_hosted(name: str) -> HostedModel:
    """Raises UsageError if the dimensions of an unknown model are missing, or a model can't return them.

    >>> parse_hosted("voyage:voyage-3.5@512"), parse_hosted("cohere:embed-v4.0").dimensions
    (HostedModel(provider='voyage', name='voyage-3.5', dimensions=512), 1536)
    """
    provider, _, rest = name.partition(":")
    model, at, digits = rest.rpartition("@") if "@" in rest else (rest, "", "")
    if not model or (at and not (digits.isascii() and digits.isdigit() and int(digits))):
        raise UsageError(f"{name!r} is not {provider}:MODEL[@DIMENSIONS]; for example '{provider}:MODEL@1024'")
    known = HostedModel(provider, model, 1).known
    if not at and known is None:
        raise UsageError(f"the dimensions of {model!r} are unknown; name them: '{provider}:{model}@DIMENSIONS'")
    found = HostedModel(provider, model, int(digits) if at else known.dimensions if known else 0)
    if known and found.is_shortened and not known.least <= found.dimensions <= known.most:
        returned = f"from {known.least} to {known.most}" if known.most else f"always {known.dimensions}"
        raise UsageError(f"{model!r} returns {returned} dimensions, not {found.dimensions}")
    return found


def lacks_dimensions(name: str) -> bool:
    """Whether a name states no dimensions, and its model's are unknown.

    >>> lacks_dimensions("ollama:bge-m3"), lacks_dimensions("ollama:bge-m3@1024"), lacks_dimensions("voyage:voyage-4")
    (True, False, False)
    """
    provider, _, model = name.partition(":")
    return bool(model) and "@" not in model and HostedModel(provider, model, 1).known is None
