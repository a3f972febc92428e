"""What tells of changes: no change between two looks is missed, whatever a source does with its cursor."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from flows.following import CursorFollower, FolderFollower, NoticesOnly, WaitingKeys, followers
from lake.options.watch import WatchOptions
from lake.sources.source import parse_source
from tests.waiting import until

HOUR = 3600.0


@contextmanager
def following(address: str) -> Iterator[CursorFollower]:
    """One that looks when it is asked to."""
    stop = threading.Event()
    follower = CursorFollower(parse_source(address), WaitingKeys(), stop, HOUR)
    follower.start()
    yield follower
    stop.set()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / "t.db")) as database:
        database.execute("CREATE TABLE t (id TEXT, body TEXT, n INTEGER)")
    return tmp_path / "t.db"


def insert(path: Path, *row: object) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("INSERT INTO t VALUES (?, ?, ?)", row)


def test_the_first_rows_of_an_empty_table_are_told(database: Path) -> None:
    with following(f"sqlite:{database}?table=t&text=body&cursor=n&overlap=0") as follower:
        assert follower.changed() == set()
        insert(database, "a", "one", 1)
        assert follower.changed() == {"a.txt"}
        insert(database, "b", "two", 2)
        assert "b.txt" in follower.changed()


def test_rows_that_a_cursor_looks_back_at_are_told_once(tmp_path: Path) -> None:
    """Otherwise each look would cause a run, for as long as nothing else changes."""
    with closing(sqlite3.connect(tmp_path / "t.db")) as database, database:
        database.execute("CREATE TABLE t (id TEXT, body TEXT, n TEXT)")
        database.execute("INSERT INTO t VALUES ('a', 'one', '2026-01-02 03:04:05'), ('b', 'one', datetime('now'))")
    with following(f"sqlite:{tmp_path}/t.db?table=t&text=body&cursor=n&overlap=600") as follower:
        assert follower.changed() == set()
        insert(tmp_path / "t.db", "c", "one", "2026-01-02 03:04:06")
        insert(tmp_path / "t.db", "d", "one", "2999-01-02 03:04:06")
        assert follower.changed() == {"d.txt"}
        assert follower.changed() == set()
        with closing(sqlite3.connect(tmp_path / "t.db")) as database, database:
            database.execute("UPDATE t SET n = n || '.5' WHERE id = 'b'")
        assert follower.changed() == {"b.txt"}
        assert follower.changed() == set()


def test_each_change_of_a_table_that_is_a_file_is_told(tmp_path: Path) -> None:
    """Its cursor is lost by each change."""
    table = tmp_path / "t.csv"
    table.write_text("id,body\na,one\n")
    with following(f"table:{table}?text=body") as follower:
        for n in range(3):
            table.write_text(f"id,body\na,{'one' * n}\nb,two\n")
            assert follower.changed() == {""}
        assert follower.changed() == set()


def test_a_table_without_a_cursor_is_not_read_all_the_time(database: Path) -> None:
    sources = {name: parse_source(f"sqlite:{database}?table=t&text=body{name}") for name in ("", "&cursor=n")}
    found = followers(sources, WatchOptions(), WaitingKeys(), threading.Event())
    assert [type(one) for one in found.values()] == [NoticesOnly, CursorFollower]


def test_a_link_that_leads_to_another_folder_is_noticed(tmp_path: Path) -> None:
    pytest.importorskip("watchfiles")
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    (tmp_path / "docs").symlink_to("old")
    changes, stop = WaitingKeys(), threading.Event()
    FolderFollower(parse_source(f"docs={tmp_path}/docs"), changes, stop).start()
    (tmp_path / "next").symlink_to("new")
    (tmp_path / "next").replace(tmp_path / "docs")
    until(lambda: len(changes) > 0, "the switch was not told")
    assert list(changes.take()["docs"].keys) == [""]
    page = tmp_path / "new" / "a.md"
    until(lambda: page.write_text("A pump.\n") and len(changes) > 0, "a file in the new folder was not told")
    stop.set()
