"""Chat models by name."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from lake import plugins
from lake.answer.anthropic_chat import AnthropicChat
from lake.answer.chain import ChatChain
from lake.answer.cohere_chat import CohereChat
from lake.answer.gemini_chat import GeminiChat
from lake.answer.ollama_chat import OllamaChat
from lake.answer.openai_chat import OpenAIChat
from lake.endpoints.endpoint import Endpoint
from lake.errors import UsageError
from lake.reporting import either

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lake.answer.chat import ChatModel
    from lake.answer.endpoint_chat import ChatTimeouts, EndpointChat
    from lake.options.endpoints import Role

VARIABLE = "RAGLAKE_CHAT_MODEL"
_CLASSES: dict[str, Callable[..., EndpointChat]] = {
    **dict.fromkeys(("openai", "azure", "mistral", "vllm"), OpenAIChat),
    "anthropic": AnthropicChat,
    "gemini": GeminiChat,
    "cohere": CohereChat,
    "ollama": OllamaChat,
}
FORMS = tuple(f"{provider}:MODEL" for provider in _CLASSES)


class NoChatModelError(UsageError):
    """Neither the call nor the environment names a chat model."""


def load_chat(
    name: str | Sequence[str] | None = None, timeouts: ChatTimeouts | None = None, role: Role = "chat"
) -> ChatModel:
    """The chat model ``name``, by default that of RAGLAKE_CHAT_MODEL; for several names, a chain of them.

    Raises NoChatModelError if both are missing, and UsageError for an unknown name or a missing key.
    """
    stated = os.environ.get(VARIABLE, "").split(",") if not name else [name] if isinstance(name, str) else name
    chosen = [one.strip() for one in stated if one.strip()]
    if not chosen:
        raise NoChatModelError(
            f"no chat model is set; set {VARIABLE} to {either(FORMS)}, with the "
            f"provider's key, such as OPENAI_API_KEY, or RAGLAKE_CHAT_URL for your own server"
        )
    models = [_load(one, timeouts, role, is_first=one is chosen[0]) for one in chosen]
    return models[0] if len(models) == 1 else ChatChain(models)


def _load(name: str, timeouts: ChatTimeouts | None, role: Role, *, is_first: bool) -> ChatModel:
    family, _, model = name.partition(":")
    load = plugins.load("chat_models", family) if model else None
    if load is None:
        raise UsageError(f"no chat model {name!r}; choose {either([*FORMS, *_added()])}")
    if family in _CLASSES:
        ours: ChatModel = load(model, timeouts, role, is_first=is_first)
        return ours
    chat: ChatModel = load(model) if timeouts is None else load(model, timeouts)
    return chat


def _added() -> list[str]:
    return [f"{name}:MODEL" for name in plugins.names("chat_models")]


def _behind_an_endpoint(
    provider: str,
    model: str,
    timeouts: ChatTimeouts | None = None,
    role: Role = "chat",
    *,
    is_first: bool = True,
) -> ChatModel:
    return _CLASSES[provider](provider, model, Endpoint.of(role, provider, is_first=is_first), timeouts)


openai, azure, mistral, vllm, anthropic, gemini, cohere, ollama = (
    partial(_behind_an_endpoint, provider) for provider in _CLASSES
)
