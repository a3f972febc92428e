"""Embeddings by OpenAI's protocol, with OpenAI's own client."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, cast

from lake.embed.endpoint_embedder import EndpointEmbedder
from lake.embed.endpoint_protocol import EmbeddingModel, RequestLimits
from lake.embed.openai_answer import answer_of, translating
from lake.endpoints.deadline import at_most
from lake.endpoints.endpoint import Endpoint
from lake.endpoints.openai_client import of_each_request, openai_client
from lake.endpoints.providers import PROVIDERS

if TYPE_CHECKING:
    from openai import OpenAI

    from lake.recipe import EmbedderIdentity


class OpenAIEmbeddings:
    """The protocol of OpenAI, Azure, and most servers of one's own."""

    encodings: tuple[str, ...] = ("base64", "float")

    def __init__(self, provider: str, model: EmbeddingModel, endpoint: Endpoint, timeout: float) -> None:
        self._provider, self._model, self._endpoint = PROVIDERS[provider], model, endpoint
        self._timeout = endpoint.timeout or timeout

    @cached_property
    def _client(self) -> OpenAI:
        return openai_client(self._provider, self._endpoint, self._model.name, self._timeout)

    def embed(self, texts: Sequence[str], encoding: str, *, is_query: bool) -> dict[str, Any]:
        shortened: dict[str, Any] = {"dimensions": self._model.dimensions} if self._model.is_shortened else {}
        with translating(self._endpoint):
            # Named explicitly, base64 reaches us undecoded: numpy reads it without a list of floats between.
            raw = self._client.embeddings.with_raw_response.create(
                model=self._model.name,
                input=list(texts),
                encoding_format=cast(Literal["base64", "float"], encoding),
                timeout=at_most(self._timeout),
                **of_each_request(self._provider, self._endpoint),
                **shortened,
            )
            return answer_of(raw.http_response.text, self._model.name, self._endpoint.url_from)


class OpenAIEmbedder(EndpointEmbedder):
    """An embedder behind OpenAI's protocol."""

    def __init__(
        self,
        model: EmbeddingModel,
        endpoint: Endpoint,
        limits: RequestLimits | None = None,
        identity: EmbedderIdentity | None = None,
        provider: str = "openai",
    ) -> None:
        protocol = OpenAIEmbeddings(provider, model, endpoint, (limits or RequestLimits()).timeout)
        super().__init__(model, endpoint, protocol, limits, identity)
