"""Chat with Gemini, by Google's own protocol."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lake.answer.endpoint_chat import ChatRequest, Reply
from lake.answer.http_chat import HttpChat

if TYPE_CHECKING:
    from lake.answer.chat import Finish

_ROLES = {"user": "user", "assistant": "model"}
#: Every other reason, such as SAFETY, RECITATION or PROHIBITED_CONTENT, means that the answer was withheld.
_FINISHES: dict[str, Finish] = {"STOP": "stop", "MAX_TOKENS": "length"}


class GeminiChat(HttpChat):
    """Leaves the model's thoughts out of the text; they count as output."""

    key_header = "x-goog-api-key"
    optional = ("temperature", "responseJsonSchema")

    def _path(self, *, is_stream: bool) -> str:
        return f"/models/{self.model}:" + ("streamGenerateContent?alt=sse" if is_stream else "generateContent")

    def _body(self, request: ChatRequest, *, is_stream: bool) -> dict[str, Any]:
        config: dict[str, Any] = {"maxOutputTokens": request.max_tokens}
        optional: dict[str, Any] = {"temperature": request.temperature}
        if request.json_schema is not None:
            config["responseMimeType"] = "application/json"
            optional["responseJsonSchema"] = request.json_schema
        body: dict[str, Any] = {
            "contents": [
                {"role": _ROLES[message.role], "parts": [{"text": message.text}]}
                for message in request.messages
                if message.role != "system"
            ],
            "generationConfig": self._with_optional(config, **optional),
        }
        if system := [{"text": message.text} for message in request.messages if message.role == "system"]:
            body["systemInstruction"] = {"parts": system}
        return body

    def _reply(self, answer: Mapping[str, Any]) -> Reply:
        reply = self._piece(answer)
        if reply.finish_reason is None and not reply.text:
            raise KeyError("candidates")
        return reply

    def _piece(self, piece: Mapping[str, Any]) -> Reply:
        reply = _with_usage(Reply(model=piece.get("modelVersion")), piece.get("usageMetadata") or {})
        if "blockReason" in (piece.get("promptFeedback") or {}):
            return reply.with_piece(Reply(finish_reason="refused"))
        if not piece.get("candidates"):
            return reply
        candidate = piece["candidates"][0]
        reason = candidate.get("finishReason")
        finish = _FINISHES.get(reason, "refused") if reason else None
        return reply.with_piece(Reply(_text((candidate.get("content") or {}).get("parts") or []), finish))


def _text(parts: Iterable[Mapping[str, Any]]) -> str:
    return "".join(part.get("text", "") for part in parts if not part.get("thought"))


def _with_usage(reply: Reply, usage: Mapping[str, Any]) -> Reply:
    """With the usage up to here, which each piece of a stream states anew."""
    if "promptTokenCount" not in usage:
        return reply
    n_output = usage.get("candidatesTokenCount", 0) + usage.get("thoughtsTokenCount", 0)
    cached = usage.get("cachedContentTokenCount")
    return reply.with_piece(Reply(n_input=usage["promptTokenCount"], n_output=n_output, n_cached=cached))
