"""The destination ``pgvector:postgresql://HOST/DATABASE?table=TABLE``: a table of PostgreSQL with pgvector."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import numpy as np

from lake.destinations.destination import HeldState, VectorRows, foreign
from lake.destinations.opening import needs, secret
from lake.errors import UsageError

_TABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
#: Columns besides chunk_id, vector, readers and payload, which holds all values but the text.
_TEXTS = ("row_digest", "doc_id", "source", "uri", "title", "text")
_COLUMNS = ("chunk_id", "vector", "readers", "payload", *_TEXTS)


class PgvectorTable:
    """A sync is one transaction, in which readers see the release before until its end.

    The state is the table's comment. Grants and indices that others add to the table stay.
    """

    switch: Literal["transaction", "full", "none"] = "transaction"
    batch_rows, recall = 500, 1.0

    def __init__(self, place: str) -> None:
        try:
            import psycopg
            from pgvector.psycopg import register_vector
            from psycopg import sql
        except ImportError as error:
            raise needs("pgvector", error) from error
        self._url, self._table = _split_table(place)
        self._psycopg, self._sql, self._register = psycopg, sql, register_vector
        self._connection: Any = None

    def _run(self, query: str, *values: Any) -> Any:
        """Run SQL in which {table} stands for its name."""
        table = self._sql.Identifier(self._table)
        return self._connection.execute(self._sql.SQL(query).format(table=table), values or None)

    def held(self) -> HeldState | None:
        if self._connection is None:
            self._connection = self._psycopg.connect(self._url, password=secret("PGPASSWORD"), connect_timeout=10)
        # One sync at a time; the lock ends with the transaction.
        self._run("SELECT pg_advisory_xact_lock(hashtext(%s))", f"raglake {self._table}")
        found = self._run(
            "SELECT obj_description(to_regclass(%s), 'pg_class'), to_regclass(%s)::text", *[self._quoted] * 2
        )
        comment, table = found.fetchone()
        if table is None:
            return None
        try:
            state = json.loads(comment or "null")
        except ValueError as error:
            raise foreign(f"the table {self._table}") from error
        held = HeldState.from_json(state, f"the table {self._table}")
        self._register(self._connection)
        return held

    @property
    def _quoted(self) -> str:
        return f'"{self._table}"'

    def begin(self, target: HeldState, *, anew: bool) -> None:
        if self._run("SELECT to_regclass(%s) IS NULL", self._quoted).fetchone()[0]:
            if not self._run("SELECT 1 FROM pg_extension WHERE extname = 'vector'").fetchone():
                self._run("CREATE EXTENSION vector")
            columns = ", ".join(f"{name} text" for name in _TEXTS)
            self._run(
                f"CREATE TABLE {{table}} (chunk_id text PRIMARY KEY, vector vector({target.dimensions}) NOT NULL, "
                f"readers text[] NOT NULL, payload jsonb NOT NULL, {columns})"
            )
            self._run("CREATE INDEX ON {table} USING gin (readers)")  # named by the server: a name may be taken
            self._register(self._connection)
        elif anew:
            self._run("DELETE FROM {table}")
            self._run(f"ALTER TABLE {{table}} ALTER COLUMN vector TYPE vector({target.dimensions})")

    def listing(self) -> Iterator[tuple[str, str]]:
        return iter(self._run("SELECT chunk_id, row_digest FROM {table}").fetchall())

    def apply(self, rows: VectorRows | None, removed: Sequence[str]) -> None:
        if removed:
            self._run("DELETE FROM {table} WHERE chunk_id = ANY(%s)", list(removed))
        if not rows or not rows.ids:
            return
        values = [
            (chunk_id, vector, *_encoded(payload))
            for chunk_id, vector, payload in zip(rows.ids, rows.vectors, rows.payloads, strict=True)
        ]
        self._run("CREATE TEMP TABLE IF NOT EXISTS incoming (LIKE {table}) ON COMMIT DROP")
        into = f"COPY incoming ({', '.join(_COLUMNS)}) FROM STDIN"
        with self._connection.cursor() as cursor, cursor.copy(into) as copy:
            for value in values:
                copy.write_row(value)
        new = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])
        self._run(
            f"INSERT INTO {{table}} ({', '.join(_COLUMNS)}) SELECT {', '.join(_COLUMNS)} FROM incoming "
            f"ON CONFLICT (chunk_id) DO UPDATE SET {new}"
        )
        self._run("TRUNCATE incoming")

    def count(self) -> int:
        return int(self._run("SELECT count(*) FROM {table}").fetchone()[0])

    def fetch(self, ids: Sequence[str]) -> VectorRows:
        found = self._run("SELECT chunk_id, vector, payload, text FROM {table} WHERE chunk_id = ANY(%s)", list(ids))
        rows = found.fetchall()
        vectors = np.array([row[1].to_numpy() if hasattr(row[1], "to_numpy") else row[1] for row in rows], np.float32)
        return VectorRows([row[0] for row in rows], vectors, [{**row[2], "text": row[3]} for row in rows])

    def nearest(self, vectors: np.ndarray, k: int) -> list[list[str]]:
        # Others may have added an approximate index.
        self._run("SET LOCAL enable_indexscan = off")
        query = "SELECT chunk_id FROM {table} ORDER BY vector <#> %s LIMIT %s"
        return [[row[0] for row in self._run(query, vector, k).fetchall()] for vector in vectors]

    def finish(self, state: HeldState) -> None:
        comment = self._sql.Literal(json.dumps(state.to_json()))
        table = self._sql.Identifier(self._table)
        self._connection.execute(self._sql.SQL("COMMENT ON TABLE {} IS {}").format(table, comment))
        self._connection.commit()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


def _split_table(place: str) -> tuple[str, str]:
    """The connection's URL and the table's name."""
    parts = urlsplit(place)
    words = dict(parse_qsl(parts.query))
    table = words.pop("table", "")
    if parts.scheme not in ("postgresql", "postgres") or not _TABLE.fullmatch(table):
        raise UsageError(
            f"{place!r} must be postgresql://HOST/DATABASE?table=TABLE, the table of letters, digits and _, at most 63"
        )
    return urlunsplit(parts._replace(query=urlencode(words))), table


def _encoded(payload: Any) -> tuple[Any, ...]:
    """Values of the columns from ``readers`` on. PostgreSQL has no zero character in texts."""
    plain = {name: _without_zero(value) for name, value in payload.items()}
    others = json.dumps({name: value for name, value in plain.items() if name != "text"})
    return (list(plain["readers"]), others, *(plain.get(name) for name in _TEXTS))


def _without_zero(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_zero(one) for one in value]
    return value.replace("\0", "") if isinstance(value, str) else value
