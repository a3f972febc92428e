"""The watch: changes of real files are live within the promised lag, whatever happens to the process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import raglake
from flows.reindex import Outcome, reindex
from flows.steps import PlainSteps
from flows.watch import SourceWatch, summary
from lake.directory import Lake
from lake.errors import TransientError
from lake.options import RecipeOptions
from lake.options.watch import WatchOptions
from lake.sources.scope import lookable
from lake.storage import inbox
from lake.storage.lease import WriterLease
from tasks.job import Job
from tests.waiting import until

pytest.importorskip("watchfiles")
HASH = RecipeOptions(embedder="hash")
_SECONDS = 120.0


def uris(lake: Path) -> set[str]:
    live = Lake(str(lake)).log.read().live
    if live is None:
        return set()
    return set(
        Lake(str(lake)).tables(live.generation).at("documents", live.versions["documents"]).scan(["uri"])[0].to_pylist()
    )


@contextmanager
def watching(place: Path, lag: float = 60.0, name: str = "docs") -> Iterator[tuple[SourceWatch, list[str]]]:
    """A watch in this process, in a thread; it is stopped at the end."""
    told: list[str] = []
    job = Job((f"{name}={place / 'docs'}",), str(place / "lake"), HASH)
    with PlainSteps() as steps:
        watch = SourceWatch(job, WatchOptions(lag=lag, settle=0.2), steps, told.append)
        failed: list[BaseException] = []

        def run() -> None:
            try:
                watch.run()
            except BaseException as error:  # noqa: BLE001 - shown by the thread that waits
                failed.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            until(lambda: failed or any("published" in line or "nothing" in line for line in told), "it did not start")
            yield watch, told
        finally:
            watch.stop.set()
            thread.join()
        assert not failed, failed


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("A pump.\n")
    return tmp_path


def test_changes_become_live_and_their_lags_are_kept(place: Path) -> None:
    docs, lake = place / "docs", place / "lake"
    with watching(place) as (watch, _):
        assert uris(lake) == {"a.md"}
        for n in range(20):  # a burst
            (docs / f"{n}.md").write_text(f"Number {n}.\n")
        until(lambda: "19.md" in uris(lake))
        (docs / "deep" / "er").mkdir(parents=True)
        (docs / "deep" / "er" / "new.md").write_text("A lamp.\n")
        (docs / "a.md").unlink()
        os.rename(docs / "0.md", docs / "zero.md")
        (docs / ".hidden.md").write_text("Hidden.\n")
        wanted = {"zero.md", "deep/er/new.md", *(f"{n}.md" for n in range(1, 20))}
        until(lambda: uris(lake) == wanted, str(uris(lake)))
        assert Lake(str(lake)).log.read().live.is_scoped  # type: ignore[union-attr]
        until(lambda: watch.state.n_waiting == 0)
        before = watch.state
        raglake.notify(str(lake), "docs", ["zero.md"])  # nothing to do, and no notice is left
        until(lambda: not Lake(str(lake)).store.names("inbox"))
        assert (watch.state.n_runs, watch.state.n_changes) == (before.n_runs, before.n_changes)
        until(lambda: summary(str(lake))[0]["n_waiting"] == 0, "what is shown is behind")
        assert not summary(str(lake))[0]["has_ended"]
    (state,) = summary(str(lake))
    assert (state["has_ended"], state["waiting_since"]) == (True, None)
    assert state["n_late"] == 0
    assert state["n_changes"] >= 24
    assert 0 < state["lag"]["p50"] <= state["lag"]["p100"] < 60
    assert not raglake.ingest(f"docs={docs}", lake, recipe=HASH).published, "the nightly run finds nothing to do"


def test_a_late_change_is_counted_and_reported(place: Path) -> None:
    with watching(place, lag=0.01) as (_, told):
        (place / "docs" / "b.md").write_text("A kettle.\n")
        until(lambda: "b.md" in uris(place / "lake"))
        until(lambda: any("later than 0.01 s" in line for line in told))
    assert summary(str(place / "lake"))[0]["n_late"] >= 1


def test_a_run_that_fails_is_tried_again_and_one_that_is_in_the_way_is_waited_for(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = iter([TransientError("the store is away"), ValueError("a defect")])

    def failing(job: Job, steps: PlainSteps) -> Outcome:
        error = next(failures, None) if job.only else None
        if error is not None:
            raise error
        return reindex(job, steps)

    monkeypatch.setattr("flows.watch.reindex", failing)
    monkeypatch.setattr("lake.storage.lease._LOOK_EVERY_SECONDS", 0.1)
    with watching(place) as (_, told):
        (place / "docs" / "b.md").write_text("A kettle.\n")
        until(lambda: "b.md" in uris(place / "lake"))
        assert [line for line in told if "the store is away" in line and "wait for the next one in 1 s" in line]
        assert [line for line in told if "ValueError: a defect" in line and "in 2 s" in line]
        with WriterLease(Lake(str(place / "lake")).store, "raglake ingest"):
            (place / "docs" / "c.md").write_text("A lamp.\n")
            until(lambda: any("is being written by raglake ingest" in line for line in told))
        until(lambda: "c.md" in uris(place / "lake"))


def test_a_folder_that_is_replaced_is_followed_and_an_empty_one_removes_nothing(place: Path) -> None:
    with watching(place) as (_, told):
        os.rename(place / "docs", place / "away")
        (place / "docs").mkdir()
        until(lambda: any("would be removed" in line for line in told))
        assert uris(place / "lake") == {"a.md"}
        os.rmdir(place / "docs")
        os.rename(place / "away", place / "docs")
        (place / "docs" / "b.md").write_text("A kettle.\n")
        until(lambda: uris(place / "lake") == {"a.md", "b.md"})


def test_a_key_that_no_document_can_have_holds_back_no_other_change(place: Path) -> None:
    """Objects of a bucket have such names, and a notice may be one that an older version took, or damaged."""
    docs, lake, bucket = place / "docs", place / "lake", str(place / "docs").lstrip("/")
    for name in ("a//b.md", "x/../b.md", "/b.md", "b\0.md", "\ud800.md"):
        assert lookable(name) == "", name
    with watching(place):
        store = Lake(str(lake)).store
        (docs / "b.md").write_text("A kettle.\n")
        inbox.put(store, "docs", (), [f"/{bucket}/deep//x.md", f"/{bucket}/x/../b.md"])
        inbox.put(store, "docs", ["deep//x.md"], ["elsewhere/a//b.md"])
        damaged = b'{"source": "docs", "keys": [1], "objects": [], "since": "2026-01-01T00:00:00"}'
        store.write("inbox/damaged.json", damaged)
        until(lambda: "b.md" in uris(lake))
        until(lambda: not store.names("inbox"))
        (docs / "c.md").write_text("A lamp.\n")
        until(lambda: "c.md" in uris(lake))


def test_kill_9_loses_nothing_and_sigterm_ends_cleanly(place: Path) -> None:
    docs, lake = place / "docs", place / "lake"
    with started(place) as process:
        for n in range(5):
            (docs / f"{n}.md").write_text(f"Number {n}.\n")
        raglake.notify(str(lake), "docs", ["1.md"])
        time.sleep(0.7)  # in the middle of a run, or before it
        process.kill()
    (docs / "while-away.md").write_text("A lamp.\n")
    with started(place) as process:
        assert uris(lake) == {"a.md", "while-away.md", *(f"{n}.md" for n in range(5))}
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert not [notice for notice in inbox.waiting(Lake(str(lake)).store) if notice.keys != ("1.md",)]


def test_sigterm_ends_a_watch_that_waits_for_another_run(place: Path) -> None:
    with started(place) as process:
        assert process.stderr is not None
        with WriterLease(Lake(str(place / "lake")).store, "raglake ingest"):
            (place / "docs" / "b.md").write_text("A kettle.\n")
            assert any("is being written by raglake ingest" in line for line in process.stderr)
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        told = process.stderr.read()
        assert "1 change left to the next watch" in told
        assert "failed" not in told


@contextmanager
def started(place: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """``raglake watch`` in a process of its own, once it has listed everything."""
    command = [sys.executable, "-m", "flows", "watch", f"docs={place / 'docs'}", "--lake", str(place / "lake")]
    with subprocess.Popen([*command, "--embedder", "hash", *options], stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            for line in process.stderr:
                if "published" in line or "nothing to do" in line:
                    break
            yield process
        finally:
            process.kill()
