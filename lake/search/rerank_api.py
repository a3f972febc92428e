"""Rerankers behind an endpoint: Cohere, Jina, Voyage, text-embeddings-inference, and servers with Cohere's request."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lake.endpoints.endpoint import Endpoint
from lake.endpoints.http import JsonHttp
from lake.endpoints.pacing import limits_of
from lake.endpoints.providers import PROVIDERS
from lake.endpoints.retry import Retries
from lake.endpoints.surrogates import without_surrogates
from lake.errors import ContractError


@dataclass(frozen=True, slots=True)
class RerankProtocol:
    """What differs between endpoints; ``results`` is empty if the answer is the list of results itself.

    ``most_texts``: the maximum of one request. ``more`` are further fields of the request.
    """

    texts: str = "documents"
    limit: str | None = "top_n"
    names_model: bool = True
    more: Mapping[str, Any] = field(default_factory=dict)
    results: str = "results"
    score: str = "relevance_score"
    most_texts: int = 1000


_WITHOUT_TEXTS = {"return_documents": False}
PROTOCOLS = {
    # Cohere's second version never returns documents.
    "cohere": RerankProtocol(),
    "openai": RerankProtocol(more=_WITHOUT_TEXTS),
    "vllm": RerankProtocol(),
    "jina": RerankProtocol(more=_WITHOUT_TEXTS),
    "voyage": RerankProtocol(limit="top_k", more=_WITHOUT_TEXTS, results="data"),
    # Its default maximum; what is longer than the model reads is cut, as the others do.
    "tei": RerankProtocol(
        "texts", None, names_model=False, more={"truncate": True}, results="", score="score", most_texts=32
    ),
}


@dataclass(frozen=True, slots=True)
class RerankTimeouts:
    """``timeout``: seconds for one answer. A search never waits long, even if the endpoint requests it."""

    timeout: float = 20.0
    retries: Retries = field(default_factory=lambda: Retries(4, first=0.5, longest=8.0, longest_stated=30.0))


class RerankApi:
    """Returns the endpoint's own scores, 0 to 1 for some, any number for others."""

    def __init__(self, provider: str, model: str, endpoint: Endpoint, timeouts: RerankTimeouts | None = None) -> None:
        self.name = f"{provider}:{model}"
        self.address = endpoint.base_url or ""
        self._model, self._protocol = model, PROTOCOLS[provider]
        self._timeouts = timeouts or RerankTimeouts()
        self._limits = limits_of(self.name, endpoint)
        self._http = JsonHttp(self.name, PROVIDERS[provider], endpoint, self._timeouts.timeout)

    def scores(self, question: str, texts: Sequence[str]) -> np.ndarray:
        found, most = np.empty(len(texts), dtype=np.float64), self._protocol.most_texts
        for start in range(0, len(texts), most):
            some = [without_surrogates(text) for text in texts[start : start + most]]
            found[start : start + len(some)] = self._scores(without_surrogates(question), some)
        return found

    def _scores(self, question: str, texts: list[str]) -> np.ndarray:
        protocol = self._protocol
        request: dict[str, Any] = {"model": self._model} if protocol.names_model else {}
        request |= {"query": question, protocol.texts: texts, **protocol.more}
        if protocol.limit:
            request[protocol.limit] = len(texts)
        n_tokens = sum(len(text) + len(question) for text in texts) // 4

        def attempt() -> Any:
            time.sleep(self._limits.wait(n_tokens))
            return self._http.post("/rerank", request)

        with self._limits.slot(self._timeouts.timeout, repr(self.name)):
            answer = self._timeouts.retries.run(repr(self.name), attempt)
        return self._in_order(answer, len(texts))

    def _in_order(self, answer: Any, n_texts: int) -> np.ndarray:
        """Scores by index; raises ContractError unless each text has exactly one finite score."""
        name, found, score = repr(self.name), self._protocol.results, self._protocol.score
        if not isinstance(answer, dict if found else list):
            wanted = f"an object with {found!r}" if found else "a list"
            raise ContractError(f"{name} answered with {type(answer).__name__}, not {wanted}")
        try:
            results: Any = answer.get(found) if isinstance(answer, dict) else answer
            pairs = [(int(item["index"]), float(item[score])) for item in results]
        except (KeyError, TypeError, ValueError) as error:
            raise ContractError(f"{name} gave results without index or {score}: {error!r}") from error
        if sorted(index for index, _ in pairs) != list(range(n_texts)):
            raise ContractError(f"{name} scored {len(pairs)} texts of {n_texts}, or misnumbered them")
        scores = np.array([value for _, value in sorted(pairs)], dtype=np.float64)
        if not np.isfinite(scores).all():
            raise ContractError(f"{name} gave a score that is not finite; nothing was reranked")
        return scores
