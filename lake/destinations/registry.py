"""The destinations that a lake knows: one JSON file each, written before the first row leaves the lake."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lake.ids import value_digest
from lake.storage import clock
from lake.storage.lease import Lease

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.releases.history import History

_FOLDER = "destinations"
#: Identifies the lake to its destinations, wherever it is moved.
_IDENTITY = f"{_FOLDER}/lake.json"
_LEASES = "destination-leases"


@dataclass(frozen=True, slots=True)
class KnownDestination:
    """``erasures``: the lake's last erasure that is carried out there; ``complete`` unless a sync was interrupted."""

    destination: str
    release: str
    mark: str
    erasures: int
    complete: bool
    synced_at: str

    def is_due(self, history: History) -> bool:
        """Whether it may hold a document that the lake has erased since."""
        return not self.complete or self.erasures < last_erasure(history)


def writing(lake: Lake, destination: str) -> Lease:
    """Held while a run writes to the destination: rows of two releases at once would be a mixture of both."""
    return Lease(lake.store, "raglake sync", f"{_LEASES}/{value_digest(destination)}", destination)


def last_erasure(history: History) -> int:
    """The number of the log's last erasure; 0 if there is none."""
    return max((entry.seq for entry in history.entries if entry.action == "forget"), default=0)


def lake_identity(lake: Lake, *, make: bool = True) -> str:
    """The lake's identity, made when it is first needed; empty if there is none and ``make`` is off."""
    if not make and _IDENTITY.rpartition("/")[2] not in lake.store.names(_FOLDER):
        return ""
    lake.store.put_if_absent(_IDENTITY, json.dumps({"lake": secrets.token_hex(8)}).encode())
    return str(json.loads(lake.store.read(_IDENTITY))["lake"])


def known_destinations(lake: Lake) -> list[KnownDestination]:
    """Every destination that was written to and not dropped since, by name."""
    paths = [f"{_FOLDER}/{name}" for name in lake.store.names(_FOLDER)]
    found = [_decoded(lake.store.read(path)) for path in paths if path != _IDENTITY]
    return sorted(found, key=lambda one: one.destination)


def is_complete(lake: Lake, destination: str, mark: str) -> bool:
    """Whether the last sync there ended, and left this mark."""
    known = known_destinations(lake)
    return any((one.destination, one.mark, one.complete) == (destination, mark, True) for one in known)


def remember(lake: Lake, destination: str, *, release: str, mark: str, erasures: int, complete: bool) -> None:
    """Record what the destination holds. An incomplete one keeps the number of its last erasure that was complete."""
    path = _path(destination)
    if not complete:
        before = [one.erasures for one in known_destinations(lake) if one.destination == destination]
        erasures = min([erasures, *before])
    now: datetime = clock.now()
    known = KnownDestination(destination, release, mark, erasures, complete, now.isoformat(timespec="seconds"))
    value: dict[str, Any] = {name: getattr(known, name) for name in known.__slots__}
    lake.store.write(path, json.dumps(value, indent=1).encode())


def doubt(lake: Lake, destination: str) -> None:
    """Record that what a destination holds is uncertain, so that the next sync looks at all of it."""
    for known in known_destinations(lake):
        if known.destination == destination:
            doubted = {name: getattr(known, name) for name in known.__slots__} | {"complete": False}
            lake.store.write(_path(destination), json.dumps(doubted, indent=1).encode())


def drop(lake: Lake, destination: str) -> bool:
    """Stop tracking a destination. Returns whether it was known."""
    known = any(one.destination == destination for one in known_destinations(lake))
    lake.store.delete(_path(destination))
    return known


def _path(destination: str) -> str:
    return f"{_FOLDER}/{value_digest(destination)}.json"


def _decoded(data: bytes) -> KnownDestination:
    return KnownDestination(**json.loads(data))
