"""The LanceDB side made again from Parquet alone, for every release in the log."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from lake.commit import Delta, write_tables
from lake.directory import Lake
from lake.errors import UsageError
from lake.lease import WriterLease
from lake.releases import History, Release

_log = logging.getLogger(__name__)


def rebuild(lake: Lake, progress: Callable[[str, int, int | None], None] = lambda what, done, more: None) -> History:
    """Write a new generation of tables, release by release, and switch every release to it in one log entry.

    Nothing is parsed or embedded. Readers go on in the old generation until the entry is written; its
    folder stays behind for those that still read it.
    """
    history = lake.log.read()
    if not history.releases:
        raise UsageError(f"{lake.url} has no release yet, so there is nothing to rebuild")
    with WriterLease(lake.store, "raglake rebuild") as lease:
        generation = _next_generation(lake, history)
        progress("releases", 0, len(history.releases))
        made: dict[str, Release] = {}
        lake.contents.refresh()
        for name, release in history.releases.items():
            base = made[release.base] if release.base else None
            delta = Delta.read(lake, release.commit)
            versions = write_tables(lake, delta, release.recipe, base, name, generation=generation)
            made[name] = replace(release, generation=generation, versions=versions)
            progress("releases", 1, None)
        lake.store.flush()
        lease.check()
        facts = {"generation": generation, "versions": {name: release.versions for name, release in made.items()}}
        newest = list(made)[-1]
        return lake.log.append(
            history, "rebuild", newest, facts=facts, why=f"tables made again from Parquet ({generation})"
        )


def _next_generation(lake: Lake, history: History) -> str:
    """A number that no generation has, half-made ones included."""
    used = {int(release.generation) for release in history.releases.values()}
    used |= {int(name) for name in lake.store.names("tables") if name.isdigit()}
    return str(max(used) + 1)
