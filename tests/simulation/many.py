"""Runs ranges of seeds, in several processes, and prints what they came to."""

from __future__ import annotations

import gc
import logging
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from functools import partial
from multiprocessing import get_context

from tests.simulation.history import Outcome, simulate
from tests.simulation.plants import PLANTS, Plant

_REMARK_EVERY = 500
#: Seeds after which garbage is collected.
_COLLECTED_EVERY = 10


def plant_named(name: str | None) -> Plant:
    return PLANTS[name][1] if name else nullcontext


def prepare() -> None:
    """One thread for each process: histories are small. Garbage in cycles is collected between them."""
    import pyarrow as pa

    gc.freeze()
    gc.disable()
    logging.disable(logging.WARNING)
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)


def _brief(seed: int, plant: str | None) -> Outcome:
    outcome = simulate(seed, plant=plant_named(plant))
    if seed % _COLLECTED_EVERY == 0:
        gc.collect()
    return Outcome(seed, outcome.digest, outcome.violations, outcome.n_steps, (), outcome.cast)


def _outcomes(seeds: range, jobs: int, seconds: float, plant: str | None = None) -> Iterator[Outcome]:
    until = time.monotonic() + seconds
    if jobs == 1:
        prepare()
        for seed in seeds:
            if time.monotonic() > until:
                return
            yield _brief(seed, plant)
        return
    with ProcessPoolExecutor(jobs, get_context("forkserver"), prepare) as pool:
        for start in range(seeds.start, seeds.stop, 50 * jobs):
            if time.monotonic() > until:
                return
            part = seeds[start - seeds.start : start - seeds.start + 50 * jobs]
            yield from pool.map(partial(_brief, plant=plant), part, chunksize=10)


def run_many(seeds: range, jobs: int, seconds: float, plant: str | None) -> int:
    started, n, bad = time.monotonic(), 0, 0
    for outcome in _outcomes(seeds, jobs, seconds, plant):
        n += 1
        if outcome.violations:
            bad += 1
            tell(outcome)
        if n % _REMARK_EVERY == 0:
            print(f"{outcome.seed} is done, {bad} of {n} with a violation", flush=True)
    print(f"{n} seeds from {seeds.start} in {time.monotonic() - started:.0f} s, {bad} with a violation")
    return bool(bad)


def print_table(seeds: range, jobs: int, seconds: float) -> int:
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


def tell(outcome: Outcome) -> None:
    print(f"seed {outcome.seed}: {outcome.n_steps} steps, trace {outcome.digest}")
    for violation in outcome.violations:
        print(f"  {violation}", flush=True)
