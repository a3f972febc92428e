"""Stands in for Parquet: the same tables as Arrow streams, which cost a thirtieth, each decoded once in many histories.

A file is read again and again, by every actor. Parquet itself is Arrow's, and is tried by all other tests.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import pyarrow as pa

#: Parquet's own mark, by which an erasure knows files to decode; rows of a group, bytes of the stream, and their CRC.
_HEAD = struct.Struct("<4sQQI")
_MARK = b"PAR1"


class Opened(io.BytesIO):
    """The content of one stored file; ``data`` is all of it."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.data = data


def write_table(table: pa.Table, sink: io.BytesIO, row_group_size: int = 1 << 20, **_: Any) -> None:
    """Stands in for Parquet's own. Half a file can be told from a whole one."""
    stream = pa.BufferOutputStream()
    with pa.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    data = stream.getvalue().to_pybytes()
    sink.write(_HEAD.pack(_MARK, row_group_size, len(data), zlib.crc32(data)) + data)


class DecodedFile:
    """The parts of a ``ParquetFile`` that raglake uses; what was read, or made of it, once is kept."""

    def __init__(self, data: bytes) -> None:
        if len(data) < _HEAD.size or data[:4] != _MARK:
            raise pa.ArrowInvalid("it has no head")
        _, self._group_size, length, crc = _HEAD.unpack_from(data)
        body = memoryview(data)[_HEAD.size :]
        if len(body) != length or zlib.crc32(body) != crc:
            raise pa.ArrowInvalid("it is not whole")
        self._rows = pa.ipc.open_stream(pa.py_buffer(body)).read_all()
        self.schema_arrow = self._rows.schema
        n_rows = self._rows.num_rows
        self._starts = range(0, n_rows, self._group_size) if n_rows else range(1)
        self.metadata = SimpleNamespace(
            num_rows=n_rows,
            num_row_groups=len(self._starts),
            row_group=lambda i: SimpleNamespace(num_rows=min(self._group_size, n_rows - self._starts[i])),
        )
        self._read: dict[Any, Any] = {}

    @property
    def num_row_groups(self) -> int:
        return len(self._starts)

    def read(self, columns: list[str] | None = None, **_: Any) -> pa.Table:
        return self._rows if columns is None else self.once(("all", *columns), lambda: _with(self._rows, columns))

    def read_row_group(self, group: int, columns: list[str] | None = None, **_: Any) -> pa.Table:
        rows = self.read(columns)
        return rows if len(self._starts) == 1 else rows.slice(self._starts[group], self._group_size)

    def iter_batches(self, batch_size: int = 65_536, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
        yield from self.read(columns).to_batches(max_chunksize=batch_size)

    def once(self, key: Any, read: Callable[[], Any]) -> Any:
        """What ``read`` returned for this key the first time."""
        if key not in self._read:
            self._read[key] = read()
        return self._read[key]


def _with(rows: pa.Table, columns: Sequence[str]) -> pa.Table:
    """These columns, as far as there are such; ``chunks.list.element.start`` is a part of one."""
    inner: dict[str, list[list[str]]] = {}
    for column in columns:
        name, *path = column.split(".")
        inner.setdefault(name, []).append(path)
    found = {
        name: rows.column(name) if [] in inner[name] else _parts(rows.column(name).combine_chunks(), inner[name])
        for name in inner
        if name in rows.column_names
    }
    return pa.table(found, schema=pa.schema([_like(rows.schema.field(name), found[name].type) for name in found]))


def _parts(column: pa.Array, paths: list[list[str]]) -> pa.Array:
    """The column with these parts of its values alone."""
    if [] in paths:
        return column
    if pa.types.is_struct(column.type):
        wanted = {path[0] for path in paths}
        fields = [field for field in column.type if field.name in wanted]
        children = [
            _parts(column.field(field.name), [path[1:] for path in paths if path[0] == field.name]) for field in fields
        ]
        like = [_like(field, child.type) for field, child in zip(fields, children, strict=True)]
        return pa.StructArray.from_arrays(children, fields=like, mask=column.is_null())
    values = _parts(column.values, [path[2:] for path in paths])
    kind = pa.list_(_like(column.type.value_field, values.type))
    return pa.ListArray.from_arrays(column.offsets, values, kind, mask=column.is_null())


def _like(field: pa.Field, kind: pa.DataType) -> pa.Field:
    return field.with_type(kind)


@lru_cache(maxsize=2000)
def decoded(data: bytes) -> DecodedFile:
    """Raises what pyarrow raises for bytes that are no Parquet file."""
    return DecodedFile(data)


def opened(source: Opened, **_: Any) -> DecodedFile:
    """Stands in for ``ParquetFile``."""
    return decoded(source.data)


@lru_cache(maxsize=4000)
def strings_of(data: bytes) -> str:
    """All that a file holds, as one text."""
    if data[:4] != _MARK:
        return data.decode("utf-8", "replace")
    try:
        return str(decoded(data).read().to_pylist())
    except pa.ArrowInvalid:  # half a file
        return data.decode("utf-8", "replace")
