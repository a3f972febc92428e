"""Encodes the questions to a release: in numpy if possible, else by the embedder itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Protocol

import numpy as np

from lake.embed.backends import Backend
from lake.embed.local_models import is_local, local_model
from lake.embed.numpy_bert import BACKEND, NumpyBert
from lake.embed.registry import address_of, difference, family_of, identify, load_embedder, prompted
from lake.endpoints.breaker import Breaker, breaker_of
from lake.endpoints.endpoint import settings, using
from lake.errors import ContractError
from lake.recipe import EmbedderIdentity

if TYPE_CHECKING:
    from collections.abc import Sequence

_loaded: dict[tuple[str, EmbedderIdentity], QueryEncoder] = {}
_loading = Lock()
#: A text that every model encodes.
_PROBE = "raglake"


class QueryEncoder(Protocol):
    """Part of every Embedder; its identity ``answers`` that of the release."""

    identity: EmbedderIdentity

    def embed_query(self, text: str) -> np.ndarray:
        """One float32 unit vector [dimensions], made with the model's query prompt; safe in several threads."""
        ...


def load_query_encoder(name: str, expected: EmbedderIdentity) -> QueryEncoder:
    """The encoder for a release that ``expected`` embedded; loaded once per process.

    BERT models with plain pooling run in numpy, which is ready long before torch is; ``load_embedder`` loads the
    others. Raises ContractError if the installed model is another one.
    """
    if not is_local(name):
        return _answering(load_embedder(name, identify(name, like=expected)), expected)
    with _loading:
        key = (name, expected)
        if key not in _loaded:
            _loaded[key] = _load(name, expected)
        return _loaded[key]


def query_vectors(encoder: QueryEncoder, texts: Sequence[str]) -> np.ndarray:
    """Unit vectors [n, dimensions] of questions, at once if the encoder has ``embed_queries``."""
    if many := getattr(encoder, "embed_queries", None):
        vectors: np.ndarray = many(texts)
        return vectors
    found = np.empty((len(texts), encoder.identity.dimensions), np.float32)
    for position, text in enumerate(texts):
        found[position] = encoder.embed_query(text)
    return found


def encoder_breaker(identity: EmbedderIdentity, encoder: QueryEncoder | None = None) -> Breaker:
    """The breaker of what encodes questions to ``identity``: ``encoder``, else the embedder at its present address.

    Encoders of one class at one address share it.
    """
    of_lake, own = settings(), (type(encoder).__qualname__, getattr(encoder, "address", ""))
    address = own if encoder else address_of(identity.name)

    def probe() -> None:
        with using(of_lake):
            if encoder is None and address_of(identity.name) != address:
                return  # nothing calls it there any more
            found = encoder or load_query_encoder(identity.name, identity)
            if not np.isfinite(query_vectors(found, [_PROBE])).all():
                raise ContractError(f"{identity.name!r} made a vector that is not finite")

    return breaker_of("vector", identity.name, (identity, address), probe)


def _load(name: str, expected: EmbedderIdentity) -> QueryEncoder:
    model = local_model(name)
    identity = prompted(family_of(name), model.identity(Backend(BACKEND, "float32")), expected)
    _check(identity, expected)
    bert = model.bert
    if bert is None:
        return load_embedder(name, identify(name, like=expected))
    # Hashing the 90 MB of minilm takes as long as reading them into place; nothing is embedded before both are done.
    with ThreadPoolExecutor(1) as pool:
        check = pool.submit(model.check_files)
        encoder = NumpyBert(identity, bert, model.facts.max_sequence)
        check.result()
    return encoder


def _answering(encoder: QueryEncoder, expected: EmbedderIdentity) -> QueryEncoder:
    _check(encoder.identity, expected)
    return encoder


def _check(identity: EmbedderIdentity, expected: EmbedderIdentity) -> None:
    if not identity.answers(expected):
        # Fields that may differ stay out of the message.
        alike = replace(identity, backend=expected.backend, dtype=expected.dtype)
        raise ContractError(difference(expected, alike))
