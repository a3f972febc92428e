"""Answers questions with checked citations: ``answer``, ``answer_stream``, their arguments and results.

Each is imported with its first use: a search that is not followed by an answer needs none of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lake.answer.answering import answer, answer_stream
    from lake.answer.chat import ChatModel, Completion, Message
    from lake.answer.registry import NoChatModelError, load_chat
    from lake.answer.values import Answer, AnswerProblem, CitedSource, Quote, Sentence
    from lake.endpoints.usage import Usage
    from lake.options.answer import AnswerOptions, ExpansionLimits

_HOMES = {
    "lake.answer.answering": ("answer", "answer_stream"),
    "lake.answer.chat": ("ChatModel", "Completion", "Message"),
    "lake.answer.registry": ("NoChatModelError", "load_chat"),
    "lake.answer.values": ("Answer", "AnswerProblem", "CitedSource", "Quote", "Sentence"),
    "lake.endpoints.usage": ("Usage",),
    "lake.options.answer": ("AnswerOptions", "ExpansionLimits"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Answer",
    "AnswerOptions",
    "AnswerProblem",
    "ChatModel",
    "CitedSource",
    "Completion",
    "ExpansionLimits",
    "Message",
    "NoChatModelError",
    "Quote",
    "Sentence",
    "Usage",
    "answer",
    "answer_stream",
    "load_chat",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return __all__
