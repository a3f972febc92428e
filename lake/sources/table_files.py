"""Files whose rows are documents: Parquet, CSV and TSV, JSON Lines, Arrow."""

from __future__ import annotations

import codecs
import json
import re
import time
import weakref
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from gzip import BadGzipFile
from typing import TYPE_CHECKING, Any, NamedTuple

from lake.errors import TransientError, UsageError
from lake.sources.csv_ends import CsvEnd
from lake.sources.rows import Row
from lake.sources.states import state_of

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS_AT_A_TIME = 2048
#: Bytes of a row of CSV at the most.
_CSV_BLOCK = 32 << 20
_QUOTED = re.compile(r'"[^"]*"')
#: A first line for spreadsheets, which is no row.
_SEPARATOR = re.compile(r'"?sep=(.)"?\r?\n', re.IGNORECASE)
_SUFFIXES = {
    "parquet": (".parquet", ".pq"),
    "csv": (".csv", ".tsv"),
    "jsonl": (".jsonl", ".ndjson"),
    "arrow": (".arrow", ".feather", ".ipc"),
}


#: Seconds to wait at most until Arrow's threads have let go of a file.
_LET_GO = 1.0


class _CsvForm(NamedTuple):
    delimiter: str
    encoding: str
    n_skipped: int
    end: CsvEnd


def _wait_until(is_done: Callable[[], bool]) -> None:
    """Wait until Arrow's threads have let go of a file: one that still reads when Python ends aborts the process."""
    end = time.monotonic() + _LET_GO
    while not is_done() and time.monotonic() < end:
        time.sleep(0.001)


def kind_of(path: str) -> str:
    """The format that a name stands for. Raises UsageError if it is none."""
    name = path.lower().removesuffix(".gz")
    for kind, suffixes in _SUFFIXES.items():
        if name.endswith(suffixes):
            return kind
    known = ", ".join(suffix for suffixes in _SUFFIXES.values() for suffix in suffixes)
    raise UsageError(f"{path} is no table; its name must end in one of {known}")


def is_table(path: str) -> bool:
    return path.lower().removesuffix(".gz").endswith(sum(_SUFFIXES.values(), ()))


@dataclass(frozen=True)
class TableFile:
    """One file. ``partition``: what the names of its folders say of all its rows, such as ``year=2026``."""

    path: str
    delimiter: str = ""
    encoding: str = "utf-8"
    partition: Mapping[str, str | None] = field(default_factory=dict)

    def state(self) -> list[Any]:
        """What a change of the file changes."""
        return state_of(self.path)

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        """The rows, each with these columns. Raises UsageError if the file lacks one, or is damaged or cut off."""
        import pyarrow as pa

        of_file = [name for name in columns if name not in self.partition]
        try:
            for row in self._rows(of_file):
                yield {**row, **self.partition} if self.partition else row
        except (pa.ArrowException, UnicodeError, LookupError, OverflowError, RecursionError) as error:
            is_text = isinstance(error, UnicodeError) or "UTF8" in str(error)
            cure = "; state its encoding, such as encoding=windows-1252" if is_text else ""
            raise UsageError(f"{self.path} can't be read as a table: {error}{cure}") from error
        except (EOFError, zlib.error, BadGzipFile) as error:
            raise TransientError(f"{self.path} is cut off or damaged: {error}; write it again in full") from error

    def _rows(self, columns: Sequence[str]) -> Iterator[Row]:
        kind = kind_of(self.path)
        if kind == "jsonl":
            yield from self._json_rows(columns)
            return
        batches = {"parquet": self._parquet_batches, "csv": self._csv_batches, "arrow": self._arrow_batches}
        for batch in batches[kind](columns):
            yield from _without_nanoseconds(batch).to_pylist()

    @contextmanager
    def _opened(self, *, unpack: bool = False) -> Iterator[Any]:
        import fsspec

        with fsspec.open(self.path, "rb", compression="infer" if unpack else None) as file:
            yield file

    def _parquet_batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        import pyarrow.parquet as pq

        with self._opened() as file, pq.ParquetFile(file, pre_buffer=False) as table:
            check_columns(self.path, table.schema_arrow.names, columns)
            yield from table.iter_batches(_ROWS_AT_A_TIME, columns=list(columns), use_threads=False)

    def _arrow_batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        with self._opened() as file, pa.ipc.open_file(pa.PythonFile(file, "r")) as table:
            check_columns(self.path, table.schema.names, columns)
            for number in range(table.num_record_batches):
                yield table.get_batch(number).select(list(columns))

    def _csv_batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """All values are texts: a type guessed from the first rows may be wrong for the others."""
        import pyarrow as pa
        from pyarrow import csv

        form = self._csv_form()
        read = csv.ReadOptions(encoding=form.encoding, block_size=_CSV_BLOCK, skip_rows=form.n_skipped)
        parse = csv.ParseOptions(
            delimiter=form.delimiter, newlines_in_values=True, invalid_row_handler=form.end.see_invalid
        )
        with self._opened(unpack=True) as file:
            convert = csv.ConvertOptions(column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False)
            ended, reader = form.end.added_to(file), None
            gone = weakref.ref(ended)
            try:
                reader = csv.open_csv(pa.PythonFile(ended, "r"), read, parse, convert)
                check_columns(self.path, reader.schema.names, columns)
                for batch in reader:
                    yield batch.select(list(columns))
            finally:
                del ended, reader  # which the traceback of an error would hold
                _wait_until(lambda: gone() is None)
        if not form.end.was_seen:
            raise UsageError(f"{self.path} ends inside a quoted value, so rows may be missing; write it again in full")

    def _csv_form(self) -> _CsvForm:
        """What is not stated, as the beginning of the file tells it. Raises UsageError if it is empty."""
        with self._opened(unpack=True) as file:
            head = file.read(1 << 16)
        encoding = "utf-16" if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else self.encoding
        text = head.decode(encoding, "replace").removeprefix("\ufeff")
        if not text.strip():
            raise UsageError(f"{self.path} can't be read as a table: it is empty")
        stated = _SEPARATOR.match(text)
        delimiter = stated[1] if stated else self.delimiter or self._usual_delimiter(text)
        of_bytes = {
            "utf-16": "utf-16-be" if head.startswith(codecs.BOM_UTF16_BE) else "utf-16-le",
            "utf-8-sig": "utf-8",
        }
        end = CsvEnd(delimiter, text.count(delimiter), of_bytes.get(codecs.lookup(encoding).name, encoding))
        return _CsvForm(delimiter, encoding, 1 if stated else 0, end)

    def _usual_delimiter(self, text: str) -> str:
        if ".tsv" in self.path.lower()[-8:]:
            return "\t"
        # Spreadsheets write a semicolon where decimals have a comma. Most often it stands between the columns' names.
        names = _QUOTED.sub("", text).lstrip("\r\n").partition("\n")[0]
        return max(",;\t|", key=names.count)

    def _json_rows(self, columns: Sequence[str]) -> Iterator[Row]:
        """Rows of JSON objects; a key that an object lacks is null. Raises UsageError at the end for one all lack."""
        lacking = set(columns)
        with self._opened(unpack=True) as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                row = self._json_row(line, number)
                lacking.difference_update(row)
                yield {name: row.get(name) for name in columns}
            if lacking:
                raise UsageError(f"no row of {self.path} has {', '.join(map(repr, sorted(lacking)))}")

    def _json_row(self, line: bytes, number: int) -> dict[str, Any]:
        try:
            row = json.loads(line)
        except ValueError as error:
            raise UsageError(f"line {number} of {self.path} is no JSON: {error}") from error
        if not isinstance(row, dict):
            raise UsageError(f"line {number} of {self.path} is no JSON object")
        return row


def _without_nanoseconds(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with times as Python has them: those of nanoseconds would need pandas, and be texts of another form."""
    import pyarrow as pa

    fields = [one.with_type(_in_microseconds(one.type)) for one in batch.schema]
    schema = pa.schema(fields)
    return batch if schema.types == batch.schema.types else batch.cast(schema, safe=False)


def _in_microseconds(kind: pa.DataType) -> pa.DataType:
    import pyarrow as pa

    return pa.timestamp("us", kind.tz) if pa.types.is_timestamp(kind) and kind.unit == "ns" else kind


def check_columns(path: str, present: Sequence[str], columns: Sequence[str]) -> None:
    """Raise UsageError for a column that a table lacks."""
    if missing := [name for name in columns if name not in present]:
        raise UsageError(f"{path} has no column {', '.join(map(repr, missing))}; it has {', '.join(present)}")
