"""Databases as sources: the torture table on PostgreSQL, SQLite and DuckDB; cursors, groups, types and refusals."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

import duckdb
import psycopg
import pytest

from flows.reindex import reindex
from flows.steps import PlainSteps
from lake.errors import TransientError, UsageError
from lake.options import RecipeOptions
from lake.sources.cursors import MOST_TALLIED
from lake.sources.listing import listing
from lake.sources.protocol import Cursor, CursorLost
from lake.sources.source import parse_source
from tasks.job import Job
from tests.flows.conftest import PostgresServer
from tests.torture import Rig, Torture

HASH = RecipeOptions(embedder="hash")


class DatabaseRig(Rig):
    """A table ``docs``, edited by SQL."""

    options = "?table=docs&id=name&text=body&acl=who&null_acl=open"
    made = "CREATE TABLE docs (name TEXT PRIMARY KEY, body TEXT, who TEXT)"

    def execute(self, query: str, *values: Any) -> None:
        raise NotImplementedError

    def put(self, name: str, text: str, acl: list[str] | None = None) -> None:
        self.delete(name)
        self.execute("INSERT INTO docs VALUES (?, ?, ?)", name, text, "|".join(acl) if acl else None)

    def delete(self, name: str) -> None:
        self.execute("DELETE FROM docs WHERE name = ?", name)


class SqliteRig(DatabaseRig):
    def __init__(self, path: Path) -> None:
        self.path = path
        self.execute(self.made)

    @property
    def url(self) -> str:
        return f"sqlite:{self.path}{self.options}"

    def execute(self, query: str, *values: Any) -> None:
        with closing(sqlite3.connect(self.path)) as database, database:
            database.execute(query, values)

    @contextmanager
    def broken(self) -> Iterator[None]:
        whole = self.path.read_bytes()
        self.path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
        yield
        self.path.write_bytes(whole)

    @contextmanager
    def refused(self) -> Iterator[None]:
        self.path.rename(self.path.with_name("away"))
        yield
        self.path.with_name("away").rename(self.path)


class DuckdbRig(SqliteRig):
    options = DatabaseRig.options + "&version=body"

    @property
    def url(self) -> str:
        return f"duckdb:{self.path}{self.options}"

    def execute(self, query: str, *values: Any) -> None:
        with duckdb.connect(self.path) as database:
            database.execute(query, values)
            database.execute("CHECKPOINT")


class PostgresRig(DatabaseRig):
    """Rows with a cursor column and a tombstone column; a broken listing divides by zero in the middle."""

    options = "?table=docs&id=name&text=body&acl=who&null_acl=open&cursor=changed&deleted=gone&password=$PG_DOCS"
    broken_at: ClassVar[str] = "CASE WHEN name = 'd10' THEN (1 / (length(name) - 3))::text ELSE body END"

    def __init__(self, server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.server, self.patch = server, monkeypatch
        monkeypatch.setenv("PG_DOCS", "s3cr3t")
        self.execute("DROP TABLE IF EXISTS docs CASCADE")
        self.execute(
            "CREATE TABLE docs (name TEXT PRIMARY KEY, body TEXT, who TEXT[], gone BOOLEAN DEFAULT false,"
            " changed TIMESTAMPTZ DEFAULT clock_timestamp())"
        )

    @property
    def url(self) -> str:
        return self.server.url + self.options

    def execute(self, query: str, *values: Any) -> list[Any]:
        with psycopg.connect(self.server.url, password="s3cr3t", autocommit=True) as connection:
            found = connection.execute(query.encode(), values)
            return found.fetchall() if found.description else []

    def put(self, name: str, text: str, acl: list[str] | None = None) -> None:
        self.execute(
            "INSERT INTO docs VALUES (%s, %s, %s) ON CONFLICT (name) DO UPDATE SET body = excluded.body,"
            " who = excluded.who, gone = false, changed = clock_timestamp()",
            name,
            text,
            acl,
        )

    def delete(self, name: str) -> None:
        self.execute("UPDATE docs SET gone = true, changed = clock_timestamp() WHERE name = %s", name)

    @contextmanager
    def broken(self) -> Iterator[None]:
        self.execute("ALTER TABLE docs RENAME TO kept")
        failing = "CASE WHEN name = 'd10' THEN (1 / (length(name) - 3))::text ELSE name END AS name"
        self.execute(f"CREATE VIEW docs AS SELECT {failing}, body, who, gone, changed FROM kept")
        yield
        self.execute("DROP VIEW docs")
        self.execute("ALTER TABLE kept RENAME TO docs")

    @contextmanager
    def refused(self) -> Iterator[None]:
        self.patch.setenv("PG_DOCS", "s3cr3t-wrong")
        yield
        self.patch.setenv("PG_DOCS", "s3cr3t")


@pytest.mark.parametrize("rig", [SqliteRig, DuckdbRig])
def test_the_torture_table(tmp_path: Path, rig: type[SqliteRig]) -> None:
    Torture(rig(tmp_path / "docs.db"), str(tmp_path / "lake")).everything(str(tmp_path / "fresh"))


def test_the_torture_table_on_postgresql(
    tmp_path: Path, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    torture = Torture(PostgresRig(postgres, monkeypatch), str(tmp_path / "lake"))
    torture.everything(str(tmp_path / "fresh"), erasing=True)


def test_only_what_changed_is_requested_and_a_full_listing_finds_what_the_cursor_lost(
    tmp_path: Path, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = PostgresRig(postgres, monkeypatch)
    rig.options += "&overlap=0"
    torture = Torture(rig, str(tmp_path / "lake"))
    torture.build()
    rig.execute("DELETE FROM docs WHERE name = 'd05'")  # leaves no trace that a cursor could see
    rig.execute("UPDATE docs SET body = 'late' WHERE name = 'd06'")  # without touching the cursor column
    assert torture.run().reason == "nothing to do"
    assert (torture.run(full=True).removed, torture.state().version) == (1, "")


@pytest.mark.parametrize("group", ["", "&group=1&order=id"])
@pytest.mark.parametrize(
    ("column", "now", "past"),
    [("changed", "datetime('now')", "2026-01-02 03:04:05"), ("changed_at", "unixepoch()", 1_700_000_000)],
)
def test_a_second_change_of_the_same_second_is_found(
    tmp_path: Path, column: str, now: str, past: str | int, group: str
) -> None:
    """The clock of the database tells whole seconds, and a run came in between."""
    path = made(tmp_path, f"id, body, {column}", ("old", "old", past), ("a", "one", None))
    path = path.rename(tmp_path / "t.db")
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(f"UPDATE t SET {column} = {now} WHERE id = 'a'")
    job = Job((f"docs=sqlite:{path}?table=t&text=body&cursor={column}{group}",), str(tmp_path / "lake"), HASH)
    with PlainSteps() as steps:
        assert reindex(job, steps).added == 2
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("UPDATE t SET body = 'two'")
        assert reindex(job, steps).changed == 1, "the old row counts by its time, as documented"


PAST = "2026-01-02 03:04:05.000001"


@pytest.fixture
def imported(tmp_path: Path) -> Path:
    """Rows that were imported with one time, and one that came later."""
    rows = [(f"i{n}", "imported", PAST) for n in range(40)]
    return made(tmp_path, "id, body, at", *rows, ("later", "later", "2026-01-02 03:05:00")).rename(tmp_path / "t.db")


def told(path: Path, since: str | None, options: str = "") -> tuple[set[str], str]:
    """What a listing from a position gives, and the next position."""
    *items, cursor = parse_source(f"sqlite:{path}?table=t&text=body&cursor=at{options}").changes(since)
    assert isinstance(cursor, Cursor)
    return {item[0] for item in items}, cursor.position


@pytest.mark.parametrize("group", ["", "&group=1&order=id"])
def test_rows_with_one_time_are_listed_again_only_if_another_row_comes_to_it(imported: Path, group: str) -> None:
    everything, position = told(imported, None, group)
    assert len(everything) == 41
    assert told(imported, position, group) == ((set(), position) if not group else (everything, position))
    with closing(sqlite3.connect(imported)) as database, database:
        database.execute("UPDATE t SET at = '2026-01-02 04:00:00' WHERE id = 'i7'")
        database.execute("DELETE FROM t WHERE id = 'i8'")  # without a mark: nothing tells of it
    found, after = told(imported, position, group)
    assert found == {"i7.txt"} if not group else "i7.txt" in found
    with closing(sqlite3.connect(imported)) as database, database:
        database.execute("INSERT INTO t VALUES ('late', 'a transaction that took long', ?)", (PAST,))
        database.execute("INSERT INTO t VALUES ('alone', 'another one', '2026-01-02 03:59:00')")
    found, again = told(imported, after, group)
    assert {"late.txt", "alone.txt"} <= found
    assert told(imported, again, group)[0] == (set() if not group else found | {"later.txt"})


def test_times_that_are_not_over_are_listed_again(imported: Path) -> None:
    with closing(sqlite3.connect(imported)) as database, database:
        database.execute("UPDATE t SET at = datetime('now') || '.5+00:00' WHERE id = 'later'")
    _, position = told(imported, None)
    assert told(imported, position) == ({"later.txt"}, position), "as long as transactions may be open"


def test_a_cursor_of_many_times_has_no_tally(tmp_path: Path) -> None:
    rows = [(n, "body", f"2026-01-02 03:04:05.{n:06}") for n in range(1, 3 * MOST_TALLIED)]
    path = made(tmp_path, "id, body, at", *rows).rename(tmp_path / "t.db")
    _, position = told(path, None)
    assert position == json.dumps(["text", rows[-1][-1]])
    assert len(told(path, position)[0]) == len(rows)
    assert len(told(path, told(path, None, "&overlap=0")[1], "&overlap=0")[0]) == 0


@pytest.mark.parametrize("now", ["datetime('now')", "datetime('now') || '.25+00:00'"])
def test_a_row_that_is_read_as_it_was_before_its_listing_ends_the_run(tmp_path: Path, now: str) -> None:
    """Of several replicas behind one address, the one that is read may lag behind the one that was listed."""
    path = made(tmp_path, "id, body, at", ("a", "old", PAST), ("b", "old", PAST)).rename(tmp_path / "t.db")
    lagging = path.read_bytes()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(f"UPDATE t SET body = 'new', at = {now} WHERE id = 'a'")
    ahead = path.read_bytes()
    source = parse_source(f"sqlite:{path}?table=t&text=body&cursor=at")
    listing([source])
    for state, known in ((lagging, False), (ahead, True)):
        path.write_bytes(state)
        with nullcontext() if known else pytest.raises(TransientError, match="does a replica lag"):
            assert list(source.read_each(["a.txt", "b.txt"])) == [b"new", b"old"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("TIMESTAMP", "TIMESTAMPTZ"),
        ("TIMESTAMP", "BIGINT USING epoch_us(changed)"),
        ("TIMESTAMP", "TEXT"),
        ("DATE", "TIMESTAMP"),
    ],
)
def test_a_cursor_column_that_got_another_type_is_listed_in_full(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "t.db"
    address = f"duckdb:{path}?table=t&text=body&cursor=changed"
    with closing(duckdb.connect(str(path))) as database:
        database.execute(f"CREATE TABLE t (id TEXT, body TEXT, changed {old})")
        database.execute("INSERT INTO t VALUES ('a', 'one', '2026-01-02')")
    *_, cursor = parse_source(address).changes(None)
    with closing(duckdb.connect(str(path))) as database:
        database.execute(f"ALTER TABLE t ALTER changed SET DATA TYPE {new}")
        database.execute("INSERT INTO t SELECT 'b', 'two', changed FROM t")
    with pytest.raises(CursorLost):
        list(parse_source(address).changes(cursor.position))
    assert len(list(parse_source(address).changes(None))) == 3


def test_a_cursor_column_of_several_types_is_named(tmp_path: Path) -> None:
    path = made(tmp_path, "id, body, n", ("a", "one", 7), ("b", "two", "2026-01-02")).rename(tmp_path / "t.db")
    with pytest.raises(UsageError, match="'n' holds both int and str"):
        list(parse_source(f"sqlite:{path}?table=t&text=body&cursor=n").changes(None))


def test_rows_with_a_time_that_tells_less_than_a_second_are_read_once(tmp_path: Path) -> None:
    path = made(tmp_path, "id, body, changed", ("a", "one", None)).rename(tmp_path / "t.db")
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE t SET changed = strftime('%Y-%m-%d %H:%M:%f7', 'now')")
    (found,) = listing([parse_source(f"sqlite:{path}?table=t&text=body&cursor=changed")]).to_pylist()
    assert found["etag"], "there may be a change in the same microsecond, but no run in between"


def made(tmp_path: Path, columns: str, *rows: tuple[Any, ...]) -> Path:
    path = tmp_path / "a ?#%.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(f"CREATE TABLE t ({columns})")
        marks = ", ".join("?" * len(rows[0]))
        database.executemany(f"INSERT INTO t VALUES ({marks})", rows)
    return path


@pytest.mark.parametrize("kind", ["INTEGER", "REAL", "TEXT", ""])
def test_keys_of_any_type_are_read_again(tmp_path: Path, kind: str) -> None:
    rows = ((7, "seven"), (8.5, "more"), (9, "n") if kind else ("x'\"y", "odd"))
    path = made(tmp_path, f"id {kind}, body TEXT", *rows).rename(tmp_path / "t.db")
    source = parse_source(f"sqlite:{path}?table=t&text=body")
    rows = listing([source])["uri"].to_pylist()
    assert len(rows) == 3
    assert all(isinstance(data, bytes) for data in source.read_each(rows))


@pytest.mark.parametrize("grouped", ["", "&group=1&order=body"])
@pytest.mark.parametrize("kind", ["REAL", ""])
def test_numbers_of_any_length_are_keys_of_their_own(tmp_path: Path, kind: str, grouped: str) -> None:
    keys = (0.1, 0.1234567890123456, 0.12345678901234568, 1e16, 123456789.123456789, 1 / 3, float("inf"))
    path = made(tmp_path, f"id {kind}, body", *((key, str(key)) for key in keys)).rename(tmp_path / "t.db")
    source = parse_source(f"sqlite:{path}?table=t&text=body{grouped}")
    uris = listing([source])["uri"].to_pylist()
    assert {"0.1.txt", "1.0e+16.txt", "0.1234567890123456.txt"} < set(uris), "those that were read keep their names"
    read = [data.decode() for data in source.read_each(uris) if isinstance(data, bytes)]
    assert sorted(map(float, read)) == sorted(keys)
    assert [float(uri.removesuffix(".txt")) for uri in uris] == [float(text) for text in read]


def test_keys_that_are_bytes_are_read_again(tmp_path: Path) -> None:
    path = made(tmp_path, "id BLOB, body TEXT", (b"abc", "one"), (b"0", "two")).rename(tmp_path / "t.db")
    source = parse_source(f"sqlite:{path}?table=t&text=body")
    assert listing([source])["uri"].to_pylist() == ["0.txt", "abc.txt"]
    assert list(source.read_each(["0.txt", "abc.txt"])) == [b"two", b"one"]


@pytest.mark.parametrize(
    ("kind", "past", "to_come"),
    [
        ("TIMESTAMP", "2026-01-02 03:04:05.000006", "2099-01-01"),
        ("TIMESTAMPTZ", "2026-01-02 03:04:05+00", "infinity"),
        ("DATE", "2026-01-02", "2099-01-01"),
        ("DATE", "0001-01-01", "2099-01-01"),
        ("TEXT", "2026-01-02 03:04:05", "2099-01-01 00:00:00"),
        ("DOUBLE", "1.5", "nan"),
        ("DOUBLE", "1.5", "inf"),
    ],
)
def test_a_time_to_come_hides_no_later_change(tmp_path: Path, kind: str, past: str, to_come: str) -> None:
    path = tmp_path / "t.db"
    with closing(duckdb.connect(str(path))) as database:
        database.execute(f"CREATE TABLE t (id TEXT, body TEXT, changed {kind})")
        database.execute("INSERT INTO t VALUES ('a', 'a', ?), ('wrong', 'w', ?)", [past, to_come])
        database.execute("CREATE VIEW v AS SELECT * FROM t WHERE id = 'wrong'")
    address = f"duckdb:{path}?text=body&cursor=changed&table="
    *_, cursor = parse_source(f"{address}t").changes(None)
    changed = [item[0] for item in parse_source(f"{address}t").changes(cursor.position)]
    assert changed[:-1] == ["wrong.txt"], "again with each listing"
    *_, cursor = parse_source(f"{address}v").changes(None)
    assert cursor.position == "", "no time has come: the next listing is full"


@pytest.mark.parametrize(
    ("column", "past", "to_come"),
    [
        ("changed_at", 1_767_000_000, 4_102_444_800),
        ("changedAt", 1_767_000_000.5, 4_102_444_800.5),
        ("updated", 1_767_000_000_000, 253_402_300_799_000),
        ("mtime_ns", 1_767_000_000_000_000_000, 2**63 - 1),
        ("time", 5, 253_402_300_799),
    ],
)
def test_a_number_that_is_a_time_to_come_hides_no_later_change(
    tmp_path: Path, column: str, past: float, to_come: float
) -> None:
    path = made(tmp_path, f"id, body, {column}", ("a", "a", past), ("w", "w", to_come)).rename(tmp_path / "t.db")
    address = f"sqlite:{path}?table=t&text=body&cursor={column}"
    *_, cursor = parse_source(address).changes(None)
    assert json.loads(cursor.position)[:2] == ["number", str(past)]
    assert [item[0] for item in parse_source(address).changes(cursor.position)][:-1] == ["w.txt"]
    with pytest.raises(CursorLost, match="in the future"):
        list(parse_source(address).changes(json.dumps(["number", str(to_come)])))


@pytest.mark.parametrize("column", ["revision", "updated_seq", "format"])
def test_other_numbers_are_no_times(tmp_path: Path, column: str) -> None:
    path = made(tmp_path, f"id, body, {column}", ("a", "a", 1), ("b", "b", 4_102_444_800)).rename(tmp_path / "t.db")
    *_, cursor = parse_source(f"sqlite:{path}?table=t&text=body&cursor={column}").changes(None)
    assert cursor.position == '["number", "4102444800"]'


def test_a_cursor_that_an_earlier_version_stored_may_be_in_the_future(tmp_path: Path) -> None:
    path = made(tmp_path, "id, body, at", ("a", "a", "2026-01-01")).rename(tmp_path / "t.db")
    with pytest.raises(CursorLost, match="in the future"):
        list(parse_source(f"sqlite:{path}?table=t&text=body&cursor=at").changes('["text", "2099-01-01"]'))


def test_groups_of_rows_form_documents(tmp_path: Path) -> None:
    rows = [("a", 2, "second", "x|y"), ("b", 1, "alone", "x"), ("a", 1, "first", "y|z")]
    path = made(tmp_path, "id, n, body, who", *rows).rename(tmp_path / "t.db")
    source = parse_source(f"sqlite:{path}?table=t&text=body&group=1&order=n&acl=who")
    found = {row["uri"]: row for row in listing([source]).to_pylist()}
    assert list(found) == ["a.txt", "b.txt"]
    assert json.loads(found["a.txt"]["declared"])["acl"] == ["y"]
    assert source.read("a.txt") == b"first\n\nsecond"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("DELETE FROM t WHERE n = 2")
    after = {row["uri"]: row for row in listing([source]).to_pylist()}
    assert after["a.txt"]["etag"] != found["a.txt"]["etag"]
    assert after["b.txt"]["etag"] == found["b.txt"]["etag"]


@pytest.mark.parametrize("content", ["text=body", "template=About%20{body}."])
def test_a_text_in_another_encoding_is_read_as_its_bytes(tmp_path: Path, content: str) -> None:
    """SQLite stores any bytes as a text. One such row must not end the listing of all."""
    with closing(sqlite3.connect(tmp_path / "t.db")) as database, database:
        database.execute("CREATE TABLE t (id TEXT, body TEXT, author TEXT)")
        database.execute(
            "INSERT INTO t VALUES ('a', CAST(x'4dfc6c6c' AS TEXT), CAST(x'fc' AS TEXT)), ('b', 'M\u00fcll', 'o')"
        )
    source = parse_source(f"sqlite:{tmp_path}/t.db?table=t&metadata=author&{content}")
    assert listing([source])["uri"].to_pylist() == ["a.txt", "b.txt"]
    assert b"M\xfcll" in source.read("a.txt")
    assert "M\u00fcll".encode() in source.read("b.txt")


def test_rows_of_one_place_in_a_group_have_an_order_of_their_own(tmp_path: Path) -> None:
    """A database gives them in any, and in another one after each change."""
    rows = [("a", 1, "x"), ("a", 1, "y"), ("a", 0, "z"), ("a", None, "v"), ("a", None, "w")]
    for number, given in enumerate((rows, rows[::-1])):
        path = made(tmp_path, "id, n, body", *given).rename(tmp_path / f"t{number}.db")
        source = parse_source(f"sqlite:{path}?table=t&text=body&group=1&order=n")
        assert source.read("a.txt") == b"v\n\nw\n\nz\n\nx\n\ny"
    marks = {
        listing([parse_source(f"sqlite:{tmp_path}/t{number}.db?table=t&text=body&group=1&order=n")])["etag"][0].as_py()
        for number in (0, 1)
    }
    assert len(marks) == 1


@pytest.mark.parametrize("grouped", ["", "&group=1&order=id"])
@pytest.mark.parametrize(
    "stated",
    ["NULL", "''", "'[\"x\", null]'", "'[x'", "repeat('[', 9999)", "7", "{'x': false}", "['x', NULL]", "'\\xff'::BLOB"],
)
def test_a_right_that_is_not_understood_admits_nobody(tmp_path: Path, stated: str, grouped: str) -> None:
    path = tmp_path / "t.db"
    with duckdb.connect(path) as database:
        database.execute(f"CREATE TABLE t AS SELECT 'a' AS id, 'one' AS body, {stated} AS who")
    [row] = listing([parse_source(f"duckdb:{path}?table=t&text=body&acl=who{grouped}")]).to_pylist()
    declared = json.loads(row["declared"])
    assert declared["acl"] == []
    assert ("problems" in declared) == (stated not in ("NULL", "''"))


def test_keys_of_groups_that_a_collation_takes_for_equal_are_two(tmp_path: Path) -> None:
    rows = (("a", 1, "one"), ("A", 2, "two"), ("a", 3, "three"))
    path = made(tmp_path, "id TEXT COLLATE NOCASE, n INTEGER, body", *rows).rename(tmp_path / "t.db")
    source = parse_source(f"sqlite:{path}?table=t&text=body&group=1&order=n")
    assert listing([source])["uri"].to_pylist() == ["A.txt", "a.txt"]
    assert list(source.read_each(["A.txt", "a.txt"])) == [b"two", b"one\n\nthree"]


def test_a_group_is_listed_whole_when_one_row_changed(tmp_path: Path) -> None:
    path = made(tmp_path, "id, n INTEGER, body", ("a", 1, "one"), ("a", 2, "two"), ("b", 1, "b"))
    path = path.rename(tmp_path / "t.db")
    source = parse_source(f"sqlite:{path}?table=t&text=body&group=1&order=n&cursor=n&overlap=0")
    *_, cursor = source.changes(None)
    assert json.loads(cursor[0]) == ["number", "2"]
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("INSERT INTO t VALUES ('a', 3, 'three')")
    (changed, after) = source.changes(cursor[0])
    assert changed[0] == "a.txt"
    assert json.loads(after[0]) == ["number", "3"]
    assert source.read("a.txt") == b"one\n\ntwo\n\nthree"


def test_a_query_may_be_anything_that_selects(tmp_path: Path) -> None:
    path = made(tmp_path, "id, body", ("a", "100%"), ("b", "none")).rename(tmp_path / "t.db")
    query = quote("SELECT id, upper(body) AS body FROM t WHERE body LIKE '%\\%' ESCAPE '\\';")
    source = parse_source(f"sqlite:{path}?query={query}&text=body")
    assert listing([source])["uri"].to_pylist() == ["a.txt"]
    assert source.read("a.txt") == b"100%"


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM t -- all of them",
        "SELECT * FROM t; -- all; of them",
        "-- of all;\nSELECT * FROM t /* x; */ ;\n;\n",
        "WITH every AS (SELECT * FROM t) SELECT * FROM every -- it's all",
        "SELECT id, body FROM t WHERE body <> '; -- x'",
    ],
)
@pytest.mark.parametrize("scheme", ["sqlite", "duckdb"])
def test_a_query_may_end_with_comments(tmp_path: Path, scheme: str, query: str) -> None:
    path = tmp_path / "t.db"
    connect: Any = sqlite3.connect if scheme == "sqlite" else duckdb.connect
    with closing(connect(path)) as database:
        database.execute("CREATE TABLE t AS SELECT 'a' AS id, 'one' AS body")
        database.commit()
    source = parse_source(f"{scheme}:{path}?query={quote(query)}&text=body")
    assert listing([source])["uri"].to_pylist() == ["a.txt"]
    assert source.read("a.txt") == b"one"


def test_queries_of_postgresql_may_hold_a_percent_sign(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = PostgresRig(postgres, monkeypatch)
    rig.put("a%b", "100%", ["anna"])
    query = quote("SELECT * FROM docs WHERE body LIKE '%\\%'")
    source = parse_source(f"{postgres.url}?query={query}&id=name&text=body&password=$PG_DOCS")
    assert listing([source])["uri"].to_pylist() == ["a%25b.txt"]
    assert list(source.read_each(["a%25b.txt"])) == [b"100%"]


def test_a_time_that_python_does_not_know_costs_no_other_row(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = PostgresRig(postgres, monkeypatch)
    rig.put("a", "text")
    odd = (
        "timestamptz 'infinity'",
        "timestamp '-infinity'",
        "date 'infinity'",
        "timestamptz '20000-01-01'",
        "date '0001-01-01 BC'",
    )
    for time in odd:
        query = quote(f"SELECT name, body, {time} AS until FROM docs UNION SELECT 'b', 'text', '2026-01-01 10:00'")
        source = parse_source(
            f"{postgres.url}?query={query}&id=name&text=body&cursor=until&metadata=until&password=$PG_DOCS"
        )
        *files, cursor = source.changes(None)
        assert sorted(file.uri for file in files) == ["a.txt", "b.txt"]
        assert "2026-01-01" in cursor.position, time
        list(source.changes(cursor.position))
    query = quote("SELECT name, body, 'NaN'::numeric AS until FROM docs")
    address = f"{postgres.url}?query={query}&id=name&text=body&cursor=until&password=$PG_DOCS"
    assert [*parse_source(address).changes(None)][-1].position == ""


def test_a_session_can_only_read(tmp_path: Path, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = PostgresRig(postgres, monkeypatch)
    rig.put("a", "x")
    rig.execute(
        "CREATE OR REPLACE FUNCTION ruin() RETURNS text LANGUAGE plpgsql AS"
        " $$ BEGIN DELETE FROM docs; RETURN 'x'; END $$"
    )
    query = quote("SELECT name AS id, ruin() AS body FROM docs")
    with pytest.raises((UsageError, TransientError), match="read-only transaction"):
        listing([parse_source(f"{postgres.url}?query={query}&text=body&password=$PG_DOCS")])
    assert rig.execute("SELECT count(*) FROM docs") == [(1,)]


def test_a_server_without_a_free_connection_is_asked_again(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = PostgresRig(postgres, monkeypatch)
    rig.put("a", "x")
    connect, failures = psycopg.connect, [psycopg.OperationalError("FATAL: sorry, too many clients already")]

    def busy(*args: Any, **words: Any) -> Any:
        if failures:
            raise failures.pop()
        return connect(*args, **words)

    monkeypatch.setattr(psycopg, "connect", busy)
    assert listing([parse_source(rig.url)]).num_rows == 1
    assert not failures


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("table=nothing&text=body", "nothing"),
        ("table=t&text=nobody", "nobody"),
        ("query=SELEC+1&text=body", "syntax error"),
        ("text=body", "needs either table=NAME or query=SELECT"),
        ("table=t&text=body&group=1", "needs order=COLUMN"),
        ("table=t&text=body&overlap=x", "must be a number"),
        ("table=t&text=body&metadata=title,ACL", "names 'ACL', which states rights; write acl=ACL"),
        ("table=t&text=body&cursor=bytes", "must hold times, numbers or texts"),
    ],
)
@pytest.mark.parametrize("scheme", ["sqlite", "duckdb"])
def test_wrong_options_are_named(tmp_path: Path, scheme: str, options: str, message: str) -> None:
    path = tmp_path / "t.db"
    with duckdb.connect(path) if scheme == "duckdb" else closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE t (id TEXT, body TEXT, bytes BLOB)")
        database.execute("INSERT INTO t VALUES ('a', 'x', ?)", [b"x"])
        database.commit()
    with pytest.raises(UsageError, match=message):
        list(parse_source(f"{scheme}:{path}?{options}").changes(None))


def test_files_that_are_no_database_are_named(tmp_path: Path) -> None:
    (tmp_path / "t.db").write_text("this is no database, but long enough to be read as one\n" * 100)
    for scheme in ("sqlite", "duckdb"):
        with pytest.raises(UsageError, match=r"t\.db"):
            listing([parse_source(f"{scheme}:{tmp_path}/t.db?table=t&text=body")])
        with pytest.raises(UsageError, match="no such source"):
            listing([parse_source(f"{scheme}:{tmp_path}/none.db?table=t&text=body")])
