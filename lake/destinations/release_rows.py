"""The chunks of a release as stores take them, with today's rights, and what differs between two releases."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from lake.destinations.destination import VectorRows
from lake.recipe.chunking import IS_TEXT
from lake.releases import rights
from lake.schemas import DOCUMENT_COLUMNS
from lake.tables.sql import one_of

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.releases.values import Release
    from lake.tables.reader import TableReader

#: Who may see a chunk that is not restricted; no acl may name it.
EVERYBODY = "*"
#: Columns of chunks that become values of a payload, besides those of their documents.
_OF_CHUNK = (
    *("doc_id", "parent_id", "ordinal", "start", "end", "heading", "page", "first_page", "last_page", "kind"),
    "text_digest",
)
_FACTS = (*_OF_CHUNK, *DOCUMENT_COLUMNS)
#: Ids in one predicate, and the share of a table from which scanning all of it is faster.
_LOOKED_UP, _SCANNED_SHARE = 500, 0.25


class ReleaseRows:
    """The chunks of one release. ``rights_path``: the RIGHTS that apply to them."""

    def __init__(self, lake: Lake, release: Release, rights_path: str | None) -> None:
        files = lake.tables(release.generation)
        #: A store returns what it finds, and a summary is no text of its document.
        self._texts = IS_TEXT if release.recipe.chunking.has_summaries else None
        self._documents: TableReader = files.at("documents", release.versions["documents"])
        self._chunks: TableReader = files.at(
            release.recipe.embedder.table, release.versions[release.recipe.embedder.table]
        )
        held = rights.read(lake.store, rights_path)
        self._acl = dict(zip(held.column("doc_id").to_pylist(), held.column("acl").to_pylist(), strict=True))

    def count(self) -> int:
        return self._chunks.count(self._texts)

    @cached_property
    def _metadata(self) -> dict[str, str | None]:
        rows = self._documents.scan(["doc_id", "metadata"])
        return dict(zip(rows.column("doc_id").to_pylist(), rows.column("metadata").to_pylist(), strict=True))

    def readers(self) -> dict[str, list[str]]:
        """doc_id -> who may see it today, of each document that not everybody may see; some may be gone."""
        rows = self._documents.scan(["doc_id", "acl"])
        stored = zip(rows.column("doc_id").to_pylist(), rows.column("acl").to_pylist(), strict=True)
        return {doc_id: acl for doc_id, acl in {**dict(stored), **self._acl}.items() if acl is not None}

    def chunks_of(self, doc_ids: Collection[str], chunk_ids: Collection[str] | None = None) -> frozenset[str]:
        """The ids of these documents' chunks, or those of them that are among ``chunk_ids``."""
        key, wanted = ("doc_id", doc_ids) if chunk_ids is None else ("chunk_id", chunk_ids)
        found = set[str]()
        for batch in self._batches(key, wanted, ("chunk_id", "doc_id")) if doc_ids else ():
            rows = zip(batch.column("chunk_id").to_pylist(), batch.column("doc_id").to_pylist(), strict=True)
            found.update(chunk_id for chunk_id, doc_id in rows if doc_id in doc_ids)
        return frozenset(found)

    def documents(self) -> dict[str, str]:
        """doc_id -> digest of everything that the rows of its chunks depend on."""
        found = {}
        for batch in self._documents.batches(["doc_id", "fingerprint", "content_id", "metadata", *DOCUMENT_COLUMNS]):
            for row in batch.to_pylist():
                row["acl"] = self._acl.get(row["doc_id"], row["acl"])
                found[row["doc_id"]] = _digest({name: _json_value(value) for name, value in row.items()})
        return found

    def digests(self, doc_ids: Collection[str] | None = None) -> dict[str, str]:
        """chunk_id -> row digest, of all chunks or those of some documents."""
        found = {}
        for batch in self._batches("doc_id", doc_ids, ("chunk_id", *_FACTS)):
            for row in batch.to_pylist():
                found[row["chunk_id"]] = self._payload(row)["row_digest"]
        return found

    def rows(self, chunk_ids: Collection[str] | None, n_rows: int) -> Iterator[VectorRows]:
        """The chunks with these ids, or all, ``n_rows`` at a time."""
        for batch in self._batches("chunk_id", chunk_ids, ("chunk_id", "text", "vector", *_FACTS)):
            for start in range(0, batch.num_rows, n_rows):
                yield self._stored(batch.slice(start, n_rows))

    def _stored(self, batch: pa.RecordBatch) -> VectorRows:
        rows = batch.drop_columns(["vector"]).to_pylist()
        payloads = [{**self._payload(row), "text": row["text"]} for row in rows]
        return VectorRows([row["chunk_id"] for row in rows], vectors_of(batch), payloads)

    def vectors(self, chunk_ids: Collection[str] | None = None) -> Iterator[tuple[list[str], np.ndarray]]:
        """Ids with their vectors, thousands at a time."""
        for batch in self._batches("chunk_id", chunk_ids, ("chunk_id", "vector")):
            yield batch.column("chunk_id").to_pylist(), vectors_of(batch)

    def _batches(self, key: str, values: Collection[str] | None, columns: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
        if values is None:
            yield from self._chunks.batches(columns, self._texts)
        elif len(values) <= _SCANNED_SHARE * (len(self._metadata) if key == "doc_id" else self.count()):
            listed = sorted(values)
            for start in range(0, len(listed), _LOOKED_UP):
                some = one_of(key, listed[start : start + _LOOKED_UP])
                yield from self._chunks.batches(columns, f"{some} AND {self._texts}" if self._texts else some)
        else:
            wanted = frozenset(values)
            for batch in self._chunks.batches(columns, self._texts):
                chosen = [place for place, value in enumerate(batch.column(key).to_pylist()) if value in wanted]
                yield batch.take(pa.array(chosen, pa.int64()))

    def _payload(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Its values, without the text, on which the id depends."""
        acl = self._acl.get(row["doc_id"], row["acl"])
        named = {name: _json_value(row[name]) for name in _FACTS if name != "acl"}
        named |= {"metadata": self._metadata.get(row["doc_id"]), "readers": [EVERYBODY] if acl is None else sorted(acl)}
        payload = {name: value for name, value in named.items() if value is not None}
        return {**payload, "row_digest": _digest(payload)}


def vectors_of(batch: pa.RecordBatch) -> np.ndarray:
    """The column ``vector`` as float32, one row per vector."""
    column = batch.column("vector")
    values = column.flatten().to_numpy(zero_copy_only=False).astype(np.float32)
    return np.asarray(values.reshape(len(column), -1))


def _json_value(value: Any) -> Any:
    return value.isoformat(timespec="microseconds") if hasattr(value, "isoformat") else value


def _digest(value: Mapping[str, Any]) -> str:
    canonical = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return blake2b(canonical.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def changed_documents(old: ReleaseRows, new: ReleaseRows) -> set[str]:
    """doc_ids whose chunks may differ, those that only one release has included."""
    before, after = old.documents(), new.documents()
    return {doc_id for doc_id in before.keys() | after.keys() if before.get(doc_id) != after.get(doc_id)}
