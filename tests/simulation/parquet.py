"""Decodes each Parquet file once: the same bytes are read again and again, by every actor of every history."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

_File = pq.ParquetFile


class Opened(io.BytesIO):
    """The content of one stored file; ``data`` is all of it."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.data = data


class DecodedFile:
    """The parts of a ``ParquetFile`` that raglake uses; what was read, or made of it, once is kept."""

    def __init__(self, data: bytes) -> None:
        self._file = _File(io.BytesIO(data), pre_buffer=False, page_checksum_verification=True)
        self.metadata, self.schema_arrow = self._file.metadata, self._file.schema_arrow
        self._read: dict[Any, pa.Table] = {}

    @property
    def num_row_groups(self) -> int:
        return int(self.metadata.num_row_groups)

    def read(self, columns: list[str] | None = None, **options: Any) -> pa.Table:
        return self.once(("all", *(columns or ["*"])), lambda: self._file.read(columns=columns, **options))

    def read_row_group(self, group: int, columns: list[str] | None = None, use_threads: bool = True) -> pa.Table:
        key = (group, *(columns or ["*"]))
        return self.once(key, lambda: self._file.read_row_group(group, columns=columns, use_threads=use_threads))

    def iter_batches(self, batch_size: int = 65_536, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
        yield from self.read(columns).to_batches(max_chunksize=batch_size)

    def once(self, key: Any, read: Callable[[], pa.Table]) -> pa.Table:
        """What ``read`` returned for this key the first time."""
        if key not in self._read:
            self._read[key] = read()
        return self._read[key]


@lru_cache(maxsize=2000)
def decoded(data: bytes) -> DecodedFile:
    """Raises what pyarrow raises for bytes that are no Parquet file."""
    return DecodedFile(data)


def opened(source: Any, **options: Any) -> Any:
    """Stands in for ``ParquetFile``."""
    return decoded(source.data) if isinstance(source, Opened) else _File(source, **options)


@lru_cache(maxsize=4000)
def strings_of(data: bytes) -> str:
    """All that a file holds, as one text."""
    if data[:4] != b"PAR1":
        return data.decode("utf-8", "replace")
    try:
        return str(decoded(data).read().to_pylist())
    except Exception:  # noqa: BLE001 - half a file
        return data.decode("utf-8", "replace")
