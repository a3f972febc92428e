"""Hours of nights in one process: whether memory, threads, handles, children or files grow.

    python -m benchmarks.soak [--minutes 120] [--documents 400] [--embedder hash] [--markdown FILE]

Each cycle changes two documents in a hundred, ingests, asks ten questions and, every tenth, rolls back, every
twentieth prunes. What is held is noted after each cycle; a line of the table is the median of a tenth of all cycles, so
that a leak shows as a column that rises to the end.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from statistics import median

import lake
from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake.maintenance.operate import prune, rollback
from lake.options import RecipeOptions, Retention

_FEW = Retention(keep_last=5, keep_daily=0, keep_monthly=0, grace_hours=0, keep_vectors_days=0)
_WORDS = [f"word{number}" for number in range(3000)]


@dataclass(frozen=True, slots=True)
class Held:
    """What the process and its lake hold after a cycle."""

    rss_mb: float
    threads: int
    handles: int
    children: int
    lake_files: int
    lake_mb: float
    temporary: int
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--documents", type=int, default=400)
    parser.add_argument("--embedder", default="hash")
    parser.add_argument("--markdown", type=Path)
    options = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="raglake-soak-"))
    try:
        found = soak(work, options.minutes * 60, options.documents, options.embedder)
    finally:
        shutil.rmtree(work)
    told = table(found)
    print(told)
    if options.markdown:
        options.markdown.write_text(told + "\n")


def soak(work: Path, seconds: float, n_documents: int, embedder: str) -> list[Held]:
    draw, source, url = random.Random(7), work / "docs", str(work / "lake")
    source.mkdir()
    for number in range(n_documents):
        write(source, number, draw)
    job = Job(sources=(f"docs={source}",), lake=url, settings=RecipeOptions(embedder=embedder))
    found: list[Held] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        started = time.perf_counter()
        cycle(len(found), job, source, n_documents, draw)
        found.append(held(work, time.perf_counter() - started))
        if len(found) % 20 == 1:
            print(len(found), found[-1], flush=True)
    return found


def write(source: Path, number: int, draw: random.Random) -> None:
    said = "\n\n".join(" ".join(draw.choices(_WORDS, k=60)) + "." for _ in range(3))
    (source / f"{number}.md").write_text(f"# Document {number}\n\n{said}\n")


def cycle(number: int, job: Job, source: Path, n_documents: int, draw: random.Random) -> None:
    if number:
        for changed in draw.sample(range(n_documents), max(2, n_documents // 50)):
            write(source, changed, draw)
    with PlainSteps() as steps:
        outcome = reindex(job, steps)
    assert outcome.published, outcome.reason
    index = lake.open_lake(job.lake)
    for _ in range(10):
        assert index.search(" ".join(draw.choices(_WORDS, k=4)), 5).num_rows
    if number % 10 == 9:
        earlier = sorted(index.history().releases)[-2]
        rollback(job.lake, earlier, why="soak")
    if number % 20 == 14:  # not right after a rollback, when more is kept
        prune(job.lake, _FEW)


def held(work: Path, seconds: float) -> Held:
    gc.collect()
    status = Path("/proc/self/status").read_text()
    rss = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    files = [path for path in (work / "lake").rglob("*") if path.is_file()]
    return Held(
        rss_mb=rss / 1024,
        threads=threading.active_count(),
        handles=len(os.listdir("/proc/self/fd")),
        children=sum(len(children(thread)) for thread in os.listdir("/proc/self/task")),
        lake_files=len(files),
        lake_mb=sum(path.stat().st_size for path in files) / 1e6,
        temporary=len(list(Path(tempfile.gettempdir()).glob("raglake*"))),
        seconds=seconds,
    )


def children(thread: str) -> list[str]:
    return Path(f"/proc/self/task/{thread}/children").read_text().split()


def table(found: Sequence[Held]) -> str:
    names = [field.name for field in fields(Held)]
    tenth = max(len(found) // 10, 1)
    lines = [f"{len(found)} cycles", "", f"| cycles | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    of: Callable[[Sequence[float]], str] = lambda values: f"{median(values):.1f}"  # noqa: E731
    for start in range(0, len(found) - tenth + 1, tenth):
        part = [astuple(one) for one in found[start : start + tenth]]
        lines.append(
            f"| {start}-{start + tenth - 1} | {' | '.join(of(column) for column in zip(*part, strict=True))} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
