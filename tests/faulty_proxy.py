"""A TCP proxy before a server of this machine, which can be killed, slowed and garbled."""

from __future__ import annotations

import random
import socket
from contextlib import suppress
from threading import Lock, Thread
from time import sleep
from typing import Literal

Fault = Literal["none", "dead", "hanging", "garbled", "page"]
_BODY = b"<html><body>Sign in to this network</body></html>"
_PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (len(_BODY), _BODY)


class FaultyProxy:
    """Listens at ``port`` for ``target``. ``delay``: seconds by which each piece of a response is late.

    A dead one ends its connections and refuses new ones; a hanging one accepts, and passes nothing on; a garbled one
    replaces what the server sends by other bytes; and ``page`` answers every request with a web page.
    """

    def __init__(self, target: int) -> None:
        self.fault: Fault = "none"
        self.delay = 0.0
        self._target, self._lock = target, Lock()
        self._open: set[socket.socket] = set()
        self.port = 0
        self._listen()
        self.url = f"http://127.0.0.1:{self.port}"

    def become(self, fault: Fault, delay: float = 0.0) -> None:
        """A fault, or none, that meets what is under way, too; connections end, unless they are slow or hang."""
        was, self.fault, self.delay = self.fault, fault, delay
        if fault == "dead":
            self.close()
        elif was == "dead":
            self._listen()
        elif fault == "none" and not delay:
            self._end(self._taken())

    def close(self) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)  # else it accepts one more
        self._listening.close()
        self._end(self._taken())

    def _listen(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", self.port))
        self.port = int(self._listening.getsockname()[1])
        Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def _taken(self) -> list[socket.socket]:
        with self._lock:
            ended, self._open = list(self._open), set()
        return ended

    def _accept(self, listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listening.accept()
                Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._target))
        except OSError:
            client.close()
            return
        with self._lock:
            self._open |= {client, server}
        Thread(target=self._pass_on, args=(client, server), daemon=True).start()
        self._pass_on(server, client, is_response=True)

    def _pass_on(self, a: socket.socket, b: socket.socket, *, is_response: bool = False) -> None:
        with suppress(OSError):
            while data := a.recv(1 << 16):
                while self.fault == "hanging":
                    sleep(0.05)
                if self.fault == "page":
                    (b if is_response else a).sendall(_PAGE)
                    continue
                if is_response and self.delay:
                    sleep(self.delay)
                b.sendall(random.randbytes(len(data)) if is_response and self.fault == "garbled" else data)
        self._end([a, b])
        with self._lock:
            self._open -= {a, b}

    @staticmethod
    def _end(sockets: list[socket.socket]) -> None:
        for one in sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
