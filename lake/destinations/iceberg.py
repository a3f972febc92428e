"""The destination ``iceberg:FOLDER/NAMESPACE.TABLE``, an Apache Iceberg table; FOLDER may be a REST catalog's URL."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl

import numpy as np
import pyarrow as pa

from lake.destinations.destination import STATE_KEY, HeldState, VectorRows, foreign
from lake.destinations.opening import is_url, needs, secret
from lake.destinations.release_rows import vectors_of
from lake.errors import UsageError

_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", re.ASCII)
#: Bytes of rows in memory before a data file is written.
_FILE_BYTES = 64 << 20


class IcebergTable:
    """A sync is one transaction of the table, so that readers see the snapshot before until its end.

    The state is a table property, and each snapshot's summary names its release. Earlier snapshots stay for time travel
    until an erasure: then they are expired, and files that the last snapshot does not need are deleted.
    """

    switch: Literal["transaction", "full", "none"] = "transaction"
    batch_rows, recall = 4096, 1.0

    def __init__(self, place: str) -> None:
        try:
            from pyiceberg import catalog, expressions
        except ImportError as error:
            raise needs("iceberg", error) from error
        where, self._name, options = _split(place)
        self._expressions = expressions
        self._catalog: Any = catalog.load_catalog("raglake", **_properties(where, options))
        self._table: Any = None
        self._change: Any = None
        self._held: HeldState | None = None
        self._summary: dict[str, str] = {}
        self._gone: set[str] = set()
        self._buffer: list[pa.Table] = []

    def held(self) -> HeldState | None:
        if not self._catalog.table_exists(self._name):
            return None
        self._table = self._catalog.load_table(self._name)
        place = f"the Iceberg table {self._name}"
        try:
            state = json.loads(self._table.properties.get(STATE_KEY, "null"))
        except ValueError as error:
            raise foreign(place) from error
        self._held = HeldState.from_json(state, place)
        return self._held

    def begin(self, target: HeldState, *, anew: bool) -> None:
        if self._table is None:
            self._catalog.create_namespace_if_not_exists(self._name.rpartition(".")[0])
            properties = {STATE_KEY: json.dumps(target.to_json())}
            self._table = self._catalog.create_table(self._name, _SCHEMA, properties=properties)
        self._change = self._table.transaction()
        self._summary = {"raglake.lake": target.lake, "raglake.release": target.release}
        if anew:
            self._delete(self._expressions.AlwaysTrue())

    def _delete(self, chosen: Any) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a delete that matches no row
            self._change.delete(chosen, snapshot_properties=self._summary)

    def _scan(self, columns: Sequence[str], chosen: Any = None) -> Any:
        """A scan of the rows as this sync leaves them."""
        if self._change is not None:
            self._flush()
        scan = self._table.scan if self._change is None else self._change._scan
        return scan(row_filter=chosen or self._expressions.AlwaysTrue()).select(*columns)

    def listing(self) -> Iterator[tuple[str, str]]:
        for batch in self._scan(("chunk_id", "row_digest")).to_arrow_batch_reader():
            yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)

    def apply(self, rows: VectorRows | None, removed: Sequence[str]) -> None:
        self._gone.update(removed)
        if rows and rows.ids:
            self._gone.update(rows.ids)
            self._buffer.append(_table(rows))
        if sum(table.nbytes for table in self._buffer) > _FILE_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._gone and self._change.table_metadata.current_snapshot() is not None:
            self._delete(self._expressions.In("chunk_id", self._gone))
        if self._buffer:
            self._change.append(pa.concat_tables(self._buffer), snapshot_properties=self._summary)
        self._gone, self._buffer = set(), []

    def count(self) -> int:
        return int(self._scan(("chunk_id",)).count())

    def fetch(self, ids: Sequence[str]) -> VectorRows:
        chosen = self._expressions.In("chunk_id", set(ids)) if ids else self._expressions.AlwaysFalse()
        rows = self._scan(("chunk_id", "vector", "payload", "text"), chosen).to_arrow().to_pylist()
        payloads = [{**json.loads(row["payload"]), "text": row["text"]} for row in rows]
        vectors = np.array([row["vector"] for row in rows], np.float32)
        return VectorRows([row["chunk_id"] for row in rows], vectors, payloads)

    def nearest(self, vectors: np.ndarray, k: int) -> list[list[str]]:
        best: list[list[tuple[float, str]]] = [[] for _ in vectors]
        for batch in self._scan(("chunk_id", "vector")).to_arrow_batch_reader():
            ids = batch.column("chunk_id").to_pylist()
            for number, products in enumerate(vectors @ vectors_of(batch).T):
                found = [(float(products[place]), ids[place]) for place in np.argsort(-products)[:k]]
                best[number] = sorted([*best[number], *found], reverse=True)[:k]
        return [[chunk_id for _, chunk_id in found] for found in best]

    def finish(self, state: HeldState) -> None:
        is_due = self._held is not None and (self._held.mark is None or self._held.erasures < state.erasures)
        if self._change is not None:
            self._flush()
            # No mark as long as earlier snapshots may hold what was erased.
            self._record(self._change, replace(state, mark=None) if is_due else state)
            self._change.commit_transaction()
        if is_due:
            self._forget_earlier()
            with self._table.transaction() as change:
                self._record(change, state)

    @staticmethod
    def _record(change: Any, state: HeldState) -> None:
        change.set_properties({STATE_KEY: json.dumps(state.to_json())})

    def _forget_earlier(self) -> None:
        """Expire all snapshots but the last, and delete the files that only they need."""
        self._table.refresh()
        current, before = self._table.current_snapshot(), self._table.snapshots()
        kept = set(_files(self._table, [current])) if current else set()
        gone = set(_files(self._table, before)) - kept
        ids = [one.snapshot_id for one in before if current is None or one.snapshot_id != current.snapshot_id]
        if ids:
            self._table.maintenance.expire_snapshots().by_ids(ids).commit()
        for path in gone:
            self._table.io.delete(path)

    def close(self) -> None:
        self._change = self._table = None


_TEXTS = ("row_digest", "doc_id", "source", "uri", "title", "text", "payload")
_SCHEMA = pa.schema(
    [
        pa.field("chunk_id", pa.string()),
        pa.field("vector", pa.list_(pa.float32())),
        pa.field("readers", pa.list_(pa.string())),
        *(pa.field(name, pa.string()) for name in _TEXTS),
    ]
)


def _table(rows: VectorRows) -> pa.Table:
    """The rows as the table's columns; ``payload`` is a JSON text of all values but the text."""
    vectors = np.ascontiguousarray(rows.vectors, np.float32)
    offsets = np.arange(len(vectors) + 1, dtype=np.int32) * vectors.shape[1]
    others = [{name: value for name, value in row.items() if name != "text"} for row in rows.payloads]
    columns = {
        "chunk_id": list(rows.ids),
        "vector": pa.ListArray.from_arrays(offsets, vectors.ravel()),
        "readers": [row["readers"] for row in rows.payloads],
        **{name: [row.get(name) for row in rows.payloads] for name in _TEXTS},
        "payload": [json.dumps(row, ensure_ascii=False) for row in others],
    }
    return pa.table(columns, _SCHEMA)


def _files(table: Any, snapshots: Iterable[Any]) -> Iterator[str]:
    """Paths of everything that these snapshots consist of."""
    for snapshot in snapshots:
        yield snapshot.manifest_list
        for manifest in snapshot.manifests(table.io):
            yield manifest.manifest_path
            yield from (entry.data_file.file_path for entry in manifest.fetch_manifest_entry(table.io))


def _split(place: str) -> tuple[str, str, dict[str, str]]:
    """The folder or URL, the table's name and the options."""
    named, _, options = place.partition("?")
    where, _, name = named.rpartition("/")
    if not where or not _NAME.fullmatch(name):
        raise UsageError(f"{place!r} must be a URL or folder, a slash and NAMESPACE.TABLE, of letters, digits and _")
    return where, name, dict(parse_qsl(options))


def _properties(where: str, options: dict[str, str]) -> dict[str, str]:
    """Those of a REST catalog, or of one in a SQLite file, which holds the tables' places."""
    if is_url(where):
        token = secret("ICEBERG_TOKEN")
        return {"type": "rest", "uri": where, **options, **({"token": token} if token else {})}
    folder = Path(where).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return {"type": "sql", "uri": f"sqlite:///{folder}/catalog.db", "warehouse": folder.as_uri()}
