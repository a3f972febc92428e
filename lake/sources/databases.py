"""Databases that a source can query: PostgreSQL, SQLite and DuckDB; sessions that can only read, rows that stream."""

from __future__ import annotations

import os
import sqlite3
import weakref
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, date, datetime
from threading import Lock
from typing import Any

from lake.endpoints.refusals import RefusedRequest
from lake.endpoints.retry import Retries
from lake.errors import TransientError, UsageError
from lake.reporting import did_you_mean
from lake.storage.secrets import hidden

_ROWS_AT_A_TIME = 2000
#: A server that has no connection left, or is starting, is asked again for a few seconds.
_RETRIES = Retries(n_attempts=4, first=0.5, longest=5)


#: Stands for a value in a query, whatever the database writes there.
VALUE = "\0"


class Database(ABC):
    """One database; connections are kept for the next request and closed with this object."""

    def __init__(self) -> None:
        self._lock, self._idle = Lock(), list[Any]()
        weakref.finalize(self, _close, self._idle)

    def rows(self, query: str, values: Sequence[Any] = ()) -> Iterator[dict[str, Any]]:
        """The rows of a query by column, as they arrive; VALUE in it stands for each of the values.

        Raises UsageError for a wrong query, TransientError for what may pass.
        """
        with self._translated():
            connection = self._taken()
            try:
                yield from self._stream(connection, self._written(query), values)
            except BaseException:
                _close([connection])
                raise
            with self._lock:
                self._idle.append(connection)

    def _taken(self) -> Any:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return self._connect()

    def _written(self, query: str) -> str:
        return query.replace(VALUE, "?")

    @abstractmethod
    def _connect(self) -> Any: ...

    @abstractmethod
    def _stream(self, connection: Any, query: str, values: Sequence[Any]) -> Iterator[dict[str, Any]]: ...

    @contextmanager
    @abstractmethod
    def _translated(self) -> Iterator[None]: ...

    def quoted(self, name: str) -> str:
        """A name of a column or table, whatever characters it has."""
        return '"{}"'.format(name.replace('"', '""'))

    def exactly(self, name: str) -> str:
        """A column to order by, so that equal texts, and they alone, are neighbours."""
        return self.quoted(name)

    def key_text(self, name: str) -> str:
        """A column of keys as what is listed, from which ``key_values`` finds them again."""
        return f"CAST({self.quoted(name)} AS TEXT)"

    def key_values(self, keys: Sequence[str]) -> list[Any]:
        """Values that a column of keys, whatever its type, is compared with."""
        return list(keys)


def _close(connections: list[Any]) -> None:
    while connections:
        with suppress(Exception):
            connections.pop().close()


class PostgreSQL(Database):
    """``postgresql://USER@HOST/DATABASE``; libpq reads PGPASSWORD, ~/.pgpass, PGSSLMODE and its other variables."""

    #: Classes of SQLSTATE that somebody must correct: syntax and names, access.
    _WRONG, _CLOSED = ("42", "22", "0A"), ("28",)

    def __init__(self, place: str, password: str = "") -> None:
        super().__init__()
        self._address, self._password = f"postgresql:{place}", password
        try:
            import psycopg
        except ImportError as error:
            raise UsageError(f"PostgreSQL needs psycopg: pip install 'raglake[sql]' ({error})") from error
        self._library = psycopg

    def _written(self, query: str) -> str:
        return query.replace("%", "%%").replace(VALUE, "%s")

    def _connect(self) -> Any:
        return _RETRIES.run(self._address, self._connected)

    def _connected(self) -> Any:
        given: dict[str, Any] = {"password": self._password} if self._password else {}
        try:
            connection = self._library.connect(self._address, connect_timeout=20, application_name="raglake", **given)
        except self._library.OperationalError as error:
            message = hidden(str(error))
            if any(words in message for words in ("authentication failed", "no password", "no pg_hba.conf entry")):
                raise PermissionError(message) from None
            if "does not exist" in message:
                raise UsageError(message) from None
            raise RefusedRequest(message, None) from None
        for kind, zone in (("timestamp", None), ("timestamptz", UTC)):
            _bounded(connection, kind, datetime(1, 2, 1, tzinfo=zone), datetime(9999, 12, 1, tzinfo=zone))
        _bounded(connection, "date", date(1, 2, 1), date(9999, 12, 1))
        connection.read_only = True
        connection.isolation_level = self._library.IsolationLevel.REPEATABLE_READ
        return connection

    def _stream(self, connection: Any, query: str, values: Sequence[Any]) -> Iterator[dict[str, Any]]:
        from psycopg.rows import dict_row

        with connection.transaction(), connection.cursor(name="raglake", row_factory=dict_row) as cursor:
            cursor.itersize = _ROWS_AT_A_TIME
            cursor.execute(query, values)
            yield from cursor

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except self._library.Error as error:
            state, message = error.sqlstate or "", str(error).strip()
            if state.startswith(self._CLOSED) or state == "42501":
                raise PermissionError(message) from error
            if isinstance(error, self._library.DataError) and not state:  # the library's own, of a value
                raise UsageError(f"{message}; leave such values out, or select them as texts: query=SELECT") from error
            raise (UsageError if state.startswith(self._WRONG) else TransientError)(message) from error


class SQLite(Database):
    """``sqlite:FILE``."""

    def __init__(self, place: str) -> None:
        super().__init__()
        if not os.path.isfile(place):
            raise FileNotFoundError(place)
        self._place = place

    def _connect(self) -> Any:
        # Absolute, with the signs that a URL would take for its own.
        name = os.path.abspath(self._place).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
        connection = sqlite3.connect(f"file:{name}?mode=ro", uri=True, check_same_thread=False, timeout=20)
        connection.execute("PRAGMA query_only = 1")
        connection.text_factory = _text
        return connection

    def _stream(self, connection: Any, query: str, values: Sequence[Any]) -> Iterator[dict[str, Any]]:
        cursor = connection.execute(query, values)
        names = [column[0] for column in cursor.description]
        while rows := cursor.fetchmany(_ROWS_AT_A_TIME):
            for row in rows:
                yield dict(zip(names, row, strict=True))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            is_passing = any(words in str(error) for words in ("locked", "busy", "disk I/O"))
            raise (TransientError if is_passing else UsageError)(
                f"{self._place}: {error}{self._meant(error)}"
            ) from error

    def _meant(self, error: sqlite3.Error) -> str:
        """The end of a message about a table that there isn't."""
        _, is_table, name = str(error).partition("no such table: ")
        if not is_table:
            return ""
        with closing(self._connect()) as connection:
            known = [
                row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
            ]
        return did_you_mean(name, known, f"there are {', '.join(sorted(known)) or 'none'}")

    def quoted(self, name: str) -> str:
        """A name in backticks: one in double quotes that no column has would be taken for a text."""
        return "`{}`".format(name.replace("`", "``"))

    def exactly(self, name: str) -> str:
        """A column to order by, whatever collation it has."""
        return f"{self.quoted(name)} COLLATE BINARY"

    def key_text(self, name: str) -> str:
        """A text; a number that SQLite writes with too few digits stays a number, of which Python writes all."""
        key, text = self.quoted(name), super().key_text(name)
        return f"CASE WHEN typeof({key}) = 'real' AND CAST({text} AS REAL) <> {key} THEN {key} ELSE {text} END"

    def key_values(self, keys: Sequence[str]) -> list[Any]:
        """Texts, numbers and bytes: a column converts none of them that is not of its type."""
        numbers = [number for key in keys if (number := _number(key)) is not None]
        return [*keys, *numbers, *(key.encode("utf-8", "surrogatepass") for key in keys)]


class DuckDB(Database):
    """``duckdb:FILE``, or ``duckdb:`` alone for queries over files."""

    def __init__(self, place: str) -> None:
        super().__init__()
        if place and not os.path.isfile(place):
            raise FileNotFoundError(place)
        self._place = place
        try:
            import duckdb
        except ImportError as error:
            raise UsageError(f"DuckDB needs its package: pip install duckdb ({error})") from error
        self._library = duckdb

    def _connect(self) -> Any:
        return self._library.connect(self._place or ":memory:", read_only=bool(self._place))

    def _stream(self, connection: Any, query: str, values: Sequence[Any]) -> Iterator[dict[str, Any]]:
        cursor = connection.execute(query, list(values))
        names = [column[0] for column in cursor.description]
        while rows := cursor.fetchmany(_ROWS_AT_A_TIME):
            for row in rows:
                yield dict(zip(names, row, strict=True))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        wrong = (self._library.ProgrammingError, self._library.NotSupportedError)
        try:
            yield
        except self._library.Error as error:
            is_wrong = isinstance(error, wrong) or "not a valid DuckDB" in str(error)
            raise (UsageError if is_wrong else TransientError)(f"{self._place}: {error}") from error


def _text(data: bytes) -> str | bytes:
    """A text of SQLite, which stores any bytes as one; bytes in another encoding are left to the document's parser."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def _bounded(connection: Any, kind: str, least: date, most: date) -> None:
    """Let times that Python doesn't have, such as ``infinity``, be ``most`` or ``least``, which leave room for margins.

    One row with such a time must not end the listing of all.
    """
    from psycopg.adapt import Loader

    found = connection.adapters.types[kind]
    usual: Any = connection.adapters.get_loader(found.oid, Loader.format)

    class Bounded(Loader):
        def __init__(self, oid: int, context: Any = None) -> None:
            super().__init__(oid, context)
            self._usual = usual(oid, context)

        def load(self, data: Any) -> Any:
            try:
                return self._usual.load(data)
            except connection.DataError:
                is_early = bytes(data).startswith(b"-") or bytes(data).endswith(b"BC")
                return least if is_early else most

    connection.adapters.register_loader(found.oid, Bounded)


def _number(key: str) -> int | float | None:
    for kind in (int, float):
        with suppress(ValueError):
            return kind(key)
    return None
