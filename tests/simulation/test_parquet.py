"""The stand-in for Parquet reads what Parquet does, and knows half a file from a whole one."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.simulation.parquet import decoded, write_table

SPANS = pa.list_(pa.field("element", pa.struct([("start", pa.int64()), ("end", pa.int64()), ("digest", pa.string())])))
ROWS = pa.table(
    {
        "id": pa.array([f"{n}" for n in range(7)], pa.string()),
        "spans": pa.array(
            [[{"start": n, "end": m, "digest": None} for m in range(n)] or None for n in range(7)], SPANS
        ),
        "vector": pa.array([[n, 0.5] for n in range(7)], pa.list_(pa.float32(), 2)),
    }
).replace_schema_metadata({"a": "b"})
PARTS = ["spans.list.element.digest", "spans.list.element.start"]


def test_rows_and_parts_of_columns_are_what_parquet_reads() -> None:
    real, stand_in = io.BytesIO(), io.BytesIO()
    pq.write_table(ROWS, real, row_group_size=3)
    write_table(ROWS, stand_in, row_group_size=3)
    files = pq.ParquetFile(real), decoded(stand_in.getvalue())
    assert [file.metadata.num_row_groups for file in files] == [3, 3]
    assert [file.schema_arrow.metadata[b"a"] for file in files] == [b"b", b"b"]
    for columns in (None, ["vector", "id", "absent"], PARTS, [*PARTS, "id"], ["spans", "id"]):
        one, other = (file.read(columns=columns) for file in files)
        assert one.equals(other), columns
        for group in range(3):
            one, other = (file.read_row_group(group, columns=columns) for file in files)
            assert one.equals(other), (columns, group)


def test_half_a_file_is_no_file() -> None:
    sink = io.BytesIO()
    write_table(ROWS, sink)
    for length in (0, 3, 20, 40, len(sink.getvalue()) - 1):
        with pytest.raises(pa.ArrowInvalid):
            decoded(sink.getvalue()[:length])
