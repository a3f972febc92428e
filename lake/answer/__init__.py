"""Answers questions with checked citations: ``answer``, ``answer_stream``, their arguments and results."""

from lake.answer.answering import answer, answer_stream
from lake.answer.chat import ChatModel, Completion, Message
from lake.answer.registry import NoChatModelError, load_chat
from lake.answer.values import Answer, AnswerProblem, CitedSource, Quote, Sentence
from lake.endpoints.usage import Usage
from lake.options.answer import AnswerOptions, ExpansionLimits

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
