"""Answers questions with checked citations: ``answer``, ``answer_stream``, their arguments and results.

Each is imported with its first use: a search that is not followed by an answer needs none of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lake.plugins.later import lazy_names

if TYPE_CHECKING:
    from lake.answer.answering import answer, answer_stream
    from lake.answer.chat import ChatModel, Completion, Message
    from lake.answer.registry import NoChatModelError, load_chat
    from lake.answer.values import Answer, AnswerProblem, CitedSource, Quote, Sentence
    from lake.endpoints.usage import Usage
    from lake.options.answer import AnswerOptions, ExpansionLimits

__getattr__ = lazy_names(
    __name__,
    {
        "lake.answer.answering": ("answer", "answer_stream"),
        "lake.answer.chat": ("ChatModel", "Completion", "Message"),
        "lake.answer.registry": ("NoChatModelError", "load_chat"),
        "lake.answer.values": ("Answer", "AnswerProblem", "CitedSource", "Quote", "Sentence"),
        "lake.endpoints.usage": ("Usage",),
        "lake.options.answer": ("AnswerOptions", "ExpansionLimits"),
    },
)

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


def __dir__() -> list[str]:
    return __all__
