"""Serves the application over HTTP."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import uvicorn

from lake.errors import UsageError
from lake.service.connection_limits import limited_protocol

if TYPE_CHECKING:
    from lake.service.capacity import Capacity
    from lake.service.guard import Guard
    from lake.service.keys import KeyRing

LOCAL = ("127.0.0.1", "localhost", "::1")
#: Seconds for requests to end when the service stops; it is gone after 5, whatever runs.
_GRACE = 4
_LEAVING = 0.5


def check_openness(host: str, keys: KeyRing, is_open: bool) -> None:
    """Raises UsageError if other machines could search without a key, unless this is wanted."""
    if not keys.keys and host not in LOCAL and not is_open:
        raise UsageError(
            f"without API keys anybody who reaches {host} could read the lake; give --keys FILE or RAGLAKE_API_KEYS, "
            "listen on 127.0.0.1, or pass --open"
        )


def hosts_of(host: str, keys: KeyRing, is_open: bool) -> tuple[str, ...] | None:
    """The host names that a service without keys accepts; None if any will do."""
    return None if keys.keys or is_open else (host, "localhost", "127.0.0.1", "[::1]")


def serve(app: Guard, bounds: Capacity, host: str, port: int, *, started: Callable[[str], None]) -> None:
    """Listens until SIGINT or SIGTERM, then lets running requests end; calls ``started`` with the address."""
    logging.getLogger("raglake.access").setLevel(logging.INFO)
    with suppress(KeyboardInterrupt):  # uvicorn raises it again once all is done
        _Server(configured(app, bounds, host, port), started).run()
    _leave_within(_LEAVING)


def _leave_within(seconds: float) -> None:
    """End the process soon: at exit Python waits for its threads, and one may work for a request that nobody awaits."""
    sys.stdout.flush()
    sys.stderr.flush()
    ending = threading.Timer(seconds, os._exit, (0,))
    ending.daemon = True
    ending.start()


class _Server(uvicorn.Server):
    """Reports its address once it listens."""

    def __init__(self, config: uvicorn.Config, started: Callable[[str], None]) -> None:
        super().__init__(config)
        self._report = started

    async def startup(self, sockets: list[Any] | None = None) -> None:
        await super().startup(sockets)
        for server in self.servers:
            for listening in server.sockets:
                host, port = listening.getsockname()[:2]
                self._report(f"http://{f'[{host}]' if ':' in host else host}:{port}")
                return


def configured(app: Guard, bounds: Capacity, host: str, port: int) -> uvicorn.Config:
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
        limit_concurrency=bounds.n_connections,
        timeout_graceful_shutdown=_GRACE,
    )
