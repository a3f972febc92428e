"""Runs an erasure in a process of its own: searches go on beside it, and it goes on if the service ends."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from multiprocessing import Pipe
from typing import TYPE_CHECKING, Any

from lake.errors import TransientError

if TYPE_CHECKING:
    from lake.erasure.forget import Forgotten
    from lake.reporting import Progress

#: Seconds between two looks at whether somebody still waits for the outcome.
_LOOK = 0.2
_CHILD = "lake.erasure.forget_worker"


class ForgetProcess:
    """A call of ``forget`` that runs in a child from now on, whatever becomes of this process.

    The child is of another session than this process, so that Ctrl-C does not reach it.
    """

    def __init__(self, url: str, words: dict[str, Any]) -> None:
        self._left = threading.Event()
        self._line, theirs = Pipe()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", _CHILD, str(theirs.fileno())],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))},
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        self._line.send((url, words))  # not as arguments, which everybody on this machine can read

    @property
    def pid(self) -> int:
        return self._process.pid

    def outcome(self, progress: Progress) -> Forgotten:
        """Wait for the result of ``forget``, or raise its error.

        Raises TransientError if the child was killed, or after ``leave``.
        """
        with self._line:
            while True:
                kind, value = self._next()
                if kind == "progress":
                    progress(*value)
                    continue
                self._process.wait()
                if kind == "failed":
                    error, error.__cause__ = value
                    raise error
                done: Forgotten = value
                return done

    def _next(self) -> tuple[str, Any]:
        while not self._line.poll(_LOOK):
            if self._left.is_set():
                raise TransientError("the service ends, and the erasure goes on in a process of its own")
        try:
            received: tuple[str, Any] = self._line.recv()
        except (EOFError, OSError):
            raise TransientError(f"the process of the erasure ended with status {self._process.wait()}") from None
        return received

    def leave(self) -> None:
        """Make ``outcome`` return soon; the erasure goes on."""
        self._left.set()
