"""Chat models by name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lake.answer import anthropic_chat, openai_chat
from lake.errors import UsageError

if TYPE_CHECKING:
    from lake.answer.chat import ChatModel
    from lake.answer.endpoint_chat import ChatTimeouts

VARIABLE = "RAGLAKE_CHAT_MODEL"
FORMS = ("openai:MODEL", "anthropic:MODEL")


class NoChatModelError(UsageError):
    """No chat model is named, here or in the environment."""


def load_chat(name: str | None = None, timeouts: ChatTimeouts | None = None) -> ChatModel:
    """The chat model called ``name``, else the one that RAGLAKE_CHAT_MODEL names.

    Raises NoChatModelError where neither does, and UsageError for a wrong name or a missing key.
    """
    chosen = (name or os.environ.get(VARIABLE, "")).strip()
    if not chosen:
        raise NoChatModelError(
            f"no chat model is set, so there are passages and no answer; set {VARIABLE} to one of {list(FORMS)}, with "
            f"OPENAI_API_KEY or ANTHROPIC_API_KEY, or OPENAI_BASE_URL for a server of your own"
        )
    family, _, model = chosen.partition(":")
    if family == "openai" and model:
        from lake.endpoints.endpoint import Endpoint

        return openai_chat.OpenAIChat(model, Endpoint.from_environment(), timeouts)
    if family == "anthropic" and model:
        return anthropic_chat.AnthropicChat(model, timeouts)
    raise UsageError(f"no chat model {chosen!r}; choose one of the forms {list(FORMS)}")
