"""Runs that look at a part of their sources: what they may do, and the guard over all such runs together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from lake.errors import RefusedError, UsageError
from lake.ingest.plan import MAX_REMOVED, MAX_REMOVED_SHARE, Plan, removed_by_source
from lake.storage import clock

if TYPE_CHECKING:
    from lake.recipe import Recipe
    from lake.releases.history import History
    from lake.releases.values import Release
    from lake.sources.scope import SourceScope
    from lake.sources.source import Source

#: How long the guard adds up what such runs removed, unless a run over everything comes first.
_COUNTED = timedelta(days=1)


def check_scope(base: Release | None, recipe: Recipe) -> None:
    """Raises UsageError if only a run over everything can do what is to be done."""
    if base is None:
        raise UsageError("nothing is live yet, so there is nothing to carry over; run once without --only")
    if recipe != base.recipe:
        raise FullRunNeededError(
            "the lake's recipe changed (another version of raglake or of a parser), which concerns all documents; "
            "run once without --only"
        )


class FullRunNeededError(UsageError):
    """Only a run over everything can bring the lake up to date."""


def in_scope(known: pa.Table, sources: Collection[str], scope: SourceScope) -> pa.Array:
    """Which KNOWN rows a run over the scope of these sources looks at."""
    ours = pc.is_in(known.column("source"), pa.array(sources, pa.string()))
    return pc.and_(ours, scope.mask(known.column("uri")))


def uris_by_source(known: pa.Table, sources: Iterable[str]) -> dict[str, Collection[str]]:
    """The uris of KNOWN rows of each of these sources; as columns, since there may be very many."""
    return {name: known.filter(pc.equal(known.column("source"), name)).column("uri").to_pylist() for name in sources}


def before_scopes(history: History) -> Release | None:
    """What was live before runs over scopes changed it: after the last run over everything, or a day ago if later.

    None if nothing is live. Releases that were folded are passed over.
    """
    since, found = clock.now() - _COUNTED, None
    for name in dict.fromkeys(entry.live for entry in reversed(history.entries) if entry.live in history.releases):
        found = history.releases[name or ""]
        if not found.is_scoped or found.created_at <= since:
            break
    return found


def removed_by_scopes(before: pa.Table, known: pa.Table) -> Counter[str]:
    """Number of documents by source that KNOWN rows of before lack now; one that moved or came back counts as there."""
    ids, digests = (pc.unique(known.column(name)) for name in ("doc_id", "digest"))
    is_there = pc.or_(pc.is_in(before.column("doc_id"), ids), pc.is_in(before.column("digest"), digests))
    return Counter(before.filter(pc.invert(is_there)).column("source").to_pylist())


def guard_scope(
    plan: Plan, known: pa.Table, sources: Sequence[Source], before: Mapping[str, int], *, allow_removed: int = 0
) -> None:
    """Raises RefusedError if a plan removes more than a nightly run should.

    What earlier runs over scopes removed, ``before`` by source, is included.

    So a folder that empties slowly is noticed as one that is empty at night.
    """
    if len(plan.removed) <= allow_removed:
        return
    by_name = {source.name: source for source in sources}
    for name, n_known, n_removed in removed_by_source(pl.DataFrame(known), plan.removed):
        n_before = before.get(name, 0)
        n_all = n_removed + n_before
        source = by_name[name]
        emptied = not source.states_removals and (n_removed == n_known or not source.holds_anything())
        if emptied or (n_all > MAX_REMOVED and n_all > MAX_REMOVED_SHARE * (n_known + n_before)):
            what = "nothing is there any more" if emptied else f"with {n_before} since the last run over everything"
            raise RefusedError(
                f"{n_removed} of {n_known} documents of {name} would be removed ({what}; the first: "
                f"{', '.join(plan.removed_uris[:3])}); nothing was written. If they are really gone, allow it "
                f"with --allow-removals {len(plan.removed)}"
            )
