"""Immutable Parquet files under digest keys: found, in order, with the right row."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.errors import ContractError
from lake.storage.keyed_files import KeyedFiles
from lake.storage.store import open_store

SCHEMA = pa.schema([pa.field("key", pa.string(), nullable=False), ("value", pa.int64())])


def key(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()[:32]


def rows(numbers: list[int]) -> pa.Table:
    return pa.table({"key": [key(n) for n in numbers], "value": numbers}, schema=SCHEMA)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 300), min_size=1, max_size=40, unique=True), max_size=6),
    st.lists(st.integers(0, 300), min_size=1, max_size=60),
)
def test_each_key_is_found_where_it_was_put(
    tmp_path_factory: pytest.TempPathFactory, files: list[list[int]], asked: list[int]
) -> None:
    pile = KeyedFiles(open_store(tmp_path_factory.mktemp("pile")), "rows", "key", row_group_size=7)
    for numbers in files:
        pile.write(rows(numbers))
    pile.refresh()
    stored = {n for numbers in files for n in numbers}
    assert pile.missing([key(n) for n in asked]) == [key(n) for n in dict.fromkeys(asked) if n not in stored]
    here = [n for n in asked if n in stored]
    if here:
        assert pile.read([key(n) for n in here], ["value"]).column("value").to_pylist() == here


def test_keys_that_share_their_first_half_are_told_apart(tmp_path: Path) -> None:
    pile = KeyedFiles(open_store(tmp_path), "rows", "key")
    twins = [f"{'ab' * 8}{n:016x}" for n in range(5)]
    pile.write(pa.table({"key": twins[:4], "value": [0, 1, 2, 3]}, schema=SCHEMA))
    pile.refresh()
    assert pile.missing(twins) == [twins[4]]
    assert pile.read([twins[3], twins[0]], ["value"]).column("value").to_pylist() == [3, 0]


@pytest.mark.parametrize("damage", [b"\xc5", b"g", b"0"])
def test_damaged_keys_of_a_schema_neither_fail_nor_find_another_row(tmp_path: Path, damage: bytes) -> None:
    """Nothing in a Parquet file checks its schema; a key that was made another one counts as not stored."""
    pile = KeyedFiles(open_store(tmp_path), "rows", "key", are_sought=True)
    path = tmp_path / pile.write(rows([1, 2, 3]))
    listed = "".join(map(key, [1, 2, 3])).encode()
    table = pq.read_table(path)
    assert listed in (table.schema.metadata or {}).values()
    pq.write_table(table.replace_schema_metadata({"raglake.keys": damage + listed[1:]}), path)
    pile.refresh()
    gone = [key(1)] if damage == b"0" else []
    assert pile.missing([key(1), key(2), key(3)]) == gone
    assert pile.read([key(3), key(2)], ["value"]).column("value").to_pylist() == [3, 2]


@pytest.mark.parametrize("damaged", [rows([1]), rows([1, 2, 3]).rename_columns(["key", "valid"])])
def test_files_of_fewer_rows_or_other_columns_than_their_keys_are_damaged(tmp_path: Path, damaged: pa.Table) -> None:
    pile = KeyedFiles(open_store(tmp_path), "rows", "key", are_sought=True)
    path = tmp_path / pile.write(rows([1, 2, 3]))
    pile.refresh()
    pq.write_table(damaged, path)
    again = KeyedFiles(open_store(tmp_path), "rows", "key", are_sought=True)
    again.refresh()
    again._index = pile._index  # a damaged footer lists them still
    with pytest.raises(ContractError, match="not a readable Parquet file"):
        again.read([key(3), key(2)], ["value"])


def test_the_same_rows_make_one_file(tmp_path: Path) -> None:
    pile = KeyedFiles(open_store(tmp_path), "rows", "key")
    assert pile.write(rows([1, 2])) == pile.write(rows([2, 1]))
    assert len(list((tmp_path / "rows").iterdir())) == 1


def test_a_missing_row_is_named(tmp_path: Path) -> None:
    pile = KeyedFiles(open_store(tmp_path), "rows", "key")
    pile.write(rows([1]))
    pile.refresh()
    with pytest.raises(ContractError, match=f"rows in .* has no row for key {key(2)}; restore rows"):
        pile.read([key(1), key(2)], ["value"])


def test_small_rows_are_stored_in_large_groups_and_large_ones_are_not(tmp_path: Path) -> None:
    pile = KeyedFiles(open_store(tmp_path), "rows", "key", row_group_size=7)
    small = pa.table({"key": [key(n) for n in range(2000)], "value": ["v"] * 2000})
    large = pa.table({"key": [key(n) for n in range(2000, 2020)], "value": ["v" * 200_000] * 20})
    groups = [pq.ParquetFile(tmp_path / pile.write(table)).metadata for table in (small, large)]
    assert [groups[0].row_group(n).num_rows for n in range(groups[0].num_row_groups)] == [1024, 976]
    assert [groups[1].row_group(n).num_rows for n in range(groups[1].num_row_groups)] == [7, 7, 6]
    pile.refresh()
    assert pile.read([key(2019), key(3)], ["value"]).column("value").to_pylist() == ["v" * 200_000, "v"]
