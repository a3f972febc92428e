"""Chat by JSON over HTTP, for providers whose protocol no client here speaks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar

from lake.answer.endpoint_chat import ChatRequest, ChatTimeouts, EndpointChat, Reply
from lake.endpoints.endpoint import Endpoint
from lake.endpoints.http import JsonHttp
from lake.errors import ContractError


class HttpChat(EndpointChat):
    """A subclass states paths, requests, and how answers and pieces of streams are read."""

    key_header: ClassVar[str | None] = None
    #: Fields of a request that may be left out if the model refuses them.
    optional: ClassVar[tuple[str, ...]] = ("temperature",)

    def __init__(self, provider: str, model: str, endpoint: Endpoint, timeouts: ChatTimeouts | None = None) -> None:
        super().__init__(provider, model, endpoint, timeouts)
        self._http = JsonHttp(
            self.name, self.provider, endpoint, self.timeouts.timeout, self.key_header, self._check_refusal
        )

    @abstractmethod
    def _path(self, *, is_stream: bool) -> str: ...

    @abstractmethod
    def _body(self, request: ChatRequest, *, is_stream: bool) -> dict[str, Any]:
        """The request, without the optional fields that the model has refused (``_with_optional``)."""

    @abstractmethod
    def _reply(self, answer: Mapping[str, Any]) -> Reply:
        """A whole answer; raises KeyError, TypeError or IndexError for one of another form."""

    @abstractmethod
    def _piece(self, piece: Mapping[str, Any]) -> Reply:
        """A piece of a stream, as ``_reply``."""

    def _stream(self, path: str, body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        return self._http.events(path, body)

    def _whole(self, request: ChatRequest) -> Reply:
        answer = self._http.post(self._path(is_stream=False), self._body(request, is_stream=False))
        if not isinstance(answer, dict):
            raise ContractError(f"{self.name!r} answered with {type(answer).__name__}, not with an object")
        return self._read(self._reply, answer)

    def _pieces(self, request: ChatRequest) -> Iterator[Reply]:
        for piece in self._stream(self._path(is_stream=True), self._body(request, is_stream=True)):
            yield self._read(self._piece, piece)

    def _errors(self) -> AbstractContextManager[None]:
        return nullcontext()  # the client raises ours

    def _check_refusal(self, status: int, message: str, code: str | None) -> None:
        if status < 500:
            self._check_length(message, code)
        self._check_refused_parameters(status, message, self.optional)

    def _with_optional(self, body: dict[str, Any], **optional: Any) -> dict[str, Any]:
        """The request with those optional fields that the model has not refused."""
        return body | {name: value for name, value in optional.items() if name not in self._left_out}
