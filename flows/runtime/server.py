"""The Prefect server that commands talk to: that one is named or started, and what it means when it doesn't answer."""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import httpx
from prefect.context import refresh_global_settings_context
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_SERVER_ALLOW_EPHEMERAL_MODE,
    get_current_settings,
    temporary_settings,
)

from lake.errors import TransientError, UsageError

#: A new database takes its time on a busy machine.
_START_SECONDS = 180.0
_REMEDY = "export PREFECT_API_URL=http://127.0.0.1:4200/api"


@contextmanager
def named_server() -> Iterator[None]:
    """Around calls of a server that lasts. Raises UsageError if none is named, TransientError if it doesn't answer."""
    address = PREFECT_API_URL.value()
    if not address:
        raise UsageError(f"PREFECT_API_URL names no Prefect server; {_REMEDY}")
    try:
        yield
    except (httpx.TransportError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not str(error).startswith("Failed to reach API"):
            raise
        raise TransientError(f"no Prefect server answers at {address}; prefect server start starts one") from error


@contextmanager
def some_server() -> Iterator[None]:
    """Around runs from here: the server that is named, or one of this process's own, which ends with it.

    Prefect would start one by itself, and leave it running if this process is killed.
    """
    if PREFECT_API_URL.value():
        yield
        return
    if not PREFECT_SERVER_ALLOW_EPHEMERAL_MODE.value():
        raise UsageError(
            f"PREFECT_API_URL names no Prefect server, and settings forbid one of the run's own; {_REMEDY}"
        )
    with temporary_settings({PREFECT_API_URL: _own_server()}):
        yield


@cache
def _own_server() -> str:
    """Start one; its address. It ends at exit, after Prefect has sent its pending events."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/api"
        server = _started(listening.fileno())
    atexit.register(server.communicate)  # closes its standard input, which it takes for its end, and waits for it
    _wait_for(address)
    # For threads and processes of Prefect's that know nothing of the settings here and would start one more.
    os.environ["PREFECT_API_URL"] = address
    refresh_global_settings_context()
    return address


def _started(listening: int) -> subprocess.Popen[bytes]:
    settings = get_current_settings().to_environment_variables(exclude_unset=True)
    path = os.pathsep.join(map(os.path.abspath, sys.path))
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "flows.runtime.own_server", str(listening)],
        stdin=subprocess.PIPE,
        pass_fds=[listening],
        env={**os.environ, **settings, "PREFECT_SERVER_UI_ENABLED": "false", "PYTHONPATH": path},
        start_new_session=True,  # Ctrl-C is for the run, which has a last word to say to the server
    )


def _wait_for(address: str) -> None:
    """It listens since before it was started, so that the first question waits for it."""
    try:
        httpx.get(f"{address}/health", timeout=_START_SECONDS).raise_for_status()
    except httpx.HTTPError as error:
        raise TransientError(
            f"the run's own Prefect server did not come up ({error or type(error).__name__}); try again, or start one "
            f"with prefect server start and {_REMEDY}"
        ) from error
