"""Embedders by family, the part of a name before its colon; ours are entry points like those of plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lake.chunk.tokenizers import Tokenizer, huggingface_tokenizer, load_tokenizer
from lake.embed import hash_identity, hosted_models, openai_models
from lake.embed.backends import Backend
from lake.embed.local_models import local_model
from lake.embed.prompts import with_prompts
from lake.endpoints.endpoint import Endpoint
from lake.endpoints.prices import input_price_of
from lake.errors import UsageError
from lake.recipe import EmbedderIdentity

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from lake.embed.base import Embedder
    from lake.embed.endpoint_embedder import EndpointEmbedder
    from lake.embed.endpoint_protocol import EmbeddingModel


class EmbedderFamily:
    """What a package registers to add embedders.

    ``form`` shows how they are named: ``mine`` for a single one, ``mine:MODEL`` for several. Processes that embed
    nothing call everything except ``load``, so it must be cheap.
    """

    form = ""
    #: Whether ``load`` heeds the prompts of an identity. If not, raglake puts them before the texts.
    takes_prompts = False

    def identify(self, name: str) -> EmbedderIdentity:
        """The identity of the embedder ``name``; raises UsageError if there is none of that name."""
        raise NotImplementedError

    def load(self, identity: EmbedderIdentity) -> Embedder:
        """The embedder of an identity that ``identify`` returned; called once per process."""
        raise NotImplementedError

    def with_prompts(self, identity: EmbedderIdentity, document: str, query: str) -> EmbedderIdentity:
        """The model's own ``identity`` with other prompts. Raises UsageError if they leave no room for a text."""
        if not self.takes_prompts and identity.has_prompts:
            raise UsageError(f"{identity.name!r} has prompts of its own, which can't be replaced")
        return with_prompts(identity, document, query, self.tokenizer(identity.name).count)

    def model_names(self, name: str) -> Sequence[str]:
        """Names by which the model may be known to need prompts; none if it sees to them itself."""
        return ()

    def tokenizer(self, name: str) -> Tokenizer:
        """The tokenizer that the identity names; it counts the tokens of chunks."""
        return load_tokenizer(self.identify(name).tokenizer)

    def price(self, name: str, *, in_batches: bool = False) -> float | None:
        """USD for a million input tokens; None if the price is not known."""
        return 0.0

    def price_origin(self, name: str) -> str | None:
        """Where the price is from, with its date; None if there is nothing to state."""
        return None

    def connection(self) -> Hashable:
        """Other values that an embedder depends on, such as an endpoint; a new value loads a new embedder."""
        return None

    def identify_on(self, name: str, backend: str | None, like: EmbedderIdentity | None) -> EmbedderIdentity:
        """Like ``identify``, for families whose models several backends compute."""
        if backend:
            raise UsageError(f"a backend is for local models, not for {name!r}; leave --backend out")
        return self.identify(name)


class LocalFamily(EmbedderFamily):
    """Models whose weights are in a local folder."""

    takes_prompts = True

    def __init__(self, form: str) -> None:
        self.form = form

    def identify_on(self, name: str, backend: str | None, like: EmbedderIdentity | None) -> EmbedderIdentity:
        model = local_model(name)
        return model.identity(model.chosen(Backend.parse(backend) if backend else None, like))

    def load(self, identity: EmbedderIdentity) -> Embedder:
        return local_model(identity.name).load(identity)

    def with_prompts(self, identity: EmbedderIdentity, document: str, query: str) -> EmbedderIdentity:
        return with_prompts(identity, document, query, local_model(identity.name).facts.prompt_tokens)

    def model_names(self, name: str) -> Sequence[str]:
        return local_model(name).known_as

    def tokenizer(self, name: str) -> Tokenizer:
        facts = local_model(name).facts
        return huggingface_tokenizer(facts.tokenizer, facts.tokenizer_file)


class EndpointFamily(EmbedderFamily):
    """Models behind an endpoint. The identity names no address, so that a lake may be searched through any."""

    takes_prompts = True

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self.form = f"{provider}:MODEL[@DIMENSIONS]"

    def identify_on(self, name: str, backend: str | None, like: EmbedderIdentity | None) -> EmbedderIdentity:
        if like is not None and self._lacks_dimensions(name) and like.name.startswith(f"{name}@"):
            name = like.name
        return super().identify_on(name, backend, like)

    def identify(self, name: str) -> EmbedderIdentity:
        """Asks the endpoint for the dimensions if the name states none and they are not known."""
        if self._lacks_dimensions(name):
            name = f"{name}@{self._embedder(self._model(f'{name}@1')).n_dimensions()}"
        return self._model(name).identity

    def load(self, identity: EmbedderIdentity) -> Embedder:
        return self._embedder(self._model(identity.name), identity)

    def model_names(self, name: str) -> Sequence[str]:
        model = self._model(name).name
        return () if hosted_models.has_tasks(self._provider, model) else (model,)

    def price(self, name: str, *, in_batches: bool = False) -> float | None:
        model = self._model(name)
        price = input_price_of(f"{self._provider}:{model.name}", self._endpoint_or_none())
        if price is None:
            return None
        return price.of(1_000_000, 0) * (openai_models.BATCH_FACTOR if in_batches else 1)

    def price_origin(self, name: str) -> str | None:
        price = input_price_of(f"{self._provider}:{self._model(name).name}", self._endpoint_or_none())
        return price.origin if price else None

    def connection(self) -> Hashable:
        return Endpoint.of("embed", self._provider)

    def _endpoint_or_none(self) -> str | None:
        """The address, for its prices; a plan may be made without a key."""
        try:
            return Endpoint.of("embed", self._provider).base_url
        except UsageError:
            return None

    def _lacks_dimensions(self, name: str) -> bool:
        if self._provider == "openai":
            return openai_models.lacks_dimensions(name)
        return hosted_models.lacks_dimensions(name)

    def _model(self, name: str) -> EmbeddingModel:
        return openai_models.parse_model(name) if self._provider == "openai" else hosted_models.parse_hosted(name)

    def _embedder(self, model: EmbeddingModel, identity: EmbedderIdentity | None = None) -> EndpointEmbedder:
        from lake.embed.hosted_embeddings import endpoint_embedder

        return endpoint_embedder(self._provider, model, Endpoint.of("embed", self._provider), identity)


class HashFamily(EmbedderFamily):
    """The embedder that needs no model."""

    form = "hash"

    def identify(self, name: str) -> EmbedderIdentity:
        return hash_identity.IDENTITY

    def load(self, identity: EmbedderIdentity) -> Embedder:
        from lake.embed.hashing import HashEmbedder

        return HashEmbedder()


minilm, multilingual, st, sparse = (
    LocalFamily(form) for form in ("minilm", "multilingual", "st:MODEL_OR_PATH", "sparse:MODEL_OR_PATH")
)
openai, azure, cohere, gemini, jina, mistral, ollama, tei, vllm, voyage = (
    EndpointFamily(provider)
    for provider in ("openai", "azure", "cohere", "gemini", "jina", "mistral", "ollama", "tei", "vllm", "voyage")
)
hash = HashFamily()
