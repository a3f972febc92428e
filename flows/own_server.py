"""A Prefect server without pages that lives as long as the process that started it: ``python -m flows.own_server FD``.

``FD`` is a socket that listens already; standard input ends when that process does, however it ended.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time

#: For runs that are writing; after that it ends without.
_END_SECONDS = 10.0


def main(listening: int) -> None:
    """Serve until standard input ends."""
    import uvicorn
    from prefect.server.api.server import create_app

    config = uvicorn.Config(create_app(ephemeral=True, final=True), log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    threading.Thread(target=_end_with_input, args=(server,), daemon=True).start()
    server.run(sockets=[socket.socket(fileno=listening)])


def _end_with_input(server: object) -> None:
    sys.stdin.buffer.read()
    server.should_exit = True  # type: ignore[attr-defined]
    time.sleep(_END_SECONDS)
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
