"""What a rollback costs in a lake of many chunks: milliseconds of work, and what it writes.

python benchmarks/rollback.py [N_CHUNKS] [FOLDER]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake.directory import Lake
from lake.index import open_lake
from lake.options import RecipeOptions
from lake.releases.publishing import rollback

_CHUNKS_PER_FILE = 20
_ROUNDS = 20


def write_files(folder: Path, n_chunks: int, night: int) -> None:
    """Files of sections that become one chunk each; one file in ten differs from night to night."""
    folder.mkdir(exist_ok=True)
    for number in range(n_chunks // _CHUNKS_PER_FILE):
        mark = f"night {night}" if number % 10 == 0 else "every night"
        sections = (
            f"## Section {part}\n\nPump {number} in hall {part} was inspected {mark}."
            for part in range(_CHUNKS_PER_FILE)
        )
        (folder / f"{number:06}.md").write_text("\n\n".join(sections))


def ingest(folder: Path, lake: Path) -> str:
    settings = RecipeOptions(embedder="hash", parent_tokens=24, child_tokens=24, overlap_tokens=0)
    with PlainSteps() as steps:
        return reindex(Job((str(folder),), str(lake), settings=settings), steps).release or ""


def files(lake: Path) -> dict[str, tuple[int, int]]:
    return {str(p.relative_to(lake)): (p.stat().st_size, p.stat().st_mtime_ns) for p in lake.rglob("*") if p.is_file()}


def seconds_of(lake: Path, release: str) -> float:
    """One rollback as a process does it that knows nothing of the lake yet: read the log, append to it."""
    started = time.perf_counter()
    log = Lake.existing(str(lake)).log
    rollback(log, log.read().resolve(release), why="benchmark")
    return time.perf_counter() - started


def fsync_seconds(folder: Path) -> float:
    """What the disk itself takes to make one small file durable."""
    started = time.perf_counter()
    Lake(str(folder)).store.write("probe", b"x" * 300)
    return time.perf_counter() - started


def main() -> None:
    n_chunks = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as place:
        folder, lake = Path(place, "documents"), Path(place, "lake")
        releases = []
        for night in range(2):
            write_files(folder, n_chunks, night)
            releases.append(ingest(folder, lake))
        reader = open_lake(str(lake))
        before = files(lake)
        spent = []
        for turn in range(_ROUNDS):
            spent.append(1e3 * seconds_of(lake, releases[turn % 2]))
            assert reader.release().id == releases[turn % 2]
        after = files(lake)
        changed = [name for name in before if after.get(name) != before[name]]
        written = sum(size for name, (size, _) in after.items() if name not in before)
        probe = median(1e3 * fsync_seconds(Path(place, "probe")) for _ in range(_ROUNDS))
        print(f"{reader.dataset('chunks').count_rows():,} chunks, {_ROUNDS} rollbacks")
        print(f"one rollback: {min(spent):.2f} ms at best, median {median(spent):.2f}, {max(spent):.2f} at worst")
        print(f"one small durable file, for comparison: median {probe:.2f} ms")
        print(f"files written: {len(after) - len(before)}, {written // _ROUNDS} bytes each; changed: {len(changed)}")


if __name__ == "__main__":
    main()
