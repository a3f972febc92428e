"""The destinations ``elasticsearch:URL/INDEX`` and ``opensearch:URL/INDEX``.

Both speak HTTP that httpx sends as it is: the client of either engine refuses the other's servers, and their bulk,
alias and mapping requests are the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np

from lake.destinations.destination import STATE_KEY, HeldState, VectorRows, foreign
from lake.destinations.http_calls import HttpCalls
from lake.destinations.opening import copy_name, is_copy, is_url, plain, secret, split_collection
from lake.errors import ContractError, TransientError, UsageError

_PAGE = 2000
#: What applications filter by; ``payload`` holds all values but the text.
_KEYWORDS = ("readers", "row_digest", "doc_id", "source", "uri", "title", "language", "media_type", "tags")
#: Longer values can't be filtered by: Lucene takes 32,766 bytes.
_LONGEST = 8000


class SearchIndex:
    """Readers use the alias INDEX; full copies lie beside one another as ``INDEX--DIGEST``.

    The state is in ``_meta`` of the index's mapping.
    """

    switch: Literal["transaction", "full", "none"] = "full"
    batch_rows, recall = 250, 1.0
    #: The engine's name, the variable with its key, and how a key is sent.
    engine, variable, scheme = "", "", ""

    def __init__(self, place: str) -> None:
        where, self._name = split_collection(place)
        if not is_url(where) or self._name != self._name.lower():
            raise UsageError(f"{place!r} must be http(s)://HOST/INDEX, and the index's name in lower case")
        self._http = HttpCalls(where, secret(self.variable), self.scheme)
        self._copy = self._name
        self._is_fresh = False

    def held(self) -> HeldState | None:
        found = self._named()
        if len(found) != 1:
            if found or self._http.call("GET", f"/{self._name}", missing=(404,)):
                raise foreign(f"the index {self._name}")
            return None
        (self._copy,) = found
        return self._state(self._copy)

    def _named(self) -> list[str]:
        """The indices that the alias names."""
        return list(self._http.call("GET", f"/_alias/{self._name}", missing=(404,)) or {})

    def _state(self, index: str) -> HeldState:
        mapping = self._http.call("GET", f"/{index}/_mapping")[index]["mappings"]
        return HeldState.from_json(mapping.get("_meta", {}).get(STATE_KEY), f"the index {index}")

    def begin(self, target: HeldState, *, anew: bool) -> None:
        if anew:
            self._copy = copy_name(self._name, target)
            if self._http.call("GET", f"/{self._copy}", missing=(404,)) is None:
                self._http.call("PUT", f"/{self._copy}", self._index(target))
        self._record(target)

    def _index(self, target: HeldState) -> dict[str, Any]:
        keyword = {"type": "keyword", "ignore_above": _LONGEST}
        properties = {
            "chunk_id": {"type": "keyword"},
            "vector": self.vector_field(target.dimensions),
            "text": {"type": "text"},
            "modified_at": {"type": "date"},
            "payload": {"type": "object", "enabled": False},
            **dict.fromkeys(_KEYWORDS, keyword),
        }
        meta = {STATE_KEY: target.to_json()}
        return {"settings": self.settings(), "mappings": {"dynamic": False, "properties": properties, "_meta": meta}}

    def settings(self) -> dict[str, Any]:
        """Settings of a new index."""
        return {}

    def vector_field(self, dimensions: int) -> dict[str, Any]:
        """The mapping of the vectors."""
        raise NotImplementedError

    def scored(self, vector: list[float]) -> dict[str, Any]:
        """The script that scores each row exactly, by inner product."""
        raise NotImplementedError

    def _record(self, state: HeldState) -> None:
        self._http.call("PUT", f"/{self._copy}/_mapping", {"_meta": {STATE_KEY: state.to_json()}})

    def _search(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        self._refresh()
        hits: list[dict[str, Any]] = self._http.call("POST", f"/{self._copy}/_search", body)["hits"]["hits"]
        return hits

    def _refresh(self) -> None:
        """Let searches see what was written."""
        if not self._is_fresh:
            self._http.call("POST", f"/{self._copy}/_refresh")
            self._is_fresh = True

    def listing(self) -> Iterator[tuple[str, str]]:
        last: dict[str, Any] = {}
        while True:
            page = {"size": _PAGE, "sort": [{"chunk_id": "asc"}], "_source": ["row_digest"], **last}
            hits = self._search(page)
            yield from ((hit["_id"], hit.get("_source", {}).get("row_digest", "")) for hit in hits)
            if len(hits) < _PAGE:
                return
            last = {"search_after": hits[-1]["sort"]}

    def apply(self, rows: VectorRows | None, removed: Sequence[str]) -> None:
        lines: list[dict[str, Any]] = [{"delete": {"_id": chunk_id}} for chunk_id in removed]
        if rows:
            for chunk_id, vector, payload in zip(rows.ids, rows.vectors.tolist(), rows.payloads, strict=True):
                lines += [{"index": {"_id": chunk_id}}, _document(chunk_id, vector, payload)]
        if lines:
            self._is_fresh = False
            _check(self._http.lines(f"/{self._copy}/_bulk", lines), self._copy)

    def count(self) -> int:
        self._refresh()
        return int(self._http.call("GET", f"/{self._copy}/_count")["count"])

    def fetch(self, ids: Sequence[str]) -> VectorRows:
        hits = self._search({"query": {"ids": {"values": list(ids)}}, "size": max(1, len(ids)), **self.with_vectors()})
        sources = [hit["_source"] for hit in hits]
        payloads = [{**source["payload"], "text": source["text"]} for source in sources]
        vectors = [hit.get("fields", hit["_source"])["vector"] for hit in hits]
        return VectorRows([hit["_id"] for hit in hits], np.array(vectors, np.float32), payloads)

    def with_vectors(self) -> dict[str, Any]:
        """What a search must name to return vectors, besides ``_source``."""
        return {}

    def nearest(self, vectors: np.ndarray, k: int) -> list[list[str]]:
        return [
            [hit["_id"] for hit in self._search({"query": self.scored(vector), "size": k, "_source": False})]
            for vector in vectors.tolist()
        ]

    def finish(self, state: HeldState) -> None:
        self._record(state)
        removed = [{"remove": {"index": index, "alias": self._name}} for index in self._named() if index != self._copy]
        # All of them in one request, between which nobody reads.
        actions = [*removed, {"add": {"index": self._copy, "alias": self._name}}]
        self._http.call("POST", "/_aliases", {"actions": actions})
        for found in self._http.call("GET", f"/{self._name}--*/_mapping", missing=(404,)) or {}:
            if is_copy(found, self._name) and found != self._copy and self._state(found).lake == state.lake:
                self._http.call("DELETE", f"/{found}")

    def close(self) -> None:
        self._http.close()


class Elasticsearch(SearchIndex):
    engine, variable, scheme = "Elasticsearch", "ELASTICSEARCH_API_KEY", "ApiKey"

    def vector_field(self, dimensions: int) -> dict[str, Any]:
        return {"type": "dense_vector", "dims": dimensions, "index": True, "similarity": "max_inner_product"}

    def with_vectors(self) -> dict[str, Any]:
        return {"fields": ["vector"]}  # newer versions leave vectors out of _source

    def scored(self, vector: list[float]) -> dict[str, Any]:
        # Scores must not be negative; this grows with the product.
        script = {"source": "sigmoid(1, Math.E, -dotProduct(params.vector, 'vector'))", "params": {"vector": vector}}
        return {"script_score": {"query": {"match_all": {}}, "script": script}}


class OpenSearch(SearchIndex):
    engine, variable, scheme = "OpenSearch", "OPENSEARCH_PASSWORD", "Bearer"

    def settings(self) -> dict[str, Any]:
        return {"index": {"knn": True}}

    def vector_field(self, dimensions: int) -> dict[str, Any]:
        method = {"name": "hnsw", "engine": "faiss", "space_type": "innerproduct"}
        return {"type": "knn_vector", "dimension": dimensions, "method": method}

    def scored(self, vector: list[float]) -> dict[str, Any]:
        parameters = {"field": "vector", "query_value": vector, "space_type": "innerproduct"}
        script = {"lang": "knn", "source": "knn_score", "params": parameters}
        return {"script_score": {"query": {"match_all": {}}, "script": script}}


def _document(chunk_id: str, vector: list[float], payload: Any) -> dict[str, Any]:
    others = {name: value for name, value in payload.items() if name != "text"}
    filtered = plain(payload, (*_KEYWORDS, "modified_at"))
    return {"chunk_id": chunk_id, "vector": vector, "text": payload["text"], **filtered, "payload": others}


def _check(answer: dict[str, Any], index: str) -> None:
    """Raises TransientError if a row must be sent again, ContractError if the engine does not take one."""
    for item in answer["items"] if answer.get("errors") else ():
        ((_, done),) = item.items()
        if done["status"] in (429, 503):
            raise TransientError(f"the index {index} is busy; what arrived is kept")
        if "error" in done:
            reason = str(done["error"].get("reason", done["error"]))[:300]
            raise ContractError(f"the index {index} does not take row {done['_id']}: {reason}")
