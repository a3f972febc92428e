"""What a sync does first: what somebody may not see any more is closed before anything else is written.

A sync may take long, and be killed. What readers see only at its end (a full copy, a transaction) is therefore preceded
by a step of its own; whatever they see row by row begins with the restricted rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from lake.destinations.destination import HeldState
from lake.destinations.release_rows import EVERYBODY, ReleaseRows

if TYPE_CHECKING:
    from lake.destinations.repeated_calls import RepeatedCalls


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
