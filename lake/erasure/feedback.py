"""Removes what was erased for good from feedback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lake.erasure.verification import occurring
from lake.records.feedback import paths, remove

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.erasure.selection import ErasureScope


_WORDS = ("question", "source", "uri", "quote", "release", "chunk_id", "doc_id", "digest")


def erase(lake: Lake, erased: ErasureScope) -> None:
    """Remove every judgement about erased documents, and every one in whose text the proof would find a trace."""
    documents = {*erased.choice.rows["doc_id"], *erased.choice.digests}

    def is_gone(row: dict[str, Any]) -> bool:
        return not documents.isdisjoint((row["doc_id"], row["digest"])) or _speaks_of(erased, row)

    for path in paths(lake):
        remove(lake, path, is_gone)


def _speaks_of(erased: ErasureScope, row: dict[str, Any]) -> bool:
    found = occurring(erased.terms, [row[name] for name in _WORDS if row[name]])
    return bool(found.ids or found.texts or found.words)
