"""Several processes that serve one address: started, replaced when they die, and stopped together.

uvicorn's own supervisor sends the application to its processes by pickle, and kills one that is busy for 5 seconds.
Here each process is the same command with ``RAGLAKE_PROCESS`` in its environment: the descriptors of the socket that
they share, and of a line to the supervisor on which it reports that it answers.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from lake.errors import ContractError

_log = logging.getLogger(__name__)

VARIABLE = "RAGLAKE_PROCESS"
#: Seconds in which all processes end after SIGTERM; those that do not are killed.
_ENDING = 5.0
#: Seconds before a process that died is replaced: the first one, and the longest after it died again and again.
_SOON, _LONGEST = 0.1, 10.0
#: A process that served for so many seconds has not failed to start.
_SETTLED = 30.0
_TICK = 0.1


@dataclass(frozen=True, slots=True)
class WorkerPlace:
    """What a process got from its supervisor: the socket, the line to it, and a folder that all processes share."""

    listened: socket.socket
    line: socket.socket
    folder: str

    @classmethod
    def of_this_process(cls) -> WorkerPlace | None:
        """None unless a supervisor started this process."""
        stated = os.environ.pop(VARIABLE, None)
        if stated is None:
            return None
        listened, line, folder = stated.split(":", 2)
        return cls(socket.socket(fileno=int(listened)), socket.socket(fileno=int(line)), folder)

    def ready(self) -> None:
        """Reports that this process answers, and from now on stops it if the supervisor is gone."""
        with suppress(OSError):
            self.line.sendall(b"+")
        threading.Thread(target=self._stop_when_alone, daemon=True, name="raglake-supervisor").start()

    def _stop_when_alone(self) -> None:
        with suppress(OSError):
            self.line.recv(1)
        os.kill(os.getpid(), signal.SIGTERM)


@dataclass(slots=True)
class _Process:
    """One of the processes, by turns: each time it dies there is a new one."""

    number: int
    running: subprocess.Popen[bytes] | None = None
    line: socket.socket | None = None
    is_ready: bool = False
    begun: float = 0.0
    wait: float = 0.0
    due: float = field(default_factory=time.monotonic)

    def start(self, command: Sequence[str], listened: socket.socket, folder: str) -> None:
        ours, theirs = socket.socketpair()
        given = f"{listened.fileno()}:{theirs.fileno()}:{folder}"
        with theirs:
            self.running = subprocess.Popen(
                command,
                env={**os.environ, VARIABLE: given},
                pass_fds=(listened.fileno(), theirs.fileno()),
                stdin=subprocess.DEVNULL,
            )
        ours.setblocking(False)
        self.line, self.is_ready, self.begun = ours, False, time.monotonic()

    def look(self) -> None:
        """Notices that it answers, or that it died."""
        if self.line is not None and not self.is_ready:
            with suppress(BlockingIOError, ConnectionError):
                self.is_ready = self.line.recv(1) == b"+"
        if self.running is None or (status := self.running.poll()) is None:
            return
        now = time.monotonic()
        self.wait = _SOON if now - self.begun > _SETTLED else min(max(2 * self.wait, _SOON), _LONGEST)
        message = "process %d (%d) ended with %d; the next starts in %g s"
        _log.warning(message, self.number, self.running.pid, status, self.wait)
        self.close()
        self.due = now + self.wait

    def close(self) -> None:
        if self.line is not None:
            self.line.close()
        self.running, self.line, self.is_ready = None, None, False


class Supervisor:
    """Keeps ``n`` processes of ``command`` on one socket until it gets SIGINT or SIGTERM."""

    def __init__(self, command: Sequence[str], n: int, listened: socket.socket) -> None:
        self._command, self._listened = command, listened
        self._processes = [_Process(number) for number in range(1, n + 1)]
        self._is_stopping = False

    def run(self, started: Callable[[], None]) -> None:
        """Calls ``started`` once all processes answer; raises ContractError if the first ones can't start."""
        self._listened.listen(2048)
        for sent in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sent, self._stop)
        with tempfile.TemporaryDirectory(prefix="raglake-service-") as folder:
            try:
                self._keep(folder, started)
            finally:
                self._end()

    def _stop(self, *_: object) -> None:
        self._is_stopping = True

    def _keep(self, folder: str, started: Callable[[], None]) -> None:
        was_ready = False
        while not self._is_stopping:
            for process in self._processes:
                process.look()
                if process.running is None and not was_ready and process.begun:
                    raise ContractError("a process of the service ended before it answered; its message stands above")
                if process.running is None and time.monotonic() >= process.due:
                    process.start(self._command, self._listened, folder)
            if not was_ready and all(process.is_ready for process in self._processes):
                was_ready = True
                started()
            time.sleep(_TICK)

    def _end(self) -> None:
        """Ends all processes, at the latest by force."""
        running = [process.running for process in self._processes if process.running is not None]
        for one in running:
            one.send_signal(signal.SIGTERM)
        until = time.monotonic() + _ENDING
        for one in running:
            try:
                one.wait(max(until - time.monotonic(), 0))
            except subprocess.TimeoutExpired:
                one.kill()
                one.wait()
        for process in self._processes:
            process.close()


def same_command() -> list[str]:
    """The command by which this process was started."""
    return [sys.executable, *sys.orig_argv[1:]]
