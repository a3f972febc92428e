"""The destination ``pinecone:HOST/NAMESPACE``: a namespace of an index that exists, by the address of the index."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np

from lake.destinations.destination import STATE_KEY, HeldState, VectorRows, foreign
from lake.destinations.opening import needs, secret, split_collection
from lake.errors import ContractError, UsageError

#: Ids of one request, whose URL holds them, and bytes of the values beside a vector.
_IDS, _VALUES_BYTES = 100, 40_960
#: How long to wait until writes are seen, in seconds: Pinecone shows them after a moment.
_PATIENCE, _PAUSE = 60.0, 0.25


class PineconeNamespace:
    """Rows are replaced one by one. The state is a vector in the namespace ``NAMESPACE--raglake`` of the same index."""

    switch: Literal["transaction", "full", "none"] = "none"
    batch_rows, recall = _IDS, 0.95

    def __init__(self, place: str) -> None:
        try:
            from pinecone import Pinecone
        except ImportError as error:
            raise needs("pinecone", error) from error
        where, self._namespace = split_collection(place)
        key = secret("PINECONE_API_KEY")
        if key is None:
            raise UsageError("a Pinecone destination needs a key: set PINECONE_API_KEY, or name one with --secret")
        self._states = f"{self._namespace}--{STATE_KEY}"
        self._index: Any = Pinecone(api_key=key, timeout=60).index(host=where)
        self._dimensions = 0
        self._wanted: int | None = None
        self._written: int | None = None

    def held(self) -> HeldState | None:
        stats = self._index.describe_index_stats()
        self._dimensions = int(stats.dimension or 0)
        found = self._index.fetch(ids=[STATE_KEY], namespace=self._states).vectors
        place = f"Pinecone's namespace {self._namespace}"
        if STATE_KEY in found:
            return HeldState.from_json(json.loads(found[STATE_KEY].metadata.get("state", "null")), place)
        if self._namespace in stats.namespaces and stats.namespaces[self._namespace].vector_count:
            raise foreign(place)
        return None

    def begin(self, target: HeldState, *, anew: bool) -> None:
        if target.dimensions != self._dimensions:
            raise UsageError(
                f"the index has {self._dimensions} dimensions, and the lake's vectors have {target.dimensions}; make a "
                "Pinecone index for this embedder, and name it"
            )
        self._record(target)
        if anew and self._settle():
            self._index.delete(delete_all=True, namespace=self._namespace)
            self._settle(0)
        self._wanted = target.n_chunks

    def _record(self, state: HeldState) -> None:
        values = [1.0, *[0.0] * (state.dimensions - 1)]  # a vector of zeros is refused
        vector = {"id": STATE_KEY, "values": values, "metadata": {"state": json.dumps(state.to_json())}}
        self._index.upsert(vectors=[vector], namespace=self._states)

    def listing(self) -> Iterator[tuple[str, str]]:
        for ids in self._pages():
            found = self._index.fetch(ids=ids, namespace=self._namespace).vectors
            yield from ((one, (vector.metadata or {}).get("row_digest", "")) for one, vector in found.items())

    def _pages(self) -> Iterator[list[str]]:
        token = None
        while True:
            page = self._index.list_paginated(limit=_IDS, pagination_token=token, namespace=self._namespace)
            if page.vectors:
                yield [one.id for one in page.vectors]
            token = page.pagination.next if page.pagination else None
            if not token:
                return

    def apply(self, rows: VectorRows | None, removed: Sequence[str]) -> None:
        if removed:
            self._index.delete(ids=list(removed), namespace=self._namespace)
        if rows and rows.ids:
            listed = zip(rows.ids, rows.vectors.tolist(), rows.payloads, strict=True)
            vectors = [{"id": one, "values": vector, "metadata": _metadata(one, row)} for one, vector, row in listed]
            done = self._index.upsert(vectors=vectors, namespace=self._namespace)
            self._written = done.response_info.lsn_committed if done.response_info else None

    def _settle(self, wanted: int | None = None) -> int:
        """Wait until reads see what was written; returns the number of rows."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            stats = self._index.describe_index_stats()
            summary = stats.namespaces.get(self._namespace)
            n_rows = int(summary.vector_count) if summary else 0
            is_seen = (wanted is None or n_rows == wanted) and self._is_seen()
            if is_seen or time.monotonic() > deadline:
                self._written = None
                return n_rows
            time.sleep(_PAUSE)

    def _is_seen(self) -> bool:
        """Whether a read has reached the number that Pinecone gave to the last write."""
        if self._written is None:
            return True
        info = self._index.query(top_k=1, id=STATE_KEY, namespace=self._states).response_info  # a fetch reports none
        return info is None or info.lsn_reconciled is None or info.lsn_reconciled >= self._written

    def count(self) -> int:
        return self._settle(self._wanted)

    def fetch(self, ids: Sequence[str]) -> VectorRows:
        found: dict[str, Any] = {}
        for start in range(0, len(ids), _IDS):
            some = list(ids[start : start + _IDS])
            found |= self._index.fetch(ids=some, namespace=self._namespace).vectors
        vectors = np.array([vector.values for vector in found.values()], np.float32)
        return VectorRows(list(found), vectors, [dict(vector.metadata) for vector in found.values()])

    def nearest(self, vectors: np.ndarray, k: int) -> list[list[str]]:
        asked = (self._index.query(top_k=k, vector=one, namespace=self._namespace) for one in vectors.tolist())
        return [[match.id for match in found.matches] for found in asked]

    def finish(self, state: HeldState) -> None:
        self._record(state)

    def close(self) -> None:
        self._index.close()


def _metadata(chunk_id: str, payload: Any) -> dict[str, Any]:
    size = len(json.dumps(payload).encode())
    if size > _VALUES_BYTES:
        raise ContractError(f"chunk {chunk_id} has {size:,} bytes of text and values; Pinecone takes {_VALUES_BYTES:,}")
    return dict(payload)
