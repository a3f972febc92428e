"""Retention: drops releases that nothing keeps, and frees the disk space that only they and dead runs held."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from lake.directory import Lake
from lake.erasure.forget import finish
from lake.erasure.vacuum import Vacuumed, free_versions, vacuum
from lake.ingest.delta import Delta
from lake.ingest.scan import known_documents
from lake.options import Retention
from lake.releases import rights
from lake.releases.history import History
from lake.releases.retention import folded, kept
from lake.releases.values import Release
from lake.reporting import Progress, silent
from lake.storage import clock
from lake.storage.compaction import merge_tiny
from lake.storage.denylist import erasure_is_unfinished


@dataclass(frozen=True, slots=True)
class Pruned:
    """What a prune did, or would do with ``dry_run``: releases kept and why, releases dropped, space freed.

    What no release needs is kept for ``grace_hours`` after it was written, vectors for ``keep_vectors_days``.
    """

    dry_run: bool
    kept: dict[str, str]
    dropped: tuple[str, ...]
    vacuumed: Vacuumed
    grace_hours: float
    keep_vectors_days: float

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "dropped": list(self.dropped)}


def prune(
    lake: Lake,
    retention: Retention = Retention(),  # noqa: B008 - frozen
    *,
    dry_run: bool = False,
    progress: Progress = silent,
) -> Pruned:
    """Drop what ``retention`` does not keep, in one entry of the log, then vacuum. Safe to kill and to repeat.

    Readers of ``live`` notice nothing; opening a dropped release raises an error with the reason.
    """
    if dry_run:
        history = lake.log.read()
        reasons = kept(history, retention, clock.now())
        left = replace(history, releases={name: history.releases[name] for name in reasons})
        deltas = {name: _over_kept(lake, history, release, reasons)[0] for name, release in left.releases.items()}
        vacuumed = vacuum(lake, left, retention, dry_run=deltas, progress=progress)
        return Pruned(True, reasons, _dropped(history, reasons), vacuumed, *_waits(retention))
    with lake.writing("raglake prune") as lease:
        before = lake.log.read()
        history = lake.log.insist(lambda history: _drop(lake, history, kept(history, retention, clock.now())))
        lease.check()
        lake.log.checkpoint()
        if erasure_is_unfinished(lake.store):
            vacuumed = finish(lake, progress)
        else:
            vacuumed = vacuum(lake, history, retention, progress=progress)
    reasons = kept(history, retention, clock.now())
    return Pruned(False, reasons, _dropped(before, history.releases), vacuumed, *_waits(retention))


def fold(lake: Lake, retention: Retention) -> int:
    """Drop releases of runs over some documents that are no longer young, and nothing else. Returns their number.

    It takes a moment even in a large lake, so that it can follow such runs; ``prune`` frees the rest of the disk. If
    all are young, the entries of the log, which may be thousands, become one object all the same.
    """
    history = lake.log.read()
    reasons = folded(history, retention, clock.now())
    if len(reasons) == len(history.releases):
        if lake.log.is_scattered():
            with lake.writing("raglake watch"):
                lake.log.checkpoint()
        return 0
    with lake.writing("raglake watch") as lease:
        n_before = len(lake.log.read().releases)
        history = lake.log.insist(
            lambda history: _drop(lake, history, folded(history, retention, clock.now()), with_rights=False)
        )
        lease.check()
        lake.log.checkpoint()
        free_versions(lake, history)
        folders = {folder for one in history.releases.values() for folder in lake.vector_folders(one.recipe)}
    for files in (lake.contents, *map(lake.vectors_in, sorted(folders))):
        merge_tiny(lake.store, files)
    return n_before - len(history.releases)


def _waits(retention: Retention) -> tuple[float, float]:
    return retention.grace_hours, retention.keep_vectors_days


def _dropped(history: History, kept: dict[str, Any]) -> tuple[str, ...]:
    return tuple(name for name in history.releases if name not in kept)


def _drop(lake: Lake, history: History, reasons: dict[str, str], *, with_rights: bool = True) -> History:
    """Keep these releases; drop all others in one entry, after making those that stay independent of their deltas.

    ``with_rights``: forget the rights of documents that are in none of them.
    """
    dropped = _dropped(history, reasons)
    if not dropped:
        return history
    changed = {}
    for name in reasons:
        release = history.releases[name]
        if release.delta_base in dropped:
            delta, base = _over_kept(lake, history, release, reasons)
            folder = f"commits/{release.digest[:16]}-{name}-over-{base or 'nothing'}"
            delta.write(lake, folder)
            changed[name] = {"commit": folder, "delta_base": base}
    left = _rights_of(lake, history, reasons) if with_rights else history.rights
    lake.store.flush()
    facts = {"dropped": list(dropped), "changed": changed}
    return lake.log.append(history, "prune", "", facts=facts, rights=left)


def _rights_of(lake: Lake, history: History, reasons: dict[str, str]) -> str | None:
    """Store the rights of documents in kept releases. Returns their path. If another returns, a run adds its rights."""
    held: set[str] = set()
    for name in reasons:
        held |= set(known_documents(lake, history.releases[name]).column("doc_id").to_pylist())
    rows = rights.read(lake.store, history.rights)
    gone = set(rows.column("doc_id").to_pylist()) - held
    return rights.write(lake.store, rights.without(rows, gone)) if gone else history.rights


def _over_kept(lake: Lake, history: History, release: Release, reasons: dict[str, str]) -> tuple[Delta, str | None]:
    """The release's delta from the nearest kept base (or from nothing), merged from those in between, and that base."""
    commits, base = [release.commit], release.delta_base
    while base is not None and base not in reasons:
        earlier = history.releases[base]
        commits.append(earlier.commit)
        base = earlier.delta_base
    delta = Delta.merged(Delta.read(lake, commit) for commit in commits)
    return (replace(delta, deleted=[]) if base is None else delta), base
