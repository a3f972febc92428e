"""Sparse vectors in bytes: what is packed is read again, and nothing else is."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from lake.embed.sparse_vectors import MOST_TERMS, SparseRows, packed, strongest, unpacked, untrue
from lake.errors import ContractError


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_weights_are_stored_in_the_type_of_the_recipe(dtype: str) -> None:
    rows = np.zeros((3, 70_000), np.float32)
    rows[0, [3, 69_999]] = [0.5, 2.25]
    rows[2, 7] = 1.125
    column = packed(rows, dtype)
    size = 6 if dtype == "float16" else 8
    assert [len(value.as_py()) for value in column] == [4 + 2 * size, 4, 4 + size]
    stored = SparseRows.of(column)
    assert stored.counts.tolist() == [2, 0, 1]
    assert (stored.terms.tolist(), stored.weights.tolist()) == ([3, 69_999, 7], [0.5, 2.25, 1.125])
    assert unpacked(column[0].as_py(), 70_000) is not None
    assert unpacked(column[0].as_py(), 69_999) is None, "it has a term beyond the vocabulary"
    assert SparseRows.of(column.slice(1, 2)).terms.tolist() == [7], "also of a part"


def test_anything_else_than_positive_weights_in_order_is_untrue() -> None:
    (good,) = packed(np.array([[0, 2.5, 1]], np.float32), "float32").to_pylist()
    (negative,) = packed(np.array([[-1.0, 2]], np.float32), "float32").to_pylist()
    unordered = good[:4] + good[8:12] + good[4:8] + good[12:]
    values = [good, None, b"", b"abc", good[:-1], good[:-4], negative, unordered]
    assert untrue(pa.array(values, pa.binary()), 3).tolist() == [False] + 7 * [True]
    assert untrue(pa.array([good], pa.binary()), 2).tolist() == [True]


def test_only_the_strongest_weights_of_a_dense_text_are_kept() -> None:
    rows = np.stack([np.arange(5000, dtype=np.float32), np.arange(5000) < 3])
    kept = strongest(rows.astype(np.float32))
    assert np.flatnonzero(kept[0]).tolist() == list(range(5000 - MOST_TERMS, 5000))
    assert np.flatnonzero(kept[1]).tolist() == [0, 1, 2]


def test_a_weight_beyond_float16_is_refused() -> None:
    with pytest.raises(ContractError, match="float16"):
        packed(np.array([[1e6]], np.float32), "float16")
