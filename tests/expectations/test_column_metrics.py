"""Features of single batches, among them defects that LanceDB refuses to store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from expectations import chunks, column_metrics, runner
from expectations.audit_settings import AuditSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from expectations.verdict import Finding

DIMENSIONS = 4
NAN, INFINITE = float("nan"), float("inf")


def column(*vectors: list[float | None] | None, dtype: pa.DataType | None = None) -> pa.FixedSizeListArray:
    return pa.array(vectors, pa.list_(dtype or pa.float32(), DIMENSIONS))


def batch(vectors: pa.Array, texts: list[str | None] | None = None) -> pa.RecordBatch:
    n = len(vectors)
    texts = texts or ["text"] * n
    columns = {
        "chunk_id": [f"c{i}" for i in range(n)],
        "doc_id": ["d"] * n,
        "parent_id": ["p"] * n,
        "kind": ["text"] * n,
        "start": pa.array([0] * n),
        "end": pa.array([4] * n),
        "n_tokens": pa.array([1] * n, pa.int32()),
        "text": pa.array(texts, pa.string()),
        "vector": vectors,
    }
    return pa.RecordBatch.from_pydict(columns)


def found(rows: pa.RecordBatch, dimensions: int = DIMENSIONS) -> dict[str, Finding]:
    frame = pl.DataFrame(pa.table(column_metrics.chunks(rows, {"vector": dimensions})))
    (*findings,) = runner.run([runner.Suite("chunks", chunks.build(AuditSettings()), frame)])
    return {f.column: f for f in findings if not f.success}


@pytest.mark.parametrize(
    ("vector", "name"),
    [
        ([NAN, 1, 0, 0], "finite"),
        ([INFINITE, 0, 0, 0], "finite"),
        ([None, 1, 0, 0], "finite"),
        (None, "dimension_ok"),
        ([0, 0, 0, 0], "norm"),
        ([0.5, 0.5, 0, 0], "norm"),
    ],
)
def test_each_bad_vector_is_found_by_one_check(vector: list[float | None] | None, name: str) -> None:
    findings = found(batch(column([1, 0, 0, 0], vector, [0, 0.6, 0.8, 0])))
    assert {key: f.sample_ids for key, f in findings.items()} == {name: ("c1",)}


def test_vectors_of_another_size_have_no_other_defect() -> None:
    findings = found(batch(column([3, 0, 0, 0], [NAN, 0, 0, 0])), dimensions=8)
    assert {key: f.n_unexpected for key, f in findings.items()} == {"dimension_ok": 2}


def test_half_floats_that_were_rounded_are_unit_vectors() -> None:
    values = np.array([[0.1, 0.7, -0.5, 0.5]], np.float32)
    values /= np.linalg.norm(values)
    halves = pa.FixedSizeListArray.from_arrays(pa.array(values.astype(np.float16).ravel()), DIMENSIONS)
    assert found(batch(halves)) == {}


def test_a_slice_of_a_batch_keeps_its_own_vectors() -> None:
    whole = batch(column([9, 0, 0, 0], None, [1, 0, 0, 0]))
    norms = column_metrics.chunks(whole.slice(2), {"vector": DIMENSIONS})["norm"].to_pylist()
    assert norms == [1.0]


def test_text_is_measured_in_code_points() -> None:
    texts = ["ä🜚ßz", "abc", None, " \n\t "]
    made = column_metrics.chunks(batch(column(*[[1, 0, 0, 0]] * 4), texts), {"vector": DIMENSIONS})
    assert made["length_ok"].to_pylist() == [True, False, False, True]
    assert made["has_text"].to_pylist() == [True, True, False, False]


def test_a_thousand_bad_rows_name_twenty() -> None:
    (finding,) = found(batch(column(*[[0, 0, 0, 0]] * 1000))).values()
    assert (finding.n_unexpected, finding.n_checked, len(finding.sample_ids)) == (1000, 1000, 20)


class Foreign:
    """Hands a batch over as Lance does: through the C interface, where one column keeps them all alive."""

    def __init__(self, rows: pa.RecordBatch) -> None:
        self.rows = rows

    def __arrow_c_array__(self, requested_schema: object = None) -> object:
        return self.rows.__arrow_c_array__(requested_schema)


class Reader:
    """A table of ten batches of 4000 vectors, 6 MB each."""

    schema = batch(pa.array([[0.0] * 384], pa.list_(pa.float32(), 384))).schema

    def batches(self, columns: tuple[str, ...], where: None, fragments: None) -> Iterator[pa.RecordBatch]:
        for _ in range(10):
            # repeat: memory of Arrow's own, which is what the test counts
            zeros = pa.repeat(pa.scalar([0.0] * 384, pa.list_(pa.float32(), 384)), 4000)
            yield pa.record_batch(Foreign(batch(zeros, ["as long as an id, which is kept by reference"] * 4000)))


def test_no_vector_outlives_its_batch() -> None:
    before = pa.total_allocated_bytes()
    frame = column_metrics._frame(Reader(), ("text", "vector"), lambda rows: {"text": rows.column("text")})
    assert frame.height == 40_000
    assert pa.total_allocated_bytes() - before < 10e6
