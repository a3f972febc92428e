"""What the first answer of a fresh process costs, from its start to its end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from statistics import median
from time import perf_counter

_PROGRAMS = {
    "an empty program": "pass",
    "import numpy, pyarrow, lance, tokenizers": "import numpy, pyarrow, lance, tokenizers",
    "lake.open_lake(L).search(q)": "import sys, lake; lake.open_lake(sys.argv[1]).search(sys.argv[2])",
    "the same with mode='text'": "import sys, lake; lake.open_lake(sys.argv[1]).search(sys.argv[2], mode='text')",
    "the same, the question embedded as documents are": (
        "import sys, lake; from lake.embed import load_embedder; "
        "lake.open_lake(sys.argv[1]).search(sys.argv[2], embedder=load_embedder('minilm'))"
    ),
}


def cold_lines(url: str, question: str, n: int) -> Iterator[str]:
    """Wall and processor time of ``n`` processes of each kind, one of each after another."""
    commands = {name: [sys.executable, "-c", program, url, question] for name, program in _PROGRAMS.items()}
    commands["raglake query q --lake L"] = [sys.executable, "-m", "flows", "query", question, "--lake", url]
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for turn in range(n + 1):
        for name, command in commands.items():
            if turn:  # the first one reads the files of all from the disk
                spent[name].append(cost(command))
            else:
                cost(command)
    yield f"\n{n} fresh processes of each kind; seconds\n"
    yield "| process | wall, best | wall, p50 | processor, best | processor, p50 |\n|---|---|---|---|---|"
    for name, costs in spent.items():
        wall, processor = zip(*costs, strict=True)
        figures = (min(wall), median(wall), min(processor), median(processor))
        yield f"| `{name}` | {' | '.join(f'{value:.2f}' for value in figures)} |"


def cost(command: list[str]) -> tuple[float, float]:
    """Seconds on the clock and of processors."""
    started = perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall = perf_counter() - started
    if status:
        raise SystemExit(f"{command} ended with {os.waitstatus_to_exitcode(status)}")
    process.returncode = 0
    return wall, used.ru_utime + used.ru_stime
