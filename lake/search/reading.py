"""Reads a document as it is at a release."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from lake.errors import UsageError
from lake.parse.graphemes import cluster

if TYPE_CHECKING:
    from lake.search.rights import MaySee
    from lake.search.snapshot import Snapshot

_SECTION = ("heading", "page", "last_page", "kind", "start", "end")
#: The columns of the manifest that are useful to a reader.
_SHOWN = ("doc_id", "source", "uri", "title", "author", "language", "media_type", "modified_at", "size", "metadata")


def read_document(snapshot: Snapshot, may_see: MaySee, doc_id: str, start: int, characters: int) -> dict[str, Any]:
    """Columns of DOCUMENTS, and ``sections`` with at most ``characters`` of text from ``start`` on, in order.

    Raises UsageError if there is no such document, with the same message if it is hidden.
    """
    row = find_document(snapshot, may_see, doc_id, _SHOWN)
    release, where = snapshot.release.id, f"doc_id = '{doc_id}'"
    parents = snapshot.table("parents").scan([*_SECTION, "text"], f"{where} AND `end` > {start}").to_pylist()
    sections, end = [], start + characters
    for section in sorted(parents, key=lambda row: (row["start"], row["end"])):
        if section["start"] < end < section["end"]:
            whole = section["start"] + cluster(section["text"], end - section["start"])[0]
            end = whole if whole > max(start, section["start"]) else end
        if section["start"] < end:
            first, last = max(start, section["start"]), min(end, section["end"])
            text = section["text"][first - section["start"] : last - section["start"]]
            sections.append(section | {"start": first, "end": last, "text": text})
    goes_on = any(row["end"] > end for row in parents)
    stated = {"metadata": json.loads(row["metadata"] or "{}")}
    return {"release": release, **row, **stated, "sections": sections, "next_start": end if goes_on else None}


def find_document(snapshot: Snapshot, may_see: MaySee, doc_id: str, columns: Collection[str]) -> dict[str, Any]:
    """Columns of DOCUMENTS; raises UsageError if there is no such document or it is hidden, as late in either case."""
    row = snapshot.document_rows.find(snapshot.table("documents"), doc_id, may_see, columns)
    if row is None:
        raise UsageError(f"no document {doc_id!r} in {snapshot.release.id}; each hit of a search has its doc_id")
    return row
