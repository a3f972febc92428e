"""``python -m tests.simulation SEED`` prints one history; ``--seeds 0:1000 --jobs 2`` runs many.

docs/simulation.md describes what is simulated, what is real, and what the auditor checks.
"""

from __future__ import annotations

import argparse
import os
import sys

from tests.simulation.history import shrink, simulate
from tests.simulation.many import plant_named, prepare, print_table, run_many, tell
from tests.simulation.plants import PLANTS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("seed", nargs="?", type=int, help="the history to print")
    parser.add_argument("--seeds", help="a range of seeds, such as 0:1000")
    parser.add_argument("--jobs", type=int, default=1, help="processes that share a range")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="end a range after this time")
    parser.add_argument("--plant", choices=[*PLANTS, "all"], help="a bug that every history has; 'all' prints a table")
    parser.add_argument("--shrink", action="store_true", help="print the shortest history that still fails")
    given = parser.parse_args()
    if given.seeds and given.plant == "all":
        return print_table(_range(given.seeds), given.jobs, given.seconds)
    if given.seeds:
        return run_many(_range(given.seeds), given.jobs, given.seconds, given.plant)
    if given.seed is None or given.plant == "all":
        parser.error("give a seed, or --seeds FIRST:LAST")
    prepare()
    plant = plant_named(given.plant)
    outcome = shrink(given.seed, plant, tell=print) if given.shrink else simulate(given.seed, plant=plant)
    print("\n".join(outcome.trace))
    tell(outcome)
    return bool(outcome.violations)


def _range(text: str) -> range:
    first, last = map(int, text.split(":"))
    return range(first, last)


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":  # the order of sets is a part of the history
        os.environ |= {"PYTHONHASHSEED": "0", "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}
        os.execv(sys.executable, [sys.executable, "-m", "tests.simulation", *sys.argv[1:]])
    sys.exit(main())
