"""What a sync has to write: the rows of a release that a store lacks, and those that it must lose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from lake.destinations.release_rows import ReleaseRows, changed_documents
from lake.destinations.release_tables import rows_digest
from lake.errors import GoneError

if TYPE_CHECKING:
    from lake.destinations.destination import DifferenceStore, HeldState
    from lake.directory import Lake
    from lake.releases.history import History

#: How the difference is found. none: the destination holds the release; releases: by comparing two releases of the
#: lake; listing: by comparing the ids and digests of all rows that the store lists; full: everything is written;
#: copy: a destination that takes no differences.
Method = Literal["none", "releases", "listing", "full", "copy"]
#: If more of a release's rows differ, a store that can switch gets a new copy.
_REWRITTEN_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """What a sync writes. ``removed`` and ``written`` are chunk ids; ``written`` is None if all rows are written.

    ``anew``: into an empty copy, for which ``removed`` only counts what the current one loses.
    """

    method: Method
    anew: bool = False
    written: frozenset[str] | None = frozenset()
    removed: tuple[str, ...] = ()
    n_added: int = 0
    n_changed: int = 0


def plan_sync(
    lake: Lake,
    history: History,
    store: DifferenceStore,
    held: HeldState | None,
    target: HeldState,
    rows: ReleaseRows,
    *,
    is_known: bool,
) -> SyncPlan:
    """Choose the cheapest way to the target, whose rows are ``rows``; reads, never writes.

    ``is_known``: the lake knows of a whole sync that left the mark that is held, and of none that began after it.
    Otherwise the mark proves nothing: a run that lost its lease may have written after it.
    """
    if held is None or held.embedder != target.embedder:
        return in_full(target)
    is_there = held.mark == target.mark
    if is_known and is_there and store.count() == target.n_chunks:
        return SyncPlan("none")
    before = release_held(lake, history, held) if is_known and not is_there else None
    if before is None:
        return _difference("listing", dict(store.listing()), rows.digests(), store, target)
    changed = changed_documents(before, rows)
    return _difference("releases", before.digests(changed), rows.digests(changed), store, target)


def in_full(target: HeldState) -> SyncPlan:
    return SyncPlan("full", anew=True, written=None, n_added=target.n_chunks)


def against_listing(store: DifferenceStore, rows: ReleaseRows, plan: SyncPlan) -> SyncPlan:
    """What is still missing where the store writes: an interrupted attempt may have left most of it."""
    held = dict(store.listing())
    if not held:
        return replace(plan, written=None, removed=())
    wanted = rows.digests()
    return replace(plan, written=_missing(held, wanted), removed=tuple(sorted(held.keys() - wanted.keys())))


def release_held(lake: Lake, history: History, held: HeldState) -> ReleaseRows | None:
    """The rows that a store holds, if the lake still has exactly those."""
    release = history.releases.get(held.release)
    if held.mark is None or release is None or rows_digest(release) != held.rows:
        return None
    try:
        return ReleaseRows(lake, release, held.rights)
    except GoneError:  # rights that were replaced since are deleted by prune
        return None


def _difference(
    method: Method, held: Mapping[str, str], wanted: Mapping[str, str], store: DifferenceStore, target: HeldState
) -> SyncPlan:
    written, removed = _missing(held, wanted), tuple(sorted(held.keys() - wanted.keys()))
    n_added = len(written - held.keys())
    anew = store.switch == "full" and len(written) + len(removed) > _REWRITTEN_SHARE * target.n_chunks
    return SyncPlan(method, anew, None if anew else written, removed, n_added, len(written) - n_added)


def _missing(held: Mapping[str, str], wanted: Mapping[str, str]) -> frozenset[str]:
    return frozenset(chunk_id for chunk_id, digest in wanted.items() if held.get(chunk_id) != digest)
