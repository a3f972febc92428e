"""The destination ``parquet:FOLDER``: a release as Parquet files, at a local path or an s3:// URL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from lake.destinations.destination import TABLES
from lake.errors import UsageError
from lake.storage.store import open_store, parquet_bytes

if TYPE_CHECKING:
    from lake.destinations.destination import ReleaseTables

#: Names the release that the folder holds, and the sub-folder of each of its tables.
STATE = "raglake-export.json"
#: Bytes in memory of one file's rows, and rows of a row group.
_FILE_BYTES, _GROUP_ROWS = 64 << 20, 8192


class ParquetFolder:
    """Writes a new sub-folder for each release, then the state file that names it, then deletes what it replaces.

    A reader that opens the state file first, then the files it names, never sees a half-written copy.
    """

    def __init__(self, place: str) -> None:
        self._store = open_store(place)

    def held(self) -> str | None:
        mark = self._state().get("mark")
        return str(mark) if mark else None

    def sync(self, tables: ReleaseTables) -> None:
        if not self._state():
            self._store.write(STATE, json.dumps({"mark": None}).encode())
        for table in TABLES:
            for number, rows in enumerate(_files(tables.read(table))):
                path = f"{tables.mark}/{table}/{number:05}.parquet"
                self._store.write(path, parquet_bytes(rows, _GROUP_ROWS))
        folders = {table: f"{tables.mark}/{table}" for table in TABLES}
        state = {"release": tables.release, "mark": tables.mark, "tables": folders, "rows": dict(tables.n_rows)}
        self._store.flush()
        self._store.write(STATE, json.dumps(state, indent=1).encode())
        for name in self._store.names(""):
            if name not in (STATE, tables.mark):
                self._store.delete_folder(name)

    def _state(self) -> dict[str, Any]:
        """Empty for a new folder. Raises UsageError if it has other contents, which a sync would delete."""
        names = self._store.names("")
        if names and STATE not in names:
            raise UsageError(f"{self._store.url} holds {', '.join(names[:3])} and no {STATE}; choose an empty folder")
        state: dict[str, Any] = json.loads(self._store.read(STATE)) if names else {}
        return state


def _files(reader: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """The rows in tables of a bounded size; at least one, which shows the columns."""
    batches: list[pa.RecordBatch] = []
    n_files = size = 0
    for batch in reader:
        batches.append(batch)
        size += batch.nbytes
        if size >= _FILE_BYTES:
            yield pa.Table.from_batches(batches, reader.schema)
            batches, size, n_files = [], 0, n_files + 1
    if batches or not n_files:
        yield pa.Table.from_batches(batches, reader.schema)
