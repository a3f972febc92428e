"""Puts the simulated world under the product's own code: its store, clocks, threads, random names and tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import lru_cache
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pyarrow.parquet

import flows.reindex
import lake.directory.layout
import lake.erasure.decode
import lake.ingest.build
import lake.ingest.commit
import lake.ingest.scan
import lake.ingest.source_listing
import lake.ingest.source_reading
import lake.ingest.vectors_in_hand
import lake.inspect.completeness
import lake.releases.log
import lake.releases.rights
import lake.storage.clock
import lake.storage.denylist
import lake.storage.lease
import lake.storage.lease_holder
import tasks.steps
from lake.directory import Lake
from lake.directory.configuration import Configuration
from lake.ingest.contents import content_row
from tests.simulation import memory
from tests.simulation.parquet import Opened, opened, write_table
from tests.simulation.scheduler import Process, World
from tests.simulation.store import Medium, SimulatedStore
from tests.simulation.tables import SimulatedTables


@contextmanager
def installed(world: World, medium: Medium) -> Iterator[None]:
    """Inside, every lake of this process lies in the simulated medium."""
    times = SimpleNamespace(
        monotonic=lambda: world.now, sleep=world.sleep, time_ns=lambda: int(world.clock().timestamp() * 1e9)
    )
    lease, holder = lake.storage.lease, lake.storage.lease_holder
    names = SimpleNamespace(token_hex=world.token)
    stand_ins: list[tuple[Any, str, Any]] = [
        (lake.directory.layout, "open_store", lambda url: SimulatedStore(medium, world.current.process)),
        (Lake, "tables", lambda self, generation: SimulatedTables(self.store, generation)),
        (lake.storage.clock, "now", world.clock),
        (lake.storage.denylist, "secrets", names),
        (lease, "secrets", names),
        (lease, "datetime", _Datetime(world)),
        (holder, "datetime", _Datetime(world)),
        (holder, "socket", SimpleNamespace(gethostname=lambda: world.current.process.machine)),
        (holder, "os", SimpleNamespace(getpid=lambda: world.current.process.pid)),
        (lease, "time", times),
        (lease, "threading", _threading(world)),
        (holder, "_machine", lambda: world.current.process.machine),
        (holder, "_is_running", lambda pid: _is_running(world, pid)),
        (lease, "_held", _Held(world)),
        (lake.erasure.decode, "_opened", lambda store, path: Opened(store.read(path))),
        (tasks.steps, "_lake_of_thread", Lake),
        (tasks.steps, "_child", lambda: SimpleNamespace(run=_parsed)),
        (lake.ingest.source_listing, "outwait_stamps", lambda to_read: None),
        (lake.ingest.source_reading, "ThreadPoolExecutor", _Inline),
        (pyarrow.parquet, "ParquetFile", opened),
        (pyarrow.parquet, "write_table", write_table),
        (lake.ingest.source_listing, "split_known", memory.split_known),
        (lake.ingest.source_listing, "settled", memory.settled),
        (lake.ingest.scan, "diff", memory.diff),
        (lake.ingest.build, "distinct_texts", memory.distinct_texts),
        (lake.ingest.commit, "exact_groups", memory.exact_groups),
        (lake.releases.rights, "revised", memory.revised),
        (lake.inspect.completeness, "judged", memory.judged),
        (lake.releases.log.ReleaseLog, "_decoded", memory.decoded),
        (Configuration, "of", memory.configuration_of),
        (flows.reindex, "_get_ready", lambda: None),
    ]
    for module in (
        flows.reindex,
        lake.releases.log,
        lake.ingest.commit,
        lake.ingest.source_listing,
        lake.ingest.source_reading,
        lake.ingest.vectors_in_hand,
    ):
        stand_ins.append((module, "time", times))
    with ExitStack() as stack:
        for owner, name, stand_in in stand_ins:
            stack.enter_context(patch.object(owner, name, stand_in))
        yield


def _parsed(batch: list[Any]) -> list[Any]:
    """Parse in this process; an error takes the place of its document's row."""
    found: list[Any] = []
    for item in batch:
        try:
            found.append(_content_row(item))
        except Exception as error:  # noqa: BLE001 - as the isolated child does
            found.append(error)
    return found


@lru_cache(maxsize=4000)
def _row(content_id: str, digest: str, item: Any) -> Any:
    return content_row(item.item)


def _content_row(item: Any) -> Any:
    return dict(_row(item.content_id, item.digest, _Unhashed(item)))


class _Unhashed:
    """An argument that is no part of the key."""

    def __init__(self, item: Any) -> None:
        self.item = item

    def __hash__(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Unhashed)


class _Inline:
    """An executor that works at once."""

    def __init__(self, *_: object, **__: object) -> None:
        self.map = map

    def __enter__(self) -> _Inline:
        return self

    def __exit__(self, *_: object) -> None:
        """Has nothing to wait for."""


def _is_running(world: World, pid: int) -> bool:
    return any(process.pid == pid and not process.is_dead for process in world.processes)


class _Datetime:
    """The parts of ``datetime`` that the lease uses, by the clock of the process that runs."""

    def __init__(self, world: World) -> None:
        self._world, self.fromisoformat = world, datetime.fromisoformat

    def now(self, _: object) -> datetime:
        return self._world.clock()


class _Held:
    """The leases of the process that runs: in truth each has a dictionary of its own."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world.current.process.held, name)

    def __contains__(self, key: str) -> bool:
        return key in self._world.current.process.held

    def __setitem__(self, key: str, lease: Any) -> None:
        self._world.current.process.held[key] = lease


def _threading(world: World) -> Any:
    class Event:
        def __init__(self) -> None:
            self._is_set, self._waiting = False, None

        def is_set(self) -> bool:
            return self._is_set

        def set(self) -> None:
            self._is_set = True
            if self._waiting is not None:
                self._waiting.wake_at = 0.0

        def wait(self, seconds: float) -> bool:
            self._waiting = world.current
            if not self._is_set:
                world.sleep(seconds)
            self._waiting = None
            return self._is_set

    class Lock:
        def __init__(self) -> None:
            self._is_taken = False

        def __enter__(self) -> None:
            while self._is_taken:
                world.sleep(0.05)
            self._is_taken = True

        def __exit__(self, *_: object) -> None:
            self._is_taken = False

    class Thread:
        def __init__(self, target: Any, name: str, daemon: bool) -> None:
            self._target = target

        def start(self) -> None:
            process: Process = world.current.process
            world.spawn(f"{world.current.name}'", process, self._target)

    return SimpleNamespace(Event=Event, Lock=Lock, Thread=Thread)
