"""The destination ``chroma:URL/COLLECTION``; a folder in place of the URL is Chroma's own persistent client."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Literal
from urllib.parse import urlsplit

import numpy as np

from lake.destinations.destination import STATE_KEY, HeldState, VectorRows
from lake.destinations.opening import copy_name, is_copy, is_url, needs, plain, secret, split_collection

_PAGE = 2000
#: What applications filter by; ``payload`` holds all values as JSON, the text aside.
_FILTERED = ("readers", "row_digest", "doc_id", "source", "uri", "title", "language", "media_type", "modified_at")
#: The search depth of the index, and the share of the nearest rows that it then finds at least.
_DEPTH, _RECALL = 500, 0.95


class ChromaCollection:
    """A full copy is made as ``COLLECTION--DIGEST`` and renamed at the end, after the earlier copy is deleted.

    The state is in the collection's metadata.
    """

    switch: Literal["transaction", "full", "none"] = "full"
    batch_rows, recall = 500, _RECALL

    def __init__(self, place: str) -> None:
        try:
            import chromadb
        except ImportError as error:
            raise needs("chroma", error) from error
        where, self._name = split_collection(place)
        settings = chromadb.Settings(anonymized_telemetry=False)
        if is_url(where):
            parts, token = urlsplit(where), secret("CHROMA_TOKEN")
            self._client: Any = chromadb.HttpClient(
                parts.hostname or "localhost",
                parts.port or (443 if parts.scheme == "https" else 8000),
                ssl=parts.scheme == "https",
                headers={"Authorization": f"Bearer {token}"} if token else None,
                settings=settings,
            )
        else:
            self._client = chromadb.PersistentClient(where, settings)
        self._collection: Any = None

    def held(self) -> HeldState | None:
        self._collection = self._found(self._name)
        return self._state(self._collection) if self._collection else None

    def _found(self, name: str) -> Any:
        return next((one for one in self._client.list_collections() if one.name == name), None)

    @staticmethod
    def _state(collection: Any) -> HeldState:
        value = json.loads((collection.metadata or {}).get(STATE_KEY, "null"))
        return HeldState.from_json(value, f"Chroma's collection {collection.name}")

    def begin(self, target: HeldState, *, anew: bool) -> None:
        if anew:
            copy = copy_name(self._name, target)
            self._collection = self._found(copy) or self._client.create_collection(
                copy,
                embedding_function=None,
                metadata={STATE_KEY: json.dumps(target.to_json())},
                configuration={"hnsw": {"space": "ip", "ef_search": _DEPTH}},
            )
        self._record(target)

    def _record(self, state: HeldState) -> None:
        self._collection.modify(metadata={STATE_KEY: json.dumps(state.to_json())})

    def listing(self) -> Iterator[tuple[str, str]]:
        for start in range(0, self.count(), _PAGE):
            found = self._collection.get(limit=_PAGE, offset=start, include=["metadatas"])
            digests = ((metadata or {}).get("row_digest", "") for metadata in found["metadatas"])
            yield from zip(found["ids"], digests, strict=True)

    def apply(self, rows: VectorRows | None, removed: Sequence[str]) -> None:
        if removed:
            self._collection.delete(ids=list(removed))
        if rows and rows.ids:
            self._collection.upsert(
                ids=list(rows.ids),
                embeddings=rows.vectors,
                documents=[payload["text"] for payload in rows.payloads],
                metadatas=[_metadata(payload) for payload in rows.payloads],
            )

    def count(self) -> int:
        return int(self._collection.count())

    def fetch(self, ids: Sequence[str]) -> VectorRows:
        found = self._collection.get(ids=list(ids), include=["embeddings", "metadatas", "documents"])
        payloads = [
            {**json.loads(metadata["payload"]), "text": text}
            for metadata, text in zip(found["metadatas"], found["documents"], strict=True)
        ]
        return VectorRows(found["ids"], np.array(found["embeddings"], np.float32), payloads)

    def nearest(self, vectors: np.ndarray, k: int) -> list[list[str]]:
        found: list[list[str]] = self._collection.query(query_embeddings=vectors, n_results=k, include=[])["ids"]
        return found

    def finish(self, state: HeldState) -> None:
        self._record(state)
        if self._collection.name != self._name:
            if self._found(self._name):
                self._client.delete_collection(self._name)
            self._collection.modify(name=self._name)
        for found in self._client.list_collections():
            if is_copy(found.name, self._name) and self._state(found).lake == state.lake:
                self._client.delete_collection(found.name)

    def close(self) -> None:
        self._collection = None


def _metadata(payload: Any) -> dict[str, Any]:
    """Chroma has no empty lists: nobody may see a chunk without ``readers``."""
    others = json.dumps({name: value for name, value in payload.items() if name != "text"}, ensure_ascii=False)
    return {"payload": others, **{name: value for name, value in plain(payload, _FILTERED).items() if value != []}}
