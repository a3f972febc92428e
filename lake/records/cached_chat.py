"""A chat model that keeps its replies in the lake, so that each is paid for once, out of one budget."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from lake.answer.endpoint_chat import TOKENIZER
from lake.chunk.tokenizers import load_tokenizer
from lake.endpoints.prices import price_of
from lake.errors import UsageError
from lake.ids import value_digest

if TYPE_CHECKING:
    from lake.answer.chat import ChatModel, Completion, Message
    from lake.endpoints.budget import Budget
    from lake.records.calls import Calls

#: Encodings differ, and a message takes a few tokens besides its words; cost estimates allow for both.
_MARGIN, _PER_MESSAGE = 1.15, 16


class RememberedChat:
    """A ChatModel that wraps another one. Make one for each request: ``about`` names the documents that it sends.

    ``about`` holds doc_ids and digests of bytes. If it is None, replies are stored once ``keep`` names the documents.
    A stored reply is returned with its original usage and costs the budget nothing.
    """

    def __init__(
        self, chat: ChatModel, calls: Calls | None, budget: Budget, kind: str, about: Iterable[str] | None = ()
    ) -> None:
        self.name, self.kind = chat.name, kind
        self._chat, self._calls, self._purse = chat, calls, budget
        self._about = None if about is None else tuple(about)
        self._waiting: list[tuple[str, Completion]] = []
        self._price = getattr(chat, "price", None) or price_of(chat.name)
        if budget.limit is not None and self._price is None:
            raise UsageError(
                f"no price is known for {chat.name!r}, so no budget can be enforced; set "
                "RAGLAKE_CHAT_PRICE=INPUT/OUTPUT in USD per million tokens"
            )

    def complete(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        json_schema: dict[str, Any] | None = None,
    ) -> Completion:
        words = [[message.role, message.text] for message in messages]
        address = getattr(self._chat, "address", "")
        call_id = value_digest([self.name, address, words, max_tokens, temperature, json_schema])
        kept = self._calls.get(self.kind, call_id) if self._calls else None
        if kept is not None:
            self._purse.remember()
            return kept
        with self._purse.paying(self.kind, self._most(messages, max_tokens, json_schema)) as took:
            reply = self._chat.complete(
                messages, max_tokens=max_tokens, temperature=temperature, json_schema=json_schema
            )
            took.append(reply.usage)
        self._waiting.append((call_id, reply))
        if self._about is not None:
            self.keep(self._about)
        return reply

    def stream(self, messages: Sequence[Message], **how: Any) -> Iterator[str | Completion]:
        """Yield the reply in one piece, then the completion."""
        reply = self.complete(messages, **how)
        yield reply.text
        yield reply

    def keep(self, about: Iterable[str]) -> None:
        """Store the replies since the last call as being about these documents."""
        about = tuple(about)
        while self._waiting and self._calls:
            call_id, reply = self._waiting.pop()
            self._calls.put(self.kind, call_id, reply, about)

    def _most(self, messages: Sequence[Message], max_tokens: int, json_schema: dict[str, Any] | None) -> float | None:
        if self._price is None:
            return None
        text = "\n".join([*(message.text for message in messages), str(json_schema or "")])
        n_input = load_tokenizer(TOKENIZER).count(text) + _PER_MESSAGE * len(messages)
        return self._price.of(int(n_input * _MARGIN) + 1, max_tokens)
