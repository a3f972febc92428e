"""Chat models by name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lake import plugins
from lake.answer import anthropic_chat, openai_chat
from lake.answer.chain import ChatChain
from lake.endpoints.endpoint import Endpoint
from lake.errors import UsageError
from lake.reporting import either

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lake.answer.chat import ChatModel
    from lake.answer.endpoint_chat import ChatTimeouts

VARIABLE = "RAGLAKE_CHAT_MODEL"
FORMS = ("openai:MODEL", "anthropic:MODEL")


class NoChatModelError(UsageError):
    """Neither the call nor the environment names a chat model."""


def load_chat(name: str | Sequence[str] | None = None, timeouts: ChatTimeouts | None = None) -> ChatModel:
    """The chat model ``name``, by default that of RAGLAKE_CHAT_MODEL; for several names, a chain of them.

    Raises NoChatModelError if both are missing, and UsageError for an unknown name or a missing key.
    """
    stated = os.environ.get(VARIABLE, "").split(",") if not name else [name] if isinstance(name, str) else name
    chosen = [one.strip() for one in stated if one.strip()]
    if not chosen:
        raise NoChatModelError(
            f"no chat model is set, so there are passages but no answer; set {VARIABLE} to {either(FORMS)}, with "
            f"OPENAI_API_KEY or ANTHROPIC_API_KEY, or OPENAI_BASE_URL for your own server"
        )
    models = [_load(one, timeouts) for one in chosen]
    return models[0] if len(models) == 1 else ChatChain(models)


def _load(name: str, timeouts: ChatTimeouts | None) -> ChatModel:
    family, _, model = name.partition(":")
    load = plugins.load("chat_models", family) if model else None
    if load is None:
        raise UsageError(f"no chat model {name!r}; choose {either([*FORMS, *_added()])}")
    chat: ChatModel = load(model) if timeouts is None else load(model, timeouts)
    return chat


def _added() -> list[str]:
    return [f"{name}:MODEL" for name in plugins.names("chat_models")]


def openai(model: str, timeouts: ChatTimeouts | None = None) -> ChatModel:
    """A model behind OPENAI_BASE_URL, or OpenAI's own; an entry point, like ``anthropic``."""
    return openai_chat.OpenAIChat(model, Endpoint.from_environment(), timeouts)


def anthropic(model: str, timeouts: ChatTimeouts | None = None) -> ChatModel:
    """One of Anthropic's models."""
    return anthropic_chat.AnthropicChat(model, timeouts)
