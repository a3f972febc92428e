"""Listings of sources as tables: everything that exists now, or the last listing with what changed since."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from lake.ids import document_id
from lake.schemas import LISTING
from lake.sources.declared import declared_json
from lake.sources.listing_state import ListingState
from lake.sources.protocol import SIDECAR_PATTERN, Cursor, CursorLost, Gap, Removal, SourceFile
from lake.sources.scope import SourceScope
from lake.sources.source import Source

#: LISTING, and what the source itself declares of each document: JSON of ``lake.sources.declared``, null for nothing.
LISTED = pa.schema([*LISTING, pa.field("declared", pa.string())])
_ROWS_AT_A_TIME = 1 << 16
_TIME = LISTING.field("modified_at").type


class SourceListing(NamedTuple):
    """LISTED rows, sorted by uri, and what could not be seen; ``state`` is None if the next listing must be full."""

    rows: pa.Table
    state: ListingState | None
    is_full: bool = True
    gaps: tuple[Gap, ...] = ()


def listing(sources: Iterable[Source], scope: SourceScope | None = None) -> pa.Table:
    """LISTED rows of all documents and sidecars of the sources, or of a scope, sorted by source and uri."""
    ordered = sorted(sources, key=lambda source: source.name)
    parts = [_table(source, source.list() if scope is None else source.named(scope)) for source in ordered]
    return pa.concat_tables(parts) if parts else LISTED.empty_table()


def listed(source: Source, last: pa.Table, state: ListingState | None, now: datetime, *, full: bool) -> SourceListing:
    """What a source holds now; only what changed is requested if it can tell, and ``last`` (LISTED) is not too old."""
    if not source.has_cursor:
        return SourceListing(listing([source]), None)
    if not full and state is not None and state.selection == source.selection and state.is_young(now):
        try:
            return _continued(source, last, state)
        except CursorLost:
            pass  # the full listing brings what it can't tell
    changes = Changes(source.changes(None))
    rows = _table(source, changes.files())
    return SourceListing(rows, changes.state(now.isoformat(), source.selection), gaps=tuple(changes.gaps))


def _continued(source: Source, last: pa.Table, state: ListingState) -> SourceListing:
    changes = Changes(source.changes(state.position))
    found = {file.uri: file for file in changes.files()}  # the last item about a file counts
    new = _table(source, (file for uri, file in found.items() if uri not in changes.gone))
    if found or changes.gone:
        stale = pa.array([*found, *changes.gone], pa.string())
        kept = last.filter(pc.invert(pc.is_in(last.column("uri"), stale)))
        last = pa.concat_tables([kept, new]).sort_by("uri")
    continues = changes.state(state.full_at, source.selection)
    return SourceListing(last, continues, is_full=False, gaps=tuple(changes.gaps))


class Changes:
    """The items of a source's changes, taken apart: all else is known once ``files`` is exhausted."""

    def __init__(self, items: Iterable[SourceFile | Removal | Gap | Cursor]) -> None:
        self._items, self.gone, self.gaps = items, set[str](), list[Gap]()
        self._cursor = Cursor("")

    def files(self) -> Iterator[SourceFile]:
        for item in self._items:
            if isinstance(item, SourceFile):
                self.gone.discard(item.uri)
                yield item
            elif isinstance(item, Removal):
                self.gone.add(item.uri)
            elif isinstance(item, Gap):
                self.gaps.append(item)
            else:
                self._cursor = item

    def state(self, full_at: str, selection: str) -> ListingState | None:
        if not self._cursor.position:
            return None
        return ListingState(self._cursor.position, self._cursor.version, full_at, selection)


def _table(source: Source, files: Iterable[SourceFile]) -> pa.Table:
    """LISTED rows, sorted by uri; made in parts, so that a long listing is never a list of objects."""
    remaining, parts = iter(files), []
    while part := list(islice(remaining, _ROWS_AT_A_TIME)):
        parts.append(_rows(source.name, part))
    if not parts:
        return LISTED.empty_table()
    return pa.concat_tables(parts).sort_by("uri")


def _rows(name: str, files: list[SourceFile]) -> pa.Table:
    return pa.table(
        {
            "doc_id": [document_id(name, f.uri) for f in files],
            "source": [name] * len(files),
            "uri": [f.uri for f in files],
            "size": [f.size for f in files],
            "modified_at": pa.array([f.modified_us if f.is_final else None for f in files], pa.int64()).cast(_TIME),
            "etag": [f.etag if f.is_final else None for f in files],
            "declared": [declared_json(f.uri, f.metadata, f.acl) for f in files],
        },
        schema=LISTED,
    )


def are_sidecars(rows: pa.Table) -> pa.Array:
    """Which rows are sidecars, by their ``uri``."""
    return pc.match_substring_regex(rows.column("uri"), SIDECAR_PATTERN)
