"""What a release holds, document by document, as digests; and what no release may hold."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

    from lake.index import Index

TABLES = ("documents", "quarantine", "parents", "chunks")
#: When, not what: two lakes with the same documents may differ in these.
_TIMES = ("indexed_at", "modified_at", "first_seen_at")

#: uri -> (digest of all its rows to the last bit, the same without times, digest of the document's bytes)
Content = dict[str, tuple[str, str, str]]


def read_tables(index: Index, release: str) -> dict[str, pa.Table]:
    """The four tables of a release, whole."""
    return {table: index.dataset(table, release).to_table() for table in TABLES}


def content_of(tables: Mapping[str, pa.Table]) -> Content:
    """Digests by uri. ValueError where an id comes twice or a row belongs to no document."""
    owners = _owners(tables)
    exact = {doc_id: hashlib.sha256() for doc_id in owners}
    timeless = {doc_id: hashlib.sha256() for doc_id in owners}
    for name in TABLES:
        for row in _sorted_rows(name, tables[name]):
            if row["doc_id"] not in owners:
                raise ValueError(f"a row of {name} belongs to {row['doc_id']}, which no manifest row names")
            exact[row["doc_id"]].update(repr((name, row)).encode())
            kept = {column: value for column, value in row.items() if column not in _TIMES}
            timeless[row["doc_id"]].update(repr((name, kept)).encode())
    return {uri: (exact[d].hexdigest(), timeless[d].hexdigest(), digest) for d, (uri, digest) in owners.items()}


def _owners(tables: Mapping[str, pa.Table]) -> dict[str, tuple[str, str]]:
    """doc_id -> uri and digest of the bytes, indexed or in quarantine, never both."""
    owners: dict[str, tuple[str, str]] = {}
    for name in ("documents", "quarantine"):
        for row in tables[name].select(["doc_id", "uri", "digest"]).to_pylist():
            if row["doc_id"] in owners:
                raise ValueError(f"{row['uri']} has two rows in documents and quarantine together")
            owners[row["doc_id"]] = (row["uri"], row["digest"])
    if len({uri for uri, _ in owners.values()}) < len(owners):
        raise ValueError("two documents of one source have the same uri")
    return owners


def _sorted_rows(name: str, table: pa.Table) -> list[dict[str, Any]]:
    """Rows by key; vectors as raw bytes, so that every bit of them counts. ValueError for a key that comes twice."""
    key = table.column_names[0]
    rows = table.drop_columns([c for c in ("vector",) if c in table.column_names]).to_pylist()
    if len({row[key] for row in rows}) < len(rows):
        raise ValueError(f"{name} holds {len(rows)} rows and only {len({row[key] for row in rows})} distinct {key}")
    if "vector" in table.column_names:
        column = table.column("vector").combine_chunks()
        vectors = column.flatten().to_numpy().reshape(len(rows), -1) if rows else []
        for row, vector in zip(rows, vectors, strict=True):
            row["vector"] = vector.tobytes()
    return sorted(rows, key=lambda row: row[key])


def digest_of(content: Mapping[str, Any]) -> str:
    """One digest of a whole release, to the last bit."""
    return hashlib.sha256(json.dumps({uri: content[uri][0] for uri in sorted(content)}).encode()).hexdigest()
