"""The destination ``qdrant:URL/COLLECTION``; a folder in place of the URL is Qdrant's local mode."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Literal
from uuid import UUID

import numpy as np

from lake.destinations.destination import STATE_KEY, HeldState, VectorRows, foreign
from lake.destinations.opening import copy_name, is_copy, is_url, needs, secret, split_collection

_PAGE = 2000
#: Digits of a chunk's id. Points of others may be numbered, by at most twenty.
_ID_DIGITS = 32
#: What applications filter by.
_INDEXED = ("readers", "doc_id", "source", "uri", "tags")


class QdrantCollection:
    """Readers use the alias COLLECTION; full copies lie beside one another as ``COLLECTION--DIGEST``.

    The state is in the collection's metadata.
    """

    switch: Literal["transaction", "full", "none"] = "full"
    batch_rows, recall = 256, 1.0

    def __init__(self, place: str) -> None:
        try:
            from qdrant_client import QdrantClient, models
        except ImportError as error:
            raise needs("qdrant", error) from error
        where, self._name = split_collection(place)
        self._models, self._is_server = models, is_url(where)
        self._client: Any = (
            QdrantClient(url=where, api_key=secret("QDRANT_API_KEY"), timeout=60, check_compatibility=False)
            if self._is_server
            else QdrantClient(path=where)
        )
        self._copy = self._name

    def held(self) -> HeldState | None:
        aliases = {alias.alias_name: alias.collection_name for alias in self._client.get_aliases().aliases}
        if self._name not in aliases:
            if self._client.collection_exists(self._name):
                raise foreign(f"Qdrant's collection {self._name}")
            return None
        self._copy = aliases[self._name]
        return self._state(self._copy)

    def _state(self, collection: str) -> HeldState:
        metadata = self._client.get_collection(collection).config.metadata or {}
        place = f"Qdrant's collection {collection}"
        return HeldState.from_json(json.loads(metadata.get(STATE_KEY, "null")), place)

    def begin(self, target: HeldState, *, anew: bool) -> None:
        if anew:
            self._copy = copy_name(self._name, target)
            if not self._client.collection_exists(self._copy):
                self._create(target)
        self._record(target)

    def _create(self, target: HeldState) -> None:
        models = self._models
        vectors = models.VectorParams(size=target.dimensions, distance=models.Distance.COSINE)
        metadata = {STATE_KEY: json.dumps(target.to_json())}
        self._client.create_collection(self._copy, vectors_config=vectors, metadata=metadata)
        for name in _INDEXED if self._is_server else ():
            self._client.create_payload_index(self._copy, name, models.PayloadSchemaType.KEYWORD)

    def _record(self, state: HeldState) -> None:
        self._client.update_collection(self._copy, metadata={STATE_KEY: json.dumps(state.to_json())})

    def listing(self) -> Iterator[tuple[str, str]]:
        place = None
        while True:
            points, place = self._client.scroll(
                self._copy, limit=_PAGE, offset=place, with_payload=["row_digest"], with_vectors=False
            )
            yield from ((_chunk_id(point), (point.payload or {}).get("row_digest", "")) for point in points)
            if place is None:
                return

    def apply(self, rows: VectorRows | None, removed: Sequence[str]) -> None:
        if removed:
            gone = self._models.PointIdsList(points=[_point_id(chunk_id) for chunk_id in removed])
            self._client.delete(self._copy, gone, wait=True)
        if rows and rows.ids:
            points = [
                self._models.PointStruct(id=str(UUID(chunk_id)), vector=vector, payload=dict(payload))
                for chunk_id, vector, payload in zip(rows.ids, rows.vectors.tolist(), rows.payloads, strict=True)
            ]
            self._client.upsert(self._copy, points, wait=True)

    def count(self) -> int:
        return int(self._client.count(self._copy, exact=True).count)

    def fetch(self, ids: Sequence[str]) -> VectorRows:
        wanted = [str(UUID(chunk_id)) for chunk_id in ids]
        points = self._client.retrieve(self._copy, wanted, with_payload=True, with_vectors=True)
        vectors = np.array([point.vector for point in points], np.float32)
        return VectorRows([_chunk_id(point) for point in points], vectors, [point.payload for point in points])

    def nearest(self, vectors: np.ndarray, k: int) -> list[list[str]]:
        exact = self._models.SearchParams(exact=True)
        asked = [self._models.QueryRequest(query=vector, limit=k, params=exact) for vector in vectors.tolist()]
        return [
            [_chunk_id(point) for point in one.points] for one in self._client.query_batch_points(self._copy, asked)
        ]

    def finish(self, state: HeldState) -> None:
        self._record(state)
        models = self._models
        new = models.CreateAlias(alias_name=self._name, collection_name=self._copy)
        # Both operations in one request, between which nobody reads.
        self._client.update_collection_aliases(
            [
                models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=self._name)),
                models.CreateAliasOperation(create_alias=new),
            ]
        )
        for found in self._client.get_collections().collections:
            is_old = is_copy(found.name, self._name) and found.name != self._copy
            if is_old and self._state(found.name).lake == state.lake:
                self._client.delete_collection(found.name)

    def close(self) -> None:
        self._client.close()


def _chunk_id(point: Any) -> str:
    """The id of a row; of a point that somebody else wrote its number."""
    return str(point.id) if isinstance(point.id, int) else UUID(str(point.id)).hex


def _point_id(chunk_id: str) -> str | int:
    return str(UUID(chunk_id)) if len(chunk_id) == _ID_DIGITS else int(chunk_id)
