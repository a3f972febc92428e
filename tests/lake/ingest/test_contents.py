"""Contents are put into columns by hand, which is quicker than pyarrow's own way and must not differ from it."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa

from lake.ingest.contents import Bytes, content_row, contents_table
from lake.recipe import ChunkRecipe
from lake.schemas import CONTENTS
from lake.storage.store import parquet_bytes


def row(number: int, text: str) -> dict[str, object]:
    item = Bytes(
        f"{number:032x}", "d" * 64, "a.md", text.encode(), ChunkRecipe(child_tokens=64, overlap_tokens=8), "hash"
    )
    return content_row(item)


def test_columns_made_by_hand_are_those_of_from_pylist_to_the_byte() -> None:
    failed = {"content_id": "f" * 32, "digest": "e" * 64, "error_class": "crash", "failed_at": datetime.now(UTC)}
    empty = {**row(1, "# One\n\nWords."), "parents": [], "chunks": []}
    rows = [failed, row(2, "# Two\n\nSome words.\n\n## Three\n\n" + "More words. " * 80), empty, failed]
    expected = pa.Table.from_pylist(rows, schema=CONTENTS)
    assert contents_table(rows).equals(expected)
    assert parquet_bytes(contents_table(rows), 2) == parquet_bytes(expected, 2)
    assert contents_table([]).equals(CONTENTS.empty_table())
