"""Two legs made one ranking: what must hold for any scores, and what the evidence is for."""

from math import isclose

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.search.candidates import Fuse, RankedList, place, ranked
from lake.search.fusion import LEAST_DEPTH, SAMPLE, Chance, reciprocal_ranks, retriever_weights, sample_bound
from lake.search.fusion import evidence as evidence_of

CHANCE = Chance(0.2, 0.1)
Scores = dict[int, float]


def evidence(chance: Chance = CHANCE, alpha: float = 0.5) -> Fuse:
    return lambda ranks, scores: evidence_of(
        ranks, scores, {"vector": chance}, retriever_weights({"vector": 1.0}, alpha)
    )


def by_rank(alpha: float = 0.5) -> Fuse:
    weights = {"vector": alpha, "text": 1 - alpha}
    return lambda ranks, scores: {
        name: reciprocal_ranks(ranks[name], weights=(weight,)) for name, weight in weights.items()
    }


def places(row_ids: list[int]) -> pa.Table:
    chunk_ids = [f"{97 * row_id % 400:03}" for row_id in row_ids]
    return pa.table({"chunk_id": chunk_ids} | {name: chunk_ids for name in place("window")[1:]})


def fused(vector: Scores, text: Scores, fuse: Fuse) -> list[int]:
    """Row ids, best first."""
    legs = [
        RankedList(name, np.array([*leg], int), np.array([*leg.values()], float)) for name, leg in _named(vector, text)
    ]
    return ranked(legs, 400, places, fuse)["_rowid"].to_pylist() if vector or text else []


def _named(vector: Scores, text: Scores) -> list[tuple[str, Scores]]:
    return [("vector", vector), ("text", text)]


rows = st.integers(0, 12)
cosines = st.dictionaries(rows, st.integers(-1000, 1000).map(lambda n: n / 1000))
bm25 = st.dictionaries(rows, st.integers(1, 60_000).map(lambda n: n / 1000))


@pytest.mark.parametrize("rule", [lambda alpha: evidence(CHANCE, alpha), by_rank])
@given(vector=cosines, text=bm25)
def test_at_either_end_of_alpha_one_leg_orders_what_it_found(rule, vector: Scores, text: Scores) -> None:
    for alpha, leg in ((1.0, vector), (0.0, text)):
        own = [row for row in fused(vector, text, rule(alpha)) if row in leg]
        assert own == sorted(leg, key=lambda row: (-leg[row], 97 * row % 400))


@given(vector=cosines, text=bm25, alpha=st.sampled_from([0.25, 0.5, 0.75]))
def test_ranks_know_no_left_and_right(vector: Scores, text: Scores, alpha: float) -> None:
    assert fused(vector, text, by_rank(alpha)) == fused(text, vector, by_rank(1 - alpha))


@given(vector=cosines, text=bm25, chosen=rows, gain=st.floats(0.01, 10))
def test_more_evidence_never_costs_a_place(vector: Scores, text: Scores, chosen: int, gain: float) -> None:
    before = fused(vector, text, evidence())
    after = fused(vector, {**text, chosen: text.get(chosen, 0.0) + gain}, evidence())
    assert chosen not in before or after.index(chosen) <= before.index(chosen)


@given(vector=cosines, text=bm25, scale=st.floats(0.1, 1), shift=st.floats(-0.5, 0.5))
def test_how_a_model_scales_its_cosines_does_not_matter(
    vector: Scores, text: Scores, scale: float, shift: float
) -> None:
    everything = sorted({*vector, *text})
    ranks = {name: np.array([row in leg for row in everything], int) for name, leg in _named(vector, text)}
    scores = {name: np.array([leg.get(row, 0.0) for row in everything]) for name, leg in _named(vector, text)}
    moved = {**scores, "vector": scores["vector"] * scale + shift}
    there = evidence(Chance(CHANCE.mean * scale + shift, CHANCE.deviation * scale))(ranks, moved)
    for name, here in evidence()(ranks, scores).items():
        np.testing.assert_allclose(there[name], here, atol=1e-6)


def test_the_order_does_not_depend_on_how_deep_the_vectors_looked() -> None:
    random = np.random.default_rng(3)
    vector = dict(enumerate(np.sort(random.uniform(0.2, 0.6, 400))[::-1]))
    text = dict(zip(random.permutation(400)[:80].tolist(), random.uniform(1, 9, 80), strict=True))
    for depth in (LEAST_DEPTH, 300, 400):
        shallow = {row: vector[row] for row in range(depth)}
        assert fused(shallow, text, evidence())[:60] == fused(vector, text, evidence())[:60]


def test_the_order_does_not_depend_on_how_deep_the_words_looked() -> None:
    random = np.random.default_rng(4)
    text = dict(enumerate(np.sort(random.uniform(1, 9, 400))[::-1]))
    vector = dict(zip(random.permutation(400)[:80].tolist(), random.uniform(0.2, 0.6, 80), strict=True))
    shallow = {row: text[row] for row in range(LEAST_DEPTH)}
    assert fused(vector, shallow, evidence())[:60] == fused(vector, text, evidence())[:60]


def test_a_leg_that_tells_nothing_apart_does_not_drag_the_other_down() -> None:
    text = {1: 20.0, 2: 12.0, 3: 6.0}
    flat = {row: 0.31 - row / 1000 for row in range(10, 50)} | {3: 0.26}
    assert fused(flat, text, evidence(Chance(0.2, 0.05)))[:2] == [1, 2]
    assert fused(flat, text, by_rank())[0] == 3
    assert fused({9: 0.8, 1: 0.4}, text, evidence(Chance(0.2, 0.05)))[0] == 9


def test_evidence_is_the_bound_on_how_often_chance_comes_so_close() -> None:
    sample = np.random.default_rng(1).normal(size=(20_000, 16))
    sample /= np.linalg.norm(sample, axis=1, keepdims=True)
    chance, found = Chance.of(sample[0], sample[1:]), sample[1:] @ sample[0]
    for cosine in (0.3, 0.5, 0.7):
        assert (found >= cosine).mean() <= np.exp(-chance.evidence(np.array([cosine]))[0])
    assert isclose(chance.mean, 0, abs_tol=0.01)
    assert isclose(chance.deviation, 0.25, abs_tol=0.01)


def test_a_lake_of_one_chunk_and_one_of_equal_chunks_leave_it_to_the_words() -> None:
    one = np.eye(4, dtype=np.float32)[:1]
    for sample in (one, np.repeat(one, 9, axis=0), one[:0]):
        assert fused({1: 1.0, 2: 1.0}, {2: 0.1}, evidence(Chance.of(one[0], sample))) == [2, 1]


@pytest.mark.parametrize("n_chunks", [8193, 20_000, 200_000, 10**8])
def test_the_lowest_digests_are_a_sample_of_the_wanted_size(n_chunks: int) -> None:
    bound = sample_bound(n_chunks)
    assert bound is not None
    assert isclose(int(bound, 16) / 16**8 * n_chunks, SAMPLE, rel_tol=0.05)
