"""Folders that are one table: Delta Lake, Apache Iceberg, and Parquet as Spark and others write it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from lake.errors import LakeError, TransientError, UsageError
from lake.sources.remote import filesystem_of
from lake.sources.rows import Row
from lake.sources.table_files import TableFile, check_columns, is_table

#: The number of a state in its name: ``v3.metadata.json``, ``00003-8c9e....metadata.json``, or compressed.
_METADATA = re.compile(r"v?(\d+)[-\w]*(?:\.gz)?\.metadata\.json(?:\.gz)?")
_CATALOG = "iceberg://"
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


@dataclass
class DeltaRows:
    """A Delta table; rows that a deletion vector marks are gone."""

    path: str

    @cached_property
    def _table(self) -> Any:
        try:
            from deltalake import DeltaTable
        except ImportError as error:
            raise UsageError(f"{self.path} is a Delta table ({error}); pip install 'raglake[delta]'") from error
        with _reading(self.path):
            return DeltaTable(self.path)

    def state(self) -> list[Any]:
        return [self.path, str(self._table.metadata().id), self._table.version()]

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        import pyarrow as pa
        from deltalake import QueryBuilder

        check_columns(self.path, [one.name for one in self._table.schema().fields], columns)
        names = ", ".join('"{}"'.format(name.replace('"', '""')) for name in columns)
        with _reading(self.path):
            for batch in QueryBuilder().register("documents", self._table).execute(f"SELECT {names} FROM documents"):
                yield from pa.record_batch(batch).to_pylist()


@dataclass
class IcebergRows:
    """An Iceberg table: a folder, in its last state, or ``iceberg://CATALOG/NAMESPACE.TABLE`` of a catalog."""

    path: str

    @cached_property
    def _table(self) -> Any:
        try:
            from pyiceberg.catalog import load_catalog
            from pyiceberg.exceptions import NoSuchTableError
            from pyiceberg.table import StaticTable
        except ImportError as error:
            raise UsageError(f"{self.path} is an Iceberg table ({error}); pip install 'raglake[iceberg]'") from error
        if not self.path.startswith(_CATALOG):
            with _reading(self.path):
                return StaticTable.from_metadata(_last_metadata(self.path))
        catalog, _, name = self.path.removeprefix(_CATALOG).partition("/")
        try:
            return load_catalog(catalog).load_table(name)
        except NoSuchTableError as error:
            raise FileNotFoundError(f"{catalog} has no table {name}") from error
        except ValueError as error:
            raise UsageError(f"the Iceberg catalog {catalog!r} is not configured for PyIceberg: {error}") from error

    def state(self) -> list[Any]:
        return [self.path, self._table.metadata_location]

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        check_columns(self.path, [one.name for one in self._table.schema().fields], columns)
        with _reading(self.path):
            for batch in self._table.scan(selected_fields=tuple(columns)).to_arrow_batch_reader():
                yield from batch.to_pylist()


@contextmanager
def _reading(path: str) -> Iterator[None]:
    """Raise TransientError, in a line, for what the libraries raise if files of a table are missing or damaged."""
    try:
        yield
    except (LakeError, FileNotFoundError, PermissionError):
        raise
    except Exception as error:
        cause = (str(error).splitlines() or [""])[0][:300]
        raise TransientError(
            f"the table {path} can't be read ({type(error).__name__}: {cause}); check it with the program that writes "
            "it, or run again if files were deleted meanwhile"
        ) from error


def tables_of(place: str, **words: Any) -> list[Any] | None:
    """The tables of a folder, or of a catalog's name; None if the place is neither. ``words`` describe its files.

    Each has ``state()`` and ``rows(columns)``. Raises UsageError for a folder without tables, TransientError for one
    that is being written.
    """
    if place.startswith(_CATALOG):
        return [IcebergRows(place)]
    filesystem, path = filesystem_of(place) if "://" in place else filesystem_of(os.path.abspath(place))
    if not filesystem.isdir(path):
        return None
    names = {os.path.basename(str(one).rstrip("/")) for one in filesystem.ls(path, detail=False)}
    if "_delta_log" in names:
        return [DeltaRows(place)]
    if "metadata" in names and any(map(_METADATA.fullmatch, _names(filesystem, f"{path}/metadata"))):
        return [IcebergRows(place)]
    if "_temporary" in names:
        raise TransientError(f"{place} is being written; run again once that has ended")
    return list(_files(place, filesystem, path, words))


def _names(filesystem: Any, path: str) -> list[str]:
    return [os.path.basename(str(one)) for one in filesystem.ls(path, detail=False)]


def _files(place: str, filesystem: Any, path: str, words: dict[str, Any]) -> Iterator[TableFile]:
    """Files of tables, without those that are hidden or notes of whoever wrote them."""
    n = 0
    for found in sorted(filesystem.find(path)):
        parts = str(found).removeprefix(path).strip("/").split("/")
        if not is_table(parts[-1]) or any(part.startswith(("_", ".")) for part in parts):
            continue
        n += 1
        partition = {
            unquote(name): None if value == _NO_VALUE else unquote(value)
            for name, is_one, value in (part.partition("=") for part in parts[:-1])
            if is_one
        }
        yield TableFile(f"{place.rstrip('/')}/{'/'.join(parts)}", partition=partition, **words)
    if not n:
        raise UsageError(
            f"the folder {place} holds no table: no Delta, Iceberg, Parquet, CSV, JSON Lines or Arrow files"
        )


def _last_metadata(place: str) -> str:
    """The newest state of a table that only a folder names."""
    filesystem, path = filesystem_of(place) if "://" in place else filesystem_of(os.path.abspath(place))
    numbered = [
        (int(found[1]), name) for name in _names(filesystem, f"{path}/metadata") if (found := _METADATA.fullmatch(name))
    ]
    last, _ = max(numbered)
    newest = [name for number, name in numbered if number == last]
    if len(newest) > 1:
        raise UsageError(
            f"{place} has several states of number {last}, of which only its catalog knows the right one; "
            f"name the table by its catalog, as {_CATALOG}CATALOG/NAMESPACE.TABLE"
        )
    return f"{place.rstrip('/')}/metadata/{newest[0]}"
