"""Chat with Ollama, by its own protocol: the one for OpenAI's clients can't set how much of a prompt is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lake.answer.endpoint_chat import ChatRequest, Reply
from lake.answer.http_chat import HttpChat

if TYPE_CHECKING:
    from lake.answer.chat import Finish

_FINISHES: dict[str, Finish] = {"length": "length"}
#: Sizes of the context are multiples of this, since another size loads the model anew.
_CONTEXT = 4096
#: Characters of a token at least, on average.
_CHARACTERS = 3


class OllamaChat(HttpChat):
    """Requests a context that holds the whole prompt, of which Ollama would cut off the beginning in silence."""

    optional = ("temperature", "format", "truncate")

    def _path(self, *, is_stream: bool) -> str:
        return "/api/chat"

    def _body(self, request: ChatRequest, *, is_stream: bool) -> dict[str, Any]:
        n_tokens = len(request.words) // _CHARACTERS + request.max_tokens
        context = -(-n_tokens // _CONTEXT) * _CONTEXT
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": message.role, "content": message.text} for message in request.messages],
            "stream": is_stream,
            "options": self._with_optional(
                {"num_predict": request.max_tokens, "num_ctx": context}, temperature=request.temperature
            ),
        }
        optional: dict[str, Any] = {"truncate": False}
        if request.json_schema is not None:
            optional["format"] = request.json_schema
        return self._with_optional(body, **optional)

    def _stream(self, path: str, body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        return self._http.objects(path, body)

    def _reply(self, answer: Mapping[str, Any]) -> Reply:
        return self._piece({**answer, "message": answer["message"]})

    def _piece(self, piece: Mapping[str, Any]) -> Reply:
        text = (piece.get("message") or {}).get("content") or ""
        if not piece.get("done"):
            return Reply(text, model=piece.get("model"))
        finish = _FINISHES.get(piece.get("done_reason", "stop"), "stop")
        return Reply(text, finish, piece.get("prompt_eval_count"), piece.get("eval_count"), piece.get("model"))
