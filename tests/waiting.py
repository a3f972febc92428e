"""How tests wait for other threads, processes and servers, and on which ports these listen."""

from __future__ import annotations

import itertools
import os
import random
import socket
import time
from collections.abc import Callable
from typing import Any

#: Only a machine that is stuck takes longer; a shorter limit would test how busy it is.
SECONDS = 120.0


def until(ask: Callable[[], Any], what: object = "it takes too long", seconds: float = SECONDS) -> Any:
    """The first true answer; fails with ``what`` if none comes."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < deadline, what() if callable(what) else what
        time.sleep(0.05)
    return answer


def accepts(port: int) -> bool:
    """Whether something listens at a port of this machine."""
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
    except OSError:
        return False
    return True


#: Below the ports that the kernel gives to connections, which could take one before its server does.
_PORTS, _OF_WORKER = 12_000, 4_000
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 4
_steps = itertools.count(random.SystemRandom().randrange(_OF_WORKER))


def free_port() -> int:
    """A port where nobody listens, and which no other test gets: each worker has ports of its own and takes turns."""
    while True:
        port = _PORTS + _WORKER * _OF_WORKER + next(_steps) % _OF_WORKER
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
