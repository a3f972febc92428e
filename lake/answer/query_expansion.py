"""Makes a question easier to find: each strategy has a model write queries, and records its failures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, get_args

from lake.answer import json_replies
from lake.answer.chat import Message
from lake.answer.fences import fence_of, fenced
from lake.answer.templates import Prompts
from lake.endpoints.usage import Usage
from lake.errors import ContractError, TransientError, UsageError
from lake.options.answer import ExpansionLimits, Understand
from lake.reporting import either

if TYPE_CHECKING:
    from lake.answer.chat import ChatModel


_MAX_QUERY = 1000
_MAX_HISTORY = 12_000


@dataclass(frozen=True, slots=True)
class ExpandedQuery:
    """A text to search for; ``like_a_passage``: it is worded like an answer, and is searched by its vector."""

    text: str
    like_a_passage: bool = False


@dataclass
class Understanding:
    """Calls the model, within limits; ``notes`` records failures and their consequences."""

    chat: ChatModel
    prompts: Prompts
    limits: ExpansionLimits = field(default_factory=ExpansionLimits)
    usage: Usage = field(default_factory=Usage)
    notes: list[str] = field(default_factory=list)

    def standalone(self, question: str, history: Sequence[Message]) -> str:
        """The question with references to the conversation resolved; unchanged if the model fails."""
        turns = "\n".join(f"{message.role}: {message.text}" for message in history)[-_MAX_HISTORY:]
        fence = fence_of(turns, question)
        turns = fenced("conversation", turns, fence)
        return self._text("standalone", "question", question, fence, history=turns) or question

    def rewritten(self, question: str) -> list[ExpandedQuery]:
        """A query that replaces the question."""
        text = self._text("rewrite", "query", question, fence_of(question))
        return [ExpandedQuery(text or question)]

    def expanded(self, question: str) -> list[ExpandedQuery]:
        """Queries with other words."""
        return list(map(ExpandedQuery, self._texts("expand", question, fence_of(question)) or ()))

    def imagined(self, question: str) -> list[ExpandedQuery]:
        """A passage that might answer (HyDE: Gao et al., ACL 2023)."""
        text = self._text("hyde", "passage", question, fence_of(question))
        return [ExpandedQuery(text, like_a_passage=True)] if text else []

    def missing(self, question: str, found: str, fence: str) -> list[ExpandedQuery]:
        """What else to search for, given the passages ``found``, which are marked by ``fence``."""
        return list(map(ExpandedQuery, self._texts("decompose", question, fence, sources=found) or ()))

    def _text(self, name: str, key: str, question: str, fence: str, **words: str) -> str | None:
        written = self._ask(name, key, many=False, question=question, fence=fence, **words)
        text = json_replies.a_text(written, key) if written is not None else None
        if not text:
            self._note_form(name, written)
            return None
        return text[:_MAX_QUERY]

    def _texts(self, name: str, question: str, fence: str, **words: str) -> list[str] | None:
        n = self.limits.max_queries
        written = self._ask(name, "queries", many=True, question=question, fence=fence, n_queries=str(n), **words)
        found = json_replies.texts(written, "queries") if written is not None else None
        if found is None:
            self._note_form(name, written)
            return None
        return [text[:_MAX_QUERY] for text in found[:n]]

    def _ask(self, name: str, key: str, *, many: bool, **words: str) -> str | None:
        if self.usage.n_calls >= self.limits.max_calls:
            self.notes.append(f"{name}: skipped after {self.limits.max_calls} calls of the model")
            return None
        message = Message("user", self.prompts.render(name, **words))
        schema = json_replies.schema_of(key, many=many)
        try:
            done = self.chat.complete([message], max_tokens=self.limits.max_tokens, json_schema=schema)
        except (TransientError, ContractError) as error:
            self.usage += Usage(1)
            self.notes.append(f"{name}: {error}; continued without it")
            return None
        self.usage += done.usage
        return done.text

    def _note_form(self, name: str, written: str | None) -> None:
        if written is not None:
            self.notes.append(f"{name}: the model's answer was not the JSON requested; continued without it")


def check_strategies(strategies: Sequence[str]) -> None:
    """Raises UsageError for an unknown name."""
    unknown = [name for name in strategies if name not in get_args(Understand)]
    if unknown:
        raise UsageError(f"unknown strategy {unknown[0]!r}; choose {either(get_args(Understand))}")
