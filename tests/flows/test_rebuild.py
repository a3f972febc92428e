"""LanceDB from Parquet alone: the same rows and the same answers, at every release."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pytest

import lake
from flows.cli.app import _exit_status
from flows.cli.options import OK, USAGE
from flows.reindex import Outcome
from lake.directory import Lake
from lake.ingest.rebuild import rebuild
from lake.options import RecipeOptions

TABLES = ("documents", "parents", "chunks", "quarantine")


def write(source: Path, n: int, word: str) -> None:
    for number in range(n):
        (source / f"{number}.md").write_text(
            f"# Pump {number}\n\nThe {word} pump number {number} runs at {number * 7} rpm."
        )


def read(url: str, release: str) -> dict[str, pl.DataFrame]:
    index = lake.open_lake(url)
    frames = {table: pl.DataFrame(index.dataset(table, release).to_table()) for table in TABLES}
    return {table: frame.sort(frame.columns[0]) for table, frame in frames.items()}


def test_every_release_comes_back_as_it_was(source: Path, lake_url: str, ingest: Callable[..., Outcome]) -> None:
    write(source, 12, "red")
    first = ingest().release or ""
    write(source, 6, "green")
    (source / "11.md").unlink()
    (source / "broken.pdf").write_bytes(b"%PDF-1.4 nothing")
    (source / "3.md").rename(source / "moved.md")
    second = ingest().release or ""
    third = ingest(settings=RecipeOptions(child_tokens=64), change_recipe=True).release or ""
    before = {release: read(lake_url, release) for release in (first, second, third)}
    index = lake.open_lake(lake_url)
    asked = {release: index.search("green pump", 5, at=release) for release in before}
    shutil.rmtree(Path(lake_url, "tables"))

    rebuild(Lake.existing(lake_url))

    for release, frames in before.items():
        for table, frame in read(lake_url, release).items():
            assert frame.equals(frames[table]), (release, table)
    again = lake.open_lake(lake_url)
    for release, hits in asked.items():
        assert again.search("green pump", 5, at=release)["chunk_id"].equals(hits["chunk_id"])
    write(source, 1, "blue")
    assert (ingest().changed, again.release().id != third) == (1, True)


def test_a_reader_follows_a_rebuild(source: Path, lake_url: str, ingest: Callable[..., Outcome]) -> None:
    write(source, 3, "red")
    ingest()
    index = lake.open_lake(lake_url)
    hits = index.search("red pump", 2)
    assert _exit_status(["rebuild", "--lake", lake_url]) == OK
    assert index.search("red pump", 2) == hits
    assert index.release().generation == "2"


def test_an_empty_lake_has_nothing_to_rebuild(lake_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    Lake(lake_url).create()
    assert _exit_status(["rebuild", "--lake", lake_url]) == USAGE
    assert "nothing to rebuild" in capsys.readouterr().err


def test_polars_and_duckdb_scan_a_release(source: Path, lake_url: str, ingest: Callable[..., Outcome]) -> None:
    write(source, 5, "red")
    ingest()
    chunks = lake.open_lake(lake_url).dataset("chunks", at="live")
    counted = pl.scan_pyarrow_dataset(chunks).filter(pl.col("uri") == "2.md").select("text").collect()
    assert counted["text"].to_list() == ["# Pump 2\n\nThe red pump number 2 runs at 14 rpm."]
    assert duckdb.sql("select count(*), max(uri) from chunks where n_tokens > 3").fetchall() == [(5, "4.md")]
