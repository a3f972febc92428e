"""Runs a function in a child process with limits, so that a bad document costs only itself."""

from __future__ import annotations

import mmap
import os
import pickle
import select
import signal
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import suppress
from time import monotonic, sleep
from typing import TYPE_CHECKING

from lake import plugins
from lake.errors import ContractError, InputError, TransientError
from lake.ingest.isolated_worker import HEADER

if TYPE_CHECKING:
    from types import TracebackType

_START_SECONDS = 120.0
_WINDOW_ITEMS = 256
_WINDOW_BYTES = 8 << 20
_READ_BYTES = 1 << 18
#: While more answers than these are to come, the parent lets some gather: waking for each costs both processes as much
#: as a small document does.
_FEW_ANSWERS, _GATHERING_SECONDS = 16, 0.005
_OUT_OF_MEMORY = (b"memory allocation of", b"bad_alloc", b"Out of memory", b"MemoryError")
_ENVIRONMENT = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    **dict.fromkeys(("POLARS_MAX_THREADS", "RAYON_NUM_THREADS"), "1"),
    "TOKENIZERS_PARALLELISM": "false",
    "PYTHONHASHSEED": "0",
    "TZ": "UTC",
}


class IsolatedFunction:
    """Calls ``package.module:function`` in a child process, item by item, within limits.

    The function takes one picklable item and returns a picklable value, within ``seconds`` plus one for each
    ``bytes_per_second`` of the item. Both count anew from each step that the function reports by
    ``lake.parse.alive.still_working``, such as a page that OCR reads. The child starts at the first call and serves
    later ones. It is replaced after a failure, after ``recycle_after`` items, and if it holds more memory than an idle
    child should. Use one object per thread.
    """

    recycle_after = 20_000
    recycle_above_bytes = 512 << 20
    bytes_per_second = 200_000

    def __init__(self, target: str, *, seconds: float = 120.0, memory_bytes: int | None = 3 << 30) -> None:
        self.target = target
        self.seconds = seconds
        self.memory_bytes = memory_bytes
        self._child: _Child | None = None
        self._finalizer: weakref.finalize[[], IsolatedFunction] | None = None

    def run(self, items: Sequence[object]) -> list[object | InputError]:
        """One result for each item, in order: the function's value, or an InputError.

        Raises:
            TransientError: what the function raised; trying the same items again may succeed.
            ContractError: the function can't be imported in the child.
        """
        answers: list[object] = []
        while len(answers) < len(items):
            answers += self._answers(_window(items, len(answers)))
        return answers

    def warm_up(self) -> None:
        """Start the child without waiting, so that a later ``run`` waits less for its imports."""
        self._started_child()

    def close(self) -> None:
        """Stop the child, if there is one; a later ``run`` starts another."""
        if self._finalizer is not None:
            self._finalizer()
        self._child = self._finalizer = None

    def __enter__(self) -> IsolatedFunction:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _answers(self, window: Sequence[bytes]) -> list[object]:
        """Results of the window's items up to and including the first that broke the child."""
        answers: list[object] = []
        try:
            for answer in self._answered(window):
                answers.append(answer)
        except _LostChild as loss:
            self.close()
            return [*answers, InputError(str(loss), loss.error_class)]
        except BaseException:
            # The child still works on the rest of the window; its results must not reach a later call.
            self.close()
            raise
        return answers

    def _answered(self, window: Sequence[bytes]) -> Iterator[object]:
        child = self._ready_child()
        child.send(list(window))
        for n_before, item in enumerate(window):
            if len(window) - n_before > _FEW_ANSWERS:
                child.let_answers_gather()
            answer = child.receive(self.seconds + len(item) // self.bytes_per_second)
            if isinstance(answer, TransientError):
                raise answer
            child.n_answered += 1
            yield answer
            if isinstance(answer, InputError) and answer.error_class == "memory":
                self.close()
                return

    def _ready_child(self) -> _Child:
        child = self._started_child()
        child.wait_until_ready()
        return child

    def _started_child(self) -> _Child:
        child = self._child
        if child is None or self._is_worn(child) or not child.is_usable():
            self.close()
            child = self._child = _Child(self.target)
            self._finalizer = weakref.finalize(self, child.stop)
            child.start(self.memory_bytes)
        return child

    def _is_worn(self, child: _Child) -> bool:
        return child.n_answered >= self.recycle_after or child.resident_bytes() > self.recycle_above_bytes


class _LostChild(Exception):
    """Raised if the child hung or died, with the reason and its class."""

    def __init__(self, message: str, error_class: str) -> None:
        super().__init__(message)
        self.error_class = error_class


class _Child:
    """One worker process and the two pipes to it."""

    def __init__(self, target: str) -> None:
        self.n_answered = 0
        self._is_ready = False
        self._target = target
        self._started_by = threading.current_thread()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  closed in stop()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "lake.ingest.isolated_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            bufsize=0,
            env={**os.environ, **_ENVIRONMENT, **_plugins(), "PYTHONPATH": os.pathsep.join(_absolute(sys.path))},
        )
        self._answers = self._process.stdout
        self._buffer = bytearray()
        self._poll = select.poll()
        self._poll.register(self._fileno(), select.POLLIN)

    def is_usable(self) -> bool:
        """Whether the child is alive, and will be: the kernel kills it when the thread that started it ends."""
        return self._process.poll() is None and self._started_by.is_alive()

    def resident_bytes(self) -> int:
        """Memory that the child holds; 0 if that is unknown."""
        try:
            with open(f"/proc/{self._process.pid}/statm", "rb") as numbers:
                return int(numbers.read().split()[1]) * mmap.PAGESIZE
        except OSError:
            return 0

    def start(self, memory_bytes: int | None) -> None:
        """Send the child the function to call, which it imports at once."""
        with suppress(_LostChild):  # which ``wait_until_ready`` reports
            self.send((os.getpid(), _absolute(sys.path), self._target, memory_bytes))

    def wait_until_ready(self) -> None:
        """Wait until the child has imported the function."""
        if self._is_ready:
            return
        try:
            problem = self.receive(_START_SECONDS)
        except _LostChild as loss:
            problem = loss
        if problem is not None:
            raise ContractError(
                f"can't call {self._target!r} in a child process: {problem}; check its name and import path"
            )
        self._is_ready = True

    def send(self, message: object) -> None:
        payload = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        left = memoryview(HEADER.pack(len(payload)) + payload)
        stdin = self._process.stdin
        try:
            while left and stdin is not None:
                left = left[stdin.write(left) or 0 :]
        except BrokenPipeError as error:
            raise self._death() from error

    def let_answers_gather(self) -> None:
        """Wait a moment unless there is an answer, or the beginning of one."""
        if not self._buffer:
            sleep(_GATHERING_SECONDS)

    def receive(self, seconds: float) -> object:
        """The next result, which must be complete within ``seconds`` of the child's last sign of life."""
        deadline = monotonic() + seconds
        while not (message := self._buffered()):
            if message is not None:
                deadline = monotonic() + seconds
                continue
            if not self._poll.poll(max(0.0, deadline - monotonic()) * 1000):
                raise _LostChild(
                    f"took more than {seconds:g} s; simplify or split the file, or raise the limit", "timeout"
                )
            piece = os.read(self._fileno(), _READ_BYTES)
            if not piece:
                raise self._death()
            self._buffer += piece
        return pickle.loads(message)

    def stop(self) -> None:
        """Kill the process, reap it and close every descriptor."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream is not None:
                stream.close()

    def _fileno(self) -> int:
        return self._answers.fileno() if self._answers is not None else -1

    def _buffered(self) -> bytes | None:
        if len(self._buffer) < HEADER.size:
            return None
        end = HEADER.size + HEADER.unpack_from(self._buffer)[0]
        if len(self._buffer) < end:
            return None
        message = bytes(self._buffer[HEADER.size : end])
        del self._buffer[:end]
        return message

    def _death(self) -> _LostChild:
        status = self._process.wait()
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, size - 4096))
        last_words = self._errors.read()
        if status == -signal.SIGKILL or any(words in last_words for words in _OUT_OF_MEMORY):
            return _LostChild("killed for lack of memory; split the file or raise the limit", "memory")
        how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
        return _LostChild(f"the parser's process {how}; check that the file opens elsewhere", "crash")


def _plugins() -> dict[str, str]:
    """Environment for the child: without plugins here it need not look for any, which takes 50 ms."""
    return {} if plugins.installed() else {plugins.SWITCH: plugins.OFF}


def _absolute(path: Sequence[str]) -> list[str]:
    return [os.path.abspath(entry) for entry in path]


def _window(items: Sequence[object], start: int) -> list[bytes]:
    """Pickles of the next items to send at once."""
    window: list[bytes] = []
    size = 0
    for index in range(start, min(start + _WINDOW_ITEMS, len(items))):
        window.append(pickle.dumps(items[index], pickle.HIGHEST_PROTOCOL))
        size += len(window[-1])
        if size >= _WINDOW_BYTES:
            break
    return window
