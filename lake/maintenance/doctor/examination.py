"""The state of an examination, through which checks share what they learn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast
from zlib import crc32

import pyarrow as pa

from lake.directory import Lake
from lake.errors import ContractError
from lake.maintenance.doctor.findings import Fix, Issue
from lake.releases.history import History
from lake.releases.values import Release
from lake.storage import clock

if TYPE_CHECKING:
    from lake.storage.protocol import Store

RESTORE = "restore it from a copy of the lake"
#: Checks of what a rebuild reads.
_LAYER_OF_RECORD = ("deltas", "contents", "vectors")


class Examination:
    """What is known so far about a lake that may be damaged anywhere."""

    def __init__(self, lake: Lake, *, every: bool = False, parts: int = 1) -> None:
        self.lake, self.every, self.parts, self.check = lake, every, parts, ""
        self._part = clock.now().toordinal() % parts
        self.history: History = History()
        self.issues: list[Issue] = []
        self.remarks: list[str] = []
        self.damaged: set[str] = set()  # Parquet files that can't be trusted
        self.needed: dict[str, pa.Array] = {}  # release -> content_ids that its delta needs
        self.sound = Lake(lake.url)
        self.sound.store = cast("Store", _WithoutDamage(lake.store, self.damaged))

    def report(self, where: str, what: str, remedy: str, fix: Fix = "") -> None:
        self.issues.append(Issue(self.check, where, what, remedy, fix))

    def is_due(self, key: str) -> bool:
        """Whether today's part holds the file or document; each is due once in as many days as there are parts."""
        return self.parts == 1 or crc32(key.encode()) % self.parts == self._part

    @contextmanager
    def noticing(self, where: str, remedy: str = RESTORE, fix: Fix = "", what: str = "can't be read") -> Iterator[None]:
        """Report any error as an issue."""
        with failing(lambda reason: self.report(where, f"{what}: {reason}", remedy, fix)):
            yield

    @property
    def releases(self) -> list[Release]:
        """Kept releases, oldest first."""
        return list(self.history.releases.values())

    def needed_by(self, folder: str) -> list[pa.Array]:
        """content_ids whose texts must have vectors in this folder."""
        return [
            self.needed[release.id]
            for release in self.releases
            if release.id in self.needed and folder in self.lake.vector_folders(release.recipe)
        ]

    @property
    def compared(self) -> list[Release]:
        """Releases whose rows are compared with Parquet."""
        return self.releases if self.every else [self.history.live] if self.history.live else []

    def unlike_tables(self, where: str, what: str) -> None:
        """Report an issue of LanceDB's tables, which a rebuild fixes as long as Parquet is complete."""
        if any(issue.check in _LAYER_OF_RECORD and not issue.fix for issue in self.issues):
            self.report(where, what, "`raglake rebuild`, once what Parquet lacks is there again")
        else:
            self.report(where, what, "`raglake rebuild`", "rebuild")

    @contextmanager
    def noticing_tables(self, where: str, what: str) -> Iterator[None]:
        with failing(lambda reason: self.unlike_tables(where, f"{what}: {reason}")):
            yield


class _WithoutDamage:
    """A store that hides files known to be damaged, so that the others can be examined."""

    def __init__(self, store: Store, damaged: set[str]) -> None:
        self._store, self._damaged = store, damaged

    def names(self, folder: str) -> list[str]:
        return [name for name in self._store.names(folder) if f"{folder}/{name}" not in self._damaged]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@contextmanager
def failing(report: Callable[[str], None]) -> Iterator[None]:
    """Report the first line of any error; damaged bytes may cause every kind, even a Rust panic."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # noqa: BLE001 - pyo3's PanicException is no Exception
        report(_reason(error))


def _reason(error: BaseException) -> str:
    told = str(error).split("\n")[0].strip()
    if isinstance(error, FileNotFoundError):
        return "it is missing"
    return told if isinstance(error, ContractError) else f"{type(error).__name__}: {told}" if told else repr(error)
