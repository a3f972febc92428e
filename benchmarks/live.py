"""How soon changes are live: one change a second to random documents of a folder, while ``raglake watch`` follows it.

    python -m benchmarks.live FOLDER LAKE --changes 1000 --kill 500 [--lag 60]

FOLDER holds text files that are appended to. With ``--kill N`` the watch dies by kill -9 after N changes, and another
one starts at once. Prints the distribution of the lags, how many changes were late, runs, CPU seconds of all processes
of the watch, and at last what a run over everything still found to do: nothing, if nothing was lost.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

from flows.reindex import reindex
from flows.steps import PlainSteps
from flows.watch import summary
from lake.directory import Lake
from tasks.job import Job

#: Seconds that the last changes have to become live.
_PATIENCE = 600.0


def cpu_seconds(process: psutil.Process) -> float:
    """CPU seconds of a process and of all its children, ended ones included."""
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return sum(t.user + t.system + t.children_user + t.children_system for t in times)


class Watch:
    """A ``raglake watch`` in a process of its own, once it has listed everything."""

    def __init__(self, folder: Path, lake: str, lag: float) -> None:
        self._lake, words = lake, ["watch", f"docs={folder}", "--lake", lake, "--lag", f"{lag}s"]
        self._lines = Path(f"{lake}.watch.log").open("ab")  # noqa: SIM115 - as long as the process
        began = Path(self._lines.name).stat().st_size
        self.process = subprocess.Popen([sys.executable, "-m", "flows", *words], stderr=self._lines)
        started = (b"published", b"nothing to do")
        while not any(word in Path(self._lines.name).read_bytes()[began:] for word in started):
            time.sleep(0.2)
        self._before = cpu_seconds(psutil.Process(self.process.pid))

    def end(self, number: signal.Signals) -> dict[str, Any]:
        """Send a signal; returns what the watch measured, and its CPU seconds since its start."""
        (state,) = (one for one in summary(self._lake) if one["sources"] == ["docs"])
        seconds = cpu_seconds(psutil.Process(self.process.pid)) - self._before
        self.process.send_signal(number)
        self.process.wait()
        self._lines.close()
        names = ("lag", "n_changes", "n_late", "n_runs", "n_failed")
        return {name: state[name] for name in names} | {"cpu_seconds": round(seconds, 1)}

    def settled(self) -> None:
        """Return once nothing waits."""
        end = time.monotonic() + _PATIENCE
        time.sleep(5)
        while time.monotonic() < end and any(one["n_waiting"] for one in summary(self._lake)):
            time.sleep(1)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("lake")
    arguments.add_argument("--changes", type=int, default=300)
    arguments.add_argument("--kill", type=int, default=0)
    arguments.add_argument("--lag", type=float, default=60.0)
    given = arguments.parse_args()
    files = sorted(path for path in given.folder.rglob("*.md"))
    watch = Watch(given.folder, given.lake, given.lag)
    for number, path in enumerate(random.Random(7).choices(files, k=given.changes)):
        if number and number == given.kill:
            print(json.dumps({"killed after": number, **watch.end(signal.SIGKILL)}), flush=True)
            watch = Watch(given.folder, given.lake, given.lag)
        with path.open("a") as file:
            file.write(f"\nChange {number}.\n")
        time.sleep(1)
    watch.settled()
    print(json.dumps({"changes": given.changes, **watch.end(signal.SIGTERM), "load": os.getloadavg()[0]}), flush=True)
    with PlainSteps() as steps:
        night = reindex(Job((f"docs={given.folder}",), given.lake), steps)
    n_releases = len(Lake(given.lake).log.read().releases)
    print(json.dumps({"night": night.reason or "published", "changed": night.changed, "releases": n_releases}))


if __name__ == "__main__":
    main()
