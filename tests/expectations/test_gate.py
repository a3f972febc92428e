"""The gate's verdict on scores: deaf to noise whatever is asked, awake to loss, and open about what it can't tell."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.gate import GateVerdict, decide
from lake.directory.configuration import Alarms, Gate
from lake.inspect.alarms import Watched, raised
from lake.records.schemas import SCORES
from lake.schemas import FINDINGS

MEASURES = ("document nDCG@10", "document RR", "span recall@5")
POLICY = Gate(no_regression=MEASURES)


def scores(release: str, values: Mapping[tuple[str, str], np.ndarray], **facts: Any) -> pa.Table:
    """SCORES rows: values of each question by set and measure."""
    rows = [
        {"release": release, "settings": "{}", "set": name, "question_id": f"{name}-{n:04}", "status": "scored",
         "level": measure.split()[0], "measure": measure.split()[1], "value": float(value), "evidence_bytes": "e",
         "question_digest": "q", **facts}
        for (name, measure), column in values.items()
        for n, value in enumerate(column)
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=SCORES)


def verdict(policy: Gate, candidate: pa.Table, live: pa.Table | None, sets: tuple[str, ...] = ("s",)) -> GateVerdict:
    return decide(policy, sets, candidate, live, names=("new", "old" if live is not None else None))


def words(found: GateVerdict) -> list[str]:
    return [one.word for one in found.asked]


def ranks(rng: np.random.Generator, n: int) -> np.ndarray:
    """Reciprocal ranks as real systems have them."""
    return rng.choice([1.0, 0.5, 1 / 3, 0.25, 0.1, 0.0], n, p=[0.55, 0.12, 0.06, 0.04, 0.03, 0.2])


def test_many_measures_and_sets_err_together_no_more_than_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """6 tests of systems that are equal, at a rate that so many trials can measure; uncorrected, it is passed.

    The rate holds with any number of resamples.
    """
    monkeypatch.setattr("expectations.resampling.N_RESAMPLES", 1999)
    policy, n_trials = replace(POLICY, alpha=0.2, margin=0.0), 120
    keys = [(name, measure) for name in ("a", "b") for measure in MEASURES]
    n_blocked = n_uncorrected = 0
    for seed in range(n_trials):
        rng = np.random.default_rng(seed)
        live = {key: ranks(rng, 40) for key in keys}
        new = {key: np.where(rng.random(40) < 0.5, ranks(rng, 40), column) for key, column in live.items()}
        found = verdict(policy, scores("new", new), scores("old", live), ("a", "b"))
        n_blocked += found.outcome == "blocked"
        n_uncorrected += any(j.difference < 0 and j.p <= 0.2 for one in found.asked if (j := one.judgement))
    assert n_blocked <= n_trials * 0.2 < n_uncorrected


@settings(max_examples=int(os.environ.get("RAGLAKE_EXAMPLES", "5")))
@given(st.integers(0, 10_000), st.integers(1, 4), st.sampled_from(["holm", "bonferroni"]))
def test_a_clear_loss_in_one_of_many_is_found_and_named(seed: int, n_sets: int, correction: Any) -> None:
    rng, names = np.random.default_rng(seed), [f"s{n}" for n in range(n_sets)]
    live = {(name, measure): ranks(rng, 120) for name in names for measure in MEASURES}
    new = dict(live)
    hurt = ("s0", MEASURES[seed % 3])
    new[hurt] = np.where(rng.random(120) < 1 / 3, 0.0, live[hurt])
    found = verdict(replace(POLICY, correction=correction), scores("new", new), scores("old", live), tuple(names))
    (worse,) = [one for one in found.asked if one.word == "worse"]
    assert (worse.set, worse.measure, found.outcome) == (*hurt, "blocked")
    assert found.summary().startswith("new was blocked by its gate and is kept unpublished: ")
    assert f"{hurt[1]} of s0 fell from " in found.summary()
    assert all(live[hurt][int(name[-4:])] > new[hurt][int(name[-4:])] for name in worse.worst)
    rows = found.to_arrow()
    assert rows.schema == FINDINGS
    assert rows["success"].to_pylist().count(False) == 1
    # Told, but blocking nothing, by a gate that warns; and not at all the other way round.
    told = verdict(replace(POLICY, mode="warn"), scores("new", new), scores("old", live), tuple(names))
    assert (told.outcome, words(told)) == ("warned", words(found))
    back = verdict(POLICY, scores("old", live), scores("new", new), tuple(names))
    assert (back.outcome, {one.word for one in back.asked}) == ("passed", {"holds"})


@given(st.lists(st.sampled_from([0.0, 0.2, 0.5, 1.0]), min_size=1, max_size=60), st.floats(0, 1))
def test_a_floor_is_the_mean_and_nothing_else(values: list[float], floor: float) -> None:
    policy = Gate(no_regression=(), floors={"document RR": floor}, least=20)
    table = scores("new", {("s", "document RR"): np.array(values)})
    (one,) = verdict(policy, table, None).asked
    mean = float(np.mean(values))
    expected = "not enough evidence" if len(values) < 20 else "below its floor" if mean < floor else "holds"
    assert (one.word, one.value, one.n) == (expected, mean, len(values))
    outcome = {"not enough evidence": "warned", "below its floor": "blocked", "holds": "passed"}[expected]
    assert verdict(policy, table, None).outcome == outcome


def test_what_too_few_questions_can_tell_is_for_the_policy_to_say() -> None:
    rng = np.random.default_rng(1)
    live = {("s", MEASURES[0]): ranks(rng, 50)}
    noisy = {("s", MEASURES[0]): ranks(rng, 50)}
    policy = Gate()
    few = Gate(least=51)
    for asked, new, told in [
        (policy, noisy, "can't rule out a loss of 0.01 or more"),
        (few, live, "can be compared over 50 questions only, fewer than 51"),
        (policy, {("s", "document RR"): np.ones(50)}, "no question of s is measured by document nDCG@10"),
        (policy, {}, "no question of s is measured by document nDCG@10"),
        (Gate(no_regression=("span recall@5",)), live, "no question of s is measured by span recall@5"),
    ]:
        found = verdict(asked, scores("new", new), scores("old", live))
        assert (found.outcome, words(found)) == ("warned", ["not enough evidence"])
        assert told in found.summary()
        strict = verdict(replace(asked, not_enough_evidence="block"), scores("new", new), scores("old", live))
        assert strict.outcome == "blocked"
    assert verdict(policy, scores("new", live), scores("old", live)).outcome == "passed"
    # A loss that nobody could overlook needs no 30 questions.
    nine = {("s", MEASURES[0]): np.ones(9)}
    assert verdict(policy, scores("new", {k: v * 0 for k, v in nine.items()}), scores("old", nine)).outcome == "blocked"


def test_a_small_loss_that_is_certain_is_suspected_and_noise_is_not() -> None:
    live = np.ones(50)
    small, mixed = live.copy(), np.tile([0.0, 1.0], 25)
    small[:5] -= 0.05
    for before, after, suspected in ((live, small, True), (mixed, 1 - mixed, False), (live, live, False)):
        old, new = ({("s", MEASURES[0]): values} for values in (before, after))
        found = verdict(Gate(), scores("new", new), scores("old", old))
        assert (found.outcome == "blocked", found.suspects_loss) == (False, suspected)


def test_what_the_pipeline_lost_counts_and_what_the_source_took_does_not() -> None:
    live = scores("old", {("s", MEASURES[0]): np.ones(60)})
    kept = scores("new", {("s", MEASURES[0]): np.ones(40)})
    gone = [
        {**row, "release": "new", "level": None, "measure": None, "value": None, "status": "text gone"}
        for row in live.to_pylist()[40:]
    ]
    lost = pa.concat_tables([kept, pa.Table.from_pylist(gone, schema=SCORES)])
    found = verdict(Gate(), lost, live)
    assert (found.outcome, "20 are answered worse, 20 of them since their evidence is gone" in found.summary()) == (
        "blocked",
        True,
    )
    edited = pa.concat_tables([kept, pa.Table.from_pylist([{**row, "evidence_bytes": "f"} for row in gone], SCORES)])
    assert verdict(Gate(), edited, live).outcome == "passed"


def test_alarms_name_each_limit_that_live_passes() -> None:
    now = datetime(2026, 11, 21, 6, tzinfo=UTC)
    rows = scores("old", {("s", "document RR"): np.full(20, 0.5), ("s", "search seconds"): np.linspace(0.1, 0.3, 20)})
    live = Watched("old", rows, n_documents=90, n_quarantined=10, published_at=now - timedelta(hours=30))
    live = replace(live, lag=timedelta(hours=9))
    live = replace(live, listed={"docs": now - timedelta(hours=7)})
    assert raised(Alarms(), live, now) == []
    near = Alarms(
        {"document RR": 0.5}, p95_seconds=0.3, quarantine_share=0.1, age_hours=30, lag_hours=9, listed_hours=7
    )
    assert raised(near, live, now) == []
    live = replace(live, listed={**live.listed, "mails": None})
    limits = {"p95_seconds": 0.28, "quarantine_share": 0.09, "age_hours": 29, "lag_hours": 8, "listed_hours": 6}
    past = Alarms({"document RR": 0.51, "span recall@5": 0.1}, **limits)
    told = "\n".join(raised(past, live, now))
    for words_of in ("document RR of s is 0.5000 over 20 questions, less than 0.51", "span recall@5 can't be measured",
                     "takes 0.290 s or more", "10 of 100 documents are in quarantine, more than 9.0%",
                     "published 30.0 hours ago, more than 29",
                     "had waited 9.0 hours for old, more than 8", "docs was last listed 7.0 hours ago, more than 6",
                     "when mails was last listed is unknown"):  # fmt: skip
        assert words_of in told
