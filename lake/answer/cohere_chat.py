"""Chat with Cohere, by the second version of its protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lake.answer.endpoint_chat import ChatRequest, Reply
from lake.answer.http_chat import HttpChat
from lake.endpoints.refusals import RefusedRequest

if TYPE_CHECKING:
    from lake.answer.chat import Finish

_FINISHES: dict[str, Finish] = {"MAX_TOKENS": "length", "ERROR_TOXIC": "refused"}
#: What ends an answer that a retry may complete.
_FAILED = ("ERROR", "TIMEOUT")


class CohereChat(HttpChat):
    """Counts the tokens that the model read and wrote; the billed ones if only those are stated."""

    optional = ("temperature", "response_format")

    def _path(self, *, is_stream: bool) -> str:
        return "/chat"

    def _body(self, request: ChatRequest, *, is_stream: bool) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": message.role, "content": message.text} for message in request.messages],
            "max_tokens": request.max_tokens,
            "stream": is_stream,
        }
        optional: dict[str, Any] = {"temperature": request.temperature}
        if request.json_schema is not None:
            optional["response_format"] = {"type": "json_object", "json_schema": request.json_schema}
        return self._with_optional(body, **optional)

    def _reply(self, answer: Mapping[str, Any]) -> Reply:
        blocks = answer["message"].get("content") or []
        text = "".join(block.get("text", "") for block in blocks if block.get("type", "text") == "text")
        return _ended(answer).with_piece(Reply(text))

    def _piece(self, piece: Mapping[str, Any]) -> Reply:
        if piece.get("type") == "content-delta":
            return Reply(piece["delta"]["message"]["content"].get("text") or "")
        if piece.get("type") == "message-end":
            return _ended(piece["delta"])
        return Reply()


def _ended(answer: Mapping[str, Any]) -> Reply:
    reason, usage = answer["finish_reason"], answer.get("usage") or {}
    if reason in _FAILED:
        raise RefusedRequest(f"the model stopped with {reason}", None)
    tokens = usage.get("tokens") or usage.get("billed_units") or {}
    n_input, n_output = (tokens.get(f"{kind}_tokens") for kind in ("input", "output"))
    return Reply("", _FINISHES.get(reason, "stop"), n_input, n_output, n_cached=usage.get("cached_tokens"))
