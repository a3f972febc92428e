"""The delta of a release from its base: all that Parquet must store of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from lake.directory import Lake
from lake.releases.history import History
from lake.schemas import LATER_OF_DOCUMENTS, completed
from lake.storage.store import open_parquet, parquet_bytes

_PARTS = ("documents", "quarantine", "deleted")


@dataclass(frozen=True)
class Delta:
    """The changes of a release to its base: document rows to write, quarantine rows to write, doc_ids to delete.

    ``documents`` are DOCUMENTS rows. Everything else in the tables follows from them, the contents and the vectors.
    """

    documents: pa.Table
    quarantine: pa.Table
    deleted: list[str]

    def write(self, lake: Lake, folder: str) -> None:
        deleted = pa.table({"doc_id": pa.array(self.deleted, pa.string())})
        for name, table in zip(_PARTS, (self.documents, self.quarantine, deleted), strict=True):
            lake.store.write(f"{folder}/{name}.parquet", parquet_bytes(table, 1 << 16))

    @classmethod
    def read(cls, lake: Lake, folder: str) -> Delta:
        documents, quarantine, deleted = (
            open_parquet(lake.store, f"{folder}/{name}.parquet").read() for name in _PARTS
        )
        documents = completed(documents, LATER_OF_DOCUMENTS.names)
        return cls(documents, quarantine, deleted.column("doc_id").to_pylist())

    @classmethod
    def merged(cls, deltas: Iterable[Delta]) -> Delta:
        """One delta in place of several, at least one, each of which follows the next: the latest comes first.

        Takes time in proportion to their rows, of which thousands of deltas may have one each.
        """
        gone, written = set[str](), set[str]()  # ``written`` by the earliest alone need not be deleted
        documents, quarantine = [], []
        for delta in deltas:
            gone |= written
            documents.append(_besides(delta.documents, gone))
            quarantine.append(_besides(delta.quarantine, gone))
            gone.update(delta.deleted)
            written = set(delta.doc_ids())
        return cls(_in_order(documents), _in_order(quarantine), sorted(gone))

    def without(self, doc_ids: Collection[str], digests: Collection[str] = ()) -> Delta:
        """The delta without these documents, and without rows of these bytes."""
        documents, quarantine = (_others(part, doc_ids, digests) for part in (self.documents, self.quarantine))
        return Delta(documents, quarantine, [doc_id for doc_id in self.deleted if doc_id not in doc_ids])

    def doc_ids(self) -> list[str]:
        """Documents that it writes, to the manifest or to quarantine."""
        return [*self.documents.column("doc_id").to_pylist(), *self.quarantine.column("doc_id").to_pylist()]

    def content_ids(self) -> pa.Array:
        """Contents that it needs; may contain duplicates."""
        parts = [self.documents.column("content_id"), self.quarantine.column("content_id")]
        return pa.concat_arrays([part.combine_chunks() for part in parts]).drop_null()


def _in_order(latest_first: list[pa.Table]) -> pa.Table:
    return pa.concat_tables(reversed(latest_first)).combine_chunks()


def _besides(rows: pa.Table, doc_ids: Collection[str]) -> pa.Table:
    return rows.filter(pa.array([doc_id not in doc_ids for doc_id in rows.column("doc_id").to_pylist()], pa.bool_()))


def _others(rows: pa.Table, doc_ids: Collection[str], digests: Collection[str]) -> pa.Table:
    gone = pc.is_in(rows.column("doc_id"), pa.array(list(doc_ids), pa.string()))
    same = pc.is_in(rows.column("digest"), pa.array(list(digests), pa.string()))
    return rows.filter(pc.invert(pc.or_(gone, same)))


def read_deltas(lake: Lake, history: History) -> dict[str, Delta]:
    """Each release's delta; together they name all contents that any release needs."""
    return {name: Delta.read(lake, release.commit) for name, release in history.releases.items()}


def text_digests(lake: Lake, content_ids: pa.Array, column: str = "chunks") -> pa.Array:
    """Digests of the texts of these contents' chunks, as embedded, of their ``parents`` or ``sentences``.

    They may contain duplicates.
    """
    found = [pa.array([], pa.string())]
    distinct = content_ids.unique().to_pylist()
    lake.contents.refresh()
    for start in range(0, len(distinct), _AT_A_TIME):
        lists = lake.contents.read(distinct[start : start + _AT_A_TIME], [column]).column(column)
        for part in lists.chunks:
            spans = part.flatten()
            found.append(spans.field(spans.type.get_field_index("text_digest")))
    return pa.concat_arrays(found)


#: Contents read at a time.
_AT_A_TIME = 4096
