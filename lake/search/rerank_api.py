"""Rerankers behind an endpoint, by the request that Cohere, Jina, vLLM and llama.cpp share."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from lake.endpoints.deadline import at_most
from lake.endpoints.refusals import RefusedRequest, translated
from lake.endpoints.retry import Retries
from lake.endpoints.surrogates import without_surrogates
from lake.errors import ContractError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx

_COHERE = "https://api.cohere.com/v2"
_URL, _KEY = "RAGLAKE_RERANK_URL", "RAGLAKE_RERANK_API_KEY"
#: Cohere's maximum for one request.
_MOST_TEXTS = 1000


@dataclass(frozen=True, slots=True)
class RerankEndpoint:
    """Requests go to ``{base_url}/rerank``; ``family`` is ``cohere`` or ``openai``."""

    family: str
    base_url: str
    api_key: str = field(default="", repr=False)

    @classmethod
    def from_environment(cls, family: str) -> RerankEndpoint:
        """Reads RAGLAKE_RERANK_URL and RAGLAKE_RERANK_API_KEY; for ``openai``, then OPENAI_BASE_URL and its key."""
        url, key = os.environ.get(_URL, ""), os.environ.get(_KEY, "")
        if family == "openai":
            url, key = url or os.environ.get("OPENAI_BASE_URL", ""), key or os.environ.get("OPENAI_API_KEY", "")
            if not url:
                raise UsageError(f"no address for the reranker; set {_URL}, or OPENAI_BASE_URL, to one with /rerank")
        elif not url and not key:
            raise UsageError(f"no key for {_COHERE}; set {_KEY}, or {_URL} for another endpoint")
        return cls(family, (url or _COHERE).rstrip("/"), key)


@dataclass(frozen=True, slots=True)
class RerankTimeouts:
    """``timeout``: seconds for one answer. A search never waits long, even if the endpoint requests it."""

    timeout: float = 20.0
    retries: Retries = field(default_factory=lambda: Retries(4, first=0.5, longest=8.0, longest_stated=30.0))


class RerankApi:
    """Returns the endpoint's own scores, 0 to 1 for some, any number for others."""

    def __init__(self, name: str, model: str, endpoint: RerankEndpoint, timeouts: RerankTimeouts | None = None) -> None:
        self.name = name
        self._model = model
        self._endpoint = endpoint
        self._timeouts = timeouts or RerankTimeouts()

    @cached_property
    def _client(self) -> httpx.Client:
        import httpx

        key = self._endpoint.api_key
        headers = {"authorization": f"Bearer {key}"} if key else {}
        return httpx.Client(timeout=self._timeouts.timeout, headers=headers)

    def scores(self, question: str, texts: Sequence[str]) -> np.ndarray:
        found = np.empty(len(texts), dtype=np.float64)
        for start in range(0, len(texts), _MOST_TEXTS):
            some = [without_surrogates(text) for text in texts[start : start + _MOST_TEXTS]]
            found[start : start + len(some)] = self._scores(without_surrogates(question), some)
        return found

    def _scores(self, question: str, texts: list[str]) -> np.ndarray:
        request: dict[str, Any] = {"model": self._model, "query": question, "documents": texts, "top_n": len(texts)}
        # Cohere's second version has no such field and never returns them.
        if self._endpoint.family != "cohere":
            request["return_documents"] = False
        answer = self._timeouts.retries.run(repr(self.name), lambda: self._answer(request))
        return _in_order(answer, len(texts), self.name)

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        import httpx

        try:
            url, timeout = f"{self._endpoint.base_url}/rerank", at_most(self._timeouts.timeout)
            response = self._client.post(url, json=request, timeout=timeout)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise UsageError(f"{self._endpoint.base_url!r} is no address: {error}; check {_URL}") from error
        except httpx.HTTPError as error:
            raise RefusedRequest(f"{type(error).__name__} {error}".strip(), None) from error
        if response.status_code != 200:
            answer = f"{response.status_code} {_shortened(response.text)}"
            raise translated(response.status_code, answer, None, response.headers, key=_KEY, address=_URL)
        return _json(response, self.name)


def _shortened(text: str) -> str:
    return " ".join(text.split())[:300]


def _json(response: httpx.Response, name: str) -> dict[str, Any]:
    try:
        answer = response.json()
    except ValueError as error:
        raise ContractError(f"{name!r} did not answer in JSON: {_shortened(response.text)!r}") from error
    if not isinstance(answer, dict):
        raise ContractError(f"{name!r} answered with {type(answer).__name__}, not an object with 'results'")
    return answer


def _in_order(answer: dict[str, Any], n_texts: int, name: str) -> np.ndarray:
    """Scores by index; raises ContractError unless each text has exactly one finite score."""
    try:
        pairs = [(int(item["index"]), float(item["relevance_score"])) for item in answer["results"]]
    except (KeyError, TypeError, ValueError) as error:
        raise ContractError(f"{name!r} gave results without index or relevance_score: {error!r}") from error
    if sorted(index for index, _ in pairs) != list(range(n_texts)):
        raise ContractError(f"{name!r} scored {len(pairs)} texts of {n_texts}, or misnumbered them")
    scores = np.array([score for _, score in sorted(pairs)], dtype=np.float64)
    if not np.isfinite(scores).all():
        raise ContractError(f"{name!r} gave a score that is not finite; nothing was reranked")
    return scores
