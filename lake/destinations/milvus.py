"""The destination ``milvus:URL/COLLECTION``; a file ``NAME.db`` in place of the URL is Milvus Lite."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from lake.destinations.destination import STATE_KEY, HeldState, VectorRows, foreign
from lake.destinations.opening import copy_name, is_copy, is_url, needs, secret, split_collection
from lake.errors import UsageError

_PAGE = 2000
#: Text columns besides chunk_id and the text, and the maximum numbers of bytes and readers that Milvus takes.
_TEXTS = ("row_digest", "doc_id", "source", "uri", "title")
_TEXT_BYTES, _READERS = 65_535, 4096
#: The index, its search depth, and the share of the nearest rows that it then finds at least.
_INDEX = {"index_type": "HNSW", "metric_type": "IP", "params": {"M": 16, "efConstruction": 200}}
_DEPTH, _RECALL = 500, 0.95


class MilvusCollection:
    """Readers use the alias COLLECTION; full copies lie beside one another as ``COLLECTION__DIGEST``.

    The state is a property of the collection. ``payload`` holds all values but the text.
    """

    switch: Literal["transaction", "full", "none"] = "full"
    batch_rows, recall = 500, _RECALL

    def __init__(self, place: str) -> None:
        try:
            from pymilvus import DataType, MilvusClient
        except ImportError as error:
            raise needs("milvus", error) from error
        logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # it logs what it raises, with a stack
        self._where, self._name = split_collection(place, dashes=False)
        if not is_url(self._where):
            if not self._where.endswith(".db"):
                raise UsageError(f"{self._where!r} must be the URL of a Milvus server or a file NAME.db of Milvus Lite")
            Path(self._where).parent.mkdir(parents=True, exist_ok=True)
        self._types = DataType
        self._client: Any = MilvusClient(self._where, token=secret("MILVUS_TOKEN") or "", timeout=60)
        self._copy = self._name

    def held(self) -> HeldState | None:
        if not self._client.has_collection(self._name):
            return None
        self._copy = self._client.describe_collection(self._name)["collection_name"]
        if self._copy == self._name and self._name not in self._client.list_aliases(self._name)["aliases"]:
            raise foreign(f"Milvus's collection {self._name}")
        state = self._state(self._copy)
        self._client.load_collection(self._copy)
        return state

    def _state(self, collection: str) -> HeldState:
        properties = self._client.describe_collection(collection)["properties"]
        value = json.loads(properties.get(STATE_KEY, "null"))
        return HeldState.from_json(value, f"Milvus's collection {collection}")

    def begin(self, target: HeldState, *, anew: bool) -> None:
        if anew:
            self._copy = copy_name(self._name, target, "__")
            if not self._client.has_collection(self._copy):
                self._create(target)
            self._client.load_collection(self._copy)
        self._record(target)

    def _create(self, target: HeldState) -> None:
        types, schema = self._types, self._client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("chunk_id", types.VARCHAR, is_primary=True, max_length=64)
        schema.add_field("vector", types.FLOAT_VECTOR, dim=target.dimensions)
        texts = {"element_type": types.VARCHAR, "max_length": 1024, "max_capacity": _READERS}
        schema.add_field("readers", types.ARRAY, **texts)
        schema.add_field("payload", types.JSON)
        for name in (*_TEXTS, "text"):
            schema.add_field(name, types.VARCHAR, max_length=_TEXT_BYTES)
        index = self._client.prepare_index_params()
        index.add_index("vector", **_INDEX)
        self._client.create_collection(
            self._copy,
            schema=schema,
            index_params=index,
            consistency_level="Strong",
            properties={STATE_KEY: json.dumps(target.to_json())},
        )

    def _record(self, state: HeldState) -> None:
        self._client.alter_collection_properties(self._copy, {STATE_KEY: json.dumps(state.to_json())})

    def listing(self) -> Iterator[tuple[str, str]]:
        pages = self._client.query_iterator(self._copy, batch_size=_PAGE, output_fields=["chunk_id", "row_digest"])
        while page := pages.next():
            yield from ((row["chunk_id"], row["row_digest"]) for row in page)
        pages.close()

    def apply(self, rows: VectorRows | None, removed: Sequence[str]) -> None:
        if removed:
            self._client.delete(self._copy, ids=list(removed))
        if rows and rows.ids:
            listed = zip(rows.ids, rows.vectors, rows.payloads, strict=True)
            self._client.upsert(self._copy, [_row(chunk_id, vector, payload) for chunk_id, vector, payload in listed])

    def count(self) -> int:
        return int(self._client.query(self._copy, output_fields=["count(*)"])[0]["count(*)"])

    def fetch(self, ids: Sequence[str]) -> VectorRows:
        fields = ["chunk_id", "vector", "payload", "text"]
        found = self._client.get(self._copy, ids=list(ids), output_fields=fields) if ids else []
        payloads = [{**row["payload"], "text": row["text"]} for row in found]
        vectors = np.array([row["vector"] for row in found], np.float32)
        return VectorRows([row["chunk_id"] for row in found], vectors, payloads)

    def nearest(self, vectors: np.ndarray, k: int) -> list[list[str]]:
        found = self._client.search(
            self._copy, data=vectors.tolist(), anns_field="vector", limit=k, search_params={"params": {"ef": _DEPTH}}
        )
        return [[hit["chunk_id"] for hit in hits] for hits in found]

    def finish(self, state: HeldState) -> None:
        self._client.flush(self._copy)
        self._record(state)
        if self._client.has_collection(self._name):
            self._client.alter_alias(self._copy, self._name)
        else:
            self._client.create_alias(self._copy, self._name)
        for found in self._client.list_collections():
            is_old = is_copy(found, self._name, "__") and found != self._copy
            if is_old and self._state(found).lake == state.lake:
                self._client.drop_collection(found)

    def close(self) -> None:
        self._client.close()
        if not is_url(self._where):
            from milvus_lite.server_manager import server_manager_instance

            server_manager_instance.release_server(self._where)


def _row(chunk_id: str, vector: np.ndarray, payload: Any) -> dict[str, Any]:
    return {
        "chunk_id": chunk_id,
        "vector": vector,
        "readers": list(payload["readers"]),
        "payload": {name: value for name, value in payload.items() if name != "text"},
        **{name: _clipped(payload.get(name, "")) for name in _TEXTS},
        "text": payload["text"],
    }


def _clipped(text: str) -> str:
    """A text to filter by, as long as Milvus takes; ``payload`` has all of it."""
    return text.encode()[:_TEXT_BYTES].decode(errors="ignore")
