"""Embedders by name: their identities, tokenizers and prices, and one loaded object for each."""

from __future__ import annotations

from dataclasses import asdict, replace
from threading import Lock
from typing import TYPE_CHECKING

from lake import plugins
from lake.chunk.tokenizers import Tokenizer
from lake.embed.families import EmbedderFamily, EndpointFamily
from lake.embed.known_prompts import known_prompts
from lake.embed.prompts import UNSTATED, PromptedEmbedder, StatedPrompts, check_stated, chosen
from lake.errors import ContractError, UsageError
from lake.recipe import EmbedderIdentity
from lake.reporting import either

if TYPE_CHECKING:
    from collections.abc import Hashable

    from lake.embed.base import Embedder

_loaded: dict[Hashable, Embedder] = {}
_loading = Lock()


def family_of(name: str) -> EmbedderFamily:
    """The family of an embedder's name, ours or a plugin's; raises UsageError with the forms of a name."""
    plugin = plugins.find("embedders", name.partition(":")[0])
    family = plugin_family(plugin) if plugin else None
    if family is None or (":" in name) != (":" in family.form):
        raise UsageError(f"no embedder {name!r}; choose one of {either(_forms())}")
    return family


def plugin_family(plugin: plugins.Plugin) -> EmbedderFamily:
    """The family that a package registers; raises ContractError if it is none."""
    family = plugin.load()
    if not isinstance(family, EmbedderFamily):
        raise plugin.broken(f"must be an EmbedderFamily, got {family!r:.100}")
    return family


def _forms() -> list[str]:
    ours = {plugin.name: plugin.load() for plugin in plugins.ours() if plugin.kind == "embedders"}
    hosted = [name for name, family in ours.items() if isinstance(family, EndpointFamily)]
    forms = [family.form for name, family in ours.items() if name not in hosted]
    return [*forms, *plugins.names("embedders"), f"PROVIDER:MODEL[@DIMENSIONS] of {either(hosted)}"]


def identify(
    name: str, backend: str | None = None, like: EmbedderIdentity | None = None, prompts: StatedPrompts = UNSTATED
) -> EmbedderIdentity:
    """The identity of ``name``; reads a model's small files and digests, never its weights into memory.

    A local model is computed by ``backend`` (``openvino/bfloat16``). By default the backend is that of ``like`` if this
    machine has it and the model is the same, else the quickest there is. Prompts that are not stated are those of
    ``like`` if the model is the same, else the model's own.
    """
    family = family_of(name)
    identity = family.identify_on(name, backend, like)
    if identity.name.partition(":")[0] != name.partition(":")[0]:
        raise ContractError(f"the embedder {name!r} identifies itself as {identity.name!r}; names must agree")
    return prompted(family, identity, like, prompts)


def prompted(
    family: EmbedderFamily, own: EmbedderIdentity, like: EmbedderIdentity | None, prompts: StatedPrompts = UNSTATED
) -> EmbedderIdentity:
    """A model's ``own`` identity with the prompts that apply; see ``identify``."""
    both = document, query = chosen(own, like, prompts)
    is_same = like is not None and (like.name, like.weights) == (own.name, own.weights)
    if like is not None and is_same and both == (like.document_prompt, like.query_prompt):
        # Their room is known, too, without reading the tokenizer.
        return replace(own, document_prompt=document, query_prompt=query, max_tokens=like.max_tokens)
    if both == (own.document_prompt, own.query_prompt):
        return own
    return family.with_prompts(own, document, query)


def check_prompts(identity: EmbedderIdentity, stated: StatedPrompts) -> None:
    """Raises UsageError if the model is known to need prompts, has none, and none are stated, not even as ""."""
    check_stated(identity, family_of(identity.name).model_names(identity.name), stated)


def usual_prompts(name: str) -> StatedPrompts:
    """The prompts that a model is known by its name to need if it has none of its own; else none are stated."""
    own = identify(name)
    known = known_prompts(family_of(own.name).model_names(own.name))
    return StatedPrompts(known.document, known.query) if known and not own.has_prompts else UNSTATED


def load_embedder(name: str, expected: EmbedderIdentity | None = None) -> Embedder:
    """The embedder, one object per process for each identity; safe to call from several threads.

    Raises ContractError if it is not the ``expected`` one: vectors of two models, or of two builds of one, can't
    be compared.
    """
    family, identity = family_of(name), identify(name, like=expected)
    if expected is not None and identity != expected:
        raise ContractError(difference(expected, identity))
    # A change of address or key in the environment makes a new client.
    key = (identity, family.connection())
    with _loading:
        if key not in _loaded:
            _loaded[key] = _load(family, name, identity)
        return _loaded[key]


def _load(family: EmbedderFamily, name: str, identity: EmbedderIdentity) -> Embedder:
    own = identity if family.takes_prompts else family.identify_on(name, None, identity)
    loaded = family.load(own)
    return loaded if own == identity else PromptedEmbedder(loaded, identity)


def address_of(name: str) -> str:
    """Where the embedder is called, which its identity leaves open; empty for a local or an unknown one."""
    try:
        connection = family_of(name).connection()
    except UsageError:
        return ""
    return str(getattr(connection, "base_url", connection) or "")


def changes(was: EmbedderIdentity, now: EmbedderIdentity) -> str:
    """The fields that differ, with both values."""
    old, new = asdict(was), asdict(now)
    return ", ".join(f"{name} {old[name]!r} -> {new[name]!r}" for name in old if old[name] != new[name])


def difference(expected: EmbedderIdentity, found: EmbedderIdentity) -> str:
    return (
        f"embedder {found.name!r} ({found.table}) is not the expected {expected.name!r} ({expected.table}): "
        f"{changes(expected, found)}; install what the index was built with, or rebuild it"
    )


def tokenizer_of(name: str) -> Tokenizer:
    """The tokenizer that ``identify(name).tokenizer`` names; loads no model and no torch."""
    return family_of(name).tokenizer(name)


def prompt_tokens(identity: EmbedderIdentity) -> int:
    """Number of tokens that the document prompt adds to each text."""
    return tokenizer_of(identity.name).count(identity.document_prompt) if identity.document_prompt else 0


def price_origin(name: str) -> str | None:
    """Where that price is from, with the date of a list; None if there is nothing to state."""
    return family_of(name).price_origin(name)


def price_per_million_tokens(name: str, *, in_batches: bool = False) -> float | None:
    """USD for a million input tokens; 0.0 for a local model, None if the price is not known."""
    return family_of(name).price(name, in_batches=in_batches)
