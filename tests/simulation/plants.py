"""Bugs to plant, by name: each breaks one precaution of the product while a history runs, and must be found."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import lake.erasure.forget
import lake.erasure.vacuum
import lake.ingest.commit
import lake.ingest.rights
import lake.maintenance.prune
import lake.releases.log
import lake.releases.publishing
import lake.releases.retention
import lake.storage.compaction
from lake.ingest.delta import Delta
from lake.releases.history import History
from lake.releases.log import ReleaseLog, _path
from lake.releases.values import Entry
from lake.storage.denylist import Denylist
from lake.storage.lease import WriterLease
from lake.storage.lease_holder import Holder
from tests.simulation.store import Medium, SimulatedStore
from tests.simulation.tables import SimulatedTables

Plant = Callable[[], AbstractContextManager[Any]]


def _patched(owner: Any, name: str, stand_in: Any) -> Plant:
    """Raises AttributeError, or TypeError, if there is nothing to break any more that is called in this way."""
    named = inspect.signature(getattr(owner, name)).parameters.values()
    ours = inspect.signature(stand_in).parameters.values()
    wanted = {one.name for one in named if one.kind is one.KEYWORD_ONLY} - {one.name for one in ours}
    if wanted and not any(one.kind is one.VAR_KEYWORD for one in ours):
        raise TypeError(f"what breaks {name} does not take {', '.join(sorted(wanted))}")
    return lambda: patch.object(owner, name, stand_in)


def _sync_all_but_log(medium: Medium, path: str) -> None:
    if not path.startswith("log/"):
        _SYNC(medium, path)


_SYNC = Medium.sync
_PUT = SimulatedStore.put_if_absent


def _put_anyway(store: SimulatedStore, path: str, data: bytes, **options: Any) -> bool:
    if not path.startswith(("log/", "lease/")):
        return _PUT(store, path, data, **options)
    store.write(path, data)
    return True


def _put_in_two_steps(store: SimulatedStore, path: str, data: bytes, **options: Any) -> bool:
    """Create an empty file, then fill it."""
    if not path.startswith("log/") or path in store.medium.files:
        return _PUT(store, path, data, **options)
    store.medium.put(path, b"")
    store.world.step()
    store.write(path, data)
    return True


def _put_unsettled(log: ReleaseLog, entry: Entry) -> bool:
    return log._store.put_if_absent(_path(entry.seq), entry.to_bytes())


@contextmanager
def _lease_unchecked() -> Iterator[None]:
    nothing = lambda *_: None  # noqa: E731
    with (
        patch.object(WriterLease, "check", nothing),
        patch.object(lake.releases.log, "check_held", nothing),
        patch.object(lake.ingest.commit, "check_held", nothing),
        patch.object(lake.erasure.vacuum, "check_held", nothing),
    ):
        yield


_KEPT = lake.maintenance.prune.kept  # type: ignore[attr-defined]
_RESET = SimulatedTables.reset


def _kept_without_names(history: History, *rest: Any) -> Any:
    return _KEPT(replace(history, names={}), *rest)


def _reset_if_new(tables: SimulatedTables, name: str, schema: Any, version: int | None) -> None:
    if version is None:
        _RESET(tables, name, schema, version)
    else:
        tables.begin(name, tables.head(name))


_VACUUM = lake.erasure.vacuum.vacuum


def _without_grace(lake: Any, history: Any, retention: Any, **options: Any) -> Any:
    return _VACUUM(lake, history, replace(retention, grace_hours=0), **options)


def _published_blindly(log: Any, release: Any, *, why: str = "", force: bool = False, by: str | None = None) -> Any:
    return log.insist(lambda history: log.append(history, "publish", release.id, live=release.id, why=why, by=by))


def _rolled_back_with_rights(log: Any, release: Any, *, why: str, by: str | None = None) -> Any:
    """Bring back the rights that were in force when the release was published."""

    def step(history: History) -> History:
        then = next(entry.rights for entry in history.entries if entry.live == release.id)
        return log.append(history, "rollback", release.id, live=release.id, why=why, by=by, rights=then)  # type: ignore[no-any-return]

    return log.insist(step)


@contextmanager
def _rights_after_the_work() -> Iterator[None]:
    """Leave out what a run records before it parses anything."""
    keep, n_calls = lake.ingest.rights.keep, {}

    def late(lake: Any, scan: Any) -> None:
        n_calls[id(scan)] = n_calls.get(id(scan), 0) + 1
        if n_calls[id(scan)] > 1:
            keep(lake, scan)

    with patch.object(lake.ingest.rights, "keep", late):
        yield


def _erase_live_only(lake: Any, history: History, erased: Any, progress: Any) -> Any:
    """Leave the erased rows in all releases but the last."""
    whole = dict(erased.deltas)
    for name, release in list(history.releases.items())[:-1]:
        whole[name] = Delta.read(lake, release.commit)
    with patch.object(_FORGET, "_check", lambda *_: None):
        return _WRITE_WITHOUT(lake, history, replace(erased, deltas=whole), progress)


_FORGET = lake.erasure.forget
_WRITE_WITHOUT = _FORGET._write_without


_COLLAPSE = lake.releases.log.collapse  # type: ignore[attr-defined]


def _without_last(history: History, now: Any) -> Iterator[Any]:
    """A checkpoint that lacks the last entry but one."""
    entries = list(_COLLAPSE(history, now))
    yield from entries[:-2] + entries[-1:]


def _deleted_first(store: Any, files: Any, wanted: Any, **options: Any) -> Any:
    """Compact, but delete the old files before the new ones are written."""
    waiting: list[str] = []
    write, delete = files.write, store.delete

    def written(table: Any) -> str:
        for name in files._store.names(files.folder):
            waiting.append(name)
            delete(f"{files.folder}/{name}")
        return str(write(table))

    files.write = written
    try:
        return _COMPACT(store, files, wanted, **options)
    finally:
        del files.write


_COMPACT = lake.storage.compaction.compact

#: Name -> what is broken, and how.
PLANTS: Mapping[str, tuple[str, Plant]] = {
    "no-fsync": ("log entries are not flushed", _patched(Medium, "sync", _sync_all_but_log)),
    "no-syncfs": (
        "tables are not flushed before an entry names them",
        _patched(SimulatedStore, "flush", lambda _: None),
    ),
    "no-if-none-match": ("put-if-absent overwrites", _patched(SimulatedStore, "put_if_absent", _put_anyway)),
    "torn-entry": ("entries can be read half written", _patched(SimulatedStore, "put_if_absent", _put_in_two_steps)),
    "unsettled": ("a log entry may arrive after its run has ended", _patched(ReleaseLog, "_put", _put_unsettled)),
    "lease-unchecked": ("nobody checks the lease before writing", _lease_unchecked),
    "lease-ignored": ("any lease counts as over", _patched(Holder, "is_over", lambda *_: True)),
    "no-grace": ("prune vacuums without grace", _patched(lake.maintenance.prune, "vacuum", _without_grace)),
    "young-pruned": ("prune drops young releases", _patched(lake.releases.retention, "_young", lambda *_: {})),
    "named-pruned": ("prune drops named releases", _patched(lake.maintenance.prune, "kept", _kept_without_names)),
    "no-tag": ("versions are not tagged", _patched(SimulatedTables, "protect", lambda *_: None)),
    "no-reset": ("a commit keeps what a dead run left", _patched(SimulatedTables, "reset", _reset_if_new)),
    "denylist-unread": ("runs ignore the denylist", _patched(Denylist, "__len__", lambda _: 0)),
    "erase-live-only": ("older releases keep erased rows", _patched(_FORGET, "_write_without", _erase_live_only)),
    "blind-publish": ("live may have moved", _patched(lake.releases.publishing, "publish", _published_blindly)),
    "pin-ignored": (
        "a run publishes under a pin",
        _patched(lake.releases.publishing, "check_publishable", lambda *_: None),
    ),
    "old-rights": (
        "a rollback brings back rights",
        _patched(lake.releases.publishing, "rollback", _rolled_back_with_rights),
    ),
    "late-rights": ("rights are recorded after the work", _rights_after_the_work),
    "short-checkpoint": ("a checkpoint drops an entry", _patched(lake.releases.log, "collapse", _without_last)),
    "delete-first": ("compaction deletes before it writes", _patched(lake.erasure.vacuum, "compact", _deleted_first)),
}
