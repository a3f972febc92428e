"""Build, no-op and 1 % changed over many small Markdown files, without a model: wall seconds and peak memory.

python -m benchmarks.many_files [N_FILES] [FOLDER]
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.speed_contestants import RAGLAKE
from benchmarks.speed_measures import cost_of, disk_of, walk_seconds


def write_files(folder: Path, n_files: int) -> None:
    """About 1 KB each: a title, a section, three paragraphs and a list."""
    rng = random.Random(1)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(3, 9))) for _ in range(4000)]
    for number in range(n_files):
        place = folder / f"{number // 1000:03}"
        place.mkdir(parents=True, exist_ok=True)
        first, second, third = (" ".join(rng.choices(words, k=45)).capitalize() + "." for _ in range(3))
        (place / f"doc-{number:06}.md").write_text(
            f"# Title {number}\n\n{first}\n\n## Section {words[number % 4000]}\n\n{second}\n\n- one\n- two\n\n{third}\n"
        )


def change(folder: Path, share: float) -> None:
    files = sorted(folder.rglob("*.md"))
    for path in files[:: round(1 / share)]:
        path.write_text(path.read_text() + f"\nAnother line {time.time_ns()}.\n")


def main() -> None:
    n_files = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as place:
        folder, lake = Path(place, "documents"), Path(place, "lake")
        write_files(folder, n_files)
        print(f"{n_files:,} files; walking and stat-ing them takes {walk_seconds(folder):.2f} s")
        for name in ("build", "no-op", "1 % changed"):
            if name == "1 % changed":
                change(folder, 0.01)
            cost, _ = cost_of(RAGLAKE.ingest(folder, lake, "hash"), {})
            n_stored, n_bytes = disk_of(lake)
            print(f"{name:>12}: {cost.wall:6.2f} s wall, {cost.cpu:6.2f} s CPU, {cost.peak_mb:6.0f} MB peak, "
                  f"{n_bytes / 1e6:,.1f} MB in {n_stored:,} files")  # fmt: skip


if __name__ == "__main__":
    main()
