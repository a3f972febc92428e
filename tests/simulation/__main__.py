"""``python -m tests.simulation SEED`` prints one history; ``--seeds 0:1000`` runs many and prints what is broken.

A first version. Real: log, lease, runs, publishing, prune, erasure, denylist, contents, vectors. Simulated: the store,
clocks, threads and sources. Tables are stand-ins in Parquet. The auditor is young: a finding may be its own fault, so
read the history.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time

from tests.simulation.history import Outcome, shrink, simulate


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("seed", nargs="?", type=int, help="the history to print")
    parser.add_argument("--seeds", help="a range of seeds, such as 0:1000")
    parser.add_argument("--shrink", action="store_true", help="print the shortest history that still fails")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop a range after this time")
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    if given.seeds:
        return _range(*map(int, given.seeds.split(":")), given.seconds)
    if given.seed is None:
        parser.error("give a seed, or --seeds FIRST:LAST")
    outcome = shrink(given.seed, tell=print) if given.shrink else simulate(given.seed)
    print("\n".join(outcome.trace))
    _tell(outcome)
    return bool(outcome.violations)


def _range(first: int, last: int, seconds: float) -> int:
    started, bad, n = time.monotonic(), 0, 0
    for seed in range(first, last):
        if time.monotonic() - started > seconds:
            break
        outcome, n = simulate(seed), n + 1
        if outcome.violations:
            bad += 1
            _tell(outcome)
    print(f"{n} seeds from {first} in {time.monotonic() - started:.0f} s, {bad} with a violation")
    return bool(bad)


def _tell(outcome: Outcome) -> None:
    print(f"seed {outcome.seed}: {outcome.n_steps} steps, trace {outcome.digest}")
    for violation in outcome.violations:
        print(f"  {violation}")


if __name__ == "__main__":
    sys.exit(main())
