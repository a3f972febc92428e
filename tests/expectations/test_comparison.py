"""The verdict: deaf to noise, awake to loss, the same from both sides."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.comparison import ALPHA, MARGIN, compare, judge
from expectations.resampling import interval, randomisation_p
from lake.errors import UsageError
from lake.records.schemas import SCORES

DIFFERENCES = st.lists(st.sampled_from([-1.0, -0.5, -0.1, 0.0, 0.0, 0.02, 0.4, 1.0]), max_size=60).map(np.array)
MIRRORED = {"better": "worse", "worse": "better"}


@given(DIFFERENCES)
def test_a_verdict_is_the_mirror_image_of_the_other_way_round(differences: np.ndarray) -> None:
    one, other = judge(differences), judge(-differences)
    assert other.word == MIRRORED.get(one.word, one.word)
    assert (other.p, other.wins, other.losses, other.ties) == (one.p, one.losses, one.wins, one.ties)
    assert (other.low, other.high) == pytest.approx((-one.high, -one.low))
    assert judge(differences) == one


@given(DIFFERENCES, st.floats(0, 0.3), st.floats(0.001, 0.3))
def test_a_verdict_says_no_more_than_its_figures(differences: np.ndarray, margin: float, alpha: float) -> None:
    found = judge(differences, margin=margin, alpha=alpha)
    assert found.low <= found.difference + 1e-9
    assert found.difference <= found.high + 1e-9
    if found.word == "worse":
        assert found.difference <= -margin
        assert found.p <= alpha
        assert not found.no_loss
    if found.word == "no difference that matters":
        assert found.no_loss
        assert found.n >= 30
    if found.wins + found.losses < 5 and alpha < 0.06:
        assert found.word not in ("better", "worse")  # five heads in a row happen too often


def test_the_randomisation_test_is_exact() -> None:
    rng = np.random.default_rng(4)
    for n in (3, 8, 12):
        values = rng.normal(size=n)
        sums = [sum(v * s for v, s in zip(values, signs, strict=True)) for signs in _all_signs(n)]
        exactly = np.mean([abs(total) >= abs(values.sum()) - 1e-12 for total in sums])
        assert randomisation_p(values) == pytest.approx(exactly)
        # With more zeros than differences, and by drawing instead of counting, it is about the same.
        many = np.concatenate([np.repeat(values, 1), np.zeros(300)])
        assert randomisation_p(many) == pytest.approx(exactly)
    assert interval(np.array([])) == pytest.approx((np.nan, np.nan), nan_ok=True)


def _all_signs(n: int) -> list[list[int]]:
    return [[1 if number >> bit & 1 else -1 for bit in range(n)] for number in range(1 << n)]


def ranks_to_scores(rng: np.random.Generator, n: int) -> np.ndarray:
    """Reciprocal ranks as real systems have them: many at 1, many at 0, few between."""
    return rng.choice([1.0, 0.5, 1 / 3, 0.25, 0.1, 0.0], n, p=[0.55, 0.12, 0.06, 0.04, 0.03, 0.2])


def harmless(rng: np.random.Generator, n: int, share: float) -> np.ndarray:
    """Differences of two equal systems: a share of the questions is answered anew by each of them."""
    a = ranks_to_scores(rng, n)
    changed = rng.random(n) < share
    return np.where(changed, ranks_to_scores(rng, n), a) - np.where(changed, ranks_to_scores(rng, n), a)


@pytest.fixture
def fewer_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error rate that is stated holds with any number of resamples, so that many trials can be made of few each."""
    monkeypatch.setattr("expectations.resampling.N_RESAMPLES", 1999)


@pytest.mark.usefixtures("fewer_resamples")
@pytest.mark.parametrize(("n", "share"), [(20, 1.0), (50, 0.3), (100, 0.05), (300, 1.0), (300, 0.1)])
def test_a_harmless_change_is_not_called_worse_in_200_trials(n: int, share: float) -> None:
    verdicts = [judge(harmless(np.random.default_rng(seed), n, share), seed=seed) for seed in range(200)]
    n_worse = sum(verdict.word == "worse" for verdict in verdicts)
    # Half of alpha falls on either side; 10 of 200 would be alpha, and the margin leaves less.
    assert n_worse <= 200 * ALPHA / 2
    assert sum(verdict.p <= ALPHA for verdict in verdicts) <= 200 * ALPHA + 3 * np.sqrt(200 * ALPHA)


@pytest.mark.usefixtures("fewer_resamples")
@pytest.mark.parametrize("n", [100, 300])
def test_a_planted_loss_is_called_worse_every_time(n: int) -> None:
    for seed in range(100):
        rng = np.random.default_rng(seed)
        a = ranks_to_scores(rng, n)
        b = np.where(rng.random(n) < 1 / 3, 0.0, a)  # every third section is gone
        assert judge(b - a, seed=seed).word == "worse"


def test_few_questions_tell_little_and_a_tiny_loss_does_not_matter() -> None:
    assert judge(np.zeros(0)).word == judge(np.zeros(29)).word == "not enough evidence"
    assert judge(np.zeros(30)).word == "no difference that matters"
    tiny = judge(np.full(1000, -MARGIN / 4))
    assert (tiny.word, tiny.p < ALPHA) == ("no difference that matters", True)
    assert judge(np.array([-1.0] * 4)).word == "not enough evidence"
    assert judge(np.array([-1.0] * 9)).word == "worse"
    with pytest.raises(UsageError):
        judge(np.array([np.nan]))


def score(name: str, value: float | None, **facts: Any) -> dict[str, Any]:
    row = {"set": "s", "question_id": name, "status": "scored", "level": "document", "measure": "RR", "value": value}
    return {**row, "evidence_bytes": "e", **facts}


def scores(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=SCORES)


def test_what_the_pipeline_lost_is_a_loss_and_what_the_source_took_is_left_out() -> None:
    gone = {"value": None, "level": None, "measure": None}
    a = scores(score("kept", 1.0), score("lost", 0.5), score("deleted", 1.0), score("only-a", 1.0))
    b = scores(
        score("kept", 0.5),
        score("lost", **gone, status="text gone"),
        score("deleted", **gone, status="absent", evidence_bytes="other"),
        score("only-b", 1.0),
    )
    (found,) = compare(a, b)
    assert found.pairs.to_dicts() == [
        {"question_id": "kept", "a": 1.0, "b": 0.5, "difference": -0.5, "lost": False},
        {"question_id": "lost", "a": 0.5, "b": 0.0, "difference": -0.5, "lost": True},
    ]
    assert (found.a, found.b, found.n_left_out, found.to_json()["n_lost"]) == (0.75, 0.25, 1, 1)
    (back,) = compare(b, a)
    assert back.pairs["difference"].to_list() == [0.5, 0.5]
    with pytest.raises(UsageError, match="share no question"):
        compare(a, b, [("chunk", "RR")])


def test_only_like_is_compared_with_like() -> None:
    a = scores(score("same", 1.0), score("regraded", 1.0, question_digest="1"), score("same", 1.0, measure="AP"))
    b = scores(score("same", 1.0), score("regraded", 0.0, question_digest="2"))
    (found,) = compare(a, b)
    # b was not measured by AP, which is no loss; and the other question is not what it was.
    assert (found.measure, found.pairs["question_id"].to_list()) == ("RR", ["same"])
    both_ways = scores(score("same", 1.0, settings="x"), score("same", 0.0, settings="y"))
    with pytest.raises(UsageError, match="under one search profile"):
        compare(both_ways, b)
