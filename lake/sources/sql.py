"""Databases as sources, one row or one group of rows a document: ``postgresql://...?table=docs&id=id&text=body``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import groupby
from typing import Any

from lake.errors import UsageError
from lake.ids import value_digest
from lake.sources.address import options_of, place_of, setting, text_or_file
from lake.sources.cursors import MOST_TALLIED, Reached
from lake.sources.databases import VALUE, Database, DuckDB, PostgreSQL, SQLite
from lake.sources.protocol import Cursor, CursorLost, Removal, SourceFile
from lake.sources.replicas import LatelyListed
from lake.sources.rows import Row, RowOptions, common_acl, row_text

#: Keys of one query.
_KEYS_AT_A_TIME = 500
#: An overlap of more than a year is one of a column of numbers that are no times.
_LONGEST_SECONDS = 366 * 86_400.0
_BETWEEN_ROWS = b"\n\n"
#: A text, a name, a comment, or one character of a query.
_PIECE = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|(\$\w*\$).*?\1|--[^\n]*|/\*.*?\*/|.", re.DOTALL)


@dataclass(frozen=True)
class SqlOptions(RowOptions):
    """Options of a database."""

    table: str = setting("", "Table or view that holds the rows, as NAME or SCHEMA.NAME.")
    query: str = setting("", "SELECT that gives the rows, in place of a table; @FILE reads it from a file.")
    cursor: str = setting("", "Column that grows with each change, such as a time; only newer rows are requested.")
    overlap: float = setting(
        600.0, "Look back this far behind the cursor, for late commits: seconds, or units of a number."
    )
    group: bool = setting(False, "Rows with the same id form one document.")
    order: str = setting("", "Column that orders the rows of a group.")

    @property
    def settles(self) -> timedelta:
        return max(super().settles, timedelta(seconds=min(self.overlap, _LONGEST_SECONDS)))

    def check(self) -> None:
        super().check()
        if bool(self.table) == bool(self.query):
            raise UsageError("a database as a source needs either table=NAME or query=SELECT")
        if self.group and not self.order:
            raise UsageError("group needs order=COLUMN, so that a document is the same each time")
        if self.overlap < 0:
            raise UsageError(f"overlap must be 0 or more, got {self.overlap}")


@dataclass(frozen=True)
class PostgresOptions(SqlOptions):
    """Options of PostgreSQL."""

    password: str = setting("", "$VARIABLE or block:NAME; PGPASSWORD and ~/.pgpass do as well.", secret=True)


class SqlSource:
    """The rows of a table or query."""

    options: type[SqlOptions] = SqlOptions

    def __init__(self, url: str) -> None:
        options = options_of(url, self.options)
        options.check()
        # What the cursor is made of tells that a row changed as well.
        self._options = options if options.version or not options.cursor else replace(options, version=options.cursor)
        self._lately = LatelyListed(self._options.version)
        self._database = self._opened(place_of(url), options)
        table = ".".join(map(self._quoted, options.table.split(".")))
        # The line break ends a comment that the query may end with.
        self._from = table if options.table else f"({_without_end(text_or_file(options.query))}\n) AS documents"

    def _opened(self, place: str, options: Any) -> Database:
        raise NotImplementedError

    def _quoted(self, name: str) -> str:
        return self._database.quoted(name)

    def list(self) -> Iterator[SourceFile]:
        for item in self._listed(""):
            if isinstance(item, SourceFile):
                yield item

    def read(self, uri: str) -> bytes:
        for _, data in self.read_many([uri]):
            return data
        raise FileNotFoundError(uri)

    def read_many(self, uris: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        options = self._options
        columns = [options.deleted, options.version, *options.content_columns]
        for rows in self._by_key([options.key_of(uri) for uri in uris], columns):
            kept = [row for row in rows if not options.is_deleted(row)]
            if options.version and not options.group:
                self._lately.check(options.uri(rows[0]), rows[0][options.version])
            if kept:
                yield options.uri(kept[0]), _BETWEEN_ROWS.join(map(options.data, kept))

    def _listed(self, where: str, values: Sequence[Any] = ()) -> Iterator[SourceFile | Removal]:
        options = self._options
        for rows in self._groups(self._select(options.listed_columns, where), values):
            yield self._file(rows)

    def _file(self, rows: Sequence[Row]) -> SourceFile | Removal:
        """One document of a listing. Only who may see each row of a group may see the document."""
        options = self._options
        kept = [row for row in rows if not options.is_deleted(row)]
        if not kept:
            return Removal(options.uri(rows[0]))
        files = [options.file(row) for row in kept]
        if not options.group:
            if options.version:
                self._lately.note(files[0].uri, kept[0][options.version])
            return files[0]
        acl = common_acl([file.acl for file in files])
        marks = value_digest([[file.etag, file.size] for file in files])
        metadata = {name: value for file in reversed(files) for name, value in (file.metadata or {}).items()}
        modified = max((file.modified_us for file in files if file.modified_us is not None), default=None)
        is_final = all(file.is_final and file.etag is not None for file in files)
        return SourceFile(files[0].uri, None, modified, marks, metadata or None, acl, is_final)

    def _by_key(self, keys: Sequence[str], columns: Sequence[str]) -> Iterator[Sequence[Row]]:
        for start in range(0, len(keys), _KEYS_AT_A_TIME):
            values = self._database.key_values(keys[start : start + _KEYS_AT_A_TIME])
            marks = ", ".join([VALUE] * len(values))
            where = f"WHERE {self._key} IN ({marks})"
            yield from self._groups(self._select(columns, where), values)

    @property
    def _key(self) -> str:
        """The column of keys as it is compared; an index on it is of use."""
        return self._quoted(self._options.id)

    def _select(self, columns: Sequence[str], where: str) -> str:
        """A query for these columns, with the key as it is listed."""
        key, order = self._options.id, self._options.order
        wanted = dict.fromkeys(filter(None, [*columns, order if self._options.group else ""]))
        others = [self._quoted(name) for name in wanted if name != key]
        named = ", ".join([f"{self._database.key_text(key)} AS {self._quoted(key)}", *others])
        query = f"SELECT {named} FROM {self._from} {where}"
        return (
            f"{query} ORDER BY {self._database.exactly(key)}, {self._quoted(order)}" if self._options.group else query
        )

    def _groups(self, query: str, values: Sequence[Any]) -> Iterator[Sequence[Row]]:
        rows = self._database.rows(query, values)
        if not self._options.group:
            for row in rows:
                yield [row]
            return
        for _, each in groupby(rows, key=self._options.key):
            yield [*_settled(each, self._options.order)]


def _settled(rows: Iterable[Row], order: str) -> Iterator[Row]:
    """The rows of a group in their order; those of one place by what they hold, since a database gives them in any."""
    for _, tied in groupby(rows, key=lambda row: row[order]):
        yield from sorted(tied, key=lambda row: [row_text(value) for value in row.values()])


def _without_end(query: str) -> str:
    """A query without the semicolon at its end, which comments may follow.

    >>> _without_end("SELECT ';' FROM t; -- all; of them"), _without_end("SELECT 1 /* ; */;;")
    ("SELECT ';' FROM t -- all; of them", 'SELECT 1 /* ; */')
    """
    pieces = [found[0] for found in _PIECE.finditer(query)]
    for place in reversed(range(len(pieces))):
        if pieces[place] == ";":
            pieces[place] = ""
        elif not pieces[place].isspace() and not pieces[place].startswith(("--", "/*")):
            break
    return "".join(pieces)


class CursorSql(SqlSource):
    """Rows with a column that grows with each change."""

    @property
    def asks_each(self) -> bool:
        """Whether it takes all rows to find out what changed."""
        return not self._options.cursor

    def changes(self, since: str | None) -> Iterator[SourceFile | Removal | Cursor]:
        if not self._options.cursor:  # each listing is full
            if since is not None:
                raise CursorLost("the source has no cursor column")
            yield from self.list()
            yield Cursor("")
            return
        options = self._options
        reached = Reached(since, options.overlap, options.cursor, options.settles)
        if since is None:
            for item in self._watched(self._groups(self._select(self._columns, ""), ()), reached):
                if isinstance(item, SourceFile):
                    yield item
        else:
            try:
                yield from self._since(reached)
            except UsageError as error:  # the column has another type now; or what is wrong is so in a full listing too
                raise CursorLost(str(error)) from error
        yield Cursor(reached.position)

    @property
    def _columns(self) -> Sequence[str]:
        return [*self._options.listed_columns, self._options.cursor]

    def _watched(self, groups: Iterable[Sequence[Row]], reached: Reached) -> Iterator[SourceFile | Removal]:
        for rows in groups:
            for row in rows:
                reached.see(row[self._options.cursor])
            yield self._file(rows)

    def _since(self, reached: Reached) -> Iterator[SourceFile | Removal]:
        """Rows from the cursor on; of a group with such a row, all."""
        where, values = self._since_where(reached)
        groups = self._groups(self._select(self._columns, where), values)
        if not self._options.group:
            yield from self._watched(groups, reached)
            return
        keys = [self._options.key(rows[0]) for rows in groups]
        yield from self._watched(self._by_key(keys, self._columns), reached)

    def _since_where(self, reached: Reached) -> tuple[str, list[Any]]:
        """A condition on the cursor, and its values; rows of one time, maybe all of an import, are counted first."""
        column = self._quoted(self._options.cursor)
        again = None
        if reached.is_tallied and not self._options.group:
            query = (
                f"SELECT {column} AS value, COUNT(*) AS n FROM {self._from} WHERE {column} BETWEEN {VALUE} AND {VALUE}"
            )
            query += f" GROUP BY {column} LIMIT {MOST_TALLIED + 1}"
            counts = self._database.rows(query, [reached.start, reached.highest])
            again = reached.grown([(row["value"], row["n"]) for row in counts])
        if again is None:
            return f"WHERE {column} >= {VALUE}", [reached.start]
        those = f" OR {column} IN ({', '.join([VALUE] * len(again))})" if again else ""
        return f"WHERE {column} > {VALUE}{those}", [reached.highest, *again]


class PostgresSource(CursorSql):
    """``postgresql://USER@HOST/DATABASE?table=...``"""

    options = PostgresOptions

    def _opened(self, place: str, options: Any) -> Database:
        return PostgreSQL(place, options.password)


class SqliteSource(CursorSql):
    """``sqlite:FILE?table=...``"""

    def _opened(self, place: str, options: Any) -> Database:
        return SQLite(place)


class DuckdbSource(CursorSql):
    """``duckdb:FILE?table=...``"""

    def _opened(self, place: str, options: Any) -> Database:
        return DuckDB(place)

    @property
    def _key(self) -> str:
        return f"CAST({self._quoted(self._options.id)} AS TEXT)"
