"""A store in memory: a disk that forgets what was not flushed, or a bucket whose answers get lost."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lake.errors import TransientError
from lake.storage.protocol import Stored
from tests.simulation.scheduler import Crash, Process, World

URL = "/simulated"
#: What a process may meet at one of its operations, and how often per ten thousand of them.
FAULTS = {
    "crash": 30, "power": 6, "stall": 25, "jump": 10, "EIO": 12, "ENOSPC": 6, "lost": 20, "late": 20, "torn": 12,
}  # fmt: skip
#: Objects of which a copy may arrive late.
_MAY_BE_LATE = ("lease/", "log/", "rights/")
_OF_DISKS, _OF_BUCKETS = {"power", "torn", "ENOSPC"}, {"late"}


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
        self.safe: dict[str, File] = {}
        self.can_fail, self.allowed = False, set(FAULTS) - (_OF_DISKS if is_bucket else _OF_BUCKETS)

    def put(self, path: str, data: bytes, *, is_whole: bool = True) -> None:
        self.files[path] = File(data, self.world.time(), is_whole)
        if self.is_bucket:
            self.sync(path)

    def remove(self, path: str) -> None:
        self.files.pop(path, None)
        if self.is_bucket:
            self.sync(path)

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
        self.world.step(f"{what} {path}{mark}")
        fault = self._fault()
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
            torn = path.rsplit("/", 1)[0] + f"/.tmp-{self.world.token(4)}"
            self.medium.put(torn, data[: rng.randrange(len(data) + 1)])
            self.world.kill(self.process)
        elif fault in ("EIO", "ENOSPC"):
            raise TransientError(f"the disk of {self.url} failed ({fault}, simulated)")
        if self.process.is_dead:
            raise Crash
        if fault == "stall":
            self.world.step()
        return fault

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
                return name
        return ""

    def _leave(self, fault: str, path: str, again: Any = None) -> None:
        """The operation is done, but its answer may be lost, or a copy of the request arrives late."""
        if fault == "lost":
            raise TransientError(f"the store of {self.url} did not answer (simulated)")
        if fault == "late" and again is not None and path.startswith(_MAY_BE_LATE):
            world = self.world

            def arrive() -> None:
                world.sleep(world.rng.choice((0.1, 2, 15)))
                world.note("a copy of a request arrives")
                again()

            world.spawn("network", world.process("network"), arrive)

    def read(self, path: str) -> bytes:
        self._enter("read", path)
        return self._found(path)

    def _found(self, path: str) -> bytes:
        if path not in self.medium.files:
            raise FileNotFoundError(path)
        return self.medium.files[path].data

    def write(self, path: str, data: bytes, *, is_flushed: bool = True) -> None:
        fault = self._enter("write", path, data)
        self.medium.put(path, data, is_whole=is_flushed)
        if not self.medium.is_bucket and is_flushed:
            self.world.step()  # renamed, but the folder is not flushed yet
            self.medium.sync(path)
        self._leave(fault, path, lambda: self.medium.put(path, data))

    def put_if_absent(self, path: str, data: bytes, *, is_flushed: bool = True) -> bool:
        fault = self._enter("put", path, data)
        if path in self.medium.files:
            self.world.note(f"     {path} is there already")
            return self.medium.is_bucket and self.medium.files[path].data == data
        self.medium.put(path, data, is_whole=is_flushed)
        if not self.medium.is_bucket and is_flushed:
            self.world.step()
            self.medium.sync(path)
        self._leave(fault, path, lambda: None if path in self.medium.files else self.medium.put(path, data))
        return True

    def names(self, folder: str) -> list[str]:
        self._enter("names", folder)
        start = f"{folder}/" if folder else ""
        below = (path[len(start) :] for path in self.medium.files if path.startswith(start))
        return sorted({name for path in below if not (name := path.split("/", 1)[0]).startswith(".")})

    def walk(self, folder: str = "") -> Iterator[Stored]:
        self._enter("walk", folder)
        start = f"{folder}/" if folder else ""
        for path, file in sorted(self.medium.files.items()):
            if path.startswith(start):
                yield Stored(path, len(file.data), file.at)

    def delete(self, path: str) -> None:
        fault = self._enter("delete", path)
        self.medium.remove(path)
        self._leave(fault, path)

    def delete_folder(self, folder: str) -> None:
        for path in sorted(path for path in self.medium.files if path.startswith(f"{folder}/")):
            self.delete(path)

    def delete_empty_folders(self, folder: str) -> None:
        """Does nothing: no folder is empty here."""

    def open_input(self, path: str) -> Any:
        return io.BytesIO(self.read(path))

    def flush(self) -> None:
        fault = self._enter("flush", "")
        self.medium.sync_all()
        self._leave(fault, "")
