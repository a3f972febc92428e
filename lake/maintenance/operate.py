"""An operator's actions on a lake, one call each: what the command line and the flows run, for use from Python.

Each takes the lake's path or URL. Raises UsageError for a missing lake or invalid arguments; RefusedError if raglake
declines by design, for instance while a run is writing; ContractError if a promise does not hold. ``by`` is who acts,
for the lake's log; None for the user of this process.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

from lake.directory import Lake, configuration
from lake.ids.uris import places
from lake.releases import publishing
from lake.releases.history import History
from lake.reporting import Progress, silent
from lake.sources.scope import SourceScope
from lake.storage import inbox

if TYPE_CHECKING:
    from lake.destinations.operations import Exported
    from lake.destinations.sync import Synced
    from lake.erasure.forget import Forgotten
    from lake.maintenance.prune import Pruned
    from lake.options import Retention
    from lake.options.sync import SyncOptions
    from lake.releases.values import Release

__all__ = [
    *("destinations", "drop_destination", "export", "forget", "lift", "name", "names", "pin", "prune"),
    *("publish", "rebuild", "refusal", "rollback", "sync", "unname", "unpin"),
]


def rollback(url: str, to: str, *, why: str, by: str | None = None) -> History:
    """Makes an earlier release (an id, a name, or what was live at a date or time) live again, in one entry."""
    log = Lake.existing(url).log
    return publishing.rollback(log, log.read().resolve(to), why=why, by=by)


def publish(url: str, candidate: str, *, why: str = "", force: bool = False, by: str | None = None) -> History:
    """Makes a candidate live; ``force`` overrides a failed audit or gate, a pin or a moved ``live``, and is logged.

    If the gate evaluates the lake's questions, as ``raglake publish`` does, a candidate must have been evaluated.
    """
    lake = Lake.existing(url)
    history = lake.log.read()
    release = history.resolve(candidate)
    if not force and (unasked := _unevaluated(lake, history, release)):
        raise publishing.refused([*unasked, *publishing.hindrances(history, release)])
    return publishing.publish(lake.log, release, why=why, force=force, by=by)


def refusal(url: str, candidate: str) -> str | None:
    """Why ``publish`` would refuse a release without ``force``; None if it would not, or if the release is live."""
    reasons = hindrances(url, candidate)
    return str(publishing.refused(reasons)) if reasons else None


def hindrances(url: str, candidate: str) -> list[str]:
    """Each of the reasons of ``refusal``."""
    lake = Lake.existing(url)
    history = lake.log.read()
    release = history.resolve(candidate)
    if history.live == release:
        return []
    return [*_unevaluated(lake, history, release), *publishing.hindrances(history, release)]


def _unevaluated(lake: Lake, history: History, release: Release) -> list[str]:
    if history.live == release or history.gate(release.id) is not None or not _must_be_asked(lake):
        return []
    return [
        f"{release.id} was not evaluated on this lake's questions; `raglake publish` evaluates it, or pass `--force`"
    ]


def gate_asks(lake: Lake) -> bool:
    """Whether the gate evaluates a candidate before it is published."""
    from lake.questions import reviewed

    policy = configuration.read(lake.store).gate
    return policy.asks({question.set for question in reviewed(lake)}, has_live=lake.log.read().live is not None)


def _must_be_asked(lake: Lake) -> bool:
    return configuration.read(lake.store).gate.mode == "block" and gate_asks(lake)


def pin(url: str, *, why: str, by: str | None = None, release: str | None = None) -> History:
    """Protects ``live`` from runs; a person may still roll back or force.

    Raises RefusedError if ``release`` is given and no longer live.
    """
    return publishing.pin(Lake.existing(url).log, why=why, by=by, release=release)


def unpin(url: str, *, why: str = "", by: str | None = None, release: str | None = None) -> History:
    """Lets the next run publish again; ``release`` as for ``pin``."""
    return publishing.unpin(Lake.existing(url).log, why=why, by=by, release=release)


def name(url: str, release: str, name: str, *, why: str = "", by: str | None = None) -> History:
    """Gives a release a name, which identifies it and keeps it from being pruned."""
    log = Lake.existing(url).log
    return publishing.name(log, log.read().resolve(release), name, why=why, by=by)


def names(url: str) -> dict[str, str]:
    """The names that people gave to releases, and the ids of these."""
    return Lake.existing(url).log.read().names


def unname(url: str, name: str, *, why: str = "", by: str | None = None) -> History:
    """Removes a name; its release is then kept or pruned like any other."""
    return publishing.unname(Lake.existing(url).log, name, why=why, by=by)


def notify(url: str, source: str, keys: Iterable[str]) -> None:
    """Tells whoever watches the lake to look at these documents or folders of a source; survives a restart of both."""
    scope = SourceScope.of(keys)
    inbox.put(Lake.existing(url).store, source, scope.keys)


def prune(url: str, retention: Retention, *, dry_run: bool = False, progress: Progress = silent) -> Pruned:
    """Drops the releases that ``retention`` does not keep, and deletes what is no longer needed."""
    from lake.maintenance.prune import prune as drop

    return drop(Lake.existing(url), retention, dry_run=dry_run, progress=progress)


def forget(
    url: str,
    *,
    why: str,
    uri: str | None = None,
    where: str | None = None,
    source: str | None = None,
    dry_run: bool = False,
    planned: str | None = None,
    by: str | None = None,
    progress: Progress = silent,
) -> Forgotten:
    """Erase documents for good, from every release and every file, and prove it; see ``lake.erasure.forget``.

    ``planned``: the ``plan_digest`` of the documents of a dry run, to erase no others.
    """
    from lake.erasure.forget import forget as erase

    chosen = {"uri": uri, "where": where, "source": source}
    return erase(Lake.existing(url), **chosen, why=why, dry_run=dry_run, planned=planned, by=by, progress=progress)


def lift(url: str, uri: str, *, source: str) -> bool:
    """Lets the next run bring back the document at ``uri`` of ``source``; returns whether it had been erased."""
    denylist = Lake.existing(url).denylist()
    return any([denylist.lift(place) for place in places(source, uri)])


def rebuild(url: str, *, progress: Progress = silent) -> History:
    """Rebuilds the LanceDB tables of every release, from Parquet alone."""
    from lake.ingest.rebuild import rebuild as make_again

    return make_again(Lake.existing(url), progress)


def export(url: str, destination: str, *, at: str = "live") -> Exported:
    """Copies a release to a destination (``parquet:FOLDER``), replacing its content."""
    done: Exported = _destinations().export(url, destination, at=at)
    return done


def sync(
    url: str,
    destination: str | None = None,
    *,
    at: str = "live",
    plan: bool = False,
    options: SyncOptions | None = None,
    progress: Progress = silent,
) -> Iterator[Synced]:
    """Brings a destination, or each one that the lake knows, to a release, one after another as it is iterated."""
    done: Iterator[Synced] = _destinations().sync(
        url, destination, at=at, plan=plan, options=options, progress=progress
    )
    return done


def destinations(url: str) -> list[dict[str, Any]]:
    """Returns what each destination of the lake holds."""
    known: list[dict[str, Any]] = _destinations().listing(url)
    return known


def drop_destination(url: str, destination: str) -> None:
    """Stops tracking a destination, whose contents stay."""
    _destinations().drop(url, destination)


def _destinations() -> ModuleType:
    from lake.destinations import operations

    return operations
