"""One writer at a time, whatever becomes of the last one."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lake.errors import BusyError, ContractError, GoneError, RefusedError
from lake.storage import lease as leases
from lake.storage.lease import WriterLease
from lake.storage.store import open_store


def test_a_second_writer_is_told_who_is_at_work(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with (
        WriterLease(store, "raglake ingest"),
        pytest.raises(RefusedError, match=r"written by raglake ingest \(process"),
        WriterLease(store, "x"),
    ):
        pass
    with WriterLease(store, "raglake ingest") as lease:
        lease.check()


def test_a_killed_writer_leaves_the_lease_free(tmp_path: Path) -> None:
    program = (
        "import os, signal; from lake.storage.lease import WriterLease; from lake.storage.store import open_store\n"
        f"WriterLease(open_store({str(tmp_path)!r}), 'doomed').__enter__(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -9
    with WriterLease(open_store(tmp_path), "next"):
        pass


def test_a_lease_of_another_machine_holds_until_it_expires(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    holder = {"host": "elsewhere", "pid": 1, "what": "raglake ingest"}
    for minutes, free in ((1, False), (-1, True)):
        expires = (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()
        store.write("lease/0000000001.json", json.dumps({**holder, "expires_at": expires}).encode())
        if free:
            with WriterLease(store, "here"):
                pass
        else:
            with pytest.raises(RefusedError, match="on elsewhere"), WriterLease(store, "here"):
                pass


def test_a_patient_writer_waits_for_the_other_and_not_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "_LOOK_EVERY_SECONDS", 0.02)
    store, told = open_store(tmp_path), []  # type: ignore[var-annotated]
    other = WriterLease(store, "raglake ingest").__enter__()

    def hear(why: str | None) -> None:
        told.append(why)
        if len(told) == 1:
            threading.Timer(0.1, other.__exit__, (None, None, None)).start()

    with leases.waiting(30, hear), WriterLease(store, "raglake prune") as lease:
        lease.check()
        with leases.waiting(0.1, told.append), pytest.raises(BusyError, match=r"by raglake prune .*; this run waited"):
            WriterLease(store, "third").__enter__()
    assert "is being written by raglake ingest" in told[0]
    assert told[1] is None
    assert len(told) == 3


def test_losing_the_lease_shows(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with WriterLease(store, "slow") as lease:
        store.write("lease/0000000002.json", b"{}")
        with pytest.raises(ContractError, match="lost the writer lease"):
            lease.check()


def test_an_emptied_folder_gives_nobody_the_lease_of_another(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with WriterLease(store, "robbed") as robbed:
        store.delete_folder("lease")
        with WriterLease(store, "next") as following:
            assert store.names("lease") == ["0000000001.json"]
            with pytest.raises(ContractError, match="lost the writer lease"):
                robbed.check()
            robbed.__exit__(None, None, None)
            following.check()
            with pytest.raises(RefusedError, match="written by next"), WriterLease(store, "third"):
                pass


def test_a_process_id_says_nothing_of_another_machine_of_the_same_name(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with WriterLease(store, "here"):
        mine = json.loads(store.read("lease/0000000001.json"))
        for machine, free in (("another boot", False), (mine["machine"], True)):
            store.write("lease/0000000001.json", json.dumps({**mine, "pid": gone.pid, "machine": machine}).encode())
            if free:
                with WriterLease(store, "next"):
                    pass
            else:
                with pytest.raises(RefusedError), WriterLease(store, "next"):
                    pass


def sleep_until_replaced(folder: Path, cause: Exception) -> None:
    with WriterLease(open_store(folder), "asleep"):
        open_store(folder).delete("lease/0000000001.json")
        with WriterLease(open_store(folder), "another"):
            raise cause


@pytest.mark.parametrize("cause", [GoneError("chunks at version 5 is no longer there"), FileNotFoundError("x.parquet")])
def test_what_another_run_removed_is_no_damage(tmp_path: Path, cause: Exception) -> None:
    with pytest.raises(ContractError, match="lost the writer lease") as raised:
        sleep_until_replaced(tmp_path, cause)
    assert raised.value.__cause__ is cause


@pytest.mark.parametrize("cause", [RefusedError("not today"), KeyError("a defect")])
def test_other_errors_stay_what_they_are_though_the_lease_is_lost(tmp_path: Path, cause: Exception) -> None:
    with pytest.raises(type(cause)):
        sleep_until_replaced(tmp_path, cause)


def test_an_error_of_a_run_that_holds_its_lease_is_its_own(tmp_path: Path) -> None:
    with pytest.raises(GoneError), WriterLease(open_store(tmp_path), "awake"):
        raise GoneError("gone")
