"""Which times of files are old enough to be trusted: another change may bear a young one."""

from __future__ import annotations

import pyarrow as pa
import pytest

from lake.ingest.plan import settled
from lake.schemas import DIGESTS

NOW = 1_700_000_010_000_000


@pytest.mark.parametrize(
    ("age", "etag", "is_kept"),
    [
        (1_000_000, None, False),  # a whole second, by the clock of another machine
        (5_000_000, None, False),
        (7_000_000, None, True),
        (1_000_123, None, True),
        (50_123, None, False),
        (1_000_000, "of the bytes", True),
        (1_000_000, f"inode 7 {NOW - 1_000_000}", True),
        (50_000, f"inode 7 {NOW - 50_000}", False),
    ],
)
def test_a_time_is_trusted_once_no_other_change_can_bear_it(age: int, etag: str | None, is_kept: bool) -> None:
    row = {"doc_id": "d", "source": "s", "uri": "a.md", "size": 1, "digest": "x", "etag": etag, "states": None}
    row["modified_at"] = NOW - age
    rows = pa.table({field.name: pa.array([row[field.name]]).cast(field.type) for field in DIGESTS})
    assert settled(rows, NOW).num_rows == is_kept
