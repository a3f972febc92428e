"""Servers on 127.0.0.1 that speak what the documentation of a store describes, as far as a sync uses it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np

KEY = "s3cr3t"


class Refusal(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, body: object = None, headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers or {}


class Served:
    """What a server holds. ``planned``: refusals that the next requests get, None for none."""

    def __init__(self) -> None:
        self.url = ""
        self.planned: list[Refusal | None] = []
        self.n_requests = 0
        self._lock = Lock()

    def login(self, headers: Any) -> bool:
        return bool(headers.get("Authorization") == f"ApiKey {KEY}")

    def answer(self, method: str, path: list[str], query: dict[str, list[str]], body: Any) -> object:
        """The JSON of a success. Raises Refusal."""
        raise NotImplementedError

    def handled(self, method: str, target: str, data: bytes, headers: Any) -> object:
        with self._lock:
            self.n_requests += 1
            if not self.login(headers):
                raise Refusal(401, {"error": "who are you?"})
            if self.planned and (refusal := self.planned.pop(0)) is not None:
                raise refusal
            parts = urlsplit(target)
            lines = (
                [json.loads(line) for line in data.splitlines()] if "ndjson" in str(headers["Content-Type"]) else None
            )
            body = lines if lines is not None else json.loads(data) if data else None
            return self.answer(method, parts.path.strip("/").split("/"), parse_qs(parts.query), body)


@contextmanager
def serving(served: Served) -> Iterator[Served]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet

        def do_GET(self) -> None:
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, answer = 200, dict[str, str](), None
            try:
                answer = served.handled(self.command, self.path, data, self.headers)
            except Refusal as refusal:
                status, headers, answer = refusal.status, refusal.headers, refusal.body
            text = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Type": "application/json", "Content-Length": len(text)}.items():
                self.send_header(name, str(value))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(text)

        do_HEAD = do_POST = do_PUT = do_DELETE = do_GET

        def log_message(self, *_: Any) -> None:
            """Prints nothing."""

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """A client that was killed closes its connection."""

    http = Quiet(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{http.server_port}"
    thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield served
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


class Vectors:
    """Vectors by id, which are searched exactly."""

    def __init__(self) -> None:
        self._rows: dict[str, list[float]] = {}
        self._matrix: np.ndarray | None = None

    def update(self, rows: dict[str, list[float]]) -> None:
        """Hold these and no others."""
        if rows != self._rows:
            self._rows, self._matrix = rows, None

    def best(self, wanted: list[float], k: int) -> list[str]:
        """The ids of those with the highest inner products."""
        if self._matrix is None:
            self._matrix = np.array(list(self._rows.values())).reshape(len(self._rows), -1)
        ids, products = list(self._rows), self._matrix @ np.array(wanted) if self._rows else np.array([])
        return [ids[place] for place in np.argsort(-products)[:k]]


def _empty() -> dict[str, Any]:
    return {"written": {}, "seen": {}, "vectors": Vectors()}


class SearchEngine(Served):
    """Elasticsearch 9 or OpenSearch 3: what is written is seen by searches after a refresh."""

    def __init__(self, engine: str) -> None:
        super().__init__()
        self._is_open = engine == "opensearch"
        self.indices: dict[str, dict[str, Any]] = {}
        self.aliases: dict[str, set[str]] = {}

    def login(self, headers: Any) -> bool:
        return bool(headers.get("Authorization") in (f"ApiKey {KEY}", f"Bearer {KEY}"))

    def answer(self, method: str, path: list[str], query: dict[str, list[str]], body: Any) -> object:
        match method, path:
            case "GET", ["_alias", name]:
                if name not in self.aliases:
                    raise Refusal(404, {"error": f"alias [{name}] missing", "status": 404})
                return {index: {"aliases": {name: {}}} for index in self.aliases[name]}
            case "POST", ["_aliases"]:
                return self._switch(body["actions"])
            case "PUT", [index]:
                return self._created(index, body)
            case "GET", [pattern, "_mapping"] if pattern.endswith("*"):
                found = [index for index in self.indices if index.startswith(pattern[:-1])]
                return {index: {"mappings": self.indices[index]["mappings"]} for index in found}
        index = path[0]
        names = self.aliases.get(index, {index})
        if not names <= self.indices.keys():
            raise Refusal(404, {"error": {"type": "index_not_found_exception", "reason": f"no such index [{index}]"}})
        return self._of_index(method, next(iter(names)), path[1:], body)

    def _switch(self, actions: list[dict[str, Any]]) -> object:
        for action in actions:
            ((kind, named),) = action.items()
            holders = self.aliases.setdefault(named["alias"], set())
            (holders.add if kind == "add" else holders.remove)(named["index"])
        return {"acknowledged": True}

    def _created(self, index: str, body: dict[str, Any]) -> object:
        if index in self.indices or index in self.aliases or index != index.lower():
            raise Refusal(400, {"error": {"type": "resource_already_exists_exception", "reason": f"[{index}]"}})
        field = body["mappings"]["properties"]["vector"]
        wanted = ("knn_vector", "dimension") if self._is_open else ("dense_vector", "dims")
        if field["type"] != wanted[0] or wanted[1] not in field:
            raise Refusal(400, {"error": {"type": "mapper_parsing_exception", "reason": f"{field}"}})
        self.indices[index] = {"mappings": body["mappings"], "dims": field[wanted[1]], **_empty()}
        return {"acknowledged": True, "index": index}

    def _of_index(self, method: str, name: str, rest: list[str], body: Any) -> object:
        index = self.indices[name]
        match method, rest:
            case "GET", []:
                return {name: {"mappings": index["mappings"]}}
            case "DELETE", []:
                del self.indices[name]
                return {"acknowledged": True}
            case "GET", ["_mapping"]:
                return {name: {"mappings": index["mappings"]}}
            case "PUT", ["_mapping"]:
                index["mappings"] |= body
                return {"acknowledged": True}
            case "POST", ["_refresh"]:
                index["seen"] = dict(index["written"])
                index["vectors"].update({one: row["vector"] for one, row in index["seen"].items()})
                return {"_shards": {"failed": 0}}
            case "GET", ["_count"]:
                return {"count": len(index["seen"])}
            case "POST", ["_bulk"]:
                return self._bulk(index, body)
            case "POST", ["_search"]:
                return {"hits": {"hits": self._hits(index, body)}}
        raise Refusal(405, {"error": f"{method} {rest}"})

    def _bulk(self, index: dict[str, Any], lines: list[dict[str, Any]]) -> object:
        items, rest = [], iter(lines)
        for action in rest:
            ((kind, named),) = action.items()
            done: dict[str, Any] = {"_id": named["_id"], "status": 200}
            if kind == "delete":
                done["status"] = 200 if index["written"].pop(named["_id"], None) else 404
            else:
                source = next(rest)
                if len(source["vector"]) != index["dims"]:
                    done |= {
                        "status": 400,
                        "error": {"type": "mapper_parsing_exception", "reason": "dimensions differ"},
                    }
                else:
                    index["written"][named["_id"]] = source
            items.append({kind: done})
        return {"errors": any("error" in done for item in items for done in item.values()), "items": items}

    def _hits(self, index: dict[str, Any], body: dict[str, Any]) -> list[dict[str, Any]]:
        found, query = index["seen"], body.get("query", {"match_all": {}})
        if "ids" in query:
            ids = [one for one in query["ids"]["values"] if one in found]
        elif "script_score" in query:
            script = query["script_score"]["script"]
            wanted = script["params"]["query_value" if self._is_open else "vector"]
            if (script.get("lang") == "knn") != self._is_open:
                raise Refusal(400, {"error": {"type": "illegal_argument_exception", "reason": "script_lang"}})
            ids = index["vectors"].best(wanted, body["size"])
        else:
            ids = sorted(one for one in found if one > body.get("search_after", [""])[0])
        return [self._hit(one, found[one], body) for one in ids[: body["size"]]]

    def _hit(self, one: str, source: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        named = body.get("_source", True)
        shown = {} if named is False else {name: source[name] for name in (source if named is True else named)}
        hit: dict[str, Any] = {"_id": one, "_source": shown, "sort": [one]}
        if not self._is_open:
            shown.pop("vector", None)
        if "fields" in body:
            if self._is_open:
                raise Refusal(400, {"error": {"reason": "KNN Vector do not support fields search"}})
            hit["fields"] = {"vector": source["vector"]}
        return hit


class PineconeIndex(Served):
    """An index of Pinecone, API 2025-04 and later, whose statistics come one request late after each write."""

    def __init__(self, dimensions: int) -> None:
        super().__init__()
        self.dimensions = dimensions
        self.namespaces: dict[str, dict[str, dict[str, Any]]] = {}
        self._stale: dict[str, int] | None = None
        self._vectors = Vectors()

    def login(self, headers: Any) -> bool:
        return bool(headers.get("Api-Key") == KEY)

    def answer(self, method: str, path: list[str], query: dict[str, list[str]], body: Any) -> object:
        words = body or {name: values[0] for name, values in query.items()}
        rows = self.namespaces.setdefault(words.get("namespace", "__default__"), {})
        match method, path:
            case "POST", ["describe_index_stats"]:
                counts = {name: len(held) for name, held in self.namespaces.items()}
                shown, self._stale = counts if self._stale is None else self._stale, None
                spaces = {name: {"vectorCount": n} for name, n in shown.items()}
                return {"dimension": self.dimensions, "namespaces": spaces, "totalVectorCount": sum(shown.values())}
            case "POST", ["vectors", "upsert"]:
                self._forget_count()
                for vector in body["vectors"]:
                    self._checked(vector)
                    rows[vector["id"]] = vector
                return {"upsertedCount": len(body["vectors"])}
            case "POST", ["vectors", "delete"]:
                self._forget_count()
                for one in list(rows) if body.get("deleteAll") else body["ids"]:
                    rows.pop(one, None)
                return {}
            case "GET", ["vectors", "fetch"]:
                return {"vectors": {one: rows[one] for one in query["ids"] if one in rows}, "namespace": ""}
            case "GET", ["vectors", "list"]:
                left = sorted(one for one in rows if one > words.get("paginationToken", ""))
                page = left[: int(words["limit"])]
                more = {"pagination": {"next": page[-1]}} if len(left) > len(page) else {}
                return {"vectors": [{"id": one} for one in page], "namespace": "", **more}
            case "POST", ["query"]:
                self._vectors.update({one: row["values"] for one, row in rows.items()})
                wanted = body.get("vector") or rows[body["id"]]["values"]
                found = self._vectors.best(wanted, body["topK"])
                return {"matches": [{"id": one, "score": 0.0, "values": []} for one in found], "namespace": ""}
        raise Refusal(404, {"error": {"code": "NOT_FOUND", "message": f"{method} {path}"}, "status": 404})

    def _forget_count(self) -> None:
        self._stale = {name: len(held) for name, held in self.namespaces.items()}

    def _checked(self, vector: dict[str, Any]) -> None:
        kinds = (str, int, float, bool)
        values = vector["metadata"].values()
        flat = all(isinstance(one, kinds) or all(isinstance(part, str) for part in one) for one in values)
        size = len(json.dumps(vector["metadata"]).encode())
        if len(vector["values"]) != self.dimensions or not any(vector["values"]) or not flat or size > 40_960:
            raise Refusal(400, {"error": {"code": "INVALID_ARGUMENT", "message": "bad vector"}, "status": 400})
