"""What a page shows of each hit besides its columns: the words found, and by whom it may be seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lake.search.found_words import found_words
from lake.sources.declared import EVERYTHING
from lake.tables.sql import one_of

if TYPE_CHECKING:
    import pyarrow as pa

    from lake.search.rights import Rights
    from lake.search.snapshot import Snapshot


def shown(
    snapshot: Snapshot, rights: Rights, hits: pa.Table, question: str, principals: Sequence[str] | str
) -> list[dict[str, Any]]:
    """For each hit ``found_words``, places (start, end) in its text, and ``acl``.

    ``acl`` holds those of the caller's principals that let him see the document, today, and for an operator all; None
    if everybody may see it.
    """
    rows = hits.select(["doc_id", "text", "language"]).to_pylist()
    acls = _acls(snapshot, rights, sorted({row["doc_id"] for row in rows}))
    return [
        {
            "found_words": found_words(row["text"], question, row["language"]),
            "acl": _visible(acls[row["doc_id"]], principals),
        }
        for row in rows
    ]


def _acls(snapshot: Snapshot, rights: Rights, doc_ids: list[str]) -> dict[str, frozenset[str] | None]:
    """Who may see each document today."""
    if not doc_ids:
        return {}
    found = snapshot.table("documents").scan(["doc_id", "acl"], one_of("doc_id", doc_ids)).to_pylist()
    stated = {row["doc_id"]: None if row["acl"] is None else frozenset(row["acl"]) for row in found}
    return {doc_id: rights.changed.get(doc_id, (None, acl))[1] for doc_id, acl in stated.items()}


def _visible(acl: frozenset[str] | None, principals: Sequence[str] | str) -> list[str] | None:
    if acl is None:
        return None
    return sorted(acl if principals == EVERYTHING else acl.intersection(principals))
