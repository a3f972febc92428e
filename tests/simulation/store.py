"""A store in memory: a disk that forgets what was not flushed, or a bucket whose answers get lost."""

from __future__ import annotations

import zlib
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lake.errors import TransientError
from lake.storage.protocol import Stored
from tests.simulation.parquet import Opened
from tests.simulation.scheduler import NEVER, Crash, Process, World
from tests.simulation.themes import Theme

URL = "/simulated"
#: What a process may meet at one of its operations, and how often per ten thousand of them.
FAULTS = {
    "crash": 30, "power": 6, "stall": 25, "jump": 10, "EIO": 12, "ENOSPC": 4, "lost": 20, "late": 20, "delayed": 20,
    "torn": 12,
}  # fmt: skip
#: Objects of which a request may arrive late: those that everybody reads first.
_MAY_BE_LATE = ("lease/", "log/", "rights/")
_DISTURBS = {"stall", "jump", "lost", "late", "delayed"}
#: How often a hot operation is disturbed.
_HEAT = 0.2
_OF_DISKS, _OF_BUCKETS = {"power", "torn", "ENOSPC"}, {"late", "delayed"}
#: Names that one request for a listing returns; in truth 1,000.
_PAGE = 4


@dataclass(frozen=True)
class File:
    """``is_whole``: whether its bytes are on the disk, though perhaps not its name."""

    data: bytes
    at: datetime
    is_whole: bool = True


class Medium:
    """What is stored. ``files`` is what processes see; ``safe`` is what a power loss leaves."""

    def __init__(self, world: World, *, is_bucket: bool) -> None:
        self.world, self.is_bucket = world, is_bucket
        self.files: dict[str, File] = {}
        self.paths: list[str] = []  # of ``files``, in order
        self.safe: dict[str, File] = {}
        self.full_until = 0.0
        self.hot: tuple[str, ...] = ()
        self.pauses: tuple[float, ...] = ()
        self.is_deadly = False
        self.disturbed_at = (
            NEVER  # when a machine slept, a clock jumped or a request was lost or late for the first time
        )
        self.can_fail, self.allowed = False, set(FAULTS) - (_OF_DISKS if is_bucket else _OF_BUCKETS)

    def make_hot(self, theme: Theme) -> None:
        """Before some operations of the theme, processes stand still or die."""
        self.hot = (*theme.hot, self.world.rng.choice(theme.also_hot))
        self.pauses, self.is_deadly = theme.pauses, theme.deadly

    def put(self, path: str, data: bytes, *, is_whole: bool = True) -> None:
        if path not in self.files:
            insort(self.paths, path)
        self.files[path] = File(data, self.world.time(), is_whole)
        if self.is_bucket:
            self.sync(path)

    def remove(self, path: str) -> None:
        if self.files.pop(path, None) is not None:
            del self.paths[bisect_left(self.paths, path)]
        if self.is_bucket:
            self.sync(path)

    def below(self, start: str, after: str = "") -> list[str]:
        """Paths that begin with ``start``, in order, from behind ``after``."""
        first = bisect_right(self.paths, after) if after else bisect_left(self.paths, start)
        return self.paths[first : bisect_left(self.paths, f"{start}\U0010ffff")]

    def sync(self, path: str) -> None:
        if path in self.files:
            self.safe[path] = self.files[path]
        else:
            self.safe.pop(path, None)

    def sync_all(self) -> None:
        self.safe = dict(self.files)

    def lose_power(self) -> None:
        """Every process dies; what was not flushed is there, or not, or in part."""
        rng = self.world.rng
        for path in sorted(self.files.keys() | self.safe.keys()):
            seen, safe = self.files.get(path), self.safe.get(path)
            if seen is safe:
                continue
            left = rng.choice((seen, safe))
            if left is not None and not left.is_whole and rng.random() < 0.5:
                left = File(left.data[: rng.randrange(len(left.data) + 1)], left.at)
            if left is None:
                self.files.pop(path, None)
            else:
                self.files[path] = left
        self.paths = sorted(self.files)
        self.sync_all()
        for process in self.world.processes:
            self.world.kill(process)


class SimulatedStore:
    """The lake's files as one process reaches them: each operation may fail, or be its last."""

    def __init__(self, medium: Medium, process: Process) -> None:
        self.medium, self.process, self.world = medium, process, medium.world
        self.url = URL

    def _enter(self, what: str, path: str, data: bytes | None = None) -> str:
        """Let others run, and perhaps fail before anything is done. Returns the fault that is still to come."""
        mark = "" if data is None else f" {zlib.crc32(data):08x}"
        operation = f"{what} {path}"
        self.world.step(operation + mark)
        fault = self._hot(operation) or self._fault()
        if not fault and not self.process.is_dead and (data is None or not self.medium.full_until):
            return ""
        if fault == "power":
            self.medium.lose_power()
        elif fault == "crash":
            self.world.kill(self.process)
        elif fault == "stall":
            self.world.stall(self.process, self.world.rng.choice((30, 120, 400)))
        elif fault == "jump":
            self.process.skew += self.world.rng.choice((-3600, -120, 50, 3600))
        elif fault == "torn" and data is not None:
            rng = self.world.rng
            folder, between, _ = path.rpartition("/")
            torn = f"{folder}{between}.tmp-{self.world.token(4)}"
            self.medium.put(torn, data[: rng.randrange(len(data) + 1)])
            self.world.kill(self.process)
        elif fault == "ENOSPC":
            self.medium.full_until = self.world.now + self.world.rng.choice((0, 20, 200))
        if fault == "EIO" or (fault == "ENOSPC" and data is None):
            raise TransientError(f"the disk of {self.url} failed ({fault}, simulated)")
        if data is not None and self.medium.can_fail and self.world.now <= self.medium.full_until:
            self.process.n_faults += 1
            raise TransientError(f"the disk of {self.url} is full (simulated)")
        if self.process.is_dead:
            raise Crash
        if fault == "stall":
            self.world.step()
        return fault

    def _hot(self, operation: str) -> str:
        """Before some operations of a theme the thread often stands still, or the process dies."""
        medium, rng = self.medium, self.world.rng
        is_renewal = self.world.current.name.endswith("'")  # must come in time
        if not operation.startswith(medium.hot) or is_renewal or rng.random() > _HEAT:
            return ""
        if not medium.is_deadly:
            self.world.sleep(rng.choice(medium.pauses))
            return ""
        self.process.n_faults += 1
        self.world.note("!! crash, at a hot place")
        return "crash"

    def _fault(self) -> str:
        medium, rng = self.medium, self.world.rng
        if not medium.can_fail:
            return ""
        at = rng.randrange(10_000)
        for name, n in FAULTS.items():
            at -= n
            if at < 0:
                if name not in medium.allowed:
                    return ""
                self.process.n_faults += 1
                self.world.note(f"!! {name}")
                if name in _DISTURBS:
                    medium.disturbed_at = min(medium.disturbed_at, self.world.now)
                return name
        return ""

    def _leave(self, fault: str, path: str, again: Any = None) -> None:
        """The operation is done, but its answer may be lost, or a copy of the request arrives late."""
        if fault == "lost":
            raise TransientError(f"the store of {self.url} did not answer (simulated)")
        if fault == "late" and again is not None and path.startswith(_MAY_BE_LATE):
            self._arrives(again)

    def _arrives(self, request: Callable[[], None]) -> None:
        """The request, or a copy of it, reaches the store only now."""
        world = self.world

        def arrive() -> None:
            world.sleep(world.rng.choice((0.1, 2, 15)))
            world.note("a late request arrives")
            request()

        world.spawn("network", world.process("network"), arrive)

    def _delayed(self, fault: str, path: str, request: Callable[[], None]) -> None:
        """The client gives up on a request that is still under way."""
        if fault == "delayed" and path.startswith(_MAY_BE_LATE):
            self._arrives(request)
            raise TransientError(f"the store of {self.url} did not answer in time (simulated)")

    def read(self, path: str) -> bytes:
        self._enter("read", path)
        return self._found(path)

    def _found(self, path: str) -> bytes:
        if path not in self.medium.files:
            raise FileNotFoundError(path)
        return self.medium.files[path].data

    def write(self, path: str, data: bytes, *, is_flushed: bool = True) -> None:
        fault = self._enter("write", path, data)
        self._delayed(fault, path, lambda: self.medium.put(path, data))
        self.medium.put(path, data, is_whole=is_flushed)
        self._sync(path, is_flushed=is_flushed)
        self._leave(fault, path, lambda: self.medium.put(path, data))

    def put_if_absent(self, path: str, data: bytes, *, is_flushed: bool = True) -> bool:
        fault = self._enter("put", path, data)
        self._delayed(fault, path, lambda: self._put_once(path, data))
        if path in self.medium.files:
            self.world.note(f"     {path} is there already")
            return self.medium.is_bucket and self.medium.files[path].data == data
        self.medium.put(path, data, is_whole=is_flushed)
        self._sync(path, is_flushed=is_flushed)
        self._leave(fault, path, lambda: self._put_once(path, data))
        return True

    def _put_once(self, path: str, data: bytes) -> None:
        if path not in self.medium.files:
            self.medium.put(path, data)

    def _sync(self, path: str, *, is_flushed: bool) -> None:
        if not self.medium.is_bucket and is_flushed:
            self.world.step()  # renamed, but the folder is not flushed yet
            self.medium.sync(path)

    def names(self, folder: str) -> list[str]:
        self._enter("names", folder)
        start = f"{folder}/" if folder else ""
        found = {path[len(start) :].partition("/")[0] for path in self._listed(start)}
        return sorted(name for name in found if name[0] != ".")

    def walk(self, folder: str = "") -> Iterator[Stored]:
        self._enter("walk", folder)
        for path in self._listed(f"{folder}/" if folder else ""):
            if (file := self.medium.files.get(path)) is not None:
                yield Stored(path, len(file.data), file.at)

    def _listed(self, start: str) -> list[str]:
        """Paths in order. A bucket is listed page by page, each as it is at its own moment."""
        found = self.medium.below(start)
        if not (self.medium.is_bucket and self.medium.can_fail and len(found) > _PAGE) or self.world.rng.random() < 0.7:
            return found
        listed: list[str] = []
        while found:
            listed += found[:_PAGE]
            self.world.step(f"next page {start}" if found[_PAGE:] else "")
            found = self.medium.below(start, after=listed[-1])
        return listed

    def delete(self, path: str) -> None:
        fault = self._enter("delete", path)
        self.medium.remove(path)
        self._leave(fault, path)

    def delete_folder(self, folder: str) -> None:
        for path in self.medium.below(f"{folder}/"):
            self.delete(path)

    def delete_empty_folders(self, folder: str) -> None:
        """Does nothing: no folder is empty here."""

    def open_input(self, path: str) -> Any:
        return Opened(self.read(path))

    def flush(self) -> None:
        fault = self._enter("flush", "")
        self.medium.sync_all()
        self._leave(fault, "")
