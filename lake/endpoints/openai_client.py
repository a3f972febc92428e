"""OpenAI's own client, for its endpoint, for Azure's, and for servers with the same protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from lake.endpoints.endpoint import Endpoint
from lake.endpoints.providers import Provider

if TYPE_CHECKING:
    from openai import OpenAI


def openai_client(provider: Provider, endpoint: Endpoint, model: str, timeout: float) -> OpenAI:
    """The client of a model, without retries of its own."""
    from openai import OpenAI

    words: dict[str, Any] = {"base_url": endpoint.base_url or provider.url, "default_headers": dict(endpoint.headers)}
    if provider.name == "azure":
        words = _azure(endpoint, model)
    return OpenAI(api_key=endpoint.api_key or "none", timeout=endpoint.timeout or timeout, max_retries=0, **words)


def _azure(endpoint: Endpoint, model: str) -> dict[str, Any]:
    """Azure's v1 interface is that of OpenAI. One with a version has a path for each deployment, and takes a key in a
    header of its own; an Entra token, which is known by its form, goes where OpenAI's key does.
    """
    from openai import Omit

    parts, headers = urlsplit(endpoint.base_url or ""), dict[str, Any](endpoint.headers)
    resource = f"{parts.scheme}://{parts.netloc}{parts.path.partition('/openai')[0].rstrip('/')}"
    if not endpoint.api_version:
        return {"base_url": f"{resource}/openai/v1", "default_headers": headers}
    if not (endpoint.api_key.startswith("eyJ") and endpoint.api_key.count(".") == 2):
        headers = {"api-key": endpoint.api_key, "Authorization": Omit(), **headers}
    return {
        "base_url": f"{resource}/openai/deployments/{model}",
        "default_query": {"api-version": endpoint.api_version},
        "default_headers": headers,
    }
