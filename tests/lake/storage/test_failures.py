"""What raglake calls failures of the machine."""

from __future__ import annotations

import errno
import subprocess
import sys

import pytest

from lake.errors import TransientError
from lake.storage.failures import is_out_of_memory

COMMAND = [sys.executable, "-m", "raglake", "query", "x", "--lake", "nowhere"]


def _wrapped(cause: BaseException) -> TransientError:
    error = TransientError("LanceDB failed")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (RuntimeError("can't start new thread"), True),
        (ImportError("x.so: failed to map segment from shared object"), True),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), True),
        (_wrapped(MemoryError()), True),
        (RuntimeError("a lamp"), False),
        (_wrapped(OSError(errno.ENOSPC, "No space left on device")), False),
    ],
)
def test_running_out_of_memory_is_recognised(error: BaseException, expected: bool) -> None:
    assert is_out_of_memory(error) == expected


def test_the_command_line_calls_it_by_its_name() -> None:
    """Python fits into this, and no library that ends the process itself, as OpenBLAS does."""
    done = subprocess.run(
        ["/bin/sh", "-c", 'ulimit -v 60000; exec "$@"', "sh", *COMMAND], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.startswith("raglake: out of memory; free some")
