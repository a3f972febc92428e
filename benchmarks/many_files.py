"""Build, no-op and 1 % changed over many small Markdown files, without a model: wall seconds and peak memory.

python benchmarks/many_files.py [N_FILES] [FOLDER]
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path


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


def listing_seconds(folder: Path) -> float:
    """What walking and stat-ing the files costs by itself."""
    started = time.perf_counter()
    for root, _, names in os.walk(folder):
        for name in names:
            os.stat(os.path.join(root, name))
    return time.perf_counter() - started


def run(folder: Path, lake: Path) -> dict[str, float]:
    """One ingest in its own process: wall seconds, CPU seconds (children too), and what it did."""
    program = (
        "import json, resource, sys; from flows.cli import _exit_status; status = _exit_status(sys.argv[1:]);"
        "own, below = (resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN));"
        "print(json.dumps({'status': status, 'mb': own.ru_maxrss / 1024,"
        "'cpu': sum(u.ru_utime + u.ru_stime for u in (own, below))}))"
    )
    words = ["ingest", str(folder), "--lake", str(lake), "--embedder", "hash", "--json"]
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=True)
    outcome, usage = (json.loads(line) for line in done.stdout.splitlines())
    return {"wall": time.perf_counter() - started, **usage, **outcome}


def main() -> None:
    n_files = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as place:
        folder, lake = Path(place, "documents"), Path(place, "lake")
        write_files(folder, n_files)
        print(f"{n_files:,} files; walking and stat-ing them takes {listing_seconds(folder):.2f} s")
        for name in ("build", "no-op", "1 % changed"):
            if name == "1 % changed":
                change(folder, 0.01)
            figures = run(folder, lake)
            print(
                "{:>12}: {wall:6.2f} s wall, {cpu:6.2f} s CPU, {mb:6.0f} MB peak, {n_texts_embedded:,} texts".format(
                    name, **figures
                )
            )


if __name__ == "__main__":
    main()
