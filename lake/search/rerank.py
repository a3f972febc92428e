"""Rerankers by name: a closer look at question and passage together, for the best of those found."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Protocol

from lake.errors import UsageError
from lake.search.rerank_api import RerankApi, RerankEndpoint

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    import numpy as np

FORMS = ("st:MODEL_OR_PATH", "cohere:MODEL", "openai:MODEL")

_loaded: dict[Hashable, Reranker] = {}
_loading = Lock()


class Reranker(Protocol):
    """Scores are comparable between questions as far as the model's are; a text's score is its own."""

    name: str

    def scores(self, question: str, texts: Sequence[str]) -> np.ndarray:
        """float64 [n], higher is better, all finite."""
        ...


def parse_name(name: str) -> tuple[str, str]:
    """Family and model; UsageError lists the forms of a name."""
    family, _, model = name.partition(":") if isinstance(name, str) else ("", "", "")
    if not model or f"{family}:" not in {f"{form.partition(':')[0]}:" for form in FORMS}:
        raise UsageError(f"no reranker {name!r}; choose one of the forms {list(FORMS)}")
    return family, model


def load_reranker(name: str) -> Reranker:
    """The reranker, one object per process; UsageError lists the forms of a name, or says what to set."""
    family, model = parse_name(name)
    endpoint = None if family == "st" else RerankEndpoint.from_environment(family)
    with _loading:
        key = (name, endpoint)
        if key not in _loaded:
            _loaded[key] = _load(name, model, endpoint)
        return _loaded[key]


def _load(name: str, model: str, endpoint: RerankEndpoint | None) -> Reranker:
    if endpoint is not None:
        return RerankApi(name, model, endpoint)
    from lake.search.cross_encoder import LocalCrossEncoder

    return LocalCrossEncoder(name, model)
