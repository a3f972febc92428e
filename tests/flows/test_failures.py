"""A disk that is full, a permission that is gone, two writers at once: an error that says so, and nothing lost."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

import lake
from expectations.audit import audit
from flows.cli.app import _exit_status
from flows.cli.options import FAILED, OK, REFUSED
from flows.indexing import index
from flows.reindex import Job
from flows.steps import PlainSteps
from lake.directory import Lake
from lake.errors import ContractError, LakeError
from lake.ingest.commit import commit
from lake.options import RecipeOptions
from lake.releases.publishing import publish, record_audit
from lake.storage.lease import WriterLease

NOBODY = 65534
_HISTORY = {"indexed_at", "modified_at", "first_seen_at"}


def write(source: Path, night: int, n: int = 40) -> None:
    for berth in range(n):
        body = " ".join(f"w{berth * night * 31 % 997 + word}" for word in range(120))
        (source / f"{berth:03}.md").write_text(
            f"# Berth {berth}\n\nNight {night}. {body}.\n\n## Depth\n\n{body[::-1]}\n"
        )


def everything(url: str) -> dict[str, pl.DataFrame]:
    opened = lake.open_lake(url)
    tables = ("documents", "parents", "chunks", "quarantine")
    frames = {name: pl.DataFrame(opened.dataset(name).to_table()) for name in tables}
    return {name: frame.drop(_HISTORY & set(frame.columns)).sort(frame.columns[0]) for name, frame in frames.items()}


def same(some: dict[str, pl.DataFrame], others: dict[str, pl.DataFrame]) -> bool:
    return all(frame.equals(others[name]) for name, frame in some.items())


def is_plain(said: str, lake_url: str) -> bool:
    """Whether an error says which lake in words meant for a person."""
    return said.count("raglake: ") == 1 and lake_url in said and "defect" not in said and "Traceback" not in said


Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(source: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def ingest(lake_url: str) -> tuple[int, str]:
        capsys.readouterr()
        status = _exit_status(["ingest", str(source), "--lake", lake_url, "--embedder", "hash", "--json"])
        return status, capsys.readouterr().err

    return ingest


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of 24 MB in a mount namespace of its own, which ends with its one process."""
    mount = "mount -t tmpfs -o size=24m disk /mnt && echo mounted && exec cat"
    try:
        holder = subprocess.Popen(
            ["unshare", "-rm", "sh", "-c", mount],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    except FileNotFoundError:
        pytest.skip("no unshare on this machine, so no disk can be filled")
    assert holder.stdin
    assert holder.stdout
    assert holder.stderr
    if holder.stdout.readline() != "mounted\n":
        pytest.skip(f"this machine lets nobody mount a tmpfs: {holder.stderr.read().strip()}")
    yield Path(f"/proc/{holder.pid}/root/mnt")
    holder.stdin.close()
    holder.wait()


def test_a_full_disk_stops_the_run_and_the_next_one_goes_on(
    small_disk: Path, source: Path, lake_url: str, run: Run
) -> None:
    url = str(small_disk / "lake")
    write(source, 1)
    assert run(url)[0] == OK
    write(source, 2)
    before, ballast = everything(url), small_disk / "ballast"
    reached = set()
    for kilobytes in (0, 4, 24, 48, 72, 96, 160, 240, 400):
        free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
        ballast.write_bytes(bytes(max(0, free - kilobytes * 1024)))
        status, said = run(url)
        assert (status, is_plain(said, url)) == (FAILED, True), (kilobytes, said)
        assert f"no space left for {url}" in said
        assert "free some and run again" in said
        assert same(everything(url), before), kilobytes
        ballast.unlink()
        reached |= {path.name for path in Path(url).iterdir() if any(path.rglob("*"))}
    assert {"contents", "vectors", "commits", "tables"} <= reached
    assert len(list(Path(url, "log").iterdir())) == 3  # build, audit, publish
    assert run(url)[0] == OK
    assert run(lake_url)[0] == OK
    assert same(everything(url), everything(lake_url))


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without root's right to read and write everything; anybody else has none as it is."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that any user may enter, unlike pytest's own, with a source and a lake that nobody may own."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        Path(folder, "source").mkdir()
        yield Path(folder)


def give(folder: Path, mode: int) -> None:
    """Make nobody the owner of everything below the folder; ``mode`` is for the folders."""
    for parent, _, names in os.walk(folder):
        Path(parent).chmod(mode)
        if os.geteuid() == 0:
            for path in (parent, *(os.path.join(parent, name) for name in names)):
                os.chown(path, NOBODY, NOBODY)


def test_a_permission_that_is_lost(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, url = shared / "source", str(shared / "lake")
    ingest = ["ingest", str(source), "--lake", url, "--embedder", "hash", "--json"]
    write(source, 1, 5)
    assert _exit_status(ingest) == OK
    before = everything(url)
    # Nothing new to parse, since whoever may not read this Python could start no child to do so.
    shutil.copy(source / "000.md", source / "copy.md")
    (source / "004.md").write_text("changed")
    (source / "004.md").chmod(0)
    for part in ("lease", "commits", "tables", "log"):
        give(Path(url), 0o755)
        give(Path(url, part), 0o555)
        capsys.readouterr()
        with as_nobody():
            status = _exit_status(ingest)
            said = capsys.readouterr().err
            assert (status, is_plain(said, url), f"no permission for {url}" in said) == (FAILED, True, True), said
            assert same(everything(url), before)
    give(Path(url), 0o755)
    Path(url, "log").chmod(0o300)
    with as_nobody():
        assert _exit_status(["query", "night", "--lake", url]) == FAILED
        said = capsys.readouterr().err
        assert is_plain(said, url)
        assert "/log: Permission denied" in said
    Path(url, "log").chmod(0o755)
    with as_nobody():
        assert _exit_status(ingest) == OK
        quarantine = everything(url)["quarantine"]
    assert quarantine.select("uri", "reason").rows() == [
        ("004.md", "no permission to read it; grant it or exclude the file")
    ]


def command(source: Path, lake_url: str) -> list[str]:
    return [sys.executable, "-m", "flows", "ingest", str(source), "--lake", lake_url, "--embedder", "hash"]


def wait_for(condition: Callable[[], object], run: subprocess.Popen[str]) -> None:
    while not condition():
        assert run.poll() is None, run.communicate()
        time.sleep(0.01)


def test_of_two_runs_the_second_is_told_and_a_dead_one_is_in_nobodys_way(source: Path, lake_url: str, run: Run) -> None:
    write(source, 1, 80)
    first = subprocess.Popen(command(source, lake_url), stderr=subprocess.PIPE, text=True, start_new_session=True)
    wait_for(Path(lake_url, "lease", "0000000001.json").exists, first)
    first.send_signal(signal.SIGSTOP)
    status, said = run(lake_url)
    assert (status, is_plain(said, lake_url)) == (REFUSED, True)
    assert f"is being written by raglake ingest (process {first.pid} on " in said
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    assert run(lake_url)[0] == OK
    assert lake.open_lake(lake_url).status()["live"]["n_documents"] == 80


def test_a_run_that_slept_through_its_lease_publishes_nothing(source: Path, lake_url: str, run: Run) -> None:
    write(source, 1, 5)
    assert run(lake_url)[0] == OK
    before = everything(lake_url)
    write(source, 2, 80)
    slept = subprocess.Popen(command(source, lake_url), stderr=subprocess.PIPE, text=True, start_new_session=True)
    mine, former = (Path(lake_url, "lease", f"000000000{number}.json") for number in (2, 1))
    wait_for(lambda: mine.exists() and not former.exists(), slept)  # vacuumed once the lease is surely held
    slept.send_signal(signal.SIGSTOP)
    expired = {**json.loads(mine.read_text()), "machine": "another", "expires_at": "2020-01-01T00:00:00+00:00"}
    mine.write_text(json.dumps(expired))
    with WriterLease(Lake(lake_url).store, "another run"):
        slept.send_signal(signal.SIGCONT)
        _, said = slept.communicate(timeout=60)
    assert slept.returncode == FAILED, said
    assert f"this run lost the writer lease of {lake_url}; nothing is published, run it again" in said
    assert same(everything(lake_url), before)
    assert run(lake_url)[0] == OK
    assert lake.open_lake(lake_url).status()["live"]["n_documents"] == 80


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_wrong_makes_no_second_publisher(source: Path, lake_url: str, run: Run, hours: int) -> None:
    """A holder elsewhere whose clock is behind loses its lease early; one that is ahead keeps it too long."""
    write(source, 1, 5)
    store = Lake(lake_url).store
    holder = WriterLease(store, "raglake ingest")
    Lake(lake_url).create()
    with holder:
        path = Path(lake_url, "lease", "0000000001.json")
        told = datetime.now(UTC) + timedelta(hours=hours, seconds=90)
        path.write_text(json.dumps({**json.loads(path.read_text()), "machine": "b", "expires_at": told.isoformat()}))
        status, said = run(lake_url)
        if hours > 0:
            assert (status, f"lease until {told.isoformat()[:19]} UTC" in said) == (REFUSED, True)
            holder.check()
        else:
            assert status == OK
            with pytest.raises(ContractError, match="lost the writer lease"):
                holder.check()


def test_commits_at_once_never_publish_a_row_twice(source: Path, lake_url: str, run: Run) -> None:
    """Two runs of one plan that hold no lease: whatever they leave in the tables, the audit and the log sort out."""
    write(source, 1, 60)
    assert run(lake_url)[0] == OK
    write(source, 2, 120)
    job = Job(sources=(str(source),), lake=lake_url, settings=RecipeOptions(embedder="hash"))
    with PlainSteps() as steps:
        found = steps.scan(job)
        index(job, Lake(lake_url), found, steps)
    outcomes: list[str] = []

    def commit_and_publish() -> None:
        opened = Lake(lake_url)
        try:
            release = commit(opened, found)
            verdict = audit(opened, release)
            record_audit(opened.log, release, verdict=verdict.to_json(), why="")
            if verdict.passed:
                publish(opened.log, release)
            outcomes.append(verdict.summary() or "published")
        except LakeError as error:
            outcomes.append(str(error))

    for _ in range(2):
        runs = [threading.Thread(target=commit_and_publish) for _ in range(2)]
        for each in runs:
            each.start()
        for each in runs:
            each.join()
        live = everything(lake_url)
        assert all(frame[frame.columns[0]].is_unique().all() for frame in live.values()), outcomes
        assert live["documents"].height in (60, 120), outcomes
    assert len(outcomes) == 4
    assert run(lake_url)[0] in (OK, REFUSED)
