"""Scores that are kept beside releases."""

from __future__ import annotations

import pyarrow as pa

from lake.directory import Lake
from lake.records import scores
from lake.records.schemas import SCORES
from lake.storage.store import parquet_bytes


def test_scores_with_other_columns_are_taken_again_and_not_read(lake_url: str) -> None:
    lake = Lake(lake_url)
    row = {"release": "r", "set": "s", "settings": "{}", "question_id": "q", "value": 0.5}
    rows = pa.Table.from_pylist([row], schema=SCORES)
    scores.keep(lake, rows)
    lake.store.write(f"{scores.FOLDER}/r/older.parquet", parquet_bytes(rows.drop_columns(["basis"]), 1 << 10))
    assert scores.read(lake, "r").equals(rows)
