"""OpenAI's own client, for its endpoint, for Azure's, and for servers with the same protocol."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from lake.endpoints.bounded import bounded
from lake.endpoints.endpoint import Endpoint
from lake.endpoints.providers import Provider

if TYPE_CHECKING:
    from openai import OpenAI


@lru_cache(maxsize=32)
def openai_client(provider: Provider, endpoint: Endpoint, model: str, timeout: float) -> OpenAI:
    """The client of a model, one object for each, so that connections are used again.

    It repeats nothing, and follows no redirection: texts and the key would go on to an address that nobody stated.
    """
    from openai import DefaultHttpxClient, OpenAI

    words: dict[str, Any] = {"base_url": endpoint.base_url or provider.url, "default_headers": dict(endpoint.headers)}
    if provider.name == "azure":
        words = _azure(endpoint, model)
    words |= {"timeout": endpoint.timeout or timeout}
    words["http_client"] = bounded(DefaultHttpxClient)(follow_redirects=False)
    return OpenAI(api_key=endpoint.api_key or "none", max_retries=0, **words)


def _azure(endpoint: Endpoint, model: str) -> dict[str, Any]:
    """Azure's v1 interface is that of OpenAI. One with a version has a path for each deployment, and takes a key in a
    header of its own; an Entra token, which is known by its form, goes where OpenAI's key does.
    """
    parts, headers = urlsplit(endpoint.base_url or ""), dict[str, Any](endpoint.headers)
    resource = f"{parts.scheme}://{parts.netloc}{parts.path.partition('/openai')[0].rstrip('/')}"
    if not endpoint.api_version:
        return {"base_url": f"{resource}/openai/v1", "default_headers": headers}
    if _is_in_own_header(endpoint):
        headers = {"api-key": endpoint.api_key, **headers}
    return {
        "base_url": f"{resource}/openai/deployments/{model}",
        "default_query": {"api-version": endpoint.api_version},
        "default_headers": headers,
    }


def _is_in_own_header(endpoint: Endpoint) -> bool:
    """Whether the key has a header of its own: not one of OpenAI's, and not an Entra token."""
    is_token = endpoint.api_key.startswith("eyJ") and endpoint.api_key.count(".") == 2
    return endpoint.api_version is not None and not is_token


def of_each_request(provider: Provider, endpoint: Endpoint) -> dict[str, Any]:
    """What each request must state again, since the client drops it only there: that its key is in another header."""
    from openai import Omit

    if provider.name != "azure" or not _is_in_own_header(endpoint):
        return {}
    return {"extra_headers": {"Authorization": Omit()}}
