"""The destination ``weaviate:URL/COLLECTION``.

It speaks Weaviate's documented REST and GraphQL by httpx: the official client pins versions of grpc that others of our
extras exclude.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Literal

import numpy as np

from lake.destinations.destination import STATE_KEY, HeldState, VectorRows
from lake.destinations.http_calls import HttpCalls
from lake.destinations.opening import copy_name, is_url, plain, secret, split_collection
from lake.errors import ContractError, TransientError, UsageError

_PAGE = 1000
_NAME = re.compile(r"[A-Z][A-Za-z0-9_]*")
#: The first version with aliases of collections.
_VERSION = (1, 32)
#: What applications filter by; ``payload`` holds all values but the text. Empty lists are left out.
_TEXTS = ("row_digest", "doc_id", "source", "uri", "title", "language", "media_type", "modified_at")
_LISTS = ("readers", "tags")
#: Longer values can't be filtered by.
_LONGEST = 8000
#: What an error of a row says if sending it again may help.
_PASSING = ("timeout", "deadline", "unavailable", "not ready", "connection", "replica")


class WeaviateCollection:
    """Readers use the alias COLLECTION; full copies lie beside one another as ``COLLECTION__DIGEST``.

    The state is in the description of the collection.
    """

    switch: Literal["transaction", "full", "none"] = "full"
    batch_rows, recall = 250, 0.95

    def __init__(self, place: str) -> None:
        where, self._name = split_collection(place, dashes=False)
        if not is_url(where) or not _NAME.fullmatch(self._name):
            raise UsageError(f"{place!r} must be http(s)://HOST/COLLECTION, whose name begins with a capital letter")
        self._http = HttpCalls(where, secret("WEAVIATE_API_KEY"), "Bearer")
        self._copy = self._name

    def held(self) -> HeldState | None:
        self._check_version()
        self._copy = self._named() or self._name
        found = self._http.call("GET", f"/v1/schema/{self._copy}", missing=(404,))
        return None if found is None else _state(found)

    def _check_version(self) -> None:
        version = str(self._http.call("GET", "/v1/meta")["version"])
        if tuple(int(part) for part in re.findall(r"\d+", version)[:2]) < _VERSION:
            raise UsageError(f"Weaviate {version} has no aliases of collections; 1.32 or later is needed")

    def _named(self) -> str | None:
        """The collection that the alias names."""
        found = self._http.call("GET", f"/v1/aliases/{self._name}", missing=(404,))
        return str(found["class"]) if found else None

    def begin(self, target: HeldState, *, anew: bool) -> None:
        if anew:
            self._copy = copy_name(self._name, target, "__")
            if self._http.call("GET", f"/v1/schema/{self._copy}", missing=(404,)) is None:
                self._http.call("POST", "/v1/schema", _collection(self._copy, target))
        self._record(target)

    def _record(self, state: HeldState) -> None:
        found = self._http.call("GET", f"/v1/schema/{self._copy}")
        self._http.call("PUT", f"/v1/schema/{self._copy}", {**found, "description": _described(state)})

    def _asked(self, query: str) -> Any:
        """The data that GraphQL answers with. Raises TransientError or ContractError for its errors."""
        answer = self._http.call("POST", "/v1/graphql", {"query": query})
        if answer.get("errors"):
            raise _error(f"the collection {self._copy} can't be read", answer["errors"])
        return answer["data"]

    def _rows(self, arguments: Mapping[str, str], values: str) -> list[dict[str, Any]]:
        """Rows of the copy that is written; ``arguments`` and ``values`` are GraphQL."""
        listed = ", ".join(f"{name}: {value}" for name, value in arguments.items())
        found: list[dict[str, Any]] = self._asked(f"{{ Get {{ {self._copy}({listed}) {{ {values} }} }} }}")["Get"][
            self._copy
        ]
        return found

    def listing(self) -> Iterator[tuple[str, str]]:
        last = ""
        while True:
            found = self._rows({"limit": str(_PAGE), "after": json.dumps(last)}, "row_digest _additional { id }")
            yield from ((_chunk_id(row), row["row_digest"] or "") for row in found)
            if len(found) < _PAGE:
                return
            last = found[-1]["_additional"]["id"]

    def apply(self, rows: VectorRows | None, removed: Sequence[str]) -> None:
        if removed:
            where = {"path": ["id"], "operator": "ContainsAny", "valueTextArray": [_uuid(one) for one in removed]}
            answer = self._http.call("DELETE", "/v1/batch/objects", {"match": {"class": self._copy, "where": where}})
            if answer["results"]["failed"]:
                raise TransientError(f"the collection {self._copy} did not delete all of {len(removed):,} rows")
        if rows and rows.ids:
            listed = zip(rows.ids, rows.vectors.tolist(), rows.payloads, strict=True)
            objects = [
                {"class": self._copy, "id": _uuid(one), "vector": vector, "properties": _properties(payload)}
                for one, vector, payload in listed
            ]
            self._check(self._http.call("POST", "/v1/batch/objects", {"objects": objects}), len(objects))

    def _check(self, answer: list[dict[str, Any]], n_rows: int) -> None:
        if len(answer) != n_rows:
            raise TransientError(f"the collection {self._copy} acknowledges {len(answer):,} of {n_rows:,} rows")
        for one in answer:
            result = one.get("result") or {}
            if result.get("errors") or result.get("status") == "FAILED":
                problems = (result.get("errors") or {}).get("error", [])
                raise _error(f"the collection {self._copy} does not take row {one['id']}", problems)

    def count(self) -> int:
        found = self._asked(f"{{ Aggregate {{ {self._copy} {{ meta {{ count }} }} }} }}")["Aggregate"][self._copy]
        return int(found[0]["meta"]["count"]) if found else 0

    def fetch(self, ids: Sequence[str]) -> VectorRows:
        if not ids:
            return VectorRows([], np.empty((0, 0), np.float32), [])
        chosen = f'{{path: ["id"], operator: ContainsAny, valueText: {json.dumps([_uuid(one) for one in ids])}}}'
        values = "text payload _additional { id vector }"
        found = self._rows({"where": chosen, "limit": str(len(ids))}, values)
        vectors = np.array([row["_additional"]["vector"] for row in found], np.float32)
        payloads = [{**json.loads(row["payload"]), "text": row["text"]} for row in found]
        return VectorRows([_chunk_id(row) for row in found], vectors, payloads)

    def nearest(self, vectors: np.ndarray, k: int) -> list[list[str]]:
        asked = ({"nearVector": f"{{vector: {json.dumps(one)}}}", "limit": str(k)} for one in vectors.tolist())
        return [[_chunk_id(row) for row in self._rows(arguments, "_additional { id }")] for arguments in asked]

    def finish(self, state: HeldState) -> None:
        self._record(state)
        named = self._named()
        if named is None:
            self._http.call("POST", "/v1/aliases", {"alias": self._name, "class": self._copy})
        elif named != self._copy:
            self._http.call("PUT", f"/v1/aliases/{self._name}", {"class": self._copy})
        for found in self._http.call("GET", "/v1/schema")["classes"]:
            name = found["class"]
            if name.startswith(f"{self._name}__") and name != self._copy and _is_of(found, state.lake):
                self._http.call("DELETE", f"/v1/schema/{name}")

    def close(self) -> None:
        self._http.close()


def _collection(name: str, target: HeldState) -> dict[str, Any]:
    """The definition of a new collection."""
    whole = {"tokenization": "field", "indexFilterable": True, "indexSearchable": False}
    unsearched = {"tokenization": "field", "indexFilterable": False, "indexSearchable": False}
    searched = {"tokenization": "word", "indexFilterable": False, "indexSearchable": True}
    return {
        "class": name,
        "description": _described(target),
        "vectorizer": "none",
        "vectorIndexType": "hnsw",
        "vectorIndexConfig": {"distance": "dot"},
        "properties": [
            {"name": "text", "dataType": ["text"], **searched},
            {"name": "payload", "dataType": ["text"], **unsearched},
            *({"name": one, "dataType": ["text"], **whole} for one in _TEXTS),
            *({"name": one, "dataType": ["text[]"], **whole} for one in _LISTS),
        ],
    }


def _described(state: HeldState) -> str:
    return json.dumps({STATE_KEY: state.to_json()})


def _state(collection: Mapping[str, Any]) -> HeldState:
    found = None
    with suppress(ValueError):  # a description in words
        found = json.loads(collection.get("description") or "null")
    named = found.get(STATE_KEY) if isinstance(found, dict) else None
    return HeldState.from_json(named, f"the collection {collection['class']}")


def _is_of(collection: Mapping[str, Any], lake: str) -> bool:
    try:
        return _state(collection).lake == lake
    except UsageError:  # somebody else's
        return False


def _properties(payload: Mapping[str, Any]) -> dict[str, Any]:
    others = {name: value for name, value in payload.items() if name != "text"}
    filtered = plain(payload, (*_TEXTS, *_LISTS))
    short = {name: value for name, value in filtered.items() if value and len(value) <= _LONGEST}
    return {"text": payload["text"], **short, "payload": json.dumps(others)}


def _uuid(chunk_id: str) -> str:
    return "-".join((chunk_id[:8], chunk_id[8:12], chunk_id[12:16], chunk_id[16:20], chunk_id[20:]))


def _chunk_id(row: Mapping[str, Any]) -> str:
    return str(row["_additional"]["id"]).replace("-", "")


def _error(what: str, problems: Sequence[Mapping[str, Any]]) -> TransientError | ContractError:
    reason = "; ".join(str(one.get("message", one)) for one in problems)[:300]
    is_passing = any(part in reason.lower() for part in _PASSING)
    return TransientError(f"{what}: {reason}") if is_passing else ContractError(f"{what}: {reason}")
