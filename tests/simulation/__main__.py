"""``python -m tests.simulation SEED`` prints one history; ``--seeds 0:1000 --jobs 2`` runs many.

docs/simulation.md describes what is simulated, what is real, and what the auditor checks.
"""

from __future__ import annotations

import argparse
import logging
import os
import statistics
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from functools import partial
from multiprocessing import get_context

from tests.simulation.history import Outcome, shrink, simulate
from tests.simulation.plants import PLANTS, Plant


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
        return _table(_range(given.seeds), given.jobs, given.seconds)
    if given.seeds:
        return _many(_range(given.seeds), given.jobs, given.seconds, given.plant)
    if given.seed is None or given.plant == "all":
        parser.error("give a seed, or --seeds FIRST:LAST")
    _prepare()
    plant = _plant(given.plant)
    outcome = shrink(given.seed, plant, tell=print) if given.shrink else simulate(given.seed, plant=plant)
    print("\n".join(outcome.trace))
    _tell(outcome)
    return bool(outcome.violations)


def _range(text: str) -> range:
    first, last = map(int, text.split(":"))
    return range(first, last)


def _plant(name: str | None) -> Plant:
    return PLANTS[name][1] if name else nullcontext


def _prepare() -> None:
    """One thread for each process: histories are small."""
    import pyarrow as pa

    logging.disable(logging.WARNING)
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)


def _brief(seed: int, plant: str | None) -> Outcome:
    outcome = simulate(seed, plant=_plant(plant))
    return Outcome(seed, outcome.digest, outcome.violations, outcome.n_steps, (), outcome.cast)


def _outcomes(seeds: range, jobs: int, seconds: float, plant: str | None = None) -> Iterator[Outcome]:
    until = time.monotonic() + seconds
    if jobs == 1:
        _prepare()
        for seed in seeds:
            if time.monotonic() > until:
                return
            yield _brief(seed, plant)
        return
    with ProcessPoolExecutor(jobs, get_context("forkserver"), _prepare) as pool:
        for start in range(seeds.start, seeds.stop, 50 * jobs):
            if time.monotonic() > until:
                return
            part = seeds[start - seeds.start : start - seeds.start + 50 * jobs]
            yield from pool.map(partial(_brief, plant=plant), part, chunksize=10)


def _many(seeds: range, jobs: int, seconds: float, plant: str | None) -> int:
    started, n, bad = time.monotonic(), 0, 0
    for outcome in _outcomes(seeds, jobs, seconds, plant):
        n += 1
        if outcome.violations:
            bad += 1
            _tell(outcome)
    print(f"{n} seeds from {seeds.start} in {time.monotonic() - started:.0f} s, {bad} with a violation")
    return bool(bad)


def _table(seeds: range, jobs: int, seconds: float) -> int:
    """Show how often each planted bug is found, and the median number of seeds to the next find."""
    print("| planted bug | found in | median seeds to a find | shows as |\n|---|---|---|---|")
    for name, (what, _) in PLANTS.items():
        outcomes = list(_outcomes(seeds, jobs, seconds, name))
        found = [place for place, outcome in enumerate(outcomes) if outcome.violations]
        gaps = [after - before for before, after in zip([-1, *found], found, strict=False)]
        kinds = [one.split(":")[0] for outcome in outcomes for one in outcome.violations]
        shows = ", ".join(sorted(set(kinds), key=kinds.count, reverse=True)[:3])
        median = f"{statistics.median(gaps):g}" if gaps else "never found"
        print(f"| `{name}`: {what} | {len(found)} of {len(outcomes)} | {median} | {shows} |", flush=True)
    return 0


def _tell(outcome: Outcome) -> None:
    print(f"seed {outcome.seed}: {outcome.n_steps} steps, trace {outcome.digest}")
    for violation in outcome.violations:
        print(f"  {violation}", flush=True)


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":  # the order of sets is a part of the history
        os.environ |= {"PYTHONHASHSEED": "0", "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}
        os.execv(sys.executable, [sys.executable, "-m", "tests.simulation", *sys.argv[1:]])
    sys.exit(main())
