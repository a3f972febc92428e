"""Dot products of sparse vectors, from an index in memory: those of a plain matrix product."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lance
import numpy as np
import pyarrow as pa
import pytest

from lake.embed.sparse_vectors import packed
from lake.search.fusion import TermChance
from lake.search.sparse_space import SparseIndex
from lake.tables.reader import TableReader

if TYPE_CHECKING:
    from pathlib import Path

N_CHUNKS = 60


def rows_of(n_terms: int) -> np.ndarray:
    draw = np.random.default_rng(n_terms)
    rows = draw.random((N_CHUNKS, n_terms), np.float32)
    rows[draw.random(rows.shape) > 40 / n_terms] = 0
    rows[7] = 0
    return rows


@pytest.mark.parametrize("n_terms", [500, 70_000])
def test_scores_are_those_of_a_matrix_product_whatever_the_fragments(tmp_path: Path, n_terms: int) -> None:
    rows = rows_of(n_terms)
    table = pa.table({"sparse": packed(rows, "float32")})
    lance.write_dataset(table, f"{tmp_path}/chunks.lance", max_rows_per_file=25)
    index = SparseIndex.read(TableReader(str(tmp_path), "chunks", 1), n_terms)
    stored = lance.dataset(f"{tmp_path}/chunks.lance").to_table(columns=["_rowid"]).column(0).to_numpy()
    order = np.searchsorted(index.row_ids, stored)
    question = rows[3] + 2 * rows[40]
    expected = rows.astype(np.float64) @ question
    np.testing.assert_allclose(index.scores(question)[order], expected, rtol=1e-6)
    row_ids, scores = index.nearest(question, 5)
    best = [row for row in np.argsort(-expected)[:5] if expected[row]]
    assert set(row_ids) == set(stored[best])
    np.testing.assert_allclose(np.sort(scores), np.sort(expected[best]), rtol=1e-6)
    visible = np.sort(stored[[7, 3, 11]])
    found, _ = index.nearest(question, 5, visible)
    assert set(found) <= {stored[3], stored[11]}, "a chunk without a shared term is not found"
    assert stored[3] in found


def test_evidence_is_the_exponent_of_how_rarely_chance_scores_so() -> None:
    scores = np.random.default_rng(0).exponential(3.0, 50_000)
    chance = TermChance.of(scores)
    (evidence,) = chance.evidence(np.array([np.quantile(scores, 1 - np.exp(-6))]))
    assert evidence == pytest.approx(5, abs=0.2), "e^-1 of chunks lie above the mean, from which it counts"
    assert TermChance.of(np.zeros(9)).evidence(np.zeros(2)).tolist() == [0, 0]
    assert TermChance.of(np.zeros(0)) == TermChance(0, 0)
