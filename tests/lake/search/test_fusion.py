"""Two legs made one ranking: what must hold for any scores, and what the evidence is for."""

from collections.abc import Callable
from math import isclose

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.errors import UsageError
from lake.search.fusion import FUSED, SAMPLE, Chance, fuse, fuse_by_rank, sample_bound

CHANCE = Chance(0.2, 0.1)
Fuse = Callable[[pa.Table, pa.Table, float], pa.Table]


def by_evidence(vector: pa.Table, text: pa.Table, alpha: float) -> pa.Table:
    return fuse(vector, text, CHANCE, alpha)


def leg(scores: dict[str, float]) -> pa.Table:
    ranked = sorted(scores.items(), key=lambda found: (-found[1], found[0]))
    ids, values = zip(*ranked, strict=True) if ranked else ((), ())
    return pa.table({"chunk_id": pa.array(ids, pa.string()), "score": pa.array(values, pa.float64())})


def order(ranking: pa.Table) -> list[str]:
    return ranking["chunk_id"].to_pylist()


ids = st.sampled_from("abcdefghijkl")
cosines = st.dictionaries(ids, st.integers(-1000, 1000).map(lambda n: n / 1000)).map(leg)
weights = st.dictionaries(ids, st.integers(1, 60_000).map(lambda n: n / 1000)).map(leg)
alphas = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])
each_rule = pytest.mark.parametrize("rule", [by_evidence, fuse_by_rank])


@each_rule
@given(vector=cosines, text=weights, alpha=alphas)
def test_a_ranking_holds_each_chunk_once_best_first_with_what_the_legs_said(
    rule: Fuse, vector: pa.Table, text: pa.Table, alpha: float
) -> None:
    ranking = rule(vector, text, alpha)
    assert ranking.schema == FUSED
    counted = (set(order(vector)) if alpha > 0 else set()) | (set(order(text)) if alpha < 1 else set())
    assert sorted(order(ranking)) == sorted(counted)
    rows = ranking.to_pylist()
    assert [r["chunk_id"] for r in sorted(rows, key=lambda r: (-r["score"], r["chunk_id"]))] == order(ranking)
    for name, source in (("vector", vector), ("text", text)):
        said = {r["chunk_id"]: (r[f"{name}_rank"], r[f"{name}_score"]) for r in rows}
        known = dict(zip(order(source), enumerate(source["score"].to_pylist(), 1), strict=True))
        assert said == {chunk_id: known.get(chunk_id, (None, None)) for chunk_id in said}


@each_rule
@given(vector=cosines, text=weights)
def test_at_either_end_of_alpha_a_leg_stands_alone(rule: Fuse, vector: pa.Table, text: pa.Table) -> None:
    assert order(rule(vector, text, 1.0)) == order(vector)
    assert order(rule(vector, text, 0.0)) == order(text)


@given(vector=cosines, text=weights, alpha=alphas)
def test_ranks_know_no_left_and_right(vector: pa.Table, text: pa.Table, alpha: float) -> None:
    assert order(fuse_by_rank(vector, text, alpha)) == order(fuse_by_rank(text, vector, 1 - alpha))


@given(vector=cosines, text=weights, chosen=ids, gain=st.floats(0.01, 10))
def test_more_evidence_never_costs_a_place(vector: pa.Table, text: pa.Table, chosen: str, gain: float) -> None:
    before = dict(zip(order(text), text["score"].to_pylist(), strict=True))
    after = leg({**before, chosen: before.get(chosen, 0.0) + gain})
    places = [order(by_evidence(vector, scored, 0.5)) for scored in (text, after)]
    assert chosen not in places[0] or places[1].index(chosen) <= places[0].index(chosen)


@given(vector=cosines, text=weights, scale=st.floats(0.1, 1), shift=st.floats(-0.5, 0.5))
def test_how_a_model_scales_its_cosines_does_not_matter(
    vector: pa.Table, text: pa.Table, scale: float, shift: float
) -> None:
    moved = vector.set_column(1, "score", pa.array(vector["score"].to_numpy() * scale + shift, pa.float64()))
    there = fuse(moved, text, Chance(CHANCE.mean * scale + shift, CHANCE.deviation * scale))
    np.testing.assert_allclose(
        np.sort(there["score"].to_numpy()), np.sort(fuse(vector, text, CHANCE)["score"].to_numpy()), atol=1e-6
    )


def test_a_leg_that_tells_nothing_apart_does_not_drag_the_other_down() -> None:
    text = leg({"right": 20.0, "near": 12.0, "far": 6.0})
    flat = leg({f"noise-{i:02}": 0.31 - i / 1000 for i in range(40)} | {"far": 0.26})
    assert order(fuse(flat, text, Chance(0.2, 0.05)))[:2] == ["right", "near"]
    assert order(fuse_by_rank(flat, text))[0] == "far"
    clear = leg({"meant": 0.8, "right": 0.4})
    assert order(fuse(clear, text, Chance(0.2, 0.05)))[0] == "meant"


def test_evidence_is_the_bound_on_how_often_chance_comes_so_close() -> None:
    sample = np.random.default_rng(1).normal(size=(20_000, 16))
    sample /= np.linalg.norm(sample, axis=1, keepdims=True)
    chance = Chance.of(sample[0], sample[1:])
    found = sample[1:] @ sample[0]
    for cosine in (0.3, 0.5, 0.7):
        assert (found >= cosine).mean() <= np.exp(-chance.evidence(np.array([cosine]))[0])
    assert isclose(chance.mean, 0, abs_tol=0.01)
    assert isclose(chance.deviation, 0.25, abs_tol=0.01)


def test_a_lake_of_one_chunk_and_one_of_equal_chunks_leave_it_to_the_words() -> None:
    one = np.eye(4, dtype=np.float32)[:1]
    for sample in (one, np.repeat(one, 9, axis=0), one[:0]):
        ranking = fuse(leg({"a": 1.0, "b": 1.0}), leg({"b": 0.1}), Chance.of(one[0], sample))
        assert order(ranking) == ["b", "a"]


@pytest.mark.parametrize("n_chunks", [2049, 5_000, 200_000, 10**8])
def test_the_lowest_ids_are_a_sample_of_the_wanted_size(n_chunks: int) -> None:
    bound = sample_bound(n_chunks)
    assert bound is not None
    assert isclose(int(bound, 16) / 16**8 * n_chunks, SAMPLE, rel_tol=0.05)


@pytest.mark.parametrize("alpha", [-0.1, 1.1, float("nan")])
def test_a_weight_outside_of_0_and_1_is_refused(alpha: float) -> None:
    with pytest.raises(UsageError, match="between 0"):
        fuse_by_rank(leg({}), leg({}), alpha)
