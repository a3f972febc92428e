"""Finds a document of a release by its id, at the same cost whether it exists, is hidden, or may be seen.

Lance's index answers sooner for an id that no row has, by about half a millisecond, which would tell who measures it
that a hidden document exists.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from lake.search.rights import MaySee

if TYPE_CHECKING:
    from lake.tables.reader import TableReader

#: Bytes in memory for each document: its id, where that begins, and its row.
DOCUMENT_ROW_BYTES = 44


@dataclass(frozen=True, slots=True)
class DocumentRows:
    """``doc_ids`` of all documents, sorted, with the ids of their rows."""

    doc_ids: pa.Array
    row_ids: pa.Array

    @classmethod
    def read(cls, documents: TableReader) -> DocumentRows:
        rows = documents.scan(["doc_id", "_rowid"]).sort_by("doc_id").combine_chunks()
        return cls(*(rows.column(name).combine_chunks() for name in ("doc_id", "_rowid")))

    def find(
        self, documents: TableReader, doc_id: str, may_see: MaySee, columns: Collection[str]
    ) -> dict[str, Any] | None:
        """Columns of DOCUMENTS; None if there is no such document, or if it may not be seen."""
        if not len(self.doc_ids):
            return None
        row_id = self.row_ids[self._place(doc_id)].as_py()
        (row,) = documents.rows([row_id], ["doc_id", "acl"]).to_pylist()
        is_visible = may_see(row["doc_id"], row["acl"])
        if row["doc_id"] != doc_id or not is_visible:
            return None
        found: dict[str, Any] = documents.rows([row_id], list(columns)).to_pylist()[0]
        return found

    def several(
        self, documents: TableReader, doc_ids: Collection[str], may_see: MaySee, columns: Collection[str]
    ) -> dict[str, dict[str, Any]]:
        """Columns of DOCUMENTS by ``doc_id``, in one reading; without those that don't exist or may not be seen."""
        if not len(self.doc_ids) or not doc_ids:
            return {}
        places = sorted({self._place(doc_id) for doc_id in doc_ids})
        row_ids = [self.row_ids[place].as_py() for place in places]
        rows = documents.rows(row_ids, list(dict.fromkeys(["doc_id", "acl", *columns]))).to_pylist()
        visible = [row for row in rows if may_see(row["doc_id"], row["acl"])]
        wanted = set(doc_ids)
        return {row["doc_id"]: {name: row[name] for name in columns} for row in visible if row["doc_id"] in wanted}

    def among(self, rows: pa.Table) -> pa.BooleanArray:
        """Whether each of the documents is among these rows (``_rowid``)."""
        return pc.is_in(self.row_ids, rows.column("_rowid").combine_chunks())

    def _place(self, doc_id: str) -> int:
        """Where the document is; without such a document, where a neighbour is, so that the steps are the same."""
        return min(bisect_left(self.doc_ids, doc_id, key=_text), len(self.doc_ids) - 1)


def _text(value: Any) -> str:
    text: str = value.as_py()
    return text
