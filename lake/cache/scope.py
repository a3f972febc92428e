"""What an entry of a cache holds for: one release, today's rights, and everything erased so far."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from typing import TYPE_CHECKING, Literal

from lake.ids import value_digest

if TYPE_CHECKING:
    from lake.releases.history import History
    from lake.releases.values import Release

#: Raised when the form of entries changes.
FORMAT = 1

Level = Literal["vectors", "results", "answers"]


@dataclass(frozen=True, slots=True)
class Scope:
    """``epoch``: number of the log's last erasure. ``tag`` differs if anything about the release or the rights does.

    ``head``: number of the log's last entry when the scope was made.
    """

    release: str
    epoch: int
    rights: str | None
    head: int
    tag: str

    @classmethod
    def of(cls, release: Release, history: History) -> Scope:
        epoch = epoch_of(history)
        tag = value_digest([FORMAT, version(), epoch, history.rights, _digest(release)])
        return cls(release.id, epoch, history.rights, history.head, tag)


@dataclass(frozen=True, slots=True)
class EntryPlace:
    """Where an entry is kept: ``tag`` of its scope, ``folder`` and ``name`` of its key."""

    level: Level
    tag: str
    folder: str
    name: str
    epoch: int

    @property
    def key(self) -> str:
        return f"{self.folder}:{self.level}:{self.name}"


def epoch_of(history: History) -> int:
    """The number of the log's last erasure, 0 if nothing was ever erased.

    Older entries can't be found once it grows. A checkpoint keeps entries of erasures, so it never shrinks.
    """
    return next((entry.seq for entry in reversed(history.entries) if entry.action == "forget"), 0)


#: Digests of the releases last asked for, which the log holds as one object each; the release keeps its id from reuse.
_digests: dict[int, tuple[Release, str]] = {}
_MOST_DIGESTS = 64


def _digest(release: Release) -> str:
    """Of everything that the log says of the release."""
    known = _digests.get(id(release))
    if known is not None and known[0] is release:
        return known[1]
    if len(_digests) >= _MOST_DIGESTS:
        _digests.clear()
    digest = value_digest(release.to_json())
    _digests[id(release)] = release, digest
    return digest


@lru_cache(maxsize=1)
def version() -> str:
    """The installed version of raglake: another one may search, or write, in another way."""
    try:
        return metadata.version("raglake")
    except metadata.PackageNotFoundError:
        return "unknown"
