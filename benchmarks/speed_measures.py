"""What a command costs: wall and CPU seconds and peak memory of its whole process tree, and what it leaves on disk."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_SAMPLE_SECONDS = 0.05
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Cost:
    """``peak_mb`` sums the resident memory of all processes of the tree, what they share counted in each."""

    wall: float
    cpu: float
    peak_mb: float


def compiled_in(folder: Path) -> dict[str, str]:
    """Environment of commands that keep what they compile in ``folder``, as an installation does in its own.

    Without it, a start where nothing is kept compiles thousands of modules anew: several CPU seconds. The first run of
    each command still does.
    """
    return {"PYTHONPYCACHEPREFIX": str(folder), "PYTHONDONTWRITEBYTECODE": ""}


def cost_of(words: Sequence[str], environment: Mapping[str, str]) -> tuple[Cost, str]:
    """Run a command to its end; its cost and what it printed. RuntimeError with its last words where it failed."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.perf_counter()
        process = subprocess.Popen(
            words, stdout=out, stderr=err, env={**os.environ, **environment}, start_new_session=True
        )
        done, peak = threading.Event(), [0]
        watcher = threading.Thread(target=_watch, args=(process.pid, done, peak))
        watcher.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        done.set()
        watcher.join()
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode:
            raise RuntimeError(f"{words} ended with {process.returncode}: {err.read()[-2000:].decode()}")
        return Cost(wall, usage.ru_utime + usage.ru_stime, peak[0] / 1e6), out.read().decode()


def _watch(session: int, done: threading.Event, peak: list[int]) -> None:
    while not done.wait(_SAMPLE_SECONDS):
        peak[0] = max(peak[0], sum(_resident(session)))


def _resident(session: int) -> Iterator[int]:
    """Bytes of each process of a session."""
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            try:
                fields = (place / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[3]) == session:
                yield int(fields[21]) * _PAGE


def disk_of(folder: Path) -> tuple[int, int]:
    """Files below a folder, and their bytes."""
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return len(sizes), sum(sizes)


def walk_seconds(folder: Path) -> float:
    """What walking and stat-ing the files costs by itself."""
    started = time.perf_counter()
    for root, _, names in os.walk(folder):
        for name in names:
            os.stat(os.path.join(root, name))
    return time.perf_counter() - started
