"""Tables as sources, one row a document: ``table:FILE.parquet?text=body&id=key``, a folder, or a catalog's table."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lake.errors import UsageError
from lake.ids import value_digest
from lake.sources.address import options_of, place_of, setting
from lake.sources.protocol import SourceFile
from lake.sources.remote import filesystem_of
from lake.sources.rows import Row, RowOptions
from lake.sources.spool import Spool, spool_of
from lake.sources.spooled import MarkedSource
from lake.sources.table_files import TableFile
from lake.sources.table_folders import tables_of


@dataclass(frozen=True)
class TableOptions(RowOptions):
    """Options of a table."""

    delimiter: str = setting("", "Character between the cells of a CSV file; its first line tells it otherwise.")
    encoding: str = setting("utf-8", "Encoding of a CSV file; UTF-16 with a byte order mark is known by that.")

    def check(self) -> None:
        super().check()
        if len(self.delimiter) > 1:
            raise UsageError(f"delimiter must be one character, got {self.delimiter!r}")


class TableSource(MarkedSource):
    """The rows of one file, of all files that a glob matches, or of a folder that is a table.

    Places are local paths or fsspec URLs. The cursor is the state of the tables: as long as none changes, no row is
    read.
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
        """The state of the tables."""
        return value_digest([table.state() for table in self._tables()])

    def _rows(self, columns: Sequence[str]) -> Iterator[Row]:
        for table in self._tables():
            yield from table.rows(columns)

    def _tables(self) -> Sequence[Any]:
        words: dict[str, Any] = {"delimiter": self._options.delimiter, "encoding": self._options.encoding}
        found = tables_of(self._place, **words)
        return [TableFile(path, **words) for path in _files(self._place)] if found is None else found


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
