"""``--rerank model``: a chat model puts the best passages in order, and nothing but an order is taken from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lake.answer import json_replies
from lake.answer.chain import ChatChain
from lake.answer.chat import Message
from lake.answer.fences import fence_of, fenced
from lake.answer.registry import load_chat
from lake.answer.templates import load_prompts
from lake.endpoints.breaker import UnreachableError
from lake.endpoints.surrogates import without_surrogates
from lake.options.search import BY_CHAT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lake.answer.chat import ChatModel
    from lake.endpoints.usage import Usage

#: Characters of a passage that the model reads, and tokens of its reply besides those of each number.
_LONGEST, _REPLY, _PER_NUMBER = 2_000, 64, 6
_SCHEMA = {
    "type": "object",
    "properties": {"order": {"type": "array", "items": {"type": "integer"}}},
    "required": ["order"],
    "additionalProperties": False,
}


class NoOrderError(UnreachableError):
    """The model's reply was no order of the passages; the order before it stands."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "rerank")

    def __reduce__(self) -> tuple[type, tuple[str]]:  # type: ignore[override]
        return type(self), (str(self),)


@dataclass(frozen=True, slots=True)
class ChatReranker:
    """Calls the model once for all passages."""

    chat: ChatModel

    @classmethod
    def named(cls, name: str, seconds: float | None = None) -> ChatReranker:
        """``model`` is the configured chat model, ``model:NAME`` another one.

        With ``seconds``, raises UnreachableError if the model does not answer in time. Raises UsageError for no model.
        """
        chat = load_chat(name.removeprefix(BY_CHAT).removeprefix(":") or None)
        return cls(chat if seconds is None else ChatChain.within(chat, seconds))

    def scores(self, question: str, texts: Sequence[str], spent: list[Usage]) -> np.ndarray:
        """float64 [n]: 1 for the first passage of the order, then evenly less; appends what the call cost to ``spent``.

        Raises NoOrderError unless the reply is a permutation of the passages' numbers.
        """
        if len(texts) < 2:
            return np.ones(len(texts))
        passages = [without_surrogates(text)[:_LONGEST] for text in texts]
        question = without_surrogates(question)
        fence = fence_of(question, *passages)
        marked = "\n\n".join(fenced(f"passage {n}", text, fence) for n, text in enumerate(passages, 1))
        prompt = load_prompts().render("rerank", passages=marked, question=question, fence=fence, n=str(len(texts)))
        most = _REPLY + _PER_NUMBER * len(texts)
        done = self.chat.complete([Message("user", prompt)], max_tokens=most, json_schema=_SCHEMA)
        spent.append(done.usage)
        order = _order(done.text, len(texts))
        scores = np.empty(len(texts))
        scores[order] = 1 - np.arange(len(texts)) / len(texts)
        return scores


def _order(reply: str, n: int) -> list[int]:
    """Positions of the passages, best first."""
    order: Any = (json_replies.first_object(reply) or {}).get("order")
    is_whole = isinstance(order, list) and all(type(number) is int for number in order)
    if not is_whole or sorted(order) != list(range(1, n + 1)):
        raise NoOrderError(f"the chat model's reply is no order of {n} passages; they keep the order before it")
    return [number - 1 for number in order]
