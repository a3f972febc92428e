"""How soon changes are live: one change a second to random documents of a folder, while ``raglake watch`` follows it.

    python -m benchmarks.live FOLDER LAKE --changes 300 [--lag 60]

FOLDER holds text files that are appended to. Prints the distribution of the lags that the watch measured, how many were
late, its runs, and CPU seconds of its whole process tree.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import psutil

from flows.watch import summary
from lake.directory import Lake
from lake.records.watch_state import states


def cpu_seconds(process: psutil.Process) -> float:
    """CPU seconds of a process and of all its children, ended ones included."""
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return sum(t.user + t.system + t.children_user + t.children_system for t in times)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("lake")
    arguments.add_argument("--changes", type=int, default=300)
    arguments.add_argument("--lag", type=float, default=60.0)
    given = arguments.parse_args()
    files = sorted(path for path in given.folder.rglob("*.md"))
    command = [sys.executable, "-m", "flows", "watch", f"docs={given.folder}", "--lake", given.lake]
    with subprocess.Popen([*command, "--lag", f"{given.lag}s"], stderr=subprocess.PIPE, text=True) as watch:
        assert watch.stderr is not None
        line = next(line for line in watch.stderr if "published" in line or "nothing to do" in line)
        process, head = psutil.Process(watch.pid), Lake(given.lake).log.read()
        print("started:", line.strip(), flush=True)
        before, chosen = cpu_seconds(process), random.Random(7).choices(files, k=given.changes)
        for number, path in enumerate(chosen):
            with path.open("a") as file:
                file.write(f"\nChange {number}.\n")
            time.sleep(1)
        end = time.monotonic() + 300
        while time.monotonic() < end and sum(s.n_waiting for s in states(Lake(given.lake).store)):
            time.sleep(1)
        time.sleep(2)
        spent = cpu_seconds(process) - before
        watch.terminate()
    (state,) = (one for one in summary(given.lake) if one["sources"] == ["docs"])
    n_runs = len(Lake(given.lake).log.read().releases) - len(head.releases)
    told = {
        "lag": state["lag"],
        "n_changes": state["n_changes"],
        "n_late": state["n_late"],
        "n_failed": state["n_failed"],
    }
    print(json.dumps({**told, "n_releases": n_runs, "cpu_seconds": round(spent, 1), "load": os.getloadavg()[0]}))


if __name__ == "__main__":
    main()
