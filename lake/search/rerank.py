"""Rerankers by name: models that score question and passage together, for the best candidates."""

from __future__ import annotations

from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Protocol

import numpy as np

from lake import plugins
from lake.endpoints.breaker import Breaker, breaker_of
from lake.endpoints.endpoint import Endpoint, settings, using
from lake.errors import ContractError, UsageError
from lake.options.search import BY_CHAT, OWN, is_by_chat
from lake.reporting import either
from lake.search.cross_encoder import LocalCrossEncoder
from lake.search.rerank_api import PROTOCOLS, RerankApi

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

FORMS = (OWN, BY_CHAT, "st:MODEL_OR_PATH", *(f"{provider}:MODEL" for provider in PROTOCOLS))

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
    if name == OWN:
        return OWN, ""
    if is_by_chat(name):
        return BY_CHAT, name.removeprefix(BY_CHAT).removeprefix(":")
    family, _, model = name.partition(":") if isinstance(name, str) else ("", "", "")
    if not model or plugins.find("rerankers", family) is None:
        added = [f"{name}:MODEL" for name in plugins.names("rerankers")]
        raise UsageError(f"no reranker {name!r}; choose {either([*FORMS, *added])}")
    return family, model


def load_reranker(name: str) -> Reranker:
    """The reranker, one object per process; raises UsageError with the forms of a name, or what to set."""
    family, model = parse_name(name)
    key = (name, _endpoint(family))  # a change of address or key makes a new client
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
    family, _ = parse_name(name)
    address, of_lake = _endpoint_or_none(family), settings()

    def probe() -> None:
        with using(of_lake):
            if _endpoint_or_none(family) == address:  # else nothing calls it there any more
                reranker_scores(name, "raglake", ["raglake"])

    return breaker_of("rerank", name, address, probe)


def reranker_address(name: str) -> str:
    """Where a reranker is called, since results of one address are not those of another; empty for a local one."""
    endpoint = _endpoint_or_none(parse_name(name)[0])
    return endpoint.base_url or "" if endpoint else ""


def _endpoint_or_none(family: str) -> Endpoint | None:
    try:
        return _endpoint(family)
    except UsageError:  # the call itself says what is missing
        return None


def _endpoint(family: str) -> Endpoint | None:
    return Endpoint.of("rerank", family) if family in PROTOCOLS else None


def st(model: str) -> Reranker:
    """A cross-encoder of sentence-transformers; an entry point, like those below."""
    return LocalCrossEncoder(f"st:{model}", model)


def _behind_an_endpoint(provider: str, model: str) -> Reranker:
    return RerankApi(provider, model, Endpoint.of("rerank", provider))


cohere, voyage, jina, tei, vllm = (
    partial(_behind_an_endpoint, provider) for provider in ("cohere", "voyage", "jina", "tei", "vllm")
)
#: The ``/rerank`` endpoint of a server of one's own.
openai = partial(_behind_an_endpoint, "openai")
