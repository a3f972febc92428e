"""Rerankers by name: models that score question and passage together, for the best candidates."""

from __future__ import annotations

import os
from threading import Lock
from typing import TYPE_CHECKING, Protocol

import numpy as np

from lake import plugins
from lake.endpoints.breaker import Breaker, breaker_of
from lake.errors import ContractError, UsageError
from lake.reporting import either
from lake.search.cross_encoder import LocalCrossEncoder
from lake.search.rerank_api import RerankApi, RerankEndpoint

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

FORMS = ("st:MODEL_OR_PATH", "cohere:MODEL", "openai:MODEL")
#: Environment variables that say where a reranker is called; results of one address are not those of another.
ADDRESSES = ("RAGLAKE_RERANK_URL", "OPENAI_BASE_URL")
#: A change of these environment variables makes a new client.
_VARIABLES = (*ADDRESSES, "RAGLAKE_RERANK_API_KEY", "OPENAI_API_KEY")

_loaded: dict[Hashable, Reranker] = {}
_loading = Lock()


class Reranker(Protocol):
    """Scores a text independently of the others; scores of different questions compare as far as the model's do."""

    name: str

    def scores(self, question: str, texts: Sequence[str]) -> np.ndarray:
        """float64 [n], higher is better, all finite."""
        ...


def parse_name(name: str) -> tuple[str, str]:
    """Family and model; raises UsageError with the forms of a name."""
    family, _, model = name.partition(":") if isinstance(name, str) else ("", "", "")
    if not model or plugins.find("rerankers", family) is None:
        added = [f"{name}:MODEL" for name in plugins.names("rerankers")]
        raise UsageError(f"no reranker {name!r}; choose {either([*FORMS, *added])}")
    return family, model


def load_reranker(name: str) -> Reranker:
    """The reranker, one object per process; raises UsageError with the forms of a name, or what to set."""
    family, model = parse_name(name)
    key = (name, *map(os.environ.get, _VARIABLES))
    with _loading:
        if key not in _loaded:
            _loaded[key] = plugins.load("rerankers", family)(model)
        return _loaded[key]


def reranker_scores(name: str, question: str, texts: list[str]) -> np.ndarray:
    """Raises ContractError unless the reranker gives each text a finite score."""
    scores = np.asarray(load_reranker(name).scores(question, texts), "float64")
    if scores.shape != (len(texts),) or not np.isfinite(scores).all():
        raise ContractError(f"the reranker {name} must give each of {len(texts)} texts a finite score")
    return scores


def reranker_breaker(name: str) -> Breaker:
    """The breaker of a reranker at its present address; raises UsageError for a name that there is not."""
    parse_name(name)
    address = _address()

    def probe() -> None:
        if _address() == address:  # else nothing calls it there any more
            reranker_scores(name, "raglake", ["raglake"])

    return breaker_of("rerank", name, address, probe)


def _address() -> tuple[str | None, ...]:
    return tuple(map(os.environ.get, _VARIABLES))


def st(model: str) -> Reranker:
    """A cross-encoder of sentence-transformers; an entry point, like those below."""
    return LocalCrossEncoder(f"st:{model}", model)


def cohere(model: str) -> Reranker:
    """Cohere's endpoint, or one with the same protocol."""
    return RerankApi(f"cohere:{model}", model, RerankEndpoint.from_environment("cohere"))


def openai(model: str) -> Reranker:
    """The ``/rerank`` endpoint of a server of your own."""
    return RerankApi(f"openai:{model}", model, RerankEndpoint.from_environment("openai"))
