"""Rebuilds the LanceDB tables of every release in the log from Parquet alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from lake.directory import Lake
from lake.errors import UsageError
from lake.ingest.commit import write_tables
from lake.ingest.delta import Delta
from lake.releases.history import History
from lake.releases.values import Release
from lake.reporting import Progress, silent
from lake.storage.lease import WriterLease


def rebuild(lake: Lake, progress: Progress = silent) -> History:
    """Write a new generation of tables, release by release, and switch every release to it in one log entry.

    Nothing is parsed or embedded. Readers use the old generation until the entry is written; its folder remains for
    those that still read it, until it is pruned.
    """
    if not lake.log.read().releases:
        raise UsageError(f"{lake.url} has no release yet, so there is nothing to rebuild")
    with lake.writing("raglake rebuild") as lease:
        return make_again(lake, lease, progress)


def make_again(lake: Lake, lease: WriterLease, progress: Progress = silent) -> History:
    """Do the work of ``rebuild`` under the writer lease, for a lake with releases."""
    history = lake.log.read()
    made = write_generation(lake, history.releases.values(), next_generation(lake, history), progress)
    lake.store.flush()
    lease.check()
    newest = made[-1]
    why = f"tables rebuilt from Parquet as generation {newest.generation}"
    return lake.log.record("rebuild", newest.id, facts={"changed": placed(made)}, why=why)


def write_generation(
    lake: Lake, releases: Iterable[Release], generation: str, progress: Progress = silent
) -> list[Release]:
    """Write the tables of these releases, oldest first, from their deltas. Returns the releases with new places."""
    releases = list(releases)
    progress("releases", 0, len(releases))
    lake.contents.refresh()
    made: dict[str, Release] = {}
    for release in releases:
        delta, base = Delta.read(lake, release.commit), made[release.delta_base] if release.delta_base else None
        versions = write_tables(lake, delta, release.recipe, base, release.id, generation=generation)
        made[release.id] = replace(release, generation=generation, versions=versions)
        progress("releases", 1, None)
    return list(made.values())


def placed(releases: Iterable[Release]) -> dict[str, dict[str, Any]]:
    """Locations of these releases' tables, as a log entry records them."""
    return {r.id: {"generation": r.generation, "versions": r.versions} for r in releases}


def next_generation(lake: Lake, history: History) -> str:
    """A number that no generation has, not even an unfinished one."""
    used = {int(release.generation) for release in history.releases.values()}
    used |= {int(name) for name in lake.store.names("tables") if name.isdigit()}
    return str(max(used, default=0) + 1)
