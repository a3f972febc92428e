"""Comparing many questions in one pass over the vectors gives what each alone gives, bit by bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.embed.blas_threads import one_blas_thread
from lake.search.exact_index import ExactIndex, cosines_of_all
from lake.search.fusion import Chance


@given(st.integers(0, 1500), st.sampled_from([1, 8, 100, 256, 384, 1024]), st.integers(1, 5), st.integers(0, 99))
def test_cosines_of_all_questions_are_those_of_each(
    n_vectors: int, dimensions: int, n_questions: int, seed: int
) -> None:
    draw = np.random.default_rng(seed)
    vectors = draw.standard_normal((n_vectors, dimensions)).astype(np.float32)
    questions = draw.standard_normal((n_questions, dimensions)).astype(np.float32)
    found = cosines_of_all(vectors, questions)
    with one_blas_thread():
        assert all((row == vectors @ question).all() for row, question in zip(found, questions, strict=True))
    chances = [Chance.of_cosines(row) for row in found]
    assert chances == [Chance.of(question, vectors) for question in questions]


@pytest.mark.parametrize("n_vectors", [1, 4095, 4096, 4097, 20_000])
def test_pieces_cover_every_vector_once(n_vectors: int) -> None:
    vectors = np.ones((n_vectors, 32), np.float32)
    assert (cosines_of_all(vectors, [vectors[0], -vectors[0]]) == np.array([[32.0], [-32.0]])).all()


def test_the_nearest_are_the_same_with_known_cosines() -> None:
    vectors = np.random.default_rng(7).standard_normal((300, 16)).astype(np.float32)
    index = ExactIndex(np.arange(0, 600, 2, dtype=np.uint64), None, vectors)  # type: ignore[arg-type]
    question, visible = vectors[5], index.row_ids[::3]
    cosines = cosines_of_all(vectors, [question])[0]
    for some in (None, visible):
        alone, known = index.nearest(question, 7, some), index.nearest(question, 7, some, cosines)
        assert all((a == b).all() for a, b in zip(alone, known, strict=True))
