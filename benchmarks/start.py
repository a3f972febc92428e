"""What it costs to start: an import, help, and runs of ten files with nothing or little to do, beside other checkouts.

python -m benchmarks.start [--rounds 5] [CHECKOUT...]

Checkouts take turns. Least wall and CPU seconds of the rounds, since whatever else runs only adds to them. Modules are
compiled before, in the first round.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.many_files import change, write_files
from benchmarks.speed_measures import Cost, compiled_in, cost_of

_N_FILES = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("checkouts", nargs="*", type=Path, default=[Path.cwd()])
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        write_files(Path(work, "documents"), _N_FILES)
        found: dict[tuple[str, Path], list[Cost]] = {}
        for number in range(args.rounds + 1):
            for place in args.checkouts:
                for name, words in _commands(Path(work), place).items():
                    if "changed" in name:
                        change(Path(work, "documents"), 1 / _N_FILES)
                    environment = {"PYTHONPATH": str(place.absolute()), **compiled_in(Path(work, "compiled"))}
                    cost, _ = cost_of([sys.executable, *words], environment)
                    if number:  # the first round compiles the modules and builds the lake
                        found.setdefault((name, place), []).append(cost)
    for (name, place), costs in found.items():
        wall, cpu = (min(getattr(cost, what) for cost in costs) for what in ("wall", "cpu"))
        print(f"{place.name:>12} {name:>24}: {wall:5.2f} s wall, {cpu:5.2f} s CPU")


def _commands(work: Path, place: Path) -> dict[str, list[str]]:
    ingest = ["ingest", str(work / "documents"), "--lake", str(work / f"lake-{place.name}"), "--embedder", "hash"]
    return {
        "import raglake": ["-P", "-c", "import raglake"],
        "raglake --help": ["-P", "-m", "flows", "--help"],
        "raglake ingest --help": ["-P", "-m", "flows", "ingest", "--help"],
        "ingest, a file changed": ["-P", "-m", "flows", *ingest],
        "ingest, nothing to do": ["-P", "-m", "flows", *ingest],
    }


if __name__ == "__main__":
    main()
