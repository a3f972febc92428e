"""Tables as sources, one row a document: ``table:FILE.parquet?text=body&id=key``; Parquet, CSV, JSON Lines, Arrow."""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lake.errors import UsageError
from lake.ids import value_digest
from lake.sources.address import options_of, place_of
from lake.sources.protocol import SourceFile
from lake.sources.remote import filesystem_of
from lake.sources.rows import Row, RowOptions
from lake.sources.spool import Spool, spool_of
from lake.sources.spooled import MarkedSource
from lake.sources.states import state_of

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS_AT_A_TIME = 2048


@dataclass(frozen=True)
class TableOptions(RowOptions):
    """Options of a table."""


class TableSource(MarkedSource):
    """The rows of one file, or of all files that a glob matches, at a local path or an fsspec URL.

    Its cursor is the state of the files: as long as none changes, no row is read.
    """

    options = TableOptions

    def __init__(self, url: str) -> None:
        self._root, self._place = url, place_of(url)
        self._options = options_of(url, TableOptions)
        self._options.check()

    def list(self) -> Iterator[SourceFile]:
        options = self._options
        for row in self._rows(options.listed_columns):
            if not options.is_deleted(row):
                yield options.file(row)

    def _spool(self) -> Spool:
        options = self._options
        columns = [*dict.fromkeys([options.id, *filter(None, [options.deleted]), *options.content_columns])]
        rows = (row for row in self._rows(columns) if not options.is_deleted(row))
        return spool_of(self._root, self._mark(), ((options.uri(row), options.data(row)) for row in rows))

    def _mark(self) -> str:
        """The state of the files."""
        return value_digest([state_of(path) for path in _files(self._place)])

    def _rows(self, columns: Sequence[str]) -> Iterator[Row]:
        for path in _files(self._place):
            with _readable(path):
                yield from _rows_of(path, columns)


def _files(place: str) -> list[str]:
    if "://" not in place:
        found = [place] if os.path.exists(place) else sorted(glob.glob(place, recursive=True))
    else:
        filesystem, path = filesystem_of(place)
        found = sorted(filesystem.glob(path)) if glob.has_magic(path) else [path]
        found = [filesystem.unstrip_protocol(one) for one in found]
    if not found:
        raise FileNotFoundError(place)
    return found


@contextmanager
def _readable(path: str) -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UsageError(f"{path} can't be read as a table: {error}") from error


def _rows_of(path: str, columns: Sequence[str]) -> Iterator[Row]:
    kind = _kind_of(path)
    if kind == "jsonl":
        yield from _json_rows(path, columns)
        return
    for batch in _BATCHES[kind](path, columns):
        yield from batch.to_pylist()


def _kind_of(path: str) -> str:
    name = path.removesuffix(".gz").lower()
    for kind, suffixes in _SUFFIXES.items():
        if name.endswith(suffixes):
            return kind
    known = ", ".join(suffix for suffixes in _SUFFIXES.values() for suffix in suffixes)
    raise UsageError(f"{path} is no table; its name must end in one of {known}")


_SUFFIXES = {
    "parquet": (".parquet", ".pq"),
    "csv": (".csv", ".tsv"),
    "jsonl": (".jsonl", ".ndjson"),
    "arrow": (".arrow", ".feather", ".ipc"),
}


def _check(path: str, present: Sequence[str], columns: Sequence[str]) -> None:
    if missing := [name for name in columns if name not in present]:
        raise UsageError(f"{path} has no column {', '.join(map(repr, missing))}; it has {', '.join(present)}")


@contextmanager
def _opened(path: str, *, unpack: bool = False) -> Iterator[Any]:
    import fsspec

    with fsspec.open(path, "rb", compression="infer" if unpack else None) as file:
        yield file


def _parquet_batches(path: str, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    import pyarrow.parquet as pq

    with _opened(path) as file, pq.ParquetFile(file, pre_buffer=False) as table:
        _check(path, table.schema_arrow.names, columns)
        yield from table.iter_batches(_ROWS_AT_A_TIME, columns=list(columns), use_threads=False)


def _arrow_batches(path: str, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    with _opened(path) as file, pa.ipc.open_file(pa.PythonFile(file, "r")) as table:
        _check(path, table.schema.names, columns)
        for number in range(table.num_record_batches):
            yield table.get_batch(number).select(list(columns))


def _csv_batches(path: str, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """All values are texts: a type guessed from the first rows may be wrong for the others."""
    import pyarrow as pa
    from pyarrow import csv

    delimiter = "\t" if ".tsv" in path.lower()[-8:] else ","
    parse = csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    with _opened(path, unpack=True) as file:
        convert = csv.ConvertOptions(column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False)
        reader = csv.open_csv(pa.PythonFile(file, "r"), parse_options=parse, convert_options=convert)
        _check(path, reader.schema.names, columns)
        for batch in reader:
            yield batch.select(list(columns))


def _json_rows(path: str, columns: Sequence[str]) -> Iterator[Row]:
    """Rows of JSON objects; a key that an object lacks is null. Raises UsageError at the end for one that all lack."""
    lacking = set(columns)
    with _opened(path, unpack=True) as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            row = json.loads(line)
            if not isinstance(row, dict):
                raise UsageError(f"line {number} of {path} is no JSON object")
            lacking.difference_update(row)
            yield {name: row.get(name) for name in columns}
        if lacking:
            raise UsageError(f"no row of {path} has {', '.join(map(repr, sorted(lacking)))}")


_BATCHES = {"parquet": _parquet_batches, "csv": _csv_batches, "arrow": _arrow_batches}
