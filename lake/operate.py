"""What an operator does to a lake, one call each: what the command line and the flows run, for use from Python.

Each takes the lake's path or URL. UsageError where there is no lake or the words are wrong; RefusedError where
raglake declines by design, for instance while a run is writing; ContractError where a promise does not hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lake import configuration
from lake.directory import Lake
from lake.errors import RefusedError
from lake.ids import document_id
from lake.releases import publishing
from lake.releases.history import History
from lake.reporting import Progress, silent

if TYPE_CHECKING:
    from lake.destinations.export import Exported
    from lake.erasure.forget import Forgotten
    from lake.maintenance.prune import Pruned
    from lake.options import Retention

__all__ = ["export", "forget", "lift", "name", "pin", "prune", "publish", "rebuild", "rollback", "unname", "unpin"]


def rollback(url: str, to: str, *, why: str) -> History:
    """Make an earlier release (an id, a name, or what was live at a date or time) live again, in one entry."""
    log = Lake.existing(url).log
    return publishing.rollback(log, log.read().resolve(to), why=why)


def publish(url: str, candidate: str, *, why: str = "", force: bool = False) -> History:
    """Make a candidate live; ``force`` over a failed audit or gate, a pin or a moved ``live``, which the log records.

    Where the gate asks the lake's questions, as ``raglake publish`` does, a candidate that was not asked is refused.
    """
    lake = Lake.existing(url)
    history = lake.log.read()
    release = history.resolve(candidate)
    if not force and history.live != release and history.gate(release.id) is None and _must_be_asked(lake):
        raise RefusedError(
            f"{release.id} was not asked this lake's questions yet; raglake publish asks them, or say --force"
        )
    return publishing.publish(lake.log, release, why=why, force=force)


def gate_asks(lake: Lake) -> bool:
    """Whether the gate asks a candidate anything before it is published."""
    from lake.questions import reviewed

    policy = configuration.read(lake.store).gate
    return policy.asks({question.set for question in reviewed(lake)}, has_live=lake.log.read().live is not None)


def _must_be_asked(lake: Lake) -> bool:
    return configuration.read(lake.store).gate.mode == "block" and gate_asks(lake)


def pin(url: str, *, why: str) -> History:
    """Hold ``live`` where it is against runs; a person may still roll back or force."""
    return publishing.pin(Lake.existing(url).log, why=why)


def unpin(url: str) -> History:
    """Let the next run publish again."""
    return publishing.unpin(Lake.existing(url).log)


def name(url: str, release: str, name: str, *, why: str = "") -> History:
    """Give a release a name, by which it can be asked for and for which it is kept."""
    log = Lake.existing(url).log
    return publishing.name(log, log.read().resolve(release), name, why=why)


def unname(url: str, name: str) -> History:
    """Take a name away; its release is then kept or pruned like any other."""
    return publishing.unname(Lake.existing(url).log, name)


def prune(url: str, retention: Retention, *, dry_run: bool = False, progress: Progress = silent) -> Pruned:
    """Drop the releases that ``retention`` does not keep and give back what nobody needs."""
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
    progress: Progress = silent,
) -> Forgotten:
    """Erase documents for good, from every release and every file, and prove it; see ``lake.erasure.forget``."""
    from lake.erasure.forget import forget as erase

    lake = Lake.existing(url)
    return erase(lake, why=why, uri=uri, where=where, source=source, dry_run=dry_run, progress=progress)


def lift(url: str, uri: str, *, source: str) -> bool:
    """Let the document at ``uri`` of ``source`` come back with the next run; whether it had been erased."""
    return Lake.existing(url).denylist().lift(document_id(source, uri))


def rebuild(url: str, *, progress: Progress = silent) -> History:
    """Make the LanceDB tables of every release again, from Parquet alone."""
    from lake.ingest.rebuild import rebuild as make_again

    return make_again(Lake.existing(url), progress)


def export(url: str, destination: str, *, at: str = "live") -> Exported:
    """Copy a release to a destination (``parquet:FOLDER``), which then holds nothing else."""
    from lake.destinations.export import export as copy

    return copy(url, destination, at=at)
