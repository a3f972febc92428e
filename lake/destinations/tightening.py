"""What a sync does first: what somebody may not see any more is closed before anything else is written.

A sync may take long, and be killed. What readers see only at its end (a full copy, a transaction) is therefore preceded
by a step of its own; whatever they see row by row begins with the restricted rows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from lake.destinations import registry
from lake.destinations.destination import HeldState, OwnedDestination, Written
from lake.destinations.opening import open_destination
from lake.destinations.release_rows import EVERYBODY, ReleaseRows
from lake.destinations.release_tables import release_tables

if TYPE_CHECKING:
    from lake.destinations.repeated_calls import RepeatedCalls
    from lake.directory import Lake
    from lake.releases.history import History
    from lake.releases.values import Release


def close_first(
    store: RepeatedCalls, held: HeldState, target: HeldState, before: ReleaseRows | None, rows: ReleaseRows
) -> int:
    """Close, in what readers see now, the chunks whose rights are narrower today. Returns how many there were.

    They get today's rights if the release has them with the same embedder; otherwise they are removed. ``before``: the
    rows that the store holds, if that is known. The state there has no mark until the whole sync ends.
    """
    if held.mark is not None and held.rights == target.rights:
        return 0
    too_wide = _known_too_wide(before, rows) if before else _found_too_wide(store, rows)
    if not too_wide:
        return 0
    wanted = rows.chunks_of(rows.readers(), too_wide) if held.embedder == target.embedder else frozenset()
    unfinished = replace(held, mark=None)
    store.begin(unfinished, anew=False)
    for some in _parts(sorted(too_wide - wanted), store.batch_rows):
        store.apply(None, some)
    for stored in rows.rows(wanted, store.batch_rows) if wanted else ():
        store.apply(stored, ())
    if store.switch == "transaction":
        store.finish(unfinished)
        store.held()  # which begins the next one
    return len(too_wide)


def narrow_copy_first(
    lake: Lake, history: History, release: Release, name: str, check: Callable[[], None]
) -> Written | None:
    """Give the release that readers see in a copy of all tables today's rights, before it is replaced by another one.

    Returns what was written; None if nothing was.
    """
    place = open_destination(name)
    mark = place.held() if isinstance(place, OwnedDestination) else None
    seen = history.releases.get((mark or "").rpartition("-")[0])
    if seen is None or seen.id == release.id or not isinstance(place, OwnedDestination):
        return None
    tables = release_tables(lake, history, seen, registry.lake_identity(lake), check)
    if tables.mark == mark:
        return None
    erasures = registry.last_erasure(history)
    registry.remember(lake, name, release=seen.id, mark=tables.mark, erasures=erasures, complete=False)
    written = place.sync(tables)
    return written if isinstance(written, Written) else Written(written or 0, 0, 0, 0)


def restricted_first(rows: ReleaseRows, chunk_ids: Collection[str]) -> Iterator[Collection[str]]:
    """The chunks that not everybody may see, then the others."""
    first = rows.chunks_of(rows.readers(), chunk_ids)
    yield from (part for part in (first, frozenset(chunk_ids) - first) if part)


def _known_too_wide(before: ReleaseRows, rows: ReleaseRows) -> frozenset[str]:
    earlier = before.readers()
    narrowed = {doc_id for doc_id, acl in rows.readers().items() if _is_wider(earlier.get(doc_id, [EVERYBODY]), acl)}
    return before.chunks_of(narrowed)


def _found_too_wide(store: RepeatedCalls, rows: ReleaseRows) -> frozenset[str]:
    """By the readers that the store holds of the rows that differ."""
    wanted, today = rows.digests(), rows.readers()
    differing = [chunk_id for chunk_id, digest in store.listing() if wanted.get(chunk_id) != digest]
    held = (store.fetch(some) for some in _parts(differing, store.batch_rows))
    return frozenset(
        chunk_id
        for part in held
        for chunk_id, payload in zip(part.ids, part.payloads, strict=True)
        if payload["doc_id"] in today and _is_wider(payload.get("readers", ()), today[payload["doc_id"]])
    )


def _is_wider(held: Iterable[str], acl: Iterable[str]) -> bool:
    return not set(held) <= set(acl)


def _parts(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))
