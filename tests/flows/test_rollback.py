"""Going back costs one log entry, and what follows is as if the bad nights had never been."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import lake
from flows.cli.app import _exit_status
from flows.cli.options import OK
from flows.reindex import Outcome
from lake.embed import load_embedder
from lake.errors import RefusedError
from lake.options import RecipeOptions

PARAGRAPHS = {"child_tokens": 48, "overlap_tokens": 0, "heading_tokens": 0}
USUAL = RecipeOptions(embedder="hash", **PARAGRAPHS)
WORDS = ["crane", "tide", "pilot", "quay", "buoy", "rope", "dredge", "signal", "beacon", "ballast", "winch", "barge"]
BOILERPLATE = "All readings are taken under the harbour master's rules, and nobody may rely on them for navigation."
_HISTORY = {"indexed_at", "modified_at", "first_seen_at"}  # when, not what


class CountingEmbedder:
    """The hash embedder; keeps what it is given, and calls ``meanwhile`` once when it is first asked."""

    def __init__(self, meanwhile: Callable[[], object] | None = None) -> None:
        self._inner = load_embedder("hash")
        self.identity = self._inner.identity
        self.texts: list[str] = []
        self._meanwhile = meanwhile

    def embed(self, texts: Sequence[str]) -> Iterator[tuple[Sequence[int], np.ndarray]]:
        if self._meanwhile is not None:
            meanwhile, self._meanwhile = self._meanwhile, None
            meanwhile()
        self.texts += texts
        yield from self._inner.embed(texts)

    def embed_query(self, text: str) -> np.ndarray:
        return self._inner.embed_query(text)


def paragraph(rng: random.Random) -> str:
    return " ".join(rng.choices(WORDS, k=30)) + f" {rng.getrandbits(40):010x}."


def write(path: Path, rng: random.Random, n: int = 6) -> list[str]:
    """A file of ``n`` paragraphs of its own around the boilerplate of all; its own ones."""
    own = [paragraph(rng) for _ in range(n)]
    path.write_text("\n\n".join([*own[:2], BOILERPLATE + " " + WORDS[0] * 20, *own[2:]]))
    return own


def rows(lake_url: str, at: str = "live") -> dict[str, pl.DataFrame]:
    """All rows of all tables of a release, vectors included, without the columns that say when."""
    index = lake.open_lake(lake_url)
    tables = ("documents", "parents", "chunks", "quarantine")
    frames = {table: pl.DataFrame(index.dataset(table, at).to_table()) for table in tables}
    return {name: f.drop(_HISTORY & set(f.columns)).sort(f.columns[0]) for name, f in frames.items()}


def files(folder: str) -> dict[str, tuple[int, int]]:
    paths = (path for path in Path(folder).rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): (path.stat().st_size, path.stat().st_mtime_ns) for path in paths}


def roll_back(lake_url: str, release: str) -> None:
    assert _exit_status(["rollback", release, "--lake", lake_url, "--why", "broken tables"]) == OK


@pytest.fixture
def first(source: Path, ingest: Callable[..., Outcome]) -> str:
    """The release to go back to: 30 files, one of them in quarantine."""
    rng = random.Random(1)
    for number in range(30):
        write(source / f"report-{number:02}.txt", rng)
    (source / "empty.txt").touch()
    return ingest(settings=USUAL).release or ""


def spoil(source: Path) -> None:
    """What a bad night may find: files edited, gone, new, moved, broken and mended."""
    rng = random.Random(2)
    for number in range(10):
        write(source / f"report-{number:02}.txt", rng)
    (source / "report-10.txt").unlink()
    write(source / "new.txt", rng)
    (source / "report-11.txt").rename(source / "moved.txt")
    (source / "report-12.txt").write_text("")
    write(source / "empty.txt", rng)


BAD_NIGHTS = {
    "other files": USUAL,
    "other chunks": RecipeOptions(embedder="hash", **{**PARAGRAPHS, "child_tokens": 96}),
    "another embedder": RecipeOptions(embedder="minilm", **PARAGRAPHS),
    "another text index": RecipeOptions(embedder="hash", **PARAGRAPHS, text_tokenizer="icu"),
}


@pytest.mark.parametrize("settings", BAD_NIGHTS.values(), ids=list(BAD_NIGHTS))
def test_what_follows_a_rollback_is_as_if_built_from_scratch(
    first: str, source: Path, tmp_path: Path, lake_url: str, ingest: Callable[..., Outcome], settings: RecipeOptions
) -> None:
    kept, good = tmp_path / "kept", rows(lake_url)
    shutil.copytree(source, kept)
    spoil(source)
    spoilt = ingest(settings=settings, change_recipe=True).release or ""
    bad = rows(lake_url)
    assert not bad["documents"].equals(good["documents"])

    roll_back(lake_url, first)
    for name, frame in rows(lake_url).items():
        assert frame.equals(good[name]), name

    shutil.rmtree(source)
    shutil.copytree(kept, source)
    own = write(source / "report-07.txt", random.Random(3))
    embedder = CountingEmbedder()
    after = ingest(embedder=embedder)
    assert after.published
    assert (after.changed, after.unchanged, after.added, after.removed, after.moved) == (1, 30, 0, 0, 0)
    assert sorted(embedder.texts) == sorted(own)

    fresh = str(tmp_path / "fresh")
    ingest(lake=fresh, settings=USUAL)
    made, wanted = rows(lake_url), rows(fresh)
    assert wanted["chunks"].height == 30 * 7
    for name, frame in wanted.items():
        assert made[name].schema == frame.schema
        assert made[name].equals(frame), name
        assert rows(lake_url, first)[name].equals(good[name]), name
        assert rows(lake_url, spoilt)[name].equals(bad[name]), name
    ours, theirs = lake.open_lake(lake_url), lake.open_lake(fresh)
    assert ours.release().digest == theirs.release().digest
    for question in (own[0], "the crane signals to the pilot", BOILERPLATE):
        assert ours.search(question, 5)["chunk_id"].equals(theirs.search(question, 5)["chunk_id"])


HOLDER = """
import sys
from lake.storage.lease import WriterLease
from lake.storage.store import open_store
with WriterLease(open_store(sys.argv[1]), "a long night"):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def lease_held_elsewhere(lake_url: str) -> Iterator[None]:
    """While another process holds the writer lease, and still does at the end."""
    words = [sys.executable, "-c", HOLDER, lake_url]
    environment = {**os.environ, "PYTHONPATH": str(Path(lake.__file__).parents[1])}
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield
        assert holder.poll() is None
        assert holder.stdin is not None
        holder.stdin.close()


def test_a_rollback_writes_one_log_entry_whoever_holds_the_lease(
    first: str, source: Path, lake_url: str, ingest: Callable[..., Outcome]
) -> None:
    spoil(source)
    ingest()
    reader = lake.open_lake(lake_url)
    assert reader.release().id != first
    write(source / "late.txt", random.Random(3))
    with lease_held_elsewhere(lake_url):
        with pytest.raises(RefusedError, match="being written by a long night"):
            ingest()
        before, entries = files(lake_url), reader.history().head
        roll_back(lake_url, first)
        after = files(lake_url)
    assert set(after) - set(before) == {f"log/{entries + 1:010}.json"}
    assert {name: after.get(name) for name in before} == before
    assert reader.release().id == first


def test_a_run_that_a_rollback_overtakes_publishes_nothing_and_loses_nothing(
    first: str, source: Path, tmp_path: Path, lake_url: str, ingest: Callable[..., Outcome]
) -> None:
    spoil(source)
    ingest()
    own = write(source / "report-20.txt", random.Random(4))
    overtaken = CountingEmbedder(meanwhile=lambda: roll_back(lake_url, first))
    outcome = ingest(embedder=overtaken)
    assert (outcome.published, outcome.refused) == (False, True)
    assert f"but live is now {first}" in outcome.reason
    assert lake.open_lake(lake_url).release().id == first
    assert sorted(overtaken.texts) == sorted(own)

    again = CountingEmbedder()
    outcome = ingest(embedder=again)
    assert (outcome.published, again.texts) == (True, [])
    fresh = str(tmp_path / "fresh")
    ingest(lake=fresh, settings=USUAL)
    for name, frame in rows(fresh).items():
        assert rows(lake_url)[name].equals(frame), name
