"""Embedders by name: their identities, tokenizers and prices, and one loaded object for each."""

from __future__ import annotations

from dataclasses import asdict
from threading import Lock
from typing import TYPE_CHECKING

from lake.chunk.tokenizers import Tokenizer, huggingface_tokenizer, load_tokenizer
from lake.embed import hash_identity, openai_models
from lake.embed.backends import Backend
from lake.embed.local_models import is_local, local_model
from lake.errors import ContractError, UsageError
from lake.recipe import EmbedderIdentity

if TYPE_CHECKING:
    from collections.abc import Hashable

    from lake.embed.base import Embedder
    from lake.endpoints.endpoint import Endpoint

FORMS = ("minilm", "st:MODEL_OR_PATH", "openai:MODEL[@DIMENSIONS]", "hash")

_loaded: dict[Hashable, Embedder] = {}
_loading = Lock()


def identify(name: str, backend: str | None = None, like: EmbedderIdentity | None = None) -> EmbedderIdentity:
    """What ``name`` would embed with; reads a model's small files and digests, never its weights into memory.

    A local model is computed by ``backend`` (``openvino/bfloat16``); unless one is named by the one that made
    ``like``, where this machine has it and the model is the same, else by the quickest there is.
    """
    if is_local(name):
        model = local_model(name)
        return model.identity(model.chosen(Backend.parse(backend) if backend else None, like))
    if backend:
        raise UsageError(f"a backend is for models that are computed here, not for {name!r}; leave --backend out")
    if name == "hash":
        return hash_identity.IDENTITY
    if name.startswith(openai_models.PREFIX):
        return openai_models.parse_model(name).identity
    raise _unknown(name)


def _unknown(name: str) -> UsageError:
    return UsageError(f"no embedder {name!r}; choose one of the forms {list(FORMS)}")


def load_embedder(name: str, expected: EmbedderIdentity | None = None) -> Embedder:
    """The embedder, one object per process for each identity; safe to call from several threads.

    Raises ContractError when it is not the ``expected`` one: vectors of two models, or of two
    builds of one, can't be compared with each other.
    """
    identity = identify(name, like=expected)
    if expected is not None and identity != expected:
        raise ContractError(difference(expected, identity))
    # The endpoint is part of the key: another address or key in the environment is another client.
    endpoint = _endpoint() if name.startswith(openai_models.PREFIX) else None
    with _loading:
        key = (identity, endpoint)
        if key not in _loaded:
            _loaded[key] = _load(identity, endpoint)
        return _loaded[key]


def _endpoint() -> Endpoint:
    from lake.endpoints.endpoint import Endpoint

    return Endpoint.from_environment()


def _load(identity: EmbedderIdentity, endpoint: Endpoint | None) -> Embedder:
    if endpoint is not None:
        from lake.embed.openai_api import OpenAIEmbedder

        return OpenAIEmbedder(openai_models.parse_model(identity.name), endpoint)
    if identity.name == "hash":
        from lake.embed.hashing import HashEmbedder

        return HashEmbedder()
    return local_model(identity.name).load(Backend(identity.backend, identity.dtype))


def changes(was: EmbedderIdentity, now: EmbedderIdentity) -> str:
    """The fields in which they differ, with both values."""
    old, new = asdict(was), asdict(now)
    return ", ".join(f"{name} {old[name]!r} -> {new[name]!r}" for name in old if old[name] != new[name])


def difference(expected: EmbedderIdentity, found: EmbedderIdentity) -> str:
    return (
        f"embedder {found.name!r} ({found.table}) is not the expected {expected.name!r} ({expected.table}): "
        f"{changes(expected, found)}; install what the index was built with, or build it anew"
    )


def tokenizer_of(name: str) -> Tokenizer:
    """The tokenizer that ``identify(name).tokenizer`` names; loads no model and no torch."""
    if is_local(name):
        facts = local_model(name).facts
        return huggingface_tokenizer(facts.tokenizer, facts.tokenizer_file)
    return load_tokenizer(identify(name).tokenizer)


def price_per_million_tokens(name: str, *, in_batches: bool = False) -> float | None:
    """USD for a million input tokens; 0.0 for a local model, None where the price is not known."""
    if name.startswith(openai_models.PREFIX):
        price = openai_models.PRICES.get(openai_models.parse_model(name).name)
        return price if price is None or not in_batches else price * openai_models.BATCH_FACTOR
    if name == "hash" or is_local(name):
        return 0.0
    raise _unknown(name)
