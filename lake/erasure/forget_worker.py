"""The child's side of ``lake.erasure.forget_process``: one erasure, whose progress and outcome it sends back."""

from __future__ import annotations

import pickle
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from lake.directory import Lake
from lake.erasure.forget import forget
from lake.errors import ContractError


def main(descriptor: int) -> None:
    """Receive a lake's URL and the words of one ``forget`` from a connection; send tuples of a kind and a value."""
    line = Connection(descriptor)
    url, words = line.recv()
    try:
        done = forget(Lake.existing(url), **words, progress=lambda *step: _send(line, "progress", step))
    except Exception as error:  # noqa: BLE001 - the parent raises it again
        _send(line, "failed", _portable(error))
    else:
        _send(line, "done", done)


def _send(line: Connection, kind: str, value: Any) -> None:
    with suppress(OSError):  # the service has ended, and the erasure goes on
        line.send((kind, value))


def _portable(error: Exception) -> tuple[Exception, OSError | None]:
    """The error, and what the operating system said, if they survive pickling."""
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else None
    try:
        pickle.loads(pickle.dumps((error, cause)))
    except Exception:  # noqa: BLE001 - a library's error may need anything
        return ContractError(f"{type(error).__name__}: {error}"), None
    return error, cause


if __name__ == "__main__":
    main(int(sys.argv[1]))
