"""Embedders by name: their identities, tokenizers and prices, and one loaded object for each."""

from __future__ import annotations

from dataclasses import asdict
from threading import Lock
from typing import TYPE_CHECKING

from lake.embed import hashing, model_files, openai_models
from lake.embed.minilm import MAX_SEQUENCE, TOKENIZER_NAME, checked_minilm_folder, minilm_folder, minilm_identity
from lake.embed.openai_api import Endpoint, OpenAIEmbedder
from lake.embed.sentence_transformer import SentenceTransformerEmbedder, torch_backend
from lake.errors import ContractError, UsageError
from lake.recipe import EmbedderIdentity
from lake.tokens import Tokenizer, huggingface_tokenizer, load_tokenizer

if TYPE_CHECKING:
    from collections.abc import Hashable

    from lake.embed.base import Embedder

FORMS = ("minilm", "st:MODEL_OR_PATH", "openai:MODEL[@DIMENSIONS]", "hash")
ST = "st:"

_loaded: dict[Hashable, Embedder] = {}
_loading = Lock()


def identify(name: str) -> EmbedderIdentity:
    """What ``name`` would embed with; reads a model's small files and digests, never its weights into memory."""
    if name == "minilm":
        return minilm_identity(torch_backend())
    if name == "hash":
        return hashing.IDENTITY
    if name.startswith(ST):
        return st_identity(name, model_files.read_model_folder(name.removeprefix(ST)), torch_backend())
    if name.startswith(openai_models.PREFIX):
        return openai_models.parse_model(name).identity
    raise _unknown(name)


def _unknown(name: str) -> UsageError:
    return UsageError(f"no embedder {name!r}; choose one of the forms {list(FORMS)}")


def st_identity(name: str, folder: model_files.ModelFolder, backend: str) -> EmbedderIdentity:
    return EmbedderIdentity(
        name=name,
        weights=folder.weights,
        backend=backend,
        dtype="float32",
        dimensions=folder.dimensions,
        max_tokens=folder.max_tokens,
        tokenizer=folder.tokenizer,
        document_prompt=folder.document_prompt,
        query_prompt=folder.query_prompt,
    )


def load_embedder(name: str, expected: EmbedderIdentity | None = None) -> Embedder:
    """The embedder, one object per process for each identity; safe to call from several threads.

    Raises ContractError when it is not the ``expected`` one: vectors of two models, or of two
    builds of one, can't be compared with each other.
    """
    identity = identify(name)
    if expected is not None and identity != expected:
        raise ContractError(difference(expected, identity))
    # The endpoint is part of the key: another address or key in the environment is another client.
    is_openai = name.startswith(openai_models.PREFIX)
    endpoint = Endpoint.from_environment() if is_openai else None
    with _loading:
        key = (identity, endpoint)
        if key not in _loaded:
            _loaded[key] = _load(identity, endpoint)
        return _loaded[key]


def _load(identity: EmbedderIdentity, endpoint: Endpoint | None) -> Embedder:
    if endpoint is not None:
        return OpenAIEmbedder(openai_models.parse_model(identity.name), endpoint)
    if identity.name == "hash":
        return hashing.HashEmbedder()
    if identity.name == "minilm":
        return SentenceTransformerEmbedder(identity, checked_minilm_folder(), MAX_SEQUENCE)
    folder = model_files.read_model_folder(identity.name.removeprefix(ST))
    return SentenceTransformerEmbedder(identity, folder.path, folder.max_sequence)


def difference(expected: EmbedderIdentity, found: EmbedderIdentity) -> str:
    wanted, got = asdict(expected), asdict(found)
    changed = ", ".join(f"{k} {wanted[k]!r} -> {got[k]!r}" for k in wanted if wanted[k] != got[k])
    return (
        f"embedder {found.name!r} ({found.table}) is not the expected {expected.name!r} ({expected.table}): {changed}; "
        f"install what the index was built with, or build it anew"
    )


def tokenizer_of(name: str) -> Tokenizer:
    """The tokenizer that ``identify(name).tokenizer`` names; loads no model and no torch."""
    if name == "minilm":
        return huggingface_tokenizer(TOKENIZER_NAME, minilm_folder() / "tokenizer.json")
    if name.startswith(ST):
        folder = model_files.read_model_folder(name.removeprefix(ST))
        return huggingface_tokenizer(folder.tokenizer, folder.tokenizer_file)
    return load_tokenizer(identify(name).tokenizer)


def price_per_million_tokens(name: str) -> float | None:
    """USD for a million input tokens; 0.0 for a local model, None where the price is not known."""
    if name.startswith(openai_models.PREFIX):
        return openai_models.PRICES.get(openai_models.parse_model(name).name)
    if name in FORMS or name.startswith(ST):
        return 0.0
    raise _unknown(name)
