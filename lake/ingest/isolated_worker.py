"""The child's side of ``lake.ingest.isolation``: reads items, calls one function, writes results."""

from __future__ import annotations

import gc
import os
import pickle
import signal
import struct
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, BinaryIO, NoReturn

from lake.errors import InputError, TransientError
from lake.parse.alive import on_progress

#: Every message, in both directions, is its length in eight bytes, then a pickle. An empty one from the child says that
#: it still works on the item.
HEADER = struct.Struct(">Q")

Function = Callable[[object], object]


def main() -> NoReturn:
    """Serve batches until the parent closes its end."""
    # The wires get descriptors of their own: what a library prints to stdout goes to stderr.
    questions, answers = os.fdopen(os.dup(0), "rb"), os.dup(1)
    os.dup2(2, 1)
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent, path, target, memory_bytes = _receive(questions)
    _die_with(parent)
    sys.path[:] = path
    function = _loaded(target, answers)
    _limit(memory_bytes)
    on_progress(lambda: _send(answers, b""))
    while True:
        for item in _receive(questions):
            _send(answers, _answer(function, item))


def _receive(wire: BinaryIO) -> Any:
    header = wire.read(HEADER.size)
    if len(header) < HEADER.size:
        os._exit(0)
    return pickle.loads(wire.read(HEADER.unpack(header)[0]))


def _send(wire: int, message: bytes) -> None:
    left = memoryview(HEADER.pack(len(message)) + message)
    while left:
        left = left[os.write(wire, left) :]


def _loaded(target: str, answers: int) -> Function:
    """Import ``package.module:function`` and report success, or why it fails."""
    module, _, name = target.partition(":")
    gc.disable()  # which would look at every object of an import dozens of times
    try:
        function: Function = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        _send(answers, pickle.dumps(f"{type(error).__name__}: {error}"))
        os._exit(0)
    gc.freeze()  # modules stay, so that no later collection looks at them
    gc.enable()
    _send(answers, pickle.dumps(None))
    return function


def _answer(function: Function, item: bytes) -> bytes:
    """Pickle of the function's result, or of the error that replaces it."""
    try:
        return pickle.dumps(function(pickle.loads(item)), pickle.HIGHEST_PROTOCOL)
    except (InputError, TransientError) as error:
        return pickle.dumps(error)
    except MemoryError:
        return pickle.dumps(InputError("took more memory than is allowed; split the file or raise the limit", "memory"))
    except BaseException as error:  # noqa: BLE001  extension modules panic with a BaseException; one document pays
        reason = f"{type(error).__name__}: {error}"[:500]
        return pickle.dumps(InputError(f"failed with {reason}; check that the file opens elsewhere", "crash"))


def _limit(memory_bytes: int | None) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux" and memory_bytes is not None:
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        ceiling = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
        resource.setrlimit(resource.RLIMIT_AS, (ceiling, hard))


def _die_with(parent: int) -> None:
    """Make the kernel kill this process when its parent ends, for whatever reason."""
    if sys.platform == "linux":
        import ctypes

        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


if __name__ == "__main__":
    main()
