"""Contents are put into columns by hand, which is quicker than pyarrow's own way and must not differ from it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from lake.ingest.contents import Bytes, content_row, contents_table
from lake.ingest.rows import CHUNK_NEEDS, chunk_rows, parent_rows
from lake.recipe.chunking import ChunkRecipe
from lake.schemas import CONTENTS, DOCUMENTS, chunks, older
from lake.storage.keyed_files import KeyedFiles
from lake.storage.store import open_store, parquet_bytes


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


def test_contents_of_older_releases_are_read_beside_new_ones_with_nulls(tmp_path: Path) -> None:
    old, new = row(1, "# One\n\nWords."), row(2, "# Two\n\nOther words.")
    store = open_store(tmp_path)
    before = pa.Table.from_pylist([old], schema=older(CONTENTS))
    assert "first_page" not in before.schema.field("chunks").type.value_type.names
    KeyedFiles(store, "contents", "content_id").write(before)
    files = KeyedFiles(store, "contents", "content_id", schema=CONTENTS)
    files.write(contents_table([new]))
    files.refresh()
    ids = [str(new["content_id"]), str(old["content_id"])]
    read = files.read(ids, CHUNK_NEEDS)
    assert read.schema.field("chunks").type == CONTENTS.field("chunks").type
    documents = pa.table({name: pa.nulls(2, DOCUMENTS.field(name).type) for name in DOCUMENTS.names})
    documents = documents.set_column(0, "doc_id", pa.array(["a", "b"]))
    made = chunk_rows(documents, read, {"vector": lambda digests: pa.array([[1.0, 0.0]] * len(digests))}, chunks(2))
    assert made.column("section_page").null_count == made.num_rows == 2
    assert parent_rows(documents, read).column("last_page").null_count == 2
    assert all(batch.schema == CONTENTS for name in store.names("contents") for batch in files.batches(name))
