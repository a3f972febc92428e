"""What an operator does with destinations: copy a release, bring copies up to date, list them, drop one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from lake.destinations import registry
from lake.destinations.opening import full_name, using_secret
from lake.destinations.sync import Synced
from lake.destinations.sync import sync as sync_one
from lake.directory import Lake, configuration
from lake.errors import UsageError
from lake.options.sync import SyncOptions
from lake.reporting import Progress, silent


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export did; ``written`` is False if the destination held these rows already."""

    destination: str
    release: str
    mark: str
    n_rows: dict[str, int]
    written: bool


def export(url: str, destination: str, *, at: str = "live") -> Exported:
    """Copy a release, ``live`` by default, to a destination (``parquet:FOLDER``), which then holds nothing else."""
    done = sync_one(Lake.existing(url), full_name(destination), at=at)
    return Exported(destination, done.release, done.mark, dict(done.n_rows), done.method != "none")


def sync(
    url: str,
    destination: str | None = None,
    *,
    at: str = "live",
    plan: bool = False,
    options: SyncOptions | None = None,
    progress: Progress = silent,
) -> Iterator[Synced]:
    """Bring a destination, or each one that the lake knows, to a release; see ``lake.destinations.sync``.

    Raises UsageError if none is given and none is known.
    """
    lake, chosen = Lake.existing(url), options or SyncOptions()
    names = [full_name(destination)] if destination else targets(lake)
    if not names:
        raise UsageError(f"{lake.url} knows no destination; name one: `raglake sync qdrant:http://HOST:6333/NAME`")
    for name in names:
        with using_secret(chosen.secret):
            yield sync_one(lake, name, at=at, plan=plan, full=chosen.full, n_checks=chosen.checks, progress=progress)


def targets(lake: Lake) -> list[str]:
    """Destinations that the configuration names, then others that the lake has been synced to."""
    configured = configuration.read(lake.store).sync.destinations
    return list(
        dict.fromkeys([*map(full_name, configured), *(one.destination for one in registry.known_destinations(lake))])
    )


def listing(url: str) -> list[dict[str, Any]]:
    """Each destination that the lake was synced to: release, whether it is live, and whether an erasure is due."""
    lake = Lake.existing(url)
    history = lake.log.read()
    live = history.live.id if history.live else None
    return [
        {**asdict(one), "live": one.release == live, "erasure_due": one.is_due(history)}
        for one in registry.known_destinations(lake)
    ]


def drop(url: str, destination: str) -> None:
    """Stop tracking a destination, whose contents stay. Raises UsageError if it is not known."""
    if not registry.drop(Lake.existing(url), full_name(destination)):
        raise UsageError(f"{destination!r} is no destination of this lake; `raglake sync --list` shows them")
