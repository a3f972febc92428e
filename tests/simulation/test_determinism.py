"""A seed is the whole world: the same one gives the same history, step by step."""

from __future__ import annotations

from tests.simulation.history import simulate


def test_the_same_seed_gives_the_same_history() -> None:
    first, second = (simulate(2) for _ in range(2))
    assert first.trace == second.trace
    assert (first.violations, first.digest) == (second.violations, second.digest)
    assert first.n_steps > 500
