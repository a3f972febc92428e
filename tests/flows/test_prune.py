"""Retention on a real lake: what is kept reads as before, what nobody needs gives its disk back."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import lake
from flows.cli.app import _exit_status
from flows.cli.options import OK, USAGE
from flows.reindex import Job, Outcome, reindex
from flows.steps import PlainSteps
from lake import operate
from lake.directory import Lake
from lake.errors import RefusedError, UsageError
from lake.index import Index
from lake.options import RecipeOptions, Retention
from lake.storage.lease import WriterLease

TABLES = ("documents", "parents", "chunks", "quarantine")


def last(n: int) -> Retention:
    return Retention(n, 0, 0, 0, 0)


def write(source: Path, numbers: range, word: str) -> None:
    for number in numbers:
        (source / f"{number}.md").write_text(f"# Lock {number}\n\nThe {word} lock number {number} opens at noon.")


def rows(index: Index, release: str) -> dict[str, pl.DataFrame]:
    frames = {table: pl.DataFrame(index.dataset(table, release).to_table()) for table in TABLES}
    return {table: frame.sort(frame.columns[0]) for table, frame in frames.items()}


def same(a: dict[str, pl.DataFrame], b: dict[str, pl.DataFrame]) -> bool:
    return all(a[table].equals(b[table]) for table in TABLES)


def files(url: str) -> set[str]:
    return {str(path.relative_to(url)) for path in Path(url).rglob("*") if path.is_file()}


def ingest(source: Path, url: str, **words: Any) -> Outcome:
    settings = words.pop("settings", RecipeOptions(embedder="hash"))
    with PlainSteps() as steps:
        return reindex(Job((f"docs={source}",), url, settings=settings, **words), steps)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Six releases: edits, a removal, quarantine, a move, another chunk size."""
    root = tmp_path_factory.mktemp("nights")
    source, url = root / "source", str(root / "lake")
    source.mkdir()
    write(source, range(14), "red")
    releases = [ingest(source, url).release]
    write(source, range(5), "green")
    (source / "13.md").unlink()
    releases.append(ingest(source, url).release)
    (source / "broken.pdf").write_bytes(b"%PDF-1.4 nothing")
    (source / "3.md").rename(source / "moved.md")
    releases.append(ingest(source, url).release)
    releases.append(ingest(source, url, settings=RecipeOptions(child_tokens=64), change_recipe=True).release)
    (source / "broken.pdf").unlink()
    write(source, range(4, 7), "blue")
    releases.append(ingest(source, url).release)
    (source / "2.md").unlink()
    releases.append(ingest(source, url).release)
    return root, [release or "" for release in releases]


@pytest.fixture
def nights(built: tuple[Path, list[str]], source: Path, lake_url: str) -> list[str]:
    """A copy of the lake and its source, for one test to spoil."""
    root, releases = built
    shutil.copytree(root / "source", source, dirs_exist_ok=True)
    shutil.copytree(root / "lake", lake_url)
    return releases


def test_kept_releases_read_as_before_and_can_be_rebuilt(lake_url: str, nights: list[str]) -> None:
    index = lake.open_lake(lake_url)
    operate.name(lake_url, nights[2], "third")
    before = {name: rows(index, name) for name in nights}
    asked = {name: index.search("green lock", 4, at=name) for name in nights}
    untouched = files(lake_url)
    dry = operate.prune(lake_url, last(2), dry_run=True)
    assert files(lake_url) == untouched
    pruned = operate.prune(lake_url, last(2))
    assert (pruned.dropped, pruned.kept) == (dry.dropped, dry.kept)
    assert pruned.dropped == (nights[0], nights[1], nights[3])
    assert pruned.vacuumed.n_files >= dry.vacuumed.n_files > 0
    assert pruned.vacuumed.n_bytes > dry.vacuumed.n_bytes > 0
    kept = [nights[2], *nights[4:]]
    for reader in (index, lake.open_lake(lake_url)):
        assert reader.releases()["release"].to_pylist() == kept
        assert all(same(rows(reader, name), before[name]) for name in kept)
        assert all(reader.search("green lock", 4, at=name) == asked[name] for name in kept)
        with pytest.raises(UsageError, match=r"no release '.*\.1' \(it was pruned\); known releases: third"):
            reader.release(nights[0])
    shutil.rmtree(Path(lake_url, "tables"))
    operate.rebuild(lake_url)
    assert all(same(rows(lake.open_lake(lake_url), name), before[name]) for name in kept)


def test_pruning_twice_equals_pruning_once(lake_url: str, nights: list[str]) -> None:
    operate.prune(lake_url, last(1))
    left = files(lake_url)
    again = operate.prune(lake_url, last(1))
    assert (again.dropped, again.vacuumed.n_bytes) == ((), 0)
    assert {name for name in files(lake_url) ^ left if not name.startswith("lease")} == set()


def test_the_next_night_goes_on(source: Path, lake_url: str, nights: list[str], tmp_path: Path) -> None:
    operate.prune(lake_url, last(1))
    write(source, range(2), "white")
    after = ingest(source, lake_url)
    assert after.changed == 2
    fresh = ingest(source, str(tmp_path / "fresh"), settings=RecipeOptions(embedder="hash", child_tokens=64))
    timeless = {"documents": ["indexed_at"], "quarantine": ["first_seen_at"]}
    ours, theirs = (
        rows(lake.open_lake(lake_url), after.release or ""),
        rows(lake.open_lake(str(tmp_path / "fresh")), "live"),
    )
    for table in TABLES:
        gone = timeless.get(table, [])
        assert ours[table].drop(gone).equals(theirs[table].drop(gone)), table
    assert fresh.n_chunks == after.n_chunks


def test_what_dead_runs_left_is_swept_once_its_grace_is_over(lake_url: str, nights: list[str]) -> None:
    there = Lake.existing(lake_url)
    left = [
        "contents/.tmp-1-abc",
        "texts/0123.parquet",
        "commits/ffff-first/documents.parquet",
        "audits/1999-01-01.1.parquet",
        "tables/99/chunks.lance/data/x.lance",
        "tables/1/orphan.lance/data/x.lance",
    ]
    for path in left:
        there.store.write(path, b"left behind")
    there.tables("1").protect("documents", "1999-01-01.1", 1)
    operate.prune(lake_url, Retention(99))
    survivors = {path for path in left if path in files(lake_url)}
    assert survivors == set(left[:4])  # a run that died today may still go on
    operate.prune(lake_url, last(99))
    assert not set(left) & files(lake_url)
    assert "1999-01-01.1" not in there.tables("1").tags("documents")


def test_a_dataset_of_live_outlives_a_prune(source: Path, lake_url: str, nights: list[str]) -> None:
    index = lake.open_lake(lake_url)
    chunks = index.dataset("chunks", nights[-1])
    expected = chunks.to_table()
    operate.prune(lake_url, last(1))
    assert chunks.to_table().equals(expected)


def test_a_reader_of_a_release_that_is_gone_follows_live(lake_url: str, nights: list[str]) -> None:
    index = lake.open_lake(lake_url)
    operate.rollback(lake_url, nights[0], why="look back")
    assert index.search("red lock", 1)["uri"].to_pylist()
    operate.rollback(lake_url, nights[-1], why="and forth")
    operate.prune(lake_url, last(1))
    assert index.release().id == nights[-1]
    assert len(index.search("blue lock", 3)) == 3


def test_a_run_at_work_is_not_pruned_under(lake_url: str, nights: list[str]) -> None:
    with WriterLease(Lake.existing(lake_url).store, "raglake ingest"), pytest.raises(RefusedError, match="written by"):
        operate.prune(lake_url, last(1))


def test_the_command_line(lake_url: str, nights: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    rule = ["--keep-last", "2", "--keep-daily", "0", "--keep-monthly", "0", "--grace-hours", "0"]
    assert _exit_status(["prune", "--lake", lake_url, "--dry-run", *rule]) == OK
    assert f"would drop 4 releases: {nights[0]}, " in capsys.readouterr().out
    assert _exit_status(["prune", "--lake", lake_url, *rule]) == OK
    told = capsys.readouterr().out
    assert "dropped 4 releases" in told
    assert f"{nights[5]}  live" in told
    assert _exit_status(["prune", "--lake", lake_url, "--keep-last=-3"]) == USAGE
    assert _exit_status(["name", nights[5], "golden", "--lake", lake_url]) == OK
    assert _exit_status(["releases", "golden", "--lake", lake_url]) == OK
    assert f"golden: {nights[5]}" in capsys.readouterr().out
    assert _exit_status(["name", nights[4], "golden", "--lake", lake_url]) == USAGE
    assert "`raglake unname golden" in capsys.readouterr().err
    assert _exit_status(["unname", "golden", "--lake", lake_url]) == OK


def test_random_histories_compose(source: Path, lake_url: str) -> None:
    """Deltas over pruned bases, again and again, with rollbacks in between: every kept release stays as it was."""
    rng, index = random.Random(4), None
    seen: dict[str, Any] = {}
    write(source, range(10), "red")
    for night in range(9):
        for number in rng.sample(range(12), 3):
            path = source / f"{number}.md"
            if path.exists() and rng.random() < 0.3:
                path.unlink()
            else:
                path.write_text(f"# Lock {number}\n\nNight {night}, lock {number}, {rng.random()}.")
        ingest(source, lake_url)
        index = index or lake.open_lake(lake_url)
        seen |= {name: rows(index, name) for name in index.releases()["release"].to_pylist() if name not in seen}
        if night % 3 == 1:
            past = rng.choice(index.releases()["release"].to_pylist())
            operate.rollback(lake_url, past, why="drill")
        operate.prune(lake_url, last(rng.randint(1, 3)))
        for name in index.releases()["release"].to_pylist():
            assert same(rows(index, name), seen[name]), (night, name)
    operate.rebuild(lake_url)
    for name in index.releases()["release"].to_pylist():  # type: ignore[union-attr]
        assert same(rows(lake.open_lake(lake_url), name), seen[name]), name
