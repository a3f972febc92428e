"""A growing set of immutable Parquet files in which keys are looked up, never scanned for."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import numpy as np
import pyarrow as pa

from lake.errors import ContractError
from lake.ids import ID_LENGTH, value_digest
from lake.schemas import completed, conformed
from lake.storage.protocol import Store
from lake.storage.store import open_parquet, parquet_bytes, reading_parquet

_DIGITS = b"0123456789abcdef"
_HEX = np.zeros(256, np.uint8)
_HEX[np.frombuffer(_DIGITS, np.uint8)] = np.arange(16, dtype=np.uint8)

#: Bytes of small rows, as they lie in memory, that are read and written together: each group costs as much again as
#: dozens of them.
_GROUP_BYTES, _MOST_GROUPED = 1 << 20, 1024
#: The same of rows that are read a few at a time, wherever they lie; and the files of them that stay open.
_SOUGHT_BYTES, _SOUGHT_OPEN = 1 << 18, 64
#: The keys of a file of such rows, one after the other, in its schema: one read instead of one for each group.
_KEYS = b"raglake.keys"

#: How often files are listed again if some were compacted away while they were read.
_TRIES = 5
_MOST_OPEN = 8
#: Rows that are read at a time when all are.
_LEAST_BATCH = 64

#: The row group that is held: path, number and columns, and its rows.
_NOTHING: tuple[tuple[object, ...], pa.Table] = ((), pa.table({}))
_MOST_HELD_BYTES = 16 << 20

# A key as two machine words, and the location of its row.
_INDEX = np.dtype([("high", np.uint64), ("low", np.uint64), ("file", np.int32), ("row", np.int32)])


class KeyedFiles:
    """Rows under digest keys in ``folder``; the first file that holds a key counts.

    A file is named after the keys in it, so that writing the same rows twice writes one file. Its row groups have
    ``row_group_size`` rows, or more if they are small. With a ``schema``, rows of files that older releases wrote are
    read with its columns. ``are_sought``: rows are large, dense, and read a few at a time; they are stored as they
    are, in smaller groups, and none is held. Safe in several threads.
    """

    def __init__(
        self,
        store: Store,
        folder: str,
        key: str,
        row_group_size: int = 1024,
        schema: pa.Schema | None = None,
        *,
        are_sought: bool = False,
    ) -> None:
        self._store, self.folder, self._key, self._row_group_size = store, folder, key, row_group_size
        self._schema, self._are_sought = schema, are_sought
        self._files: list[str] = []
        self._index = np.empty(0, _INDEX)
        n_open = _SOUGHT_OPEN if are_sought else _MOST_OPEN
        self._open = lru_cache(maxsize=n_open)(lambda path: open_parquet(store, path))
        self._held = _NOTHING
        self._lock = threading.RLock()

    def refresh(self) -> None:
        """Notice files that were written or compacted since the last call; known files are not read again."""
        with self._lock:
            for attempt in range(_TRIES):
                try:
                    self._refresh()
                    break
                except FileNotFoundError:  # compacted away since it was listed
                    if attempt == _TRIES - 1:
                        raise

    def _refresh(self) -> None:
        names = self._store.names(self.folder)
        if not set(self._files) <= set(names):
            self._files, self._index = [], np.empty(0, _INDEX)
            self._open.cache_clear()
        known = set(self._files)
        new = [name for name in names if name not in known]
        if not new:
            return
        first = len(self._files)
        merged = np.concatenate([self._index, *(self._keys_of(name, first + i) for i, name in enumerate(new))])
        self._index = merged[np.argsort(merged["high"], kind="stable")]
        self._files += new

    def _keys_of(self, name: str, number: int) -> np.ndarray:
        path = f"{self.folder}/{name}"
        with reading_parquet(self._store, path):
            file = self._open(path)
            keys = _listed_keys(file) or "".join(file.read(columns=[self._key]).column(0).to_pylist())
        high, low = _words(keys)
        entries = np.empty(len(high), _INDEX)
        entries["high"], entries["low"], entries["file"], entries["row"] = high, low, number, np.arange(len(high))
        return entries

    def find(self, keys: Sequence[str] | pa.Array) -> np.ndarray:
        """Position of each key's row in the index, -1 if the key is not stored."""
        high, low = _words("".join(keys.to_pylist() if isinstance(keys, pa.Array) else keys))
        index = self._index  # that of now, whatever another thread notices
        found = np.full(len(high), -1, np.int64)
        at = np.searchsorted(index["high"], high)
        pending = np.arange(len(high))
        while len(pending):  # more than one round only if two keys share their first 64 bits
            here = at[pending]
            inside = here < len(index)
            pending, here = pending[inside], here[inside]
            same_high = index["high"][here] == high[pending]
            pending, here = pending[same_high], here[same_high]
            match = index["low"][here] == low[pending]
            found[pending[match]] = here[match]
            pending = pending[~match]
            at[pending] += 1
        return found

    def missing(self, keys: Iterable[str]) -> list[str]:
        """The distinct keys that are not stored, in their first order."""
        distinct = list(dict.fromkeys(keys))
        found = self.find(distinct)
        return [key for key, position in zip(distinct, found, strict=True) if position < 0]

    def rows_of(self, keys: Sequence[str] | pa.Array) -> dict[str, np.ndarray]:
        """A mask over the rows of each file: true for rows that count for one of ``keys``."""
        positions = self.find(keys)
        chosen = self._index[np.unique(positions[positions >= 0])]
        chosen = chosen[np.argsort(chosen["file"], kind="stable")]
        numbers = np.arange(len(self._files))
        starts = np.searchsorted(chosen["file"], numbers)[1:]
        masks = [np.zeros(n, bool) for n in np.bincount(self._index["file"], minlength=len(numbers))]
        for mask, rows in zip(masks, np.split(chosen["row"], starts), strict=False):
            mask[rows] = True
        return dict(zip(self._files, masks, strict=True))

    def sizes(self) -> dict[str, int]:
        """Number of rows of each file."""
        return dict(
            zip(self._files, np.bincount(self._index["file"], minlength=len(self._files)).tolist(), strict=True)
        )

    def batches(self, name: str) -> Iterator[pa.RecordBatch]:
        """All rows of one file."""
        path = f"{self.folder}/{name}"
        with reading_parquet(self._store, path):
            for batch in open_parquet(self._store, path).iter_batches(max(self._row_group_size, _LEAST_BATCH)):
                yield batch if self._schema is None else conformed(batch, self._schema)

    def write(self, table: pa.Table) -> str:
        """Store the rows and return the file's path; writing the same keys again replaces an equal file."""
        keys = table.column(self._key).to_pylist()
        path = f"{self.folder}/{value_digest(sorted(keys))}.parquet"
        if self._are_sought:
            table = table.replace_schema_metadata({_KEYS: "".join(keys)})
        self._store.write(path, parquet_bytes(table, self._group_size(table), is_dense=self._are_sought))
        return path

    def _group_size(self, table: pa.Table) -> int:
        wanted = _SOUGHT_BYTES if self._are_sought else _GROUP_BYTES
        n_small: int = wanted * table.num_rows // max(1, table.nbytes)
        return max(self._row_group_size, min(n_small, _MOST_GROUPED))

    def read(self, keys: Sequence[str], columns: Sequence[str]) -> pa.Table:
        """One row per key, in the order of ``keys``, with these columns; every key must be stored."""
        with self._lock:
            try:
                return self._read(keys, columns)
            except FileNotFoundError:  # compacted away since the last refresh
                self.refresh()
                return self._read(keys, columns)

    def _read(self, keys: Sequence[str], columns: Sequence[str]) -> pa.Table:
        positions = self.find(keys)
        if len(positions) and positions.min() < 0:
            gone = keys[int(np.argmin(positions))]
            raise ContractError(
                f"{self.folder} in {self._store.url} has no row for {self._key} {gone}; "
                f"restore {self.folder} from a copy of the lake"
            )
        entries = self._index[positions]
        order = np.lexsort((entries["row"], entries["file"]))
        table = pa.concat_tables(self._take(entries[order], list(columns))) if len(order) else None
        if table is None:
            raise ContractError(f"nothing to read: no {self._key} was given")
        back = np.empty(len(order), np.int64)
        back[order] = np.arange(len(order))
        return table.take(pa.array(back))

    def _take(self, entries: np.ndarray, columns: list[str]) -> Iterator[pa.Table]:
        for number in np.unique(entries["file"]):
            rows = entries["row"][entries["file"] == number].astype(np.int64)
            path = f"{self.folder}/{self._files[number]}"
            file = self._open(path)
            starts = _row_group_starts(file)
            groups = np.searchsorted(starts, rows, side="right") - 1
            for group in np.unique(groups):
                picked = rows[groups == group] - starts[group]
                found = self._row_group(path, file, int(group), columns)
                with reading_parquet(self._store, path):  # a damaged footer may speak of fewer rows
                    yield found.take(pa.array(picked))

    def _row_group(self, path: str, file: pa.parquet.ParquetFile, group: int, columns: list[str]) -> pa.Table:
        """Read one row group; the last one is held, since a caller that reads in order needs the rest of it next."""
        wanted, (held, rows) = (path, group, *columns), self._held
        if held != wanted:
            with reading_parquet(self._store, path):
                # Other threads take longer to wake than a few rows to read.
                found = file.read_row_group(group, columns=columns, use_threads=not self._are_sought)
                rows = self._with_columns(found, columns)
                if absent := {name.partition(".")[0] for name in columns}.difference(rows.column_names):
                    raise pa.ArrowInvalid(f"it has no column {min(absent)!r}")
            is_held = rows.nbytes <= _MOST_HELD_BYTES and not self._are_sought
            self._held = (wanted, rows) if is_held else _NOTHING
        return rows

    def _with_columns(self, rows: pa.Table, columns: list[str]) -> pa.Table:
        if self._schema is None:
            return rows
        rows = completed(rows, columns)
        whole = [name for name in rows.column_names if name in columns]
        for name in whole:
            place, field = rows.schema.get_field_index(name), self._schema.field(name)
            if rows.schema.field(place).type != field.type:
                rows = rows.set_column(place, field, rows.column(place).cast(field.type))
        return rows


def _listed_keys(file: pa.parquet.ParquetFile) -> str | None:
    """All keys, as the schema lists them; None if it doesn't, or if they are damaged: it has no checksum."""
    listed: bytes = (file.schema_arrow.metadata or {}).get(_KEYS, b"")
    is_whole = len(listed) == file.metadata.num_rows * ID_LENGTH and not listed.translate(None, _DIGITS)
    return listed.decode() if is_whole else None


def _row_group_starts(file: pa.parquet.ParquetFile) -> np.ndarray:
    sizes = [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)]
    return np.concatenate(([0], np.cumsum(sizes)))[:-1].astype(np.int64)


def _words(keys: str) -> tuple[np.ndarray, np.ndarray]:
    """Hex keys, one after the other, as two big-endian 64-bit words each."""
    nibbles = _HEX[np.frombuffer(keys.encode(), np.uint8)].reshape(-1, ID_LENGTH)
    packed = (nibbles[:, 0::2] << 4 | nibbles[:, 1::2]).astype(np.uint8)
    words = np.ascontiguousarray(packed).view(">u8").astype(np.uint64).reshape(-1, 2)
    return words[:, 0], words[:, 1]
