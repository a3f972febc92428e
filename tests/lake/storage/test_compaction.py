"""Keyed files without what nobody needs: every wanted row stays, whatever is killed in between."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.storage.compaction import compact
from lake.storage.keyed_files import KeyedFiles
from lake.storage.store import LocalStore, open_store

SCHEMA = pa.schema([pa.field("key", pa.string(), nullable=False), ("value", pa.int64())])


def key(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()[:32]


def rows(numbers: list[int]) -> pa.Table:
    return pa.table({"key": [key(n) for n in numbers], "value": numbers}, schema=SCHEMA)


def pile_of(root: Path, files: list[list[int]]) -> KeyedFiles:
    pile = KeyedFiles(open_store(root), "rows", "key", row_group_size=5)
    for numbers in files:
        pile.write(rows(numbers))
    pile.refresh()
    return pile


FILES = st.lists(st.lists(st.integers(0, 60), min_size=1, max_size=20, unique=True), min_size=1, max_size=14)


@settings(max_examples=40, deadline=None)
@given(FILES, st.sets(st.integers(0, 60)), st.booleans())
def test_wanted_rows_stay_and_strictly_no_other(
    tmp_path_factory: pytest.TempPathFactory, files: list[list[int]], wanted: set[int], strictly: bool
) -> None:
    root = tmp_path_factory.mktemp("pile")
    pile = pile_of(root, files)
    stored = {n for numbers in files for n in numbers}
    compact(open_store(root), pile, [key(n) for n in sorted(wanted)], strictly=strictly)
    left = sorted(wanted & stored)
    for reader in (pile, pile_of(root, [])):
        assert reader.missing([key(n) for n in left]) == []
        if left:
            assert reader.read([key(n) for n in left], ["value"]).column("value").to_pylist() == left
        if strictly:
            gone = sorted(stored - wanted)
            assert reader.missing([key(n) for n in gone]) == [key(n) for n in gone]
    if strictly:
        n_rows = sum(len(batch) for name in pile_of(root, []).rows_of([]) for batch in pile.batches(name))
        assert n_rows == len(left)


def test_many_small_files_become_one_and_young_ones_are_spared(tmp_path: Path) -> None:
    pile = pile_of(tmp_path, [[n, n + 100] for n in range(12)])
    young = pile.write(rows([500])).split("/")[1]
    found = compact(open_store(tmp_path), pile, [key(n) for n in range(12)], spared={young})
    assert found.n_rows == 12
    assert found.n_bytes > 0
    assert len(list((tmp_path / "rows").iterdir())) == 2
    assert pile.missing([key(n) for n in (*range(12), 500)]) == []
    assert len(pile.missing([key(n + 100) for n in range(12)])) == 12


def test_files_that_are_kept_are_merged_without_losing_a_row_and_what_nobody_wants_waits_apart(tmp_path: Path) -> None:
    store, wanted = open_store(tmp_path), [key(n) for n in range(300)]
    pile, folder = pile_of(tmp_path, []), tmp_path / "rows"
    for night in range(30):
        pile.write(rows([3 * night, 3 * night + 1, 3 * night + 2, 1000 + night]))
        names = {path.name for path in folder.iterdir()}
        assert compact(store, pile, wanted, kept=names).n_rows == 0
        assert pile.missing([*wanted[: 3 * night + 3], *(key(1000 + n) for n in range(night + 1))]) == []
        assert len(names) <= 12
    apart = [len(mask) for mask in pile.rows_of(wanted).values() if not mask.any()]
    assert sorted(apart) == [8, 8, 9]
    assert compact(store, pile, wanted, kept=names).n_rows == 0
    assert compact(store, pile, wanted).n_rows == 30
    assert len(pile.missing([key(1000 + n) for n in range(30)])) == 30


def test_a_file_that_mostly_holds_what_is_wanted_is_left_alone(tmp_path: Path) -> None:
    pile = pile_of(tmp_path, [list(range(10))])
    before = sorted((tmp_path / "rows").iterdir())
    assert compact(open_store(tmp_path), pile, [key(n) for n in range(6)]) == (0, 0)
    assert sorted((tmp_path / "rows").iterdir()) == before
    assert compact(open_store(tmp_path), pile, [key(n) for n in range(5)], dry_run=True).n_rows == 5
    assert sorted((tmp_path / "rows").iterdir()) == before


class Dying(LocalStore):
    """A store that dies at its n-th write or delete."""

    def __init__(self, root: Path, n: int) -> None:
        super().__init__(root)
        self.n = n

    def _live_on(self) -> None:
        self.n -= 1
        if self.n < 0:
            raise KeyboardInterrupt

    def write(self, path: str, data: bytes) -> None:
        self._live_on()
        super().write(path, data)

    def delete(self, path: str) -> None:
        self._live_on()
        super().delete(path)


@pytest.mark.parametrize("n", range(14))
def test_a_kill_at_any_step_loses_no_row(tmp_path: Path, n: int) -> None:
    pile_of(tmp_path, [[m, m + 50] for m in range(12)])
    dying = Dying(tmp_path, n)
    wanted = [key(m) for m in range(12)]
    try:
        compact(dying, KeyedFiles(dying, "rows", "key", 5), wanted, strictly=True)
    except KeyboardInterrupt:
        assert n < 13
    again = pile_of(tmp_path, [])
    assert again.read(wanted, ["value"]).column("value").to_pylist() == list(range(12))
    compact(open_store(tmp_path), again, wanted, strictly=True)
    assert again.missing(wanted) == []
    assert len(list((tmp_path / "rows").iterdir())) == 1


def test_who_reads_while_files_are_compacted_finds_the_row_again(tmp_path: Path) -> None:
    reader = pile_of(tmp_path, [[m] for m in range(12)])
    compact(open_store(tmp_path), pile_of(tmp_path, []), [key(m) for m in range(12)])
    assert reader.read([key(5), key(3)], ["value"]).column("value").to_pylist() == [5, 3]
