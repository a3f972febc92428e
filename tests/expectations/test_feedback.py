"""Releases compared by feedback: against counting every assignment, Fisher's test, and the error rate it states."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from scipy.stats import fisher_exact

from expectations.feedback import compare_feedback, compared_questions, judged_sides, permutation_p
from lake.errors import UsageError

START = datetime(2026, 11, 1, tzinfo=UTC)


def said(release: str, useful: bool, voter: str | None = None, n: int = 0, chunk: str = "c") -> dict[str, Any]:
    return {"variant": None, "release": release, "useful": useful, "voter": voter,
            "feedback_id": f"{release}-{n}-{chunk}", "question": "q", "chunk_id": chunk,
            "given_at": START + timedelta(days=n)}  # fmt: skip


def counted(a: list[tuple[int, int]], b: list[tuple[int, int]]) -> float:
    """Every assignment of sessions, one by one."""
    pool = [*a, *b]

    def difference(chosen: set[int]) -> float:
        sides = [[one for n, one in enumerate(pool) if (n in chosen) is side] for side in (True, False)]
        shares = [sum(u for u, _ in side) / sum(n for _, n in side) for side in sides]
        return abs(shares[0] - shares[1])

    reached = difference(set(range(len(a)))) - 1e-12
    found = [difference(set(chosen)) >= reached for chosen in combinations(range(len(pool)), len(a))]
    return sum(found) / len(found)


def test_p_counts_every_assignment_of_sessions() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        sides = []
        for size in rng.integers(2, 7, 2):
            totals = rng.integers(1, 4, size)
            sides.append([(int(rng.integers(0, n + 1)), int(n)) for n in totals])
        assert permutation_p(*sides) == pytest.approx(counted(*sides), abs=1e-12)


@pytest.mark.parametrize("figures", [(3, 9, 8, 10), (30, 60, 45, 60), (1, 4, 9, 9)])
def test_single_votes_on_sides_of_one_size_give_fishers_p(figures: tuple[int, int, int, int]) -> None:
    """On both sides alike the two-sided tests order the tables alike."""
    useful_a, _, useful_b, n = figures
    sides = [[(1, 1)] * useful + [(0, 1)] * (n - useful) for useful in (min(useful_a, n), useful_b)]
    table = [[len([one for one in side if one[0] == kind]) for kind in (1, 0)] for side in sides]
    assert permutation_p(*sides) == pytest.approx(fisher_exact(table)[1], rel=1e-9)


def test_it_finds_no_difference_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """500 trials of 60 sessions, whose votes hang together, at a level of .05: 25 expected, 3 deviations are 15.

    The stated rate holds with any number of resamples.
    """
    monkeypatch.setattr("expectations.feedback.N_RESAMPLES", 1999)
    rng, wrong = np.random.default_rng(2), 0
    for _ in range(500):
        sides = []
        for _ in range(2):
            mood, n = rng.beta(0.5, 0.5, 30), rng.integers(1, 9, 30)
            sides.append([(int(u), int(m)) for u, m in zip(rng.binomial(n, mood), n, strict=True)])
        wrong += permutation_p(*sides) < 0.05
    assert 5 <= wrong <= 40


def test_sessions_count_and_not_their_clicks() -> None:
    """One session that clicks fifty passages is one opinion."""
    rows = [said("a", False, "x", n, f"c{n}") for n in range(50)] + [
        said("b", True, "y", n, f"c{n}") for n in range(50)
    ]
    found = compare_feedback(rows, "a", "b")
    assert (found.a.n, found.a.sessions, found.p, found.word) == (50, 1, 1.0, "no difference shown")
    alone = compare_feedback([{**row, "voter": None} for row in rows], "a", "b")
    assert (alone.a.sessions, alone.word, alone.difference) == (50, "better", 1.0)


def test_the_last_word_of_a_session_counts_and_since_leaves_out() -> None:
    rows = [said("a", True, "x", 0), said("a", False, "x", 1), said("b", True, "x", 2), said("b", False, "y", 3)]
    found = compare_feedback(rows, "a", "b")
    assert (found.a.useful, found.a.n, found.b.useful, found.b.n) == (0, 1, 1, 2)
    later = compare_feedback([*rows, said("a", True, "z", 3)], "a", "b", since=START + timedelta(days=3))
    assert (later.a.useful, later.b.useful, later.b.n) == (1, 0, 1)
    with pytest.raises(UsageError, match="nobody judged a passage of a"):
        compare_feedback(rows, "a", "b", since=START + timedelta(days=2))


def test_the_interval_covers_the_difference_as_often_as_it_says() -> None:
    rng, covered = np.random.default_rng(3), 0
    for trial in range(200):
        rows = [said(name, bool(rng.random() < share), None, n) for name, share in (("a", 0.5), ("b", 0.7))
                for n in range(80)]  # fmt: skip
        found = compare_feedback(rows, "a", "b", seed=trial)
        covered += found.low <= 0.2 <= found.high
    assert covered >= 180


def test_sides_and_the_questions_judged_on_both() -> None:
    rows = [
        said("a", useful=True, voter="x"),
        said("a", useful=False, voter="x"),
        said("b", useful=True, voter="y", n=2),
    ]
    rows += [said("b", useful=False, chunk="d", n=3), {**said("b", useful=True, n=1), "variant": "v", "question": "r"}]
    assert [(one["release"], one["useful"], one["n"], one["is_variant"]) for one in judged_sides(rows)] == [
        ("b", 1, 2, False),
        ("v", 1, 1, True),
        ("a", 0, 1, False),
    ]
    assert [one["release"] for one in judged_sides(rows, START + timedelta(days=2))] == ["b"]
    (asked,) = compared_questions(rows, "a", "b")
    assert asked == {"question": "q", "useful_a": 0, "n_a": 1, "useful_b": 1, "n_b": 2, "difference": 0.5}
    assert compared_questions(rows, "a", "v") == []
