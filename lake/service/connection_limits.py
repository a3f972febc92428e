"""Limits how long HTTP connections wait for a client."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

#: Maximum number of chunks of one body. Each costs time of the event loop, however few bytes it holds.
_MOST_CHUNKS = 4096


class _CountingConnection(h11.Connection):
    """Refuses a body in too many chunks."""

    _n_chunks = 0

    def next_event(self) -> Any:
        event = super().next_event()
        if isinstance(event, h11.Request):
            self._n_chunks = 0
        elif isinstance(event, h11.Data):
            self._n_chunks += event.chunk_start
            if self._n_chunks > _MOST_CHUNKS:
                raise h11.RemoteProtocolError(f"a body in more than {_MOST_CHUNKS:,} chunks")
        return event


class LimitedProtocol(H11Protocol):
    """Closes a connection if the next request's head does not come, or the client does not read its response.

    uvicorn itself limits only the silence between two requests. A body in too many chunks ends in a 400.
    """

    head_seconds = 10.0
    send_seconds = 20.0
    _head: asyncio.TimerHandle | None = None
    _sending: asyncio.TimerHandle | None = None

    def __init__(self, *words: Any, **named: Any) -> None:
        super().__init__(*words, **named)
        self.conn = _CountingConnection(h11.SERVER)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_answering():
            self._cancel("_head")
        elif self._head is None:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel("_head")
        self._cancel("_sending")
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._sending = self.loop.call_later(self.send_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        self._cancel("_sending")
        super().resume_writing()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _await_head(self) -> None:
        self._head = self.loop.call_later(self.head_seconds, self._give_up)

    def _give_up(self) -> None:
        self._head = None
        if not self._is_answering():
            self.transport.abort()

    def _cancel(self, name: str) -> None:
        timer: asyncio.TimerHandle | None = getattr(self, name)
        if timer is not None:
            timer.cancel()
        setattr(self, name, None)


def limited_protocol(head_seconds: float, send_seconds: float) -> type[LimitedProtocol]:
    """The protocol with these limits; a class, since uvicorn creates the connections."""
    limits: dict[str, Any] = {"head_seconds": head_seconds, "send_seconds": send_seconds}
    return type("LimitedProtocol", (LimitedProtocol,), limits)
