"""A seed is the whole world: the same one gives the same history, step by step, and no promise is broken in a few.

``RAGLAKE_SEEDS`` takes how many; ``python -m tests.simulation --seeds 0:500 --jobs 2`` runs more of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.simulation.history import simulate
from tests.simulation.plants import PLANTS

ROOT = Path(__file__).parents[2]
SEEDS = int(os.environ.get("RAGLAKE_SEEDS", "5"))


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.simulation", *words]
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)


def test_the_same_seed_gives_the_same_history() -> None:
    first, second = (simulate(2) for _ in range(2))
    assert first.trace == second.trace
    assert (first.violations, first.digest) == (second.violations, second.digest)
    assert first.n_steps > 300


def test_a_few_seeds_break_no_promise() -> None:
    done = run("--seeds", f"0:{SEEDS}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{SEEDS} seeds from 0" in done.stdout


def test_a_planted_bug_is_found_and_replayed_to_the_same_entry() -> None:
    plant = PLANTS["no-tag"][1]
    seed, first = next((n, found) for n in range(50) if (found := simulate(n, plant=plant)).violations)
    second = simulate(seed, plant=plant)
    assert first.digest == second.digest
    last = [[line for line in found.trace if " put log/" in line][-1] for found in (first, second)]
    assert last[0] == last[1]
