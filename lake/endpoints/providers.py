"""Providers of models: their addresses, the variables that they are known by, and their names in the price list."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Provider:
    """``url`` is the address if no variable holds another; ``prices``: the provider's name in the price list.

    ``hosts`` are the provider's. One that begins with a dot stands for all hosts that end in it, which belong to the
    provider's customers. A provider without hosts is a server of one's own.
    """

    name: str
    title: str
    url: str | None
    key_variables: tuple[str, ...]
    url_variables: tuple[str, ...]
    hosts: tuple[str, ...] = ()
    prices: str | None = None

    def owns(self, url: str | None) -> bool:
        """Whether an address is the provider's own, so that it needs the provider's key."""
        host = _host(url or self.url)
        return any(host == own or (own[0] == "." and host.endswith(own)) for own in self.hosts)

    def is_at(self, url: str) -> bool:
        """Whether an address is a host of the provider alone, over HTTPS."""
        return url.startswith("https://") and _host(url) in self.hosts


def _host(url: str | None) -> str:
    return urlsplit(url or "").hostname or ""


_AZURE = (".openai.azure.com", ".azure-api.net", ".cognitiveservices.azure.com", ".services.ai.azure.com")

PROVIDERS = {
    provider.name: provider
    for provider in (
        Provider(
            "openai",
            "OpenAI",
            "https://api.openai.com/v1",
            ("OPENAI_API_KEY",),
            ("OPENAI_BASE_URL",),
            ("api.openai.com",),
            "openai",
        ),
        Provider(
            "azure",
            "Azure OpenAI",
            None,
            ("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN"),
            ("AZURE_OPENAI_ENDPOINT",),
            _AZURE,
            "azure",
        ),
        Provider(
            "anthropic",
            "Anthropic",
            "https://api.anthropic.com",
            ("ANTHROPIC_API_KEY",),
            ("ANTHROPIC_BASE_URL",),
            ("api.anthropic.com",),
            "anthropic",
        ),
        Provider(
            "gemini",
            "Gemini",
            "https://generativelanguage.googleapis.com/v1beta",
            ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
            ("GEMINI_BASE_URL",),
            ("generativelanguage.googleapis.com",),
            "google",
        ),
        Provider(
            "cohere",
            "Cohere",
            "https://api.cohere.com/v2",
            ("CO_API_KEY", "COHERE_API_KEY"),
            ("COHERE_BASE_URL",),
            ("api.cohere.com", "api.cohere.ai"),
            "cohere",
        ),
        Provider(
            "voyage",
            "Voyage",
            "https://api.voyageai.com/v1",
            ("VOYAGE_API_KEY",),
            ("VOYAGE_BASE_URL",),
            ("api.voyageai.com", "ai.mongodb.com"),
            "voyageai",
        ),
        Provider(
            "mistral",
            "Mistral",
            "https://api.mistral.ai/v1",
            ("MISTRAL_API_KEY",),
            ("MISTRAL_BASE_URL",),
            ("api.mistral.ai",),
            "mistral",
        ),
        Provider(
            "jina",
            "Jina",
            "https://api.jina.ai/v1",
            ("JINA_API_KEY",),
            ("JINA_BASE_URL",),
            ("api.jina.ai",),
        ),
        Provider("ollama", "Ollama", "http://127.0.0.1:11434", ("OLLAMA_API_KEY",), ("OLLAMA_HOST",)),
        Provider("vllm", "vLLM", "http://127.0.0.1:8000/v1", ("VLLM_API_KEY",), ("VLLM_BASE_URL",)),
        Provider("tei", "text-embeddings-inference", "http://127.0.0.1:8080", ("TEI_API_KEY",), ("TEI_BASE_URL",)),
    )
}
