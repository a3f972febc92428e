"""Searches while an object store is dead, hangs, is slow or garbled: a real server behind a proxy that misbehaves."""

# ruff: noqa: F811 - fixtures of other folders
from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx
import pytest
import s3fs

import lake
from lake import operate
from lake.directory import Lake
from lake.endpoints.breaker import UnreachableError
from lake.endpoints.deadline import deadline
from lake.errors import ContractError, LakeError, StorageError, TransientError, UsageError
from lake.index import Index
from lake.options import CacheOptions
from lake.search.known_log import LogReader, Wait
from tests.faulty_proxy import FaultyProxy
from tests.lake.service.conftest import TwoReleases, two_releases  # noqa: F401 - a fixture
from tests.waiting import free_port, until

QUESTION = "Which oil does Lamp 7 burn?"
WAITS = 1.0
DEGRADING: dict[str, Any] = {"degrade": True, "degrade_after": WAITS}
#: Seconds that searching takes besides waiting for the lake, on a machine with other work.
ROOM = 2.0


@dataclass(frozen=True, slots=True)
class Remote:
    """A lake in a bucket behind a proxy, with the ids of its two releases; ``url`` is reached through the proxy."""

    url: str
    proxy: FaultyProxy
    before: str
    after: str


@pytest.fixture(scope="module")
def remote(s3_server: str, two_releases: TwoReleases) -> Iterator[Remote]:
    proxy = FaultyProxy(int(s3_server.rsplit(":", 1)[1]))
    with pytest.MonkeyPatch.context() as patch:
        names = {"AWS_ENDPOINT_URL": proxy.url, "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}
        for name, value in {**names, "AWS_REGION": "us-east-1"}.items():
            patch.setenv(name, value)
        s3fs.S3FileSystem.clear_instance_cache()
        bucket = s3fs.S3FileSystem()
        bucket.mkdir("outages")
        bucket.put(f"{two_releases.url}/", "outages/lake/", recursive=True)
        yield Remote("s3://outages/lake", proxy, two_releases.before, two_releases.after)
    proxy.close()
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture
def index(remote: Remote) -> Iterator[Index]:
    """An index that has everything in memory."""
    opened = lake.open_lake(remote.url)
    warm_up(opened)
    yield opened
    remote.proxy.become("none")


def warm_up(index: Index) -> None:
    words = {**DEGRADING, "degrade_after": 20.0}
    index.search(QUESTION, **words)
    until(lambda: index._reader.snapshot(index.release()).hold())
    for principals in ((), ["hr"]):
        assert index.search(QUESTION, principals=principals, **words).degraded == ()


def recovered(index: Index, seconds: float = 10.0) -> None:
    until = monotonic() + seconds
    while index.search(QUESTION, **DEGRADING).degraded:
        assert monotonic() < until
        sleep(0.1)


@pytest.mark.parametrize(("fault", "delay"), [("dead", 0), ("hanging", 0), ("garbled", 0), ("page", 0), ("none", 3.0)])
def test_what_is_held_answers_marked_as_stale_and_recovers(
    remote: Remote, index: Index, fault: Any, delay: float
) -> None:
    whole = index.search(QUESTION, principals=["hr"], **DEGRADING)
    assert (whole.degraded, whole.stale_since) == ((), None)
    remote.proxy.become(fault, delay)
    for number in range(6):
        started = monotonic()
        found = index.search(QUESTION, principals=["hr"], **DEGRADING)
        assert monotonic() - started < WAITS + ROOM
        assert found.degraded == ("lake",)
        assert found.stale_since is not None
        assert found.hits.equals(whole.hits)
        assert index.search(f"lamp {number}", mode="text", **DEGRADING)["uri"][0].as_py() == f"{number}.md"
    assert index.search("lamp", **DEGRADING).degraded == ("lake",), "of one word, the texts found are read, too"
    assert "payroll.md" not in index.search("ducats payroll", **DEGRADING)["uri"].to_pylist()
    with deadline(5.0), pytest.raises(UnreachableError, match="the lake"):
        index.search(QUESTION)
    remote.proxy.become("none")
    recovered(index)
    assert index.search(QUESTION, principals=["hr"], **DEGRADING).hits.equals(whole.hits)


def test_what_is_not_held_is_an_error_in_time(remote: Remote, index: Index) -> None:
    doc_id = index.search(QUESTION, **DEGRADING)["doc_id"][0].as_py()
    remote.proxy.become("hanging")
    started = monotonic()
    with pytest.raises(TransientError):
        index.search(QUESTION, filters={"metadata.never_asked": 1}, **DEGRADING)
    assert monotonic() - started < 4 * WAITS + ROOM
    started = monotonic()
    with deadline(3.0), pytest.raises(TransientError):
        index.document(doc_id)
    assert monotonic() - started < 2 * WAITS + ROOM


def test_a_rollback_is_seen_as_soon_as_the_lake_is_back(remote: Remote, index: Index, s3_server: str) -> None:
    remote.proxy.become("dead")
    assert index.search(QUESTION, **DEGRADING).release == remote.after
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", s3_server)
        s3fs.S3FileSystem.clear_instance_cache()
        operate.rollback(remote.url, remote.before, why="beside the reader")
    s3fs.S3FileSystem.clear_instance_cache()
    assert index.search(QUESTION, **DEGRADING).release == remote.after
    remote.proxy.become("none")
    recovered(index)
    found = index.search(QUESTION, **DEGRADING)
    assert found.release == remote.before
    assert "whale" in found["text"][0].as_py()
    operate.rollback(remote.url, remote.after, why="as it was")


def test_what_is_held_counts_for_a_while_only(remote: Remote) -> None:
    for stale_for in (0.0, 3.0):
        index = lake.open_lake(remote.url, stale_for=stale_for)
        warm_up(index)
        remote.proxy.become("dead")
        if stale_for:
            assert index.search(QUESTION, **DEGRADING).degraded == ("lake",)
            sleep(stale_for)
        with pytest.raises(UnreachableError, match="can't be reached"):
            index.search(QUESTION, **DEGRADING)
        remote.proxy.become("none")


def test_a_lake_that_is_opened_unseen_answers_once_it_is_there(remote: Remote) -> None:
    remote.proxy.become("dead")
    started = monotonic()
    index = lake.open_lake(remote.url, wait=WAITS, cache=CacheOptions())
    assert monotonic() - started < WAITS + ROOM
    with pytest.raises(UnreachableError, match="it has not answered since"):  # and is not waited for again
        index.search(QUESTION, **DEGRADING)
    remote.proxy.become("none")

    def found() -> Any:
        with suppress(TransientError):
            return index.search(QUESTION, **DEGRADING)

    assert until(found).degraded == ()
    with pytest.raises(UsageError, match="no lake"):
        lake.open_lake("s3://outages/elsewhere", wait=5.0)


def test_a_service_starts_while_all_is_away_and_answers_once_the_lake_is_back(remote: Remote) -> None:
    remote.proxy.become("dead")
    port, nobody = free_port(), free_port()
    words = ["serve", "--lake", remote.url, "--port", str(port), "--model", "openai:gone", "--rerank", "openai:gone"]
    away = f"http://127.0.0.1:{nobody}/v1"
    settings = {
        "OPENAI_BASE_URL": away,
        "RAGLAKE_RERANK_URL": away,
        "RAGLAKE_CACHE_URL": f"redis://127.0.0.1:{nobody}/0",
    }
    command = [sys.executable, "-m", "raglake", *words]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, **settings}) as server:
        try:
            assert server.stderr
            told = json.loads(server.stderr.readline())
            assert (told["event"], told["part"]) == ("degraded", "lake")  # and nothing waits for it a second time
            assert "the lake can't be reached yet" in server.stderr.readline()
            threading.Thread(target=server.stderr.read, daemon=True).start()
            service = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30)
            assert service.get("/health/live").status_code == 200
            assert service.get("/health/ready").json()["status"] == "unreadable"
            assert service.get("/health/ready").status_code == 503
            assert service.post("/query", json={"text": QUESTION}).json()["error"] == "unavailable"
            remote.proxy.become("none")
            until(lambda: service.post("/query", json={"text": QUESTION}).status_code == 200)
            found = service.post("/query", json={"text": QUESTION})
            assert (found.json()["degraded"], found.json()["release"]) == (["rerank"], remote.after)
            assert service.get("/health/ready").status_code == 200
            answer = service.post("/answer", json={"question": QUESTION}).json()
            assert "answer" in answer["degraded"]
            remote.proxy.become("dead")
            for _ in range(3):
                found = service.post("/query", json={"text": QUESTION})
            assert (found.status_code, found.json()["degraded"]) == (200, ["rerank", "lake"])
            assert found.headers["x-raglake-degraded"] == "lake,rerank"
            assert int(found.headers["x-raglake-stale-seconds"]) < 60
            assert found.json()["stale_since"]
            assert service.post("/query", json={"text": QUESTION, "degrade": False}).status_code == 503
            judged = {"query_id": found.json()["query_id"], "useful": True}
            judged["chunk_id"] = found.json()["hits"][0]["chunk_id"]
            assert service.post("/feedback", json=judged).json()["error"] == "not_stored"
            ready = service.get("/health/ready")
            assert (ready.status_code, ready.json()["status"]) == (200, "stale")
            assert not ready.json()["parts"]["lake"]["works"]
            figures = service.get("/metrics").text
            assert 'raglake_part_up{part="lake"} 0.0' in figures
            assert "raglake_lake_age_seconds" in figures
        finally:
            server.terminate()
            remote.proxy.become("none")


class Failing:
    """Makes the store of a lake on this disk fail as an object store does."""

    def __init__(self, opened: Lake) -> None:
        self._store, self.fails = opened.store, False

    def __getattr__(self, name: str) -> Any:
        if self.fails and callable(getattr(self._store, name)):
            raise StorageError("the store is away")
        return getattr(self._store, name)


@pytest.fixture
def local(ingest: Any, source: Path, lake_url: str) -> tuple[Index, Failing]:
    (source / "a.md").write_text(f"# Lamp 7\n\n{QUESTION} Whale oil.")
    (source / "b.md").write_text("# Lamp 8\n\nNothing.")
    ingest()
    opened = Lake.existing(lake_url)
    failing = Failing(opened)
    opened.store = failing  # type: ignore[assignment]
    index = Index(opened)
    warm_up(index)
    return index, failing


def test_nothing_is_held_from_before_an_erasure(local: tuple[Index, Failing], lake_url: str) -> None:
    index, failing = local
    operate.forget(lake_url, uri="a.md", why="asked for")
    index.history()  # the reader knows of it, and has read nothing else yet
    failing.fails = True
    with pytest.raises(UnreachableError):
        index.search(QUESTION, **DEGRADING)
    failing.fails = False
    recovered(index)
    assert "a.md" not in index.search(QUESTION, **DEGRADING)["uri"].to_pylist()


def test_what_is_held_goes_on_under_rights_that_changed(
    local: tuple[Index, Failing], ingest: Any, source: Path
) -> None:
    index, failing = local
    held = index.search(QUESTION, **DEGRADING)
    assert held["uri"][0].as_py() == "a.md"
    (source / "a.md.meta.json").write_text('{"acl": ["hr"]}')
    ingest()
    index.history()  # the reader knows of it, and reads the rights, but nothing else yet
    until(lambda: index._reader.log.rights.begin(index._reader.log.known(Wait()).history.rights).done())
    failing.fails = True
    for principals, sees in (((), False), (["finance"], False), (["hr"], True), ("*", True)):
        found = index.search(QUESTION, principals=principals, **DEGRADING)
        assert (found.release, found.degraded) == (held.release, ("lake",))
        assert ("a.md" in found["uri"].to_pylist()) is sees
    failing.fails = False
    recovered(index)
    found = index.search(QUESTION, **DEGRADING)
    assert found.release != held.release
    assert "a.md" not in found["uri"].to_pylist()


def test_nothing_is_held_under_rights_that_cannot_be_read(
    local: tuple[Index, Failing], ingest: Any, source: Path, lake_url: str
) -> None:
    index, failing = local
    (source / "a.md.meta.json").write_text('{"acl": ["hr"]}')
    ingest()
    path = Path(lake_url, str(Lake.existing(lake_url).log.read().rights))
    hidden = path.rename(path.with_suffix(".away"))
    index.history()
    failing.fails = True
    for _ in range(2):
        with pytest.raises(UnreachableError):
            index.search(QUESTION, **DEGRADING)
    failing.fails = False
    hidden.rename(path)
    recovered(index)
    assert "a.md" not in index.search(QUESTION, **DEGRADING)["uri"].to_pylist()


def test_damage_and_loss_are_errors_and_not_outages(local: tuple[Index, Failing], lake_url: str, ingest: Any) -> None:
    index, _ = local
    entry = sorted((Path(lake_url) / "log").glob("*.json"))[-1]
    following = entry.with_name(f"{int(entry.stem) + 1:010}.json")
    following.write_bytes(b'{"seq": ')
    with pytest.raises(ContractError, match="damaged"):
        index.search(QUESTION, **DEGRADING)
    following.unlink()
    assert index.search(QUESTION, **DEGRADING).degraded == ()
    shutil.rmtree(lake_url)
    with pytest.raises(ContractError, match="missing"):
        index.search(QUESTION, **DEGRADING)


def test_a_search_that_fails_alone_leaves_the_lake_to_the_others(two_releases: TwoReleases, tmp_path: Path) -> None:
    shutil.copytree(two_releases.url, tmp_path / "lake")
    log = LogReader(Lake.existing(str(tmp_path / "lake")))

    def fails() -> None:
        raise StorageError("LanceDB failed: this filter is too much")

    known = log.known(Wait(WAITS))
    with pytest.raises(UnreachableError, match="this filter is too much"):
        log.limited(known, Wait(WAITS), fails)
    assert not log.breaker.is_open
    shutil.rmtree(tmp_path / "lake" / "tables")
    with pytest.raises(UnreachableError):
        log.limited(known, Wait(WAITS), fails)
    assert log.breaker.is_open


def test_a_reader_that_nobody_uses_is_not_probed_for_ever(lake_url: str, local: tuple[Index, Failing]) -> None:
    opened = Lake.existing(lake_url)
    opened.store = Failing(opened)  # type: ignore[assignment]
    log = LogReader(opened)
    log.breaker.open(LakeError("away"))
    breaker = log.breaker
    opened.store.fails = True  # type: ignore[attr-defined]
    del log
    until(lambda: not breaker.is_open)
