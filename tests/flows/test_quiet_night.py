"""Nights on which nothing changed: told by the listing alone, and as a whole look at everything would tell them."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flows.outcome import Outcome
from flows.reindex import reindex
from flows.steps import PlainSteps
from lake import operate
from lake.directory import Lake, configuration
from lake.errors import LakeError
from lake.ingest import quiet
from lake.ingest.scan import Scan
from lake.maintenance.operate import rollback
from lake.options import RecipeOptions
from lake.sources.listing_state import ListingState
from tasks import steps as plain
from tasks.job import Job

HASH = RecipeOptions(embedder="hash")


class Night:
    """Runs over one lake, each with whether it scanned."""

    def __init__(self, lake_url: str, *sources: Path) -> None:
        self.lake_url, self.sources = lake_url, tuple(map(str, sources))
        self.n_scans = 0

    def run(self, settings: RecipeOptions = HASH, **options: object) -> Outcome:
        def scan(job: Job) -> Scan:
            self.n_scans += 1
            return plain.scan(job)

        job = Job(sources=self.sources, lake=self.lake_url, settings=settings, **options)  # type: ignore[arg-type]
        with PlainSteps(n_workers=1) as steps:
            steps.scan = scan  # type: ignore[method-assign, assignment]
            return reindex(job, steps)

    def scans(self, settings: RecipeOptions = HASH, **options: object) -> bool:
        before = self.n_scans
        self.run(settings, **options)
        return self.n_scans > before


@pytest.fixture
def night(source: Path, lake_url: str) -> Night:
    """A lake of three documents in two folders, published."""
    (source / "deep").mkdir()
    for place in ("a.md", "b.md", "deep/c.md"):
        (source / place).write_text(f"# About {place}\n\nAll that is to be said about {place} is said here.\n")
    made = Night(lake_url, source)
    assert made.run().published
    return made


def test_a_quiet_night_is_told_without_a_scan_and_as_a_scan_tells_it(night: Night) -> None:
    told = night.run()
    assert (night.n_scans, told.reason, told.unchanged, told.n_documents) == (1, "nothing to do", 3, 3)
    scanned = night.run(verify=True)
    assert night.n_scans == 2
    assert replace(told, seconds=0) == replace(scanned, seconds=0)


def test_a_quiet_night_needs_no_library_for_tables(night: Night) -> None:
    words = ["ingest", *night.sources, "--lake", night.lake_url, "--embedder", "hash", "--json"]
    code = (
        "import sys\nfrom flows.cli.app import _exit_status\n"
        f"status = _exit_status({words!r})\n"
        "print(status, {'numpy', 'pyarrow', 'polars', 'lance', 'prefect', 'pydantic'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("0 set()\n"), done.stdout + done.stderr


def test_whatever_changed_in_a_folder_is_looked_at(night: Night, source: Path) -> None:
    for change in (
        lambda: (source / "a.md").write_text("# Changed\n\nOther words.\n"),
        lambda: (source / "deep/d.md").write_text("# New\n\nNew words.\n"),
        lambda: (source / "deep/d.md").rename(source / "deep/e.md"),
        lambda: os.utime(source / "b.md", ns=(1, 1)),
        lambda: (source / "b.md").unlink(),
        lambda: (source / "_metadata.csv").write_text("path,acl\na.md,ann\n"),
        lambda: (source / "_metadata.csv").write_text("path,acl\na.md,bob\n"),
    ):
        change()
        assert night.scans()


def test_same_bytes_count_and_time_but_another_file_is_looked_at(night: Night, source: Path) -> None:
    known = source / "a.md"
    stamp, text = known.stat().st_mtime_ns, known.read_text()
    known.write_text(text.replace("All", "Non"))
    os.utime(known, ns=(stamp, stamp))
    outcome = night.run()
    assert (outcome.published, outcome.changed) == (True, 1)


def test_what_else_decides_a_run_is_looked_at(night: Night, source: Path) -> None:
    assert not night.scans()
    assert night.scans(RecipeOptions(embedder="hash", child_tokens=100), change_recipe=True)
    assert night.scans(exclude=("b.md",), allow_removals=3)
    lake = Lake.existing(night.lake_url)
    night.run()
    assert not night.scans()
    configuration.put(lake.store, "completeness.floor", 0.7)
    assert night.scans()


def test_a_rollback_is_no_quiet_night(night: Night, source: Path) -> None:
    (source / "a.md").write_text("# Changed\n\nOther words.\n")
    first = Lake.existing(night.lake_url).log.read().live
    assert first is not None
    assert night.run().published
    assert not night.scans()
    rollback(night.lake_url, first.id, why="worse")
    assert night.scans()


def test_remarks_and_restricted_documents_are_told_by_a_scan(night: Night, source: Path) -> None:
    (source / "a.md.meta.json").write_text("no JSON")
    told = [night.run() for _ in range(3)]
    assert all(one.remarks for one in told)
    assert night.n_scans == 4


def test_many_folders_and_single_files(source: Path, lake_url: str, ingest: Callable[..., Outcome]) -> None:
    (source / "one.md").write_text("# One\n\nOne file.\n")
    night = Night(lake_url, source / "one.md")
    assert night.run().published
    assert not night.scans()
    (source / "one.md").write_text("# One\n\nOne other file.\n")
    assert night.scans()


def test_a_database_whose_cursor_tells_nothing_is_not_read(source: Path, tmp_path: Path, lake_url: str) -> None:
    (source / "a.md").write_text("# A\n\nA folder beside a database.\n")
    path = tmp_path / "t.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE t (id, body, who, at)")
        database.executemany("INSERT INTO t VALUES (?, 'body', 'anna', '2026-01-02 03:04:05')", [("a",), ("b",)])
    night = Night(lake_url, source)
    night.sources = (*night.sources, f"rows=sqlite:{path}?table=t&text=body&acl=who&cursor=at")
    assert night.run().published
    night.run()  # which finds that rights are as they were recorded
    assert not night.scans()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE t SET body = 'changed', at = '2026-01-02 03:04:06' WHERE id = 'a'")
    assert night.run().changed == 1
    assert (night.scans(), night.scans()) == (True, False)
    for cached in Path(lake_url, "cache").iterdir():
        cached.unlink()
    assert night.scans(), "a cursor is of no use without its listing"
    assert not night.scans()
    path.rename(tmp_path / "gone.db")
    with pytest.raises(LakeError, match=r"no such source: rows|t\.db"):
        night.run()


@pytest.mark.parametrize(("days", "young"), [(0, True), (6.9, True), (7, False)])
def test_a_cursor_of_a_week_is_too_old(days: float, young: bool) -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    assert ListingState("p", "", (now - timedelta(days=days)).isoformat(), "").is_young(now) is young


def test_a_damaged_note_is_not_used(night: Night) -> None:
    (note,) = Path(night.lake_url, "quiet").iterdir()
    for damage in ("", "[]", "{}", "[1]", '{"digest": 1}', "[" * 100_000):
        note.write_text(damage)
        assert night.scans()
        assert not night.scans()


def test_no_damaged_byte_of_a_note_changes_what_a_run_tells(night: Night) -> None:
    (note,) = Path(night.lake_url, "quiet").iterdir()
    whole, told = note.read_bytes(), replace(night.run(), seconds=0)
    for place in range(0, len(whole), 37):
        note.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        lake = Lake.existing(night.lake_url)
        sources = list(Job(sources=night.sources, lake=night.lake_url, settings=HASH).open_sources().values())
        assert quiet.recall(lake, sources, HASH, configuration.read(lake.store).completeness) is None, place
    assert night.scans()
    assert replace(night.run(), seconds=0) == told


def test_a_note_that_is_no_file_is_not_used(night: Night) -> None:
    (note,) = Path(night.lake_url, "quiet").iterdir()
    note.unlink()
    note.mkdir()
    assert night.scans()


def test_a_source_that_stands_elsewhere_is_looked_at(night: Night, source: Path, tmp_path: Path) -> None:
    shutil.copytree(source, tmp_path / "copy")
    source.rename(tmp_path / "before")
    (tmp_path / "copy").rename(source)
    assert night.scans()
    shutil.rmtree(source)
    (tmp_path / "before").rename(source)
    assert night.run().reason == "nothing to do"


def test_tables_that_are_gone_are_no_quiet_night(night: Night) -> None:
    assert not night.scans()
    for file in Path(night.lake_url, "tables").rglob("documents.lance/data/*"):
        file.unlink()
    with pytest.raises(LakeError):
        night.run()


def test_a_log_restored_from_a_copy_that_reached_the_same_length_is_no_quiet_night(
    night: Night, source: Path, tmp_path: Path
) -> None:
    lake, copy = Path(night.lake_url), tmp_path / "copy"
    shutil.copytree(lake, copy)
    (source / "new.md").write_text("# New\n\nNew words.\n")
    assert night.run().published
    n_entries = Lake.existing(night.lake_url).log.read().head
    shutil.rmtree(copy / "quiet", ignore_errors=True)
    shutil.move(lake / "quiet", copy / "quiet")
    shutil.rmtree(lake)
    shutil.move(copy, lake)
    live = Lake.existing(night.lake_url).log.read().live
    assert live is not None
    for name in map(str, range(n_entries - Lake.existing(night.lake_url).log.read().head)):
        operate.name(night.lake_url, live.id, name=f"n{name}")
    assert Lake.existing(night.lake_url).log.read().head == n_entries
    assert night.run().published
