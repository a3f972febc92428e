"""What an export writes of a lake that it holds already, and what readers see meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lake.destinations.destination import ReleaseTables
from lake.destinations.parquet import STATE, ParquetFolder
from lake.destinations.sync import Synced, sync
from lake.directory import Lake
from lake.errors import UsageError
from tests.house import ROOT
from tests.lake.destinations.conftest import Lakes

STEPS = ("changed", "deleted", "renamed")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "copy"


def exported(lake: Lake, folder: Path, release: str) -> Synced:
    return sync(lake, f"parquet:{folder}", at=release)


def state_of(folder: Path) -> dict[str, Any]:
    state: dict[str, Any] = json.loads((folder / STATE).read_text())
    return state


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet")}


def read(folder: Path, state: dict[str, Any], table: str) -> pa.Table:
    rows = pa.concat_tables(pq.read_table(folder / path) for path in state["tables"][table])
    return rows.sort_by(rows.column_names[0])


def test_an_export_writes_only_what_differs_and_equals_a_fresh_one(lakes: Lakes, folder: Path, tmp_path: Path) -> None:
    whole = exported(lakes.early, folder, lakes.releases["full"]).n_bytes
    for step in (*STEPS, "full"):
        done = exported(lakes.early, folder, lakes.releases[step])
        assert done.n_bytes < 0.9 * whole
        fresh = tmp_path / step
        assert exported(lakes.early, fresh, lakes.releases[step]).n_bytes == whole or step != "full"
        assert state_of(folder)["tables"] == state_of(fresh)["tables"]
        for path in files_of(fresh):
            assert pq.read_table(folder / path).equals(pq.read_table(fresh / path))


def test_a_reader_in_the_middle_sees_one_release(lakes: Lakes, folder: Path) -> None:
    exported(lakes.early, folder, lakes.releases["full"])
    before = state_of(folder)
    rows = {table: read(folder, before, table) for table in before["tables"]}
    exported(lakes.early, folder, lakes.releases["renamed"])
    assert state_of(folder)["release"] == lakes.releases["renamed"]
    for table, held in rows.items():
        assert read(folder, before, table).equals(held)
    exported(lakes.early, folder, lakes.releases["changed"])
    left = {path for table in before["tables"].values() for path in table} - files_of(folder)
    assert left == {path for table in before["tables"].values() for path in table} - _all(state_of(folder))


def _all(state: dict[str, Any]) -> set[str]:
    return {path for paths in state["tables"].values() for path in paths} | set(state["earlier"])


@pytest.mark.parametrize("later", ["restricted", "erased"])
def test_nothing_stays_of_rights_or_rows_that_were_taken_away(lakes: Lakes, folder: Path, later: str) -> None:
    exported(lakes.restricted if later == "erased" else lakes.early, folder, lakes.releases["renamed"])
    exported(getattr(lakes, later), folder, lakes.releases["renamed"])
    state = state_of(folder)
    assert state["earlier"] == []
    assert files_of(folder) == _all(state)
    rows = read(folder, state, "chunks").to_pylist()
    assert {tuple(row["acl"]) for row in rows if row["uri"] == "007.md"} == {("board",)}
    assert bool([row for row in rows if row["uri"] == "secret.md"]) == (later == "restricted")


KILLED = """
import os, sys
from lake.destinations.sync import sync
from lake.directory import Lake
from lake.storage import store
write, n = store.LocalStore.write, 0
def dying(self, path, data):
    global n
    n += path.endswith(".parquet")
    if n > 3:
        os.kill(os.getpid(), 9)
    write(self, path, data)
store.LocalStore.write = dying
sync(Lake.existing(sys.argv[1]), sys.argv[2], at=sys.argv[3])
"""


def test_a_killed_export_leaves_the_release_before_and_is_completed(lakes: Lakes, folder: Path) -> None:
    early, releases = lakes.early, lakes.releases
    exported(early, folder, releases["full"])
    before = state_of(folder)
    words = [sys.executable, "-c", KILLED, early.url, f"parquet:{folder}", releases["renamed"]]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    assert subprocess.run(words, env=environment, check=False).returncode == -9
    assert state_of(folder) == before
    n_before = len(files_of(folder))
    assert n_before > len(_all(before))
    exported(early, folder, releases["renamed"])
    assert files_of(folder) == _all(state_of(folder))
    assert read(folder, state_of(folder), "chunks").num_rows == state_of(folder)["rows"]["chunks"]


def test_a_copy_of_the_earlier_format_is_replaced_and_files_of_others_stay(lakes: Lakes, folder: Path) -> None:
    held = exported(lakes.early, folder, lakes.releases["full"])
    old = folder / held.mark / "chunks"
    old.mkdir(parents=True)
    (old / "00000.parquet").write_bytes(b"PAR1")
    (folder / "notes.txt").write_text("somebody's")
    tables = {table: f"{held.mark}/{table}" for table in ("documents", "parents", "chunks")}
    (folder / STATE).write_text(json.dumps({"release": held.release, "mark": held.mark, "tables": tables}))
    assert exported(lakes.early, folder, lakes.releases["full"]).method == "copy"
    assert sorted(path.name for path in folder.iterdir()) == ["chunks", "documents", "notes.txt", "parents", STATE]
    assert state_of(folder)["format"] == 2


def test_a_folder_of_a_later_format_is_refused(lakes: Lakes, folder: Path) -> None:
    folder.mkdir()
    (folder / STATE).write_text(json.dumps({"format": 3, "mark": "x", "tables": {}}))
    with pytest.raises(UsageError, match="a later version of raglake"):
        exported(lakes.early, folder, lakes.releases["full"])


def test_polars_and_duckdb_read_it_with_one_line(lakes: Lakes, folder: Path) -> None:
    duckdb, pl = pytest.importorskip("duckdb"), pytest.importorskip("polars")
    exported(lakes.early, folder, lakes.releases["full"])
    exported(lakes.early, folder, lakes.releases["renamed"])
    n_rows = state_of(folder)["rows"]["chunks"]
    lazy = pl.scan_parquet([f"{folder}/{file}" for file in state_of(folder)["tables"]["chunks"]])
    assert lazy.select(pl.len()).collect().item() == n_rows
    duckdb.sql(
        f"SET VARIABLE files = (SELECT [concat('{folder}/', file) FOR file IN tables.chunks] FROM '{folder}/{STATE}')"
    )
    (found,) = duckdb.sql("SELECT count(*) FROM read_parquet(getvariable('files'))").fetchall()
    assert found == (n_rows,)


def test_rights_are_narrowed_before_another_release_is_written(
    lakes: Lakes, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported(lakes.early, folder, lakes.releases["full"])
    copied = ParquetFolder.sync

    def killed(place: ParquetFolder, tables: ReleaseTables) -> Any:
        if tables.release == lakes.releases["renamed"]:
            raise KeyboardInterrupt
        return copied(place, tables)

    with monkeypatch.context() as patch:
        patch.setattr(ParquetFolder, "sync", killed)
        with pytest.raises(KeyboardInterrupt):
            exported(lakes.restricted, folder, lakes.releases["renamed"])
    state = state_of(folder)
    assert state["release"] == lakes.releases["full"]
    seen = {row["uri"]: row["acl"] for row in read(folder, state, "documents").to_pylist()}
    assert (seen["007.md"], seen["008.md"], seen["009.md"]) == (["board"], ["hr"], None)
    exported(lakes.restricted, folder, lakes.releases["renamed"])
    fresh = folder.parent / "fresh"
    exported(lakes.restricted, fresh, lakes.releases["renamed"])
    assert state_of(folder)["tables"] == state_of(fresh)["tables"]
    assert files_of(folder) == files_of(fresh) | set(state_of(folder)["earlier"])
