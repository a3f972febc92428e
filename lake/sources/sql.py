"""Databases as sources, one row or one group of rows a document: ``postgresql://...?table=docs&id=id&text=body``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

from lake.errors import UsageError
from lake.ids import value_digest
from lake.sources.address import options_of, place_of, setting, text_or_file
from lake.sources.databases import VALUE, Database, DuckDB, PostgreSQL, SQLite
from lake.sources.protocol import Cursor, CursorLost, Removal, SourceFile
from lake.sources.rows import Row, RowOptions, row_text

#: Keys of one query.
_KEYS_AT_A_TIME = 500
#: How far the earliest time zone is ahead of UTC.
_MOST_AHEAD = timedelta(hours=14)
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
        columns = [options.deleted, *options.content_columns]
        for rows in self._by_key([options.key_of(uri) for uri in uris], columns):
            kept = [row for row in rows if not options.is_deleted(row)]
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
            return files[0]
        acls = [set(file.acl) if file.acl is not None else None for file in files]
        known = [acl for acl in acls if acl is not None]
        marks = value_digest([[file.etag, file.size] for file in files])
        metadata = {name: value for file in reversed(files) for name, value in (file.metadata or {}).items()}
        acl = sorted(set.intersection(*known)) if known else None
        modified = max((file.modified_us for file in files if file.modified_us is not None), default=None)
        return SourceFile(files[0].uri, None, modified, marks, metadata or None, acl)

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
        """A query for these columns, with the key as the database writes it as text."""
        key, order = self._options.id, self._options.order
        others = [self._quoted(name) for name in dict.fromkeys(filter(None, columns)) if name != key]
        named = ", ".join([f"CAST({self._quoted(key)} AS TEXT) AS {self._quoted(key)}", *others])
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
            yield [*each]


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
        reached = _Reached(since, self._options.overlap)
        if since is None:
            for item in self._watched(self._groups(self._select(self._columns, ""), ()), reached):
                if isinstance(item, SourceFile):
                    yield item
        else:
            yield from self._since(reached)
        yield Cursor(reached.position)

    @property
    def _columns(self) -> Sequence[str]:
        return [*self._options.listed_columns, self._options.cursor]

    def _watched(self, groups: Iterable[Sequence[Row]], reached: _Reached) -> Iterator[SourceFile | Removal]:
        for rows in groups:
            for row in rows:
                reached.see(row[self._options.cursor])
            yield self._file(rows)

    def _since(self, reached: _Reached) -> Iterator[SourceFile | Removal]:
        """Rows from the cursor on; of a group with such a row, all."""
        where = f"WHERE {self._quoted(self._options.cursor)} >= {VALUE}"
        groups = self._groups(self._select(self._columns, where), [reached.start])
        if not self._options.group:
            yield from self._watched(groups, reached)
            return
        keys = [self._options.key(rows[0]) for rows in groups]
        yield from self._watched(self._by_key(keys, self._columns), reached)


class _Reached:
    """How far the cursor column has been read, and from where to read it again."""

    def __init__(self, since: str | None, overlap: float) -> None:
        self._highest: Any = None
        self.start: Any = None
        if since is not None:
            kind, text = json.loads(since)
            self._highest = _KINDS[kind](text)
            if _is_endless(self._highest) or _is_to_come(self._highest):
                raise CursorLost(f"the cursor {text} is in the future, or no number")
            self.start = _before(self._highest, overlap)

    def see(self, value: Any) -> None:
        """Take a value into account; a time to come would hide all changes until then, and infinity for good."""
        if value is None or _is_endless(value) or _is_to_come(value):
            return
        if self._highest is None or value > self._highest:
            self._highest = value

    @property
    def position(self) -> str:
        """Empty if no row has such a value: the next listing is full."""
        if self._highest is None:
            return ""
        kind = next((name for name, of in _TYPES.items() if isinstance(self._highest, of)), None)
        if kind is None or isinstance(self._highest, bool):
            raise UsageError(f"a cursor column must hold times, numbers or texts, got {type(self._highest).__name__}")
        return json.dumps([kind, row_text(self._highest)])


def _number(text: str) -> int | float:
    number = float(text)
    return int(text) if number.is_integer() and "." not in text and "e" not in text.lower() else number


_TYPES = {"time": datetime, "day": date, "number": int | float | Decimal, "text": str}
_KINDS: dict[str, Any] = {"time": datetime.fromisoformat, "day": date.fromisoformat, "number": _number, "text": str}


def _is_endless(value: Any) -> bool:
    """Whether a value is NaN or infinity, which nothing exceeds."""
    return isinstance(value, float | Decimal) and not Decimal(value).is_finite()


def _is_to_come(value: Any) -> bool:
    """Whether a time, also one that a text states, is later than now everywhere on earth."""
    if isinstance(value, str) and value[4:5] == "-":
        with suppress(ValueError):
            value = datetime.fromisoformat(value)
    now = datetime.now(UTC)
    if isinstance(value, datetime):
        return value > (now if value.tzinfo else now.replace(tzinfo=None) + _MOST_AHEAD)
    return isinstance(value, date) and value > (now + _MOST_AHEAD).date()


def _before(value: Any, overlap: float) -> Any:
    if isinstance(value, date):
        try:
            return value - (timedelta(seconds=overlap) if isinstance(value, datetime) else timedelta(days=1))
        except OverflowError:
            return value.replace(year=1, month=1, day=1)
    return value if isinstance(value, str) else value - type(value)(overlap)


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
