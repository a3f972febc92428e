"""Embeddings by the protocols of Cohere, Gemini, Jina, Mistral, Ollama, Voyage and text-embeddings-inference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lake.embed.endpoint_embedder import EndpointEmbedder
from lake.embed.endpoint_protocol import EmbeddingModel, RequestLimits
from lake.embed.hosted_models import HostedModel, has_tasks
from lake.embed.openai_answer import is_too_large
from lake.embed.openai_api import OpenAIEmbedder
from lake.endpoints.endpoint import Endpoint
from lake.endpoints.http import JsonHttp
from lake.endpoints.providers import PROVIDERS
from lake.endpoints.refusals import UnacceptedRequest
from lake.errors import ContractError

if TYPE_CHECKING:
    from lake.recipe import EmbedderIdentity


@dataclass(frozen=True, slots=True)
class HostedProtocol:
    """What a provider is sent for texts, and the vectors and the number of tokens that are read from its answer.

    ``max_inputs`` and ``max_tokens`` are those of a request, with a margin. Texts are never cut: one that is too long
    is refused.
    """

    path: str
    request: Callable[[HostedModel, Sequence[str], bool], dict[str, Any]]
    read: Callable[[Any], tuple[Sequence[Any], int | None]]
    max_inputs: int
    max_tokens: int
    key_header: str | None = None


def _cohere(model: HostedModel, texts: Sequence[str], is_query: bool) -> dict[str, Any]:
    task = "search_query" if is_query else "search_document"
    request = {"model": model.name, "texts": texts, "input_type": task, "embedding_types": ["float"]}
    return request | {"truncate": "NONE"} | _shortened(model, "output_dimension")


def _from_cohere(answer: Any) -> tuple[Sequence[Any], int | None]:
    billed = (answer.get("meta") or {}).get("billed_units") or {}
    return answer["embeddings"]["float"], billed.get("input_tokens")


def _gemini(model: HostedModel, texts: Sequence[str], is_query: bool) -> dict[str, Any]:
    shared: dict[str, Any] = {"model": f"models/{model.name}", **_shortened(model, "outputDimensionality")}
    if has_tasks(model.provider, model.name):
        shared["taskType"] = "RETRIEVAL_QUERY" if is_query else "RETRIEVAL_DOCUMENT"
    return {"requests": [{**shared, "content": {"parts": [{"text": text}]}} for text in texts]}


def _from_gemini(answer: Any) -> tuple[Sequence[Any], int | None]:
    usage = answer.get("usageMetadata") or {}
    return [embedding["values"] for embedding in answer["embeddings"]], usage.get("promptTokenCount")


def _jina(model: HostedModel, texts: Sequence[str], is_query: bool) -> dict[str, Any]:
    request = {"model": model.name, "input": texts, "truncate": False, **_shortened(model, "dimensions")}
    if has_tasks(model.provider, model.name):
        request["task"] = "retrieval.query" if is_query else "retrieval.passage"
    return request


def _mistral(model: HostedModel, texts: Sequence[str], is_query: bool) -> dict[str, Any]:
    return {"model": model.name, "input": texts, **_shortened(model, "output_dimension")}


def _voyage(model: HostedModel, texts: Sequence[str], is_query: bool) -> dict[str, Any]:
    task = "query" if is_query else "document"
    request = {"model": model.name, "input": texts, "input_type": task, "truncation": False}
    return request | _shortened(model, "output_dimension")


def _ollama(model: HostedModel, texts: Sequence[str], is_query: bool) -> dict[str, Any]:
    return {"model": model.name, "input": texts, "truncate": False}


def _from_ollama(answer: Any) -> tuple[Sequence[Any], int | None]:
    return answer["embeddings"], answer.get("prompt_eval_count")


def _tei(model: HostedModel, texts: Sequence[str], is_query: bool) -> dict[str, Any]:
    return {"inputs": texts, "truncate": False, "normalize": True}


def _from_tei(answer: Any) -> tuple[Sequence[Any], int | None]:
    return list(answer), None


def _from_openai(answer: Any) -> tuple[Sequence[Any], int | None]:
    """Vectors in the order of their index, which Jina, Mistral and Voyage state as OpenAI does."""
    items = sorted(answer["data"], key=lambda item: int(item["index"]))
    if [item["index"] for item in items] != list(range(len(items))):
        raise ValueError("vectors are misnumbered")
    return [item["embedding"] for item in items], (answer.get("usage") or {}).get("total_tokens")


def _shortened(model: HostedModel, field: str) -> dict[str, Any]:
    return {field: model.dimensions} if model.is_shortened else {}


PROTOCOLS = {
    "cohere": HostedProtocol("/embed", _cohere, _from_cohere, 96, 100_000),
    "gemini": HostedProtocol(
        "/models/{model}:batchEmbedContents",
        _gemini,
        _from_gemini,
        100,
        20_000,
        key_header="x-goog-api-key",
    ),
    "jina": HostedProtocol("/embeddings", _jina, _from_openai, 128, 100_000),
    "mistral": HostedProtocol("/embeddings", _mistral, _from_openai, 128, 12_000),
    "ollama": HostedProtocol("/api/embed", _ollama, _from_ollama, 64, 32_000),
    "tei": HostedProtocol("/embed", _tei, _from_tei, 32, 12_000),
    "voyage": HostedProtocol("/embeddings", _voyage, _from_openai, 128, 80_000),
}


class HostedEmbeddings:
    """A provider's protocol as the embedder of endpoints calls it."""

    encodings: tuple[str, ...] = ("float",)

    def __init__(self, model: HostedModel, endpoint: Endpoint, timeout: float) -> None:
        self._protocol, self._model, self._url_from = PROTOCOLS[model.provider], model, endpoint.url_from
        self._path = self._protocol.path.format(model=model.name)
        provider, key_header = PROVIDERS[model.provider], self._protocol.key_header
        self._http = JsonHttp(model.identity.name, provider, endpoint, timeout, key_header, _check_size)

    def embed(self, texts: Sequence[str], encoding: str, *, is_query: bool) -> dict[str, Any]:
        answer = self._http.post(self._path, self._protocol.request(self._model, list(texts), is_query))
        try:
            vectors, n_tokens = self._protocol.read(answer)
            data = [{"index": n, "embedding": vector} for n, vector in enumerate(vectors)]
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ContractError(
                f"{self._model.identity.name!r} returned no embeddings ({error!r}); check {self._url_from}"
            ) from error
        return {"data": data, "usage": {"total_tokens": n_tokens}}


def _check_size(status: int, message: str, code: str | None) -> None:
    """Raises UnacceptedRequest for a request that is too large, for which Ollama has the status 500."""
    if status == 500 and is_too_large(message):
        raise UnacceptedRequest(f"the endpoint refused the request (500): {message}")


def endpoint_embedder(
    provider: str, model: EmbeddingModel, endpoint: Endpoint, identity: EmbedderIdentity | None = None
) -> EndpointEmbedder:
    """The embedder of a model, by the protocol of its provider."""
    if not isinstance(model, HostedModel) or provider not in PROTOCOLS:
        return OpenAIEmbedder(model, endpoint, identity=identity, provider=provider)
    protocol = PROTOCOLS[provider]
    limits = RequestLimits(protocol.max_inputs, protocol.max_tokens)
    return EndpointEmbedder(model, endpoint, HostedEmbeddings(model, endpoint, limits.timeout), limits, identity)
