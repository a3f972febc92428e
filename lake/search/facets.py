"""The documents that a search could find, counted by what their columns hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from lake.errors import UsageError
from lake.search.predicate import Predicate
from lake.tables.sql import one_of

if TYPE_CHECKING:
    from lake.search.rights import Rights
    from lake.search.snapshot import Snapshot

#: Columns of DOCUMENTS that are counted, and those that identify a document.
COUNTED = ("source", "media_type", "language", "tags", "modified_at")
_NAMED = ("doc_id", "source", "uri", "title")
#: Maximum number of values of a column, and of months before years are counted.
_MOST_VALUES, _MOST_MONTHS = 50, 24


def facets(
    snapshot: Snapshot, rights: Rights, filters: Mapping[str, Any], principals: tuple[str, ...] | str
) -> dict[str, Any]:
    """``n_documents`` that pass rights and filters, and for each column its values, the most frequent ones first.

    A column's values are counted without its own filter, so that they show what else could be chosen.
    """
    whole = passing(snapshot, rights, filters, principals)
    counted = {}
    for column in COUNTED:
        others = {name: value for name, value in filters.items() if name != column}
        rows = whole if column not in filters else passing(snapshot, rights, others, principals)
        counted[column] = _counted(column, rows.column(column))
    return {"release": snapshot.release.id, "n_documents": whole.num_rows, "facets": counted}


def named(
    snapshot: Snapshot, rights: Rights, name: str, principals: tuple[str, ...] | str, limit: int
) -> list[dict[str, Any]]:
    """Documents whose title or uri contains all words of ``name``, whatever their case; those with short uris first."""
    rows = passing(snapshot, rights, {}, principals)
    for word in name.split():
        in_uri, in_title = (pc.match_substring(rows.column(one), word, ignore_case=True) for one in ("uri", "title"))
        rows = rows.filter(pc.or_(in_uri, pc.fill_null(in_title, False)))
    found: list[dict[str, Any]] = rows.select(_NAMED).to_pylist()
    return sorted(found, key=lambda row: (len(row["uri"]), row["uri"], row["source"]))[:limit]


def passing(
    snapshot: Snapshot, rights: Rights, filters: Mapping[str, Any], principals: tuple[str, ...] | str
) -> pa.Table:
    """Columns of the documents with at least one chunk that may be found."""
    seen = rights.predicate(principals)
    wanted = seen & snapshot.filter.predicate(filters=filters, seen=seen)
    return snapshot.documents_passing.get(wanted.sql or "", lambda: _read(snapshot, wanted))


def _read(snapshot: Snapshot, wanted: Predicate) -> pa.Table:
    documents, sql = snapshot.table("documents"), wanted.sql
    try:
        if sql is not None:
            documents.check_filter(sql)
    except UsageError:  # it names columns that only chunks have
        ids = snapshot.table("chunks").scan(["doc_id"], sql).column("doc_id").unique().to_pylist()
        sql = one_of("doc_id", sorted(ids)) if ids else "false"
    return documents.scan(list(dict.fromkeys((*_NAMED, *COUNTED))), sql)


def _counted(column: str, values: pa.ChunkedArray) -> dict[str, Any]:
    if column == "tags":
        values = pc.list_flatten(values)
    if column == "modified_at":
        months = pc.strftime(values, "%Y-%m")
        values = months if len(months.unique()) <= _MOST_MONTHS else pc.strftime(values, "%Y")
    pairs = [(one["values"], one["counts"]) for one in pc.value_counts(values).to_pylist()]
    by_time = column == "modified_at"
    pairs.sort(key=(lambda pair: (pair[0] is None, _backwards(pair[0] or ""))) if by_time else _rank)
    shown = [{"value": value, "n": n} for value, n in pairs[:_MOST_VALUES]]
    return {"values": shown, "n_values": len(pairs)}


def _rank(pair: tuple[str | None, int]) -> tuple[int, str]:
    return -pair[1], pair[0] or ""


def _backwards(text: str) -> tuple[int, ...]:
    return tuple(-ord(letter) for letter in text)
