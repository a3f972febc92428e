"""Rerankers behind an endpoint: the request that Cohere, Jina, vLLM and llama.cpp have in common."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from lake.endpoints.pacing import Backoff, asked_wait
from lake.endpoints.surrogates import without_surrogates
from lake.errors import ContractError, TransientError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx

_COHERE = "https://api.cohere.com/v2"
_URL, _KEY = "RAGLAKE_RERANK_URL", "RAGLAKE_RERANK_API_KEY"
_RETRIED = (408, 409, 425, 429)
#: A question does not wait longer than this, whatever the endpoint asks for.
_LONGEST_WAIT = 30.0
#: What Cohere takes in one request.
_MOST_TEXTS = 1000


@dataclass(frozen=True, slots=True)
class RerankEndpoint:
    """Requests go to ``{base_url}/rerank``; ``family`` is ``cohere`` or ``openai``."""

    family: str
    base_url: str
    api_key: str = field(default="", repr=False)

    @classmethod
    def from_environment(cls, family: str) -> RerankEndpoint:
        """RAGLAKE_RERANK_URL and RAGLAKE_RERANK_API_KEY; for ``openai`` else OPENAI_BASE_URL and OPENAI_API_KEY."""
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
    """Seconds for one answer, and how often a request is sent at all."""

    timeout: float = 20.0
    backoff: Backoff = field(default_factory=lambda: Backoff(n_attempts=4, first=0.5, longest=8.0))


class RerankApi:
    """Scores are the endpoint's own; some give 0 to 1, some any number."""

    def __init__(self, name: str, model: str, endpoint: RerankEndpoint, patience: RerankTimeouts | None = None) -> None:
        self.name = name
        self._model = model
        self._endpoint = endpoint
        self._patience = patience or RerankTimeouts()

    @cached_property
    def _client(self) -> httpx.Client:
        import httpx

        key = self._endpoint.api_key
        headers = {"authorization": f"Bearer {key}"} if key else {}
        return httpx.Client(timeout=self._patience.timeout, headers=headers)

    def scores(self, question: str, texts: Sequence[str]) -> np.ndarray:
        found = np.empty(len(texts), dtype=np.float64)
        for start in range(0, len(texts), _MOST_TEXTS):
            some = [without_surrogates(text) for text in texts[start : start + _MOST_TEXTS]]
            found[start : start + len(some)] = self._scores(without_surrogates(question), some)
        return found

    def _scores(self, question: str, texts: list[str]) -> np.ndarray:
        request: dict[str, Any] = {"model": self._model, "query": question, "documents": texts, "top_n": len(texts)}
        # Cohere's second version knows no such field and never returns them.
        if self._endpoint.family != "cohere":
            request["return_documents"] = False
        backoff = self._patience.backoff
        for n_failures in range(1, backoff.n_attempts + 1):
            answer, wait = self._ask(request)
            if isinstance(answer, dict):
                return _in_order(answer, len(texts), self.name)
            wait = backoff.delay(n_failures, wait)
            if n_failures == backoff.n_attempts or wait > _LONGEST_WAIT:
                break
            time.sleep(wait)
        raise TransientError(f"{self.name!r} failed after {n_failures} attempts: {answer}; try again later")

    def _ask(self, request: dict[str, Any]) -> tuple[dict[str, Any] | str, float | None]:
        """The answer, or why there is none and when the endpoint wants to be asked again."""
        import httpx

        try:
            response = self._client.post(f"{self._endpoint.base_url}/rerank", json=request)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise UsageError(f"{self._endpoint.base_url!r} is no address: {error}; check {_URL}") from error
        except httpx.HTTPError as error:
            return f"{type(error).__name__} {error}".strip(), None
        if response.status_code in _RETRIED or response.status_code >= 500:
            return f"{response.status_code} {_shortened(response.text)}", asked_wait(response.headers)
        if response.status_code != 200:
            raise _refusal(response.status_code, _shortened(response.text))
        return _json(response, self.name), None


def _shortened(text: str) -> str:
    return " ".join(text.split())[:300]


def _refusal(status: int, message: str) -> Exception:
    if status in (401, 403):
        return UsageError(f"the rerank endpoint refused the key ({status}): {message}; check {_KEY}")
    if status in (404, 405):
        return UsageError(f"the rerank endpoint knows no such model or address ({status}): {message}; check {_URL}")
    return ContractError(f"the rerank endpoint refused the request ({status}): {message}")


def _json(response: httpx.Response, name: str) -> dict[str, Any]:
    try:
        answer = response.json()
    except ValueError as error:
        raise ContractError(f"{name!r} did not answer in JSON: {_shortened(response.text)!r}") from error
    if not isinstance(answer, dict):
        raise ContractError(f"{name!r} answered with {type(answer).__name__}, not an object with 'results'")
    return answer


def _in_order(answer: dict[str, Any], n_texts: int, name: str) -> np.ndarray:
    """Scores by index; raises ContractError unless each text has exactly one, and a finite one."""
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
