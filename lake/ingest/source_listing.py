"""Lists what the sources hold now: digests of documents and statements of sidecars; reads only what may be new."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from lake.ids.uris import folded
from lake.ingest.plan import settled, split_known
from lake.ingest.source_reading import mask, outwait_stamps, read_files
from lake.ingest.source_statements import stated_of_denied, statements_of
from lake.schemas import DIGESTED, DIGESTS, tuples
from lake.sources import sidecars
from lake.sources.listing import LISTED, are_sidecars, listed, listing
from lake.sources.listing_state import ListingState
from lake.sources.loose_sidecars import LOOSE_PATTERN
from lake.sources.page_states import forget_states
from lake.sources.protocol import MISNAMED_PATTERN, Gap
from lake.sources.scope import SourceScope
from lake.sources.source import Source
from lake.storage import clock

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.storage.denylist import Denylist


@dataclass(frozen=True)
class ListedSources:
    """The documents of the sources as they are now."""

    #: DIGESTED rows; the digest of a document that can't be read is null.
    documents: pa.Table
    #: DIGESTS rows for the next run.
    cache: pa.Table
    #: DIGESTS rows of the sidecars, with what each states.
    sidecars: pa.Table
    #: Reason and error class by doc_id of documents that can't be read.
    unreadable: dict[str, tuple[str, str]]
    #: Number of documents left out because they were erased for good.
    n_denied: int
    #: Problems of sidecars that a person must fix.
    remarks: tuple[str, ...]
    #: JSON by source and uri of denied documents, for rights at releases that still hold them.
    stated_of_denied: dict[tuple[str, str], str]
    #: By source, where its next listing may continue.
    states: dict[str, ListingState]
    #: Whether ``cache`` has every file that was listed, with its digest.
    is_settled: bool
    #: By source, what its listing could not see.
    gaps: dict[str, tuple[Gap, ...]]


def list_sources(
    lake: Lake,
    sources: Sequence[Source],
    *,
    verify: bool,
    full: bool = False,
    scope: SourceScope | None = None,
    others: pa.Table | None = None,
) -> ListedSources:
    """List the sources and read what the lake's cache does not know, or with ``verify`` everything.

    With ``full``, sources that know what changed list everything as well. With a ``scope``, only its documents are
    listed; ``others`` are sources and uris of all documents beside it, since a row of a sidecar may be about any.
    """
    denylist, cache = lake.denylist(), lake.cached_digests(source.name for source in sources)
    every, cursors, gaps = _listed(lake, sources, cache, full=full or verify, scope=scope)
    n_listed = pc.sum(pc.invert(are_sidecars(every))).as_py() or 0
    kept, erased = _split(every, denylist)
    trusted, to_read = split_known(kept, cache.slice(0, 0) if verify else cache)
    if scope is None:  # of a part nothing is remembered, so that time stamps need not be told apart
        outwait_stamps(to_read)
    by_name = {source.name: source for source in sources}
    read, unreadable, n_vanished = read_files(to_read, by_name, trusted)
    files = pa.concat_tables([trusted, read])
    is_beside = are_sidecars(files)
    documents, beside = files.filter(pc.invert(is_beside)), files.filter(is_beside)
    documents, of_denied = _without_denied(documents, beside, erased, denylist, by_name)
    odd = documents.filter(are_odd(documents))
    if scope is not None:  # sidecars above the scope are about others as well
        documents = documents.filter(scope.mask(documents.column("uri")))
        odd, beside = _with_cached(odd, beside, _split(cache, denylist)[0], scope, by_name)
    others = documents.slice(0, 0) if others is None else others
    stated, remarks, whole = statements_of(documents, beside, denylist, others, odd)
    cached = settled(pa.concat_tables([documents, whole]), time.time_ns() // 1000)
    n_denied = n_listed - n_vanished - documents.num_rows
    selected = _selected(documents, by_name)
    documents, stated = documents.filter(selected), stated.filter(selected)
    remarks = (*remarks, *_spelled_twice(documents))
    if n_denied:  # what is denied may be stored nowhere, so it must be listed again
        cursors = {}
        forget_states(source.root for source in sources)
    is_settled = cached.num_rows == every.num_rows and not any(gaps.values())
    cached = _with_unread(cached, kept, cursors)
    documents = documents.drop_columns(["states"]).append_column("stated", stated).cast(DIGESTED)
    return ListedSources(
        documents=documents,
        cache=cached,
        sidecars=whole,
        unreadable=unreadable,
        n_denied=n_denied,
        remarks=remarks,
        stated_of_denied=of_denied,
        states=cursors,
        is_settled=is_settled,
        gaps=gaps,
    )


def are_odd(rows: pa.Table) -> pa.Array:
    """Which rows may have the name of what was meant as a sidecar, though it is none."""
    uris = rows.column("uri")
    return pc.or_(pc.match_substring_regex(uris, MISNAMED_PATTERN), pc.match_substring_regex(uris, LOOSE_PATTERN))


def _selected(documents: pa.Table, sources: Mapping[str, Source]) -> pa.Array:
    """Which are documents by the patterns of their source; others are listed since they were meant as sidecars."""
    misnamed = are_odd(documents)
    if not pc.any(misnamed).as_py():
        return pa.repeat(pa.scalar(True), documents.num_rows)
    places = tuples(documents, "source", "uri")
    chosen = [
        not is_odd or sources[source].selects(uri)
        for (source, uri), is_odd in zip(places, misnamed.to_pylist(), strict=True)
    ]
    return pa.array(chosen, pa.bool_())


def _with_cached(
    odd: pa.Table, beside: pa.Table, cache: pa.Table, scope: SourceScope, sources: Mapping[str, Source]
) -> tuple[pa.Table, pa.Table]:
    """Also files of other names than those looked at that may be meant as sidecars, as the last listing found them.

    A local folder was asked for them: in a bucket, that could cost a request for each thousand files.
    """
    ours = pa.array(
        [name for name, source in sources.items() if source.finds_names and not source.is_local], pa.string()
    )
    rows = cache.filter(pc.and_(pc.is_in(cache.column("source"), ours), pc.or_(are_odd(cache), are_sidecars(cache))))
    looked_at = set(scope.places())
    meant = [uri not in looked_at and scope.may_be_meant_by(uri) for uri in rows.column("uri").to_pylist()]
    rows = rows.filter(pa.array(meant, pa.bool_()))
    is_sidecar = are_sidecars(rows)
    return pa.concat_tables([odd, rows.filter(pc.invert(is_sidecar))]), pa.concat_tables(
        [beside, rows.filter(is_sidecar)]
    )


def _listed(
    lake: Lake, sources: Sequence[Source], cache: pa.Table, *, full: bool, scope: SourceScope | None
) -> tuple[pa.Table, dict[str, ListingState], dict[str, tuple[Gap, ...]]]:
    """LISTED rows of the sources, where the next listing of each may continue, and what it could not see.

    With a ``scope``, its rows and those of sidecars that may be about it; the next listing continues from none.
    """
    parts, states, gaps = [LISTED.empty_table()], dict[str, ListingState](), dict[str, tuple[Gap, ...]]()
    for source in sorted(sources, key=lambda source: source.name):
        if scope is not None and source.finds_names:
            parts.append(listing([source], scope))
            continue
        rows, state, gaps[source.name] = _listed_whole(lake, source, cache, full=full)
        if scope is not None:
            about_others = pc.or_(are_sidecars(rows), are_odd(rows))
            rows = rows.filter(pc.or_(scope.mask(rows.column("uri")), about_others))
        elif state is not None:
            states[source.name] = state
        parts.append(rows)
    return pa.concat_tables(parts), states, gaps


def _listed_whole(
    lake: Lake, source: Source, cache: pa.Table, *, full: bool
) -> tuple[pa.Table, ListingState | None, tuple[Gap, ...]]:
    """LISTED rows of one source, where its next listing may continue, and what it could not see."""
    last = cache.filter(pc.equal(cache.column("source"), source.name)) if source.has_cursor else cache.slice(0, 0)
    state = lake.listing_state(source.name) if source.has_cursor else None
    found = listed(source, _as_listed(last), state, clock.now(), full=full)
    if source.has_cursor and _split(found.rows, lake.denylist())[1].num_rows:  # also outside of a scope
        forget_states([source.root])
    return found.rows, found.state, found.gaps


def _as_listed(last: pa.Table) -> pa.Table:
    """DIGESTS rows as LISTED ones: ``states`` of a document is what its source declared of it."""
    declared = pc.if_else(are_sidecars(last), pa.scalar(None, pa.string()), last.column("states"))
    return last.append_column("declared", declared).select(LISTED.names).cast(LISTED)


def _with_unread(cached: pa.Table, kept: pa.Table, states: Mapping[str, ListingState]) -> pa.Table:
    """DIGESTS rows and, of sources whose next listing continues, those without a digest: they exist as well."""
    ours = kept.filter(pc.is_in(kept.column("source"), pa.array(states, pa.string())))
    ours = ours.filter(pc.invert(pc.is_in(ours.column("doc_id"), cached.column("doc_id").combine_chunks())))
    if not ours.num_rows:
        return cached
    unread = ours.append_column("digest", pa.nulls(ours.num_rows, pa.string()))
    unread = unread.append_column("states", unread.column("declared"))
    return pa.concat_tables([cached, unread.select(DIGESTS.names).cast(DIGESTS)])


def _without_denied(
    documents: pa.Table, beside: pa.Table, erased: pa.Table, denylist: Denylist, sources: dict[str, Source]
) -> tuple[pa.Table, dict[tuple[str, str], str]]:
    """The documents whose content was not erased for good, and what sidecars state of all denied ones.

    ``beside``: DIGESTS rows of the sidecars.
    """
    if not denylist:
        return documents, {}
    is_kept = mask(documents, "digest", lambda digest: not denylist.has_content(digest))
    kept = documents.filter(pa.array(is_kept, pa.bool_()))
    return kept, stated_of_denied(documents, kept, beside, erased, sources)


def _spelled_twice(documents: pa.Table) -> list[str]:
    """Remarks on documents whose names differ only in their Unicode form, since whoever names one names all."""
    found: dict[tuple[str, str], list[str]] = {}
    for source, uri in tuples(documents, "source", "uri"):
        if not uri.isascii():
            found.setdefault((source, folded(uri)), []).append(uri)
    return [
        f"{name} is the name of {len(uris)} files, spelled {' and '.join(map(ascii, sorted(uris)))}; all are "
        "indexed, and filters, rights and erasures that name one hold for all: rename or delete the others"
        for (_, name), uris in sorted(found.items())
        if len(uris) > 1
    ]


def _split(listed: pa.Table, denylist: Denylist) -> tuple[pa.Table, pa.Table]:
    """Split off places that were erased for good, and their sidecars."""
    if not denylist:
        return listed, listed.slice(0, 0)
    places = tuples(listed, "source", "uri")
    kept = [not denylist.has_document(source, sidecars.document_of(uri) or uri) for source, uri in places]
    mask = pa.array(kept, pa.bool_())
    return listed.filter(mask), listed.filter(pc.invert(mask))
