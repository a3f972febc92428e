"""The destination ``faiss:FOLDER``: a FAISS index and the rows of its vectors, in a folder or a bucket."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from lake.destinations.destination import HeldState, VectorRows, foreign
from lake.destinations.opening import needs
from lake.errors import ContractError
from lake.storage.store import open_parquet, open_store, parquet_bytes

#: Names the files that belong together; it is replaced last.
STATE = "raglake-faiss.json"
#: Files that a sync wrote, named by a mark; no others are deleted.
_OURS = re.compile(r"\d{4}-\d\d-\d\d\.\d+-[0-9a-f]{12}\.(?:faiss|parquet)")
_GROUP_ROWS = 8192


class FaissFiles:
    """Holds all rows in memory, and writes both files anew at the end; the state file then names them."""

    switch: Literal["transaction", "full", "none"] = "transaction"
    batch_rows, recall = 4096, 1.0

    def __init__(self, place: str) -> None:
        try:
            import faiss
        except ImportError as error:
            raise needs("faiss", error) from error
        self._faiss, self._store = faiss, open_store(place)
        self._index: Any = None
        self._payloads: dict[str, dict[str, Any]] = {}
        self._names: dict[int, str] = {}

    def held(self) -> HeldState | None:
        names = self._store.names("")
        if STATE not in names:
            if not all(map(_OURS.fullmatch, names)):
                raise foreign(self._store.url)
            return None
        try:
            found = json.loads(self._store.read(STATE))
            index, rows = found["index"], found["rows"]
            state = HeldState.from_json(found["state"], self._store.url)
        except (ValueError, KeyError, TypeError) as error:
            raise foreign(f"{self._store.url}/{STATE}") from error
        # Another sync at the same time deletes them, and disks and people damage them: then both are made anew.
        is_whole = {index, rows} <= set(names) and self._read(index, rows)
        return state if is_whole else replace(state, mark=None)

    def _read(self, index: str, rows: str) -> bool:
        """Read both files. Returns whether they are whole."""
        try:
            vectors = self._faiss.deserialize_index(np.frombuffer(self._store.read(index), np.uint8))
            table = open_parquet(self._store, rows).read(["chunk_id", "payload", "text"])
        except (RuntimeError, ContractError):
            return False
        if vectors.ntotal != table.num_rows:
            return False
        for row in table.to_pylist():
            self._payloads[row["chunk_id"]] = {**json.loads(row["payload"]), "text": row["text"]}
        self._index, self._names = vectors, {_number(chunk_id): chunk_id for chunk_id in self._payloads}
        return True

    def begin(self, target: HeldState, *, anew: bool) -> None:
        if anew or self._index is None:
            self._index = self._faiss.IndexIDMap2(self._faiss.IndexFlatIP(target.dimensions))
            self._payloads, self._names = {}, {}

    def listing(self) -> Iterator[tuple[str, str]]:
        return ((chunk_id, payload["row_digest"]) for chunk_id, payload in self._payloads.items())

    def apply(self, rows: VectorRows | None, removed: Sequence[str]) -> None:
        ids = list(rows.ids) if rows else []
        gone = [chunk_id for chunk_id in (*ids, *removed) if self._payloads.pop(chunk_id, None) is not None]
        if gone:
            self._index.remove_ids(self._faiss.IDSelectorBatch(_numbers(gone)))
        if rows and ids:
            self._index.add_with_ids(np.ascontiguousarray(rows.vectors), _numbers(ids))
            self._payloads |= {chunk_id: dict(row) for chunk_id, row in zip(ids, rows.payloads, strict=True)}
            self._names |= {_number(chunk_id): chunk_id for chunk_id in ids}

    def count(self) -> int:
        return int(self._index.ntotal) if self._index is not None else 0

    def fetch(self, ids: Sequence[str]) -> VectorRows:
        found = [chunk_id for chunk_id in ids if chunk_id in self._payloads]
        vectors = [self._index.reconstruct(_number(chunk_id)) for chunk_id in found]
        return VectorRows(found, np.array(vectors, np.float32), [self._payloads[chunk_id] for chunk_id in found])

    def nearest(self, vectors: np.ndarray, k: int) -> list[list[str]]:
        _, found = self._index.search(np.ascontiguousarray(vectors), k)
        return [[self._names[number] for number in row if number >= 0] for row in found.tolist()]

    def finish(self, state: HeldState) -> None:
        index, rows = f"{state.mark}.faiss", f"{state.mark}.parquet"
        self._store.write(index, self._faiss.serialize_index(self._index).tobytes())
        self._store.write(rows, parquet_bytes(self._table(), _GROUP_ROWS))
        self._store.flush()
        named = {"state": state.to_json(), "index": index, "rows": rows}
        self._store.write(STATE, json.dumps(named, indent=1).encode())
        for name in self._store.names(""):
            if _OURS.fullmatch(name) and name not in (index, rows):
                self._store.delete(name)

    def _table(self) -> pa.Table:
        """One row per vector, in any order: its number in the index, the columns to filter by, and all values."""
        rows = [
            {
                "id": _number(chunk_id),
                "chunk_id": chunk_id,
                **{name: payload.get(name) for name in _SCHEMA.names[2:-1]},
                "payload": json.dumps({name: value for name, value in payload.items() if name != "text"}),
            }
            for chunk_id, payload in self._payloads.items()
        ]
        return pa.Table.from_pylist(rows, _SCHEMA)

    def close(self) -> None:
        self._index = None


_SCHEMA = pa.schema(
    [
        pa.field("id", pa.int64()),
        *(pa.field(name, pa.string()) for name in ("chunk_id", "doc_id", "source", "uri", "title", "text")),
        pa.field("readers", pa.list_(pa.string())),
        pa.field("payload", pa.string()),
    ]
)


def _number(chunk_id: str) -> int:
    """The first 63 bits of the id."""
    return int(chunk_id[:16], 16) >> 1


def _numbers(ids: Sequence[str]) -> np.ndarray:
    return np.array([_number(chunk_id) for chunk_id in ids], np.int64)
