"""The release log: compare-and-swap, what is live, what was live, and what may be published."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from os import getpid
from pathlib import Path

import pytest

from lake.directory import Lake
from lake.embed import identify
from lake.errors import ConflictError, ContractError, RefusedError, StorageError, UsageError
from lake.recipe import Recipe
from lake.releases.history import History
from lake.releases.log import ReleaseLog
from lake.releases.publishing import name, pin, publish, record_audit, rollback, unname
from lake.releases.values import Release
from lake.storage.lease import WriterLease
from lake.storage.store import LocalStore, open_store

RECIPE = Recipe(identify("hash"), parsers={"text": "1"})


def release(name: str, base: str | None = None, digest: str = "d") -> Release:
    counts = {"n_documents": 1, "n_quarantined": 0, "n_parents": 1, "n_chunks": 1}
    moment = datetime(2026, 11, 21, tzinfo=UTC)
    return Release(name, digest, base, RECIPE, "1", {"documents": 3}, counts, moment, "commits/x", base)


@pytest.fixture
def log(tmp_path: Path) -> ReleaseLog:
    return ReleaseLog(open_store(tmp_path))


def build(log: ReleaseLog, name: str, base: str | None = None, digest: str = "d") -> Release:
    made = release(name, base, digest)
    log.append(log.read(), "build", name, facts={"release": made.to_json()})
    return record(log, made)


def record(log: ReleaseLog, made: Release, *, passed: bool = True, why: str = "") -> Release:
    record_audit(log, made, verdict={"passed": passed, "n_warnings": 0}, why=why)
    return made


def test_a_release_reads_back_as_it_was_written(log: ReleaseLog, tmp_path: Path) -> None:
    made = build(log, "2026-11-21.1")
    assert ReleaseLog(open_store(tmp_path)).read().releases == {"2026-11-21.1": made}


def test_publish_makes_live_and_a_candidate_is_not(log: ReleaseLog) -> None:
    first = build(log, "2026-11-21.1")
    assert log.read().live is None
    publish(log, first)
    second = build(log, "2026-11-21.2", base="2026-11-21.1")
    history = log.read()
    assert history.live == first
    assert (history.status(first.id), history.status(second.id)) == ("live", "candidate")
    publish(log, second)
    history = log.read()
    assert (history.status(first.id), history.status(second.id)) == ("superseded", "live")


def test_going_back_to_what_was_rolled_back_takes_it_back_on_purpose(log: ReleaseLog) -> None:
    first = build(log, "2026-11-21.1")
    publish(log, first)
    second = build(log, "2026-11-21.2", base=first.id, digest="e")
    publish(log, second)
    rollback(log, first, why="a false alarm")
    rollback(log, second, why="it was the first that was bad")
    history = publish(log, build(log, "2026-11-21.3", base=second.id, digest="f"))
    assert (history.status(first.id), history.status(second.id)) == ("rolled back", "superseded")
    again = build(log, "2026-11-21.4", base="2026-11-21.3", digest="e")
    assert publish(log, again).live == again


def test_publishing_twice_adds_one_entry(log: ReleaseLog) -> None:
    first = build(log, "2026-11-21.1")
    assert publish(log, first) == publish(log, first)


def test_a_candidate_of_an_old_base_is_refused(log: ReleaseLog) -> None:
    publish(log, build(log, "2026-11-21.1"))
    second, third = (build(log, f"2026-11-21.{n}", base="2026-11-21.1") for n in (2, 3))
    publish(log, third)
    with pytest.raises(RefusedError, match=r"built on 2026-11-21.1, but live is now 2026-11-21.3"):
        publish(log, second)


def test_a_pin_holds_live(log: ReleaseLog) -> None:
    publish(log, build(log, "2026-11-21.1"))
    second = build(log, "2026-11-21.2", base="2026-11-21.1")
    log.append(log.read(), "pin", "2026-11-21.1", pinned="demo on Friday")
    with pytest.raises(RefusedError, match=r"pinned .demo on Friday."):
        publish(log, second)


def test_a_refused_candidate_says_why(log: ReleaseLog) -> None:
    made = build(log, "2026-11-21.1")
    record(log, made, passed=False, why="3 chunks have no parent")
    history = log.read()
    assert (history.status(made.id), history.why(made.id)) == ("refused", "3 chunks have no parent")
    assert history.live is None


def test_who_comes_second_loses(log: ReleaseLog) -> None:
    stale = log.read()
    build(log, "2026-11-21.1")
    with pytest.raises(ContractError, match=r"log entry 1 .* written by somebody else"):
        log.append(stale, "build", "2026-11-21.1", facts={"release": release("2026-11-21.1").to_json()})


def _race(root: str, worker: int, queue: multiprocessing.Queue[int]) -> None:
    log = ReleaseLog(open_store(root))
    won = 0
    while won < 10:
        history = log.read()
        try:
            log.append(history, "pin", "r", why=str(worker))
        except ContractError:
            continue
        won += 1
    queue.put(won)


def test_racing_processes_win_each_number_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    queue: multiprocessing.Queue[int] = context.Queue()
    racers = [context.Process(target=_race, args=(str(tmp_path), n, queue)) for n in range(3)]
    for racer in racers:
        racer.start()
    assert [queue.get(timeout=60) for _ in racers] == [10, 10, 10]
    for racer in racers:
        racer.join()
    assert [entry.seq for entry in ReleaseLog(open_store(tmp_path)).read().entries] == list(range(1, 31))


def _checkpoint(root: str, queue: multiprocessing.Queue[int]) -> None:
    log = ReleaseLog(open_store(root))
    while queue.empty():
        log.checkpoint()
    queue.put(0)


def test_checkpoints_under_racing_writers_lose_no_entry(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    done: multiprocessing.Queue[int] = context.Queue()
    stop: multiprocessing.Queue[int] = context.Queue()
    sweeper = context.Process(target=_checkpoint, args=(str(tmp_path), stop))
    racers = [context.Process(target=_race, args=(str(tmp_path), n, done)) for n in range(2)]
    for process in (sweeper, *racers):
        process.start()
    reader, seen = ReleaseLog(open_store(tmp_path)), 0
    while any(racer.is_alive() for racer in racers):
        history = reader.read()
        assert history.head >= seen
        seen = history.head
    stop.put(1)
    for process in (*racers, sweeper):
        process.join(timeout=60)
    for log in (reader, ReleaseLog(open_store(tmp_path))):
        entries = log.read().entries
        assert [entry.seq for entry in entries] == list(range(1, 21))
        assert sorted(entry.why for entry in entries) == ["0"] * 10 + ["1"] * 10


def test_a_checkpoint_stands_for_the_entries_before_it(log: ReleaseLog, tmp_path: Path) -> None:
    publish(log, build(log, "2026-11-21.1"))
    before = log.read()
    log.checkpoint()
    assert [path.name for path in (tmp_path / "log").iterdir()] == [f"{before.head:010}.checkpoint.json"]
    assert ReleaseLog(open_store(tmp_path)).read() == before
    publish(log, build(log, "2026-11-21.2", base="2026-11-21.1"))
    log.checkpoint()
    assert ReleaseLog(open_store(tmp_path)).read() == log.read()
    assert len(list((tmp_path / "log").iterdir())) == 1


def test_who_slept_through_a_checkpoint_loses(log: ReleaseLog, tmp_path: Path) -> None:
    sleeper = ReleaseLog(open_store(tmp_path))
    publish(log, build(log, "2026-11-21.1"))
    stale = sleeper.read()
    pin(log, why="audit week")
    log.checkpoint()
    with pytest.raises(ConflictError, match="written by somebody else"):
        sleeper.append(stale, "rollback", "2026-11-21.1", live=None)
    for reader in (sleeper, log, ReleaseLog(open_store(tmp_path))):
        assert (reader.read().pinned, reader.read().head) == ("audit week", stale.head + 1)


def test_a_step_that_somebody_else_came_before_is_taken_from_there(log: ReleaseLog, tmp_path: Path) -> None:
    first = build(log, "2026-11-21.1")
    other = ReleaseLog(open_store(tmp_path))

    def late(history: History) -> History:
        if history.pinned is None:
            pin(other, why="first come") if other.read().live else publish(other, first)
        return log.append(history, "unpin", "2026-11-21.1", pinned=None)

    log.insist(late)
    assert [entry.action for entry in log.read().entries] == ["build", "audit", "publish", "pin", "unpin"]


def test_an_entry_that_is_missing_is_damage(log: ReleaseLog, tmp_path: Path) -> None:
    publish(log, build(log, "2026-11-21.1"))
    (tmp_path / "log" / "0000000002.json").unlink()
    with pytest.raises(ContractError, match=r"log/0000000002.json .* is missing"):
        ReleaseLog(open_store(tmp_path)).read()


class Unanswered(LocalStore):
    """The next ``n`` requests to create an object fail for their caller, and arrive later."""

    def __init__(self, root: Path, n: int) -> None:
        super().__init__(root)
        self.n, self.late = n, list[Callable[[], bool]]()

    def put_if_absent(self, path: str, data: bytes) -> bool:
        if not path.startswith("log/") or len(self.late) == self.n:
            return super().put_if_absent(path, data)
        self.late.append(partial(super().put_if_absent, path, data))
        raise StorageError("the store did not answer")


def test_an_entry_without_an_answer_is_settled_before_the_lease_is_given_back(tmp_path: Path) -> None:
    """If it arrives when somebody else works, that one's list of releases must not have been without it."""
    store = Unanswered(tmp_path / "once", 1)
    with WriterLease(store, "raglake ingest"):
        build(ReleaseLog(store), "2026-11-21.1")
    assert not any(arrive() for arrive in store.late)
    assert [entry.action for entry in ReleaseLog(store).read().entries] == ["build", "audit"]
    with WriterLease(store, "raglake forget") as lease:
        assert lease.took_over_from is None
    store = Unanswered(tmp_path / "twice", 2)
    with pytest.raises(StorageError), WriterLease(store, "raglake ingest"):
        build(ReleaseLog(store), "2026-11-21.1")
    lake = Lake(str(tmp_path / "twice"))
    with lake.writing("raglake forget"):
        assert [entry.why for entry in lake.log.read().entries] == [
            f"took over from raglake ingest (process {getpid()})"
        ]
        assert not any(arrive() for arrive in store.late)
        assert not lake.log.read().releases


def test_an_entry_that_was_written_though_its_answer_was_lost_is_this_runs_own(tmp_path: Path) -> None:
    class Done(Unanswered):
        def put_if_absent(self, path: str, data: bytes) -> bool:
            try:
                return super().put_if_absent(path, data)
            except StorageError:
                self.late[-1]()
                raise

    made = build(ReleaseLog(Done(tmp_path, 1)), "2026-11-21.1")
    assert ReleaseLog(open_store(tmp_path)).read().releases == {made.id: made}


def test_names(log: ReleaseLog) -> None:
    first, second = build(log, "2026-11-21.1"), build(log, "2026-11-21.2")
    name(log, first, "golden", why="the audited one")
    assert log.read().resolve("golden") == first
    with pytest.raises(UsageError, match=r"is the name of 2026-11-21\.1"):
        name(log, second, "golden")
    for nonsense in ("live", "2026", "a b", ""):
        with pytest.raises(UsageError, match="can't name a release"):
            name(log, second, nonsense)
    unname(log, "golden")
    with pytest.raises(UsageError, match="no release is called 'golden'"):
        unname(log, "golden")


def test_what_was_never_audited_is_not_published(log: ReleaseLog) -> None:
    made = release("2026-11-21.1")
    log.append(log.read(), "build", made.id, facts={"release": made.to_json()})
    with pytest.raises(RefusedError, match="has not been audited"):
        publish(log, made)
    publish(log, made, force=True, why="known good")
    assert log.read().live == made


def test_resolving_a_release_a_date_and_a_time(log: ReleaseLog) -> None:
    publish(log, build(log, "2026-11-21.1"))
    between = datetime.now(UTC)
    publish(log, build(log, "2026-11-21.2", base="2026-11-21.1"))
    history = log.read()
    assert history.resolve("live").id == "2026-11-21.2"
    assert history.resolve("2026-11-21.1").id == "2026-11-21.1"
    assert history.resolve(between.isoformat()).id == "2026-11-21.1"
    assert history.resolve(between.date().isoformat()).id == "2026-11-21.2"


@pytest.mark.parametrize(
    ("at", "message"),
    [
        ("prod", r"no release 'prod'; known releases: 2026-11-21.1"),
        ("1999-01-01", "nothing was live at '1999-01-01'; the first release was published at 20"),
        ("2026-13-40", "no release '2026-13-40'"),
    ],
)
def test_what_cannot_be_resolved_is_explained(log: ReleaseLog, at: str, message: str) -> None:
    publish(log, build(log, "2026-11-21.1"))
    with pytest.raises(UsageError, match=message):
        log.read().resolve(at)


def test_an_empty_lake_has_nothing_live(log: ReleaseLog) -> None:
    with pytest.raises(UsageError, match="nothing is published"):
        log.read().resolve("live")


def test_ids_count_up_within_a_day(log: ReleaseLog) -> None:
    build(log, "2026-11-21.9")
    build(log, "2026-11-21.10")
    assert log.read().next_id(date(2026, 11, 21)) == "2026-11-21.11"
    assert log.read().next_id(date(2026, 11, 22)) == "2026-11-22.1"


def test_the_log_stays_in_order_when_the_clock_steps_back(log: ReleaseLog, monkeypatch: pytest.MonkeyPatch) -> None:
    import lake.releases.log as module

    class Earlier(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return datetime(2020, 1, 1, tzinfo=UTC)

    build(log, "2026-11-21.1")
    first = log.read().entries[-1].at
    monkeypatch.setattr(module, "datetime", Earlier)
    log.append(log.read(), "pin", "2026-11-21.1", pinned="x")
    assert timedelta(0) < log.read().entries[-1].at - first < timedelta(seconds=1)


def test_a_ready_candidate_is_found_by_what_it_holds(log: ReleaseLog) -> None:
    made = build(log, "2026-11-21.1", digest="abc")
    assert log.read().candidate("abc", None) == made
    assert log.read().candidate("abc", "2026-11-20.1") is None
    assert log.read().candidate("other", None) is None
