"""Diversity and near-duplicates against their definitions."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.errors import UsageError
from lake.search.diversity import duplicates, mmr

FEW_WORDS = st.lists(st.sampled_from("abcd"), max_size=9).map(" ".join)


def plain_mmr(relevance: np.ndarray, vectors: np.ndarray, weight: float, k: int) -> list[int]:
    """The formula, candidate by candidate."""
    taken: list[int] = []
    while len(taken) < min(k, len(relevance)):
        rest = [i for i in range(len(relevance)) if i not in taken]
        near = {i: max((float(vectors[i] @ vectors[j]) for j in taken), default=0.0) for i in rest}
        taken.append(max(rest, key=lambda i: (round(weight * relevance[i] - (1 - weight) * near[i], 9), -i)))
    return taken


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(0, 14), st.sampled_from([0.0, 0.3, 0.5, 0.9, 1.0]))
def test_mmr_follows_its_formula(seed: int, n: int, k: int, weight: float) -> None:
    draw = np.random.default_rng(seed)
    vectors = draw.normal(size=(n, 5))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    relevance = draw.permutation(n) / max(n - 1, 1) if n > 1 else np.ones(1)
    assert mmr(relevance, vectors, weight, k) == plain_mmr(relevance, vectors, weight, k)
    # Neither the scale of the scores nor that of the vectors matters.
    assert mmr(relevance * 32 - 8, vectors * 3, weight, k) == plain_mmr(relevance, vectors, weight, k)


def test_mmr_prefers_what_is_new_and_breaks_ties_by_position() -> None:
    vectors = [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    assert mmr([0.9, 0.89, 0.5], vectors, weight=1.0, k=3) == [0, 1, 2]
    assert mmr([0.9, 0.89, 0.5], vectors, weight=0.4, k=2) == [0, 2]
    assert mmr([0.5, 0.5, 0.5], [[0.0, 0.0]] * 3, weight=0.5, k=3) == [0, 1, 2]
    assert mmr([], np.empty((0, 3)), weight=0.5, k=3) == []


def test_mmr_refuses_what_it_can_t_weigh() -> None:
    with pytest.raises(UsageError, match="from 0 to 1"):
        mmr([1.0], [[1.0]], weight=1.5, k=1)
    with pytest.raises(UsageError, match="not finite"):
        mmr([1.0, float("nan")], [[1.0], [1.0]], weight=0.5, k=1)


def jaccard(a: str, b: str) -> float:
    def shingles(text: str) -> set[tuple[str, ...]]:
        words = text.lower().split()
        return {tuple(words[i : i + 3]) for i in range(len(words) - 2)} if len(words) > 2 else {tuple(words)}

    return len(shingles(a) & shingles(b)) / len(shingles(a) | shingles(b))


@given(st.lists(FEW_WORDS, max_size=12), st.sampled_from([0.2, 0.5, 0.8, 1.0]))
def test_a_duplicate_is_near_to_one_that_is_kept_and_those_kept_are_not_near(
    texts: list[str], threshold: float
) -> None:
    first = duplicates(texts, threshold)
    kept = [i for i, named in enumerate(first) if named == i]
    for i, named in enumerate(first):
        near = {j: jaccard(texts[i], texts[j]) for j in kept if j < i}
        if named == i:
            assert all(similarity < threshold for similarity in near.values())
        else:
            assert first[named] == named < i
            assert near[named] == max(near.values()) >= threshold


def test_copies_are_found_whatever_their_case_and_space() -> None:
    texts = ["Reset the pump.", "Open the north valve first.", "reset  THE\npump.", "", "Reset", "", "reset"]
    assert duplicates(texts, 0.9) == [0, 1, 0, 3, 4, 3, 4]
    page = " ".join(f"word{i}" for i in range(100))
    assert duplicates([page, page + " more", page[: len(page) // 2]], 0.9) == [0, 0, 2]
    with pytest.raises(UsageError, match="above 0"):
        duplicates(texts, 0)


def test_many_copies_of_many_texts() -> None:
    draw = random.Random(5)
    pages = [" ".join(draw.choices([f"w{i}" for i in range(3000)], k=150)) for _ in range(50)]
    assert duplicates(pages * 4) == list(range(50)) * 4
