"""A Prefect server without pages that ends with the process that started it.

Run it as ``python -m flows.runtime.own_server FD``.

``FD`` is a socket that listens already; standard input ends when that process does, however it ended.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time

#: To write down what it was told last; after that it ends without.
_END_SECONDS = 10.0


def main(listening: int) -> None:
    """Serve until standard input ends."""
    threading.Thread(target=_end_with_input, daemon=True).start()
    import uvicorn
    from prefect.server.api.server import create_app

    config = uvicorn.Config(create_app(ephemeral=True, final=True), log_level="error", timeout_graceful_shutdown=1)
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=listening)])


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_END_SECONDS)
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
