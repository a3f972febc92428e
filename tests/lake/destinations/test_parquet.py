"""A release as Parquet files: complete, replaced in one step, and never with rights or rows of yesterday."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import lake
from flows.reindex import Outcome
from lake import operate
from lake.destinations import registry
from lake.destinations.destination import TABLES, ReleaseTables
from lake.destinations.parquet import STATE, ParquetFolder
from lake.destinations.sync import sync
from lake.directory import Lake
from lake.errors import ContractError, RefusedError, UsageError
from lake.storage.store import open_store
from tests.lake import patterns
from tests.lake.patterns import pattern_of


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files = {f"{number}.md": f"# Lamp {number}\n\nLamp {number} burns whale oil." for number in range(5)}
    return pattern_of(tmp_path_factory.mktemp("pattern"), {**files, "1.md.meta.json": '{"acl": ["hr"]}'})


@pytest.fixture
def built(pattern: Path, source: Path, lake_url: str) -> str:
    patterns.copied(pattern, source, lake_url)
    return lake_url


def copied(folder: Path) -> dict[str, Any]:
    """The tables that the state file names."""
    state = json.loads((folder / STATE).read_text())
    return {
        table: pa.concat_tables(pq.read_table(folder / path) for path in paths)
        for table, paths in state["tables"].items()
    }


def test_the_copy_holds_what_the_release_holds(built: str, tmp_path: Path) -> None:
    done = operate.export(built, f"parquet:{tmp_path / 'copy'}")
    index = lake.open_lake(built)
    for table, rows in copied(tmp_path / "copy").items():
        held = index.dataset(table).to_table()
        key = held.column_names[0]
        assert rows.sort_by(key).equals(held.replace_schema_metadata().sort_by(key))
        assert rows.num_rows == done.n_rows[table]
    assert (done.written, done.release) == (True, index.release().id)
    assert not operate.export(built, f"parquet:{tmp_path / 'copy'}").written


def test_a_copy_can_live_in_a_bucket(built: str, bucket: str) -> None:
    assert operate.export(built, f"parquet:{bucket}/copy").written
    assert not operate.export(built, f"parquet:{bucket}/copy").written
    operate.forget(built, uri="3.md", why="a request")
    assert operate.export(built, f"parquet:{bucket}/copy").written
    copy = open_store(f"{bucket}/copy")
    named = json.loads(copy.read(STATE))["tables"].values()
    assert {found.path for found in copy.walk()} == {STATE, *(path for paths in named for path in paths)}


def test_a_later_export_replaces_the_earlier_one(
    built: str, source: Path, tmp_path: Path, ingest: Callable[..., Outcome]
) -> None:
    destination, first = f"parquet:{tmp_path / 'copy'}", lake.open_lake(built).release().id
    operate.export(built, destination)
    (source / "0.md").write_text("Something else.")
    ingest()
    operate.export(built, destination)
    assert "Something else." in copied(tmp_path / "copy")["parents"]["text"].to_pylist()
    assert operate.export(built, destination, at=first).written
    assert "Something else." not in copied(tmp_path / "copy")["parents"]["text"].to_pylist()


def test_rights_are_those_of_today(built: str, source: Path, tmp_path: Path, ingest: Callable[..., Outcome]) -> None:
    destination, first = f"parquet:{tmp_path / 'copy'}", lake.open_lake(built).release().id
    operate.export(built, destination)
    assert acls(tmp_path / "copy")["1.md"] == ["hr"]
    (source / "1.md.meta.json").write_text('{"acl": ["board"]}')
    (source / "2.md.meta.json").write_text('{"acl": ["hr"]}')
    ingest()
    assert operate.export(built, destination, at=first).written
    assert acls(tmp_path / "copy") == {"0.md": None, "1.md": ["board"], "2.md": ["hr"], "3.md": None, "4.md": None}


def acls(folder: Path) -> dict[str, list[str] | None]:
    tables = copied(folder)
    found = [
        dict(zip(tables[name]["uri"].to_pylist(), tables[name]["acl"].to_pylist(), strict=True))
        for name in ("documents", "chunks")
    ]
    assert found[0] == found[1]
    return found[0]


def test_after_an_erasure_the_same_release_is_copied_anew(built: str, tmp_path: Path) -> None:
    destination = f"parquet:{tmp_path / 'copy'}"
    operate.export(built, destination)
    operate.forget(built, uri="3.md", why="a request")
    assert operate.export(built, destination).written
    assert "3.md" not in copied(tmp_path / "copy")["documents"]["uri"].to_pylist()
    assert not tells(tmp_path / "copy", "Lamp 3")


def test_a_copy_that_was_cut_short_is_made_again(built: str, tmp_path: Path) -> None:
    place, owner = ParquetFolder(str(tmp_path / "copy")), registry.lake_identity(Lake.existing(built))

    def cut(table: str) -> Any:
        raise OSError("the network went away")

    with pytest.raises(OSError, match="network"):
        place.sync(ReleaseTables(owner, "r", "r-1", dict.fromkeys(TABLES, 0), cut, cut, lambda: cut(""), "", ""))
    assert place.held() is None
    assert operate.export(built, f"parquet:{tmp_path / 'copy'}").written


def test_what_a_kill_before_the_deletion_left_is_removed_by_the_next_sync(
    built: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy, lake = tmp_path / "copy", Lake.existing(built)
    sync(lake, f"parquet:{copy}")
    operate.forget(built, uri="3.md", why="a request")
    with monkeypatch.context() as killed:
        killed.setattr(ParquetFolder, "_delete", _die)
        with pytest.raises(KeyboardInterrupt):
            sync(lake, f"parquet:{copy}")
    assert tells(copy, "Lamp 3")
    assert [one.is_due(lake.log.read()) for one in registry.known_destinations(lake)] == [True]
    assert sync(lake, f"parquet:{copy}").method == "copy"
    assert not tells(copy, "Lamp 3")
    assert sync(lake, f"parquet:{copy}").method == "none"


def _die(*_: object) -> None:
    raise KeyboardInterrupt


def tells(folder: Path, words: str) -> bool:
    """Whether a file says this, also one that no state names."""
    return any(words in str(pq.read_table(path).to_pylist()) for path in folder.rglob("*.parquet"))


def test_a_sync_that_lost_its_lease_neither_replaces_a_copy_nor_leaves_traces_for_good(
    built: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy, lake, written, others = tmp_path / "copy", Lake.existing(built), ParquetFolder._written, list[str]()

    def asleep(self: ParquetFolder, *given: Any) -> int:
        n_bytes = written(self, *given)
        if not others and given[1] == "chunks":
            others.append("meanwhile")
            for lease in (Path(built) / "destination-leases").glob("*/*.json"):
                lease.write_text(
                    json.dumps({**json.loads(lease.read_text()), "expires_at": "2020-01-01T00:00:00+00:00"})
                )
            operate.forget(built, uri="3.md", why="a request")
            sync(Lake.existing(built), f"parquet:{copy}")
        return n_bytes

    monkeypatch.setattr(ParquetFolder, "_written", asleep)
    with pytest.raises(ContractError, match="lost the writer lease"):
        sync(lake, f"parquet:{copy}")
    assert "3.md" not in copied(copy)["documents"]["uri"].to_pylist()
    assert [one.is_due(lake.log.read()) for one in registry.known_destinations(lake)] == [True]
    sync(lake, f"parquet:{copy}")
    assert not tells(copy, "Lamp 3")


def test_a_copy_of_another_lake_is_left_alone(
    built: str, tmp_path: Path, source: Path, ingest: Callable[..., Outcome]
) -> None:
    copy = tmp_path / "copy"
    sync(Lake.existing(built), f"parquet:{copy}")
    before = (copy / STATE).read_bytes()
    ingest(lake=str(tmp_path / "other"))
    for plan in (True, False):
        with pytest.raises(RefusedError, match="holds a release of another lake, so it is left alone"):
            sync(Lake.existing(str(tmp_path / "other")), f"parquet:{copy}", plan=plan)
    assert (copy / STATE).read_bytes() == before


@pytest.mark.parametrize(
    "state", ["{}", "[]", "no JSON", '{"tables": {}}', '{"mark": "m", "format": 2}', '{"mark": "m", "format": "2"}']
)
def test_a_state_that_is_not_ours_is_left_alone(built: str, tmp_path: Path, state: str) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / STATE).write_text(state)
    with pytest.raises(UsageError, match="holds nothing that raglake wrote"):
        sync(Lake.existing(built), f"parquet:{copy}")
    assert (copy / STATE).read_text() == state


def test_a_folder_has_one_name_and_full_repairs_it(built: str, tmp_path: Path) -> None:
    assert operate.export(built, f"parquet:{tmp_path}/other/../copy").written
    (tmp_path / "link").symlink_to(tmp_path / "copy")
    assert not operate.export(built, f"parquet:{tmp_path}/link").written
    (name,) = [one.destination for one in registry.known_destinations(Lake.existing(built))]
    assert sync(Lake.existing(built), name, full=True).method == "copy"
    next((tmp_path / "copy/chunks").iterdir()).unlink()
    assert sync(Lake.existing(built), name).method == "copy"
    assert copied(tmp_path / "copy")["chunks"].num_rows


@pytest.mark.parametrize("damage", ["cut", "changed", "kept its time"])
def test_a_damaged_file_is_noticed_and_written_again(built: str, tmp_path: Path, damage: str) -> None:
    lake, name = Lake.existing(built), f"parquet:{tmp_path / 'copy'}"
    sync(lake, name)
    file = next((tmp_path / "copy/chunks").iterdir())
    whole, times = file.read_bytes(), (file.stat().st_atime_ns, file.stat().st_mtime_ns)
    middle = len(whole) // 2
    bits = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    file.write_bytes(whole[:-9] if damage == "cut" else bits)
    if damage == "kept its time":
        os.utime(file, ns=times)
    assert sync(lake, name, plan=True).method == "copy"
    done = sync(lake, name)
    assert (done.method, done.n_bytes) == ("copy", len(whole))
    assert (done.n_added, done.n_changed, done.n_removed) == (0, 0, 0)
    assert file.read_bytes() == whole
    assert sync(lake, name).method == "none"
    os.utime(file)  # touched, and still the same
    assert sync(lake, name, full=True).n_bytes == 0


def test_counts_are_those_of_the_rows_that_differ(
    built: str, source: Path, tmp_path: Path, ingest: Callable[..., Outcome]
) -> None:
    name, first = f"parquet:{tmp_path / 'copy'}", lake.open_lake(built).release().id
    done = sync(Lake.existing(built), name)
    assert (done.n_added, done.n_changed, done.n_removed, done.was) == (done.n_rows["chunks"], 0, 0, None)
    (source / "0.md").write_text("Something else.")
    (source / "1.md").unlink()
    (source / "2.md.meta.json").write_text('{"acl": ["hr"]}')
    (source / "new.md").write_text("Something new.")
    assert ingest().published
    done = sync(Lake.existing(built), name)
    assert (done.n_added, done.n_changed, done.n_removed, done.was) == (2, 1, 2, first)


def test_a_folder_with_other_contents_is_left_alone(built: str, source: Path) -> None:
    with pytest.raises(UsageError, match=f"and no {STATE}; choose an empty folder"):
        operate.export(built, f"parquet:{source}")
    assert (source / "0.md").exists()
