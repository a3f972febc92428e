"""Serves the application over HTTP, and stops without breaking off what is under way."""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn

from lake.errors import UsageError
from lake.service.connection_limits import limited_protocol
from lake.service.open_files import make_room

if TYPE_CHECKING:
    from lake.service.capacity import Capacity
    from lake.service.guard import Guard
    from lake.service.keys import KeyRing

LOCAL = ("127.0.0.1", "localhost", "::1")
#: Seconds in which the service still accepts requests, but says that it is not ready, so that others get the next ones.
_DRAINING = 1.0
#: Seconds for requests to end when it stops listening; it is gone 5 seconds after SIGTERM, whatever runs.
_GRACE = 3.3
_LEAVING = 0.5
#: Seconds that a hanging interpreter gets after those of a hanging service.
_MARGIN = 0.1
#: The descriptor, since ``sys.stderr`` may be anything.
_STDERR = 2


def check_openness(host: str, keys: KeyRing, is_open: bool) -> None:
    """Raises UsageError if other machines could search without a key, unless this is wanted, or act without one."""
    if keys.anonymous is not None and keys.anonymous.writes and (is_open or host not in LOCAL):
        raise UsageError(
            "--writes lets callers without a key store documents, so it is for 127.0.0.1 alone; give --keys FILE "
            'with a key that has "writes": ["SOURCE"]'
        )
    if keys.anonymous is not None and keys.anonymous.operator and (is_open or host not in LOCAL):
        raise UsageError(
            "--operator lets callers without a key change what is live, so it is for 127.0.0.1 alone; give --keys FILE "
            'with a key that has "operator": true'
        )
    if not keys.keys and host not in LOCAL and not is_open:
        raise UsageError(
            f"without API keys anybody who reaches {host} could read the lake; give --keys FILE or RAGLAKE_API_KEYS, "
            "listen on 127.0.0.1, or pass --open"
        )


def hosts_of(host: str, keys: KeyRing, is_open: bool) -> tuple[str, ...] | None:
    """The host names that a service without keys accepts; None if any will do."""
    return None if keys.keys or is_open else (host, "localhost", "127.0.0.1", "[::1]")


def listening(host: str, port: int) -> socket.socket:
    """A socket on which processes can listen; raises UsageError if there is no such address or it is in use."""
    try:
        places = sorted(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM), key=lambda place: place[0])
        family, kind, protocol, _, address = places[0]  # IPv4, if a name has both
        found = socket.socket(family, kind, protocol)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
    except OSError as error:
        raise UsageError(f"can't listen on {host}:{port} ({error.strerror or error})") from error
    return found


def address_of(listened: socket.socket) -> str:
    host, port = listened.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def serve(
    app: Guard, bounds: Capacity, listened: socket.socket, *, started: Callable[[], None], logs_access: bool = True
) -> None:
    """Serves until SIGINT or SIGTERM, then lets running requests end; calls ``started`` once it answers."""
    if logs_access:
        logging.getLogger("raglake.access").setLevel(logging.INFO)
    with suppress(KeyboardInterrupt):  # uvicorn raises it again once all is done
        _Server(configured(app, bounds), app, started).run([listened])
    _leave_within(_LEAVING)
    sys.stdout.flush()
    sys.stderr.flush()


def _leave_within(seconds: float) -> None:
    """End the process soon, whatever hangs: a request's code, the application's end, or a thread that nobody awaits."""
    ending = threading.Timer(seconds, os._exit, (0,))
    ending.daemon = True
    ending.start()
    # Native code may hold the interpreter, which then runs no timer. This one is in C, and shows what hangs.
    faulthandler.dump_traceback_later(seconds + _MARGIN, exit=True, file=_STDERR)


class _Server(uvicorn.Server):
    """Calls ``started`` once it listens. After SIGTERM it is not ready, and answers for a moment before it stops."""

    def __init__(self, config: uvicorn.Config, app: Guard, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._app, self._started = app, started
        self._stops_at = float("inf")

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._started()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._app.stop()
        _leave_within(_DRAINING + _GRACE + _LEAVING)
        if sig == signal.SIGTERM:
            self._stops_at = min(self._stops_at, time.monotonic() + _DRAINING)
        else:
            super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        if time.monotonic() >= self._stops_at and not self.should_exit:
            super().handle_exit(signal.SIGTERM, None)
        return await super().on_tick(counter)


def configured(app: Guard, bounds: Capacity, host: str = "127.0.0.1", port: int = 0) -> uvicorn.Config:
    """uvicorn's configuration."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=limited_protocol(bounds.head_seconds, bounds.send_seconds),
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # clients could claim to be somebody else
        limit_concurrency=make_room(bounds.n_connections),
        timeout_keep_alive=round(bounds.keep_alive_seconds),
        timeout_graceful_shutdown=_GRACE,  # type: ignore[arg-type]  # it is passed to asyncio.wait_for
    )
