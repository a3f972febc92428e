"""A server on 127.0.0.1 that speaks what Weaviate's documentation describes, as far as a sync uses it."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.lake.destinations.served import KEY, Refusal, Served, Vectors

_NAME = re.compile(r"[A-Z][_0-9A-Za-z]*")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_GET = re.compile(r"\{ Get \{ (\w+)\((.*)\) \{ (.*) \} \} \}", re.DOTALL)
_COUNT = re.compile(r"\{ Aggregate \{ (\w+) \{ meta \{ count \} \} \} \}")
_IDS = re.compile(r'where: \{path: \["id"\], operator: ContainsAny, valueText: (\[.*?\])\}')
_NEAR = re.compile(r"nearVector: \{vector: (\[.*?\])\}")
#: What a change of a collection must leave as it is.
_FIXED = ("class", "vectorizer", "vectorIndexType", "properties")


class Weaviate(Served):
    """Version 1.32: collections, aliases, batches of objects, cursors, and the part of GraphQL that reads them."""

    def __init__(self, version: str = "1.32.4") -> None:
        super().__init__()
        self.version = version
        self.classes: dict[str, dict[str, Any]] = {}
        self.aliases: dict[str, str] = {}
        self.objects: dict[str, dict[str, dict[str, Any]]] = {}
        self._vectors: dict[str, Vectors] = {}

    def login(self, headers: Any) -> bool:
        return bool(headers.get("Authorization") == f"Bearer {KEY}")

    def answer(self, method: str, path: list[str], query: dict[str, list[str]], body: Any) -> object:
        match method, path:
            case "GET", ["v1", "meta"]:
                return {"version": self.version, "modules": {}}
            case "GET", ["v1", "schema"]:
                return {"classes": list(self.classes.values())}
            case "POST", ["v1", "schema"]:
                return self._created(body)
            case _, ["v1", "schema", name]:
                return self._of_class(method, name, body)
            case "POST", ["v1", "aliases"]:
                return self._named(body["alias"], body["class"], is_new=True)
            case "GET", ["v1", "aliases", name] if name in self.aliases:
                return {"alias": name, "class": self.aliases[name]}
            case "PUT", ["v1", "aliases", name] if name in self.aliases:
                return self._named(name, body["class"], is_new=False)
            case "POST", ["v1", "batch", "objects"]:
                return [self._stored(one) for one in body["objects"]]
            case "DELETE", ["v1", "batch", "objects"]:
                return self._deleted(body["match"])
            case "POST", ["v1", "graphql"]:
                return self._asked(body["query"])
        raise Refusal(404, {"error": [{"message": f"{method} {'/'.join(path)}"}]})

    def _created(self, body: dict[str, Any]) -> object:
        name = body["class"]
        if not _NAME.fullmatch(name) or name in self.classes or name in self.aliases:
            raise Refusal(422, {"error": [{"message": f"class name {name} is invalid, or already exists"}]})
        self.classes[name] = {**body, "invertedIndexConfig": {"cleanupIntervalSeconds": 60}, "replicationConfig": {}}
        self.objects[name], self._vectors[name] = {}, Vectors()
        return self.classes[name]

    def _of_class(self, method: str, name: str, body: Any) -> object:
        name = self.aliases.get(name, name)
        if name not in self.classes:
            raise Refusal(404, {"error": [{"message": f"class {name} not found"}]})
        if method == "DELETE":
            del self.classes[name], self.objects[name]
        if method == "PUT":
            changed = [one for one in _FIXED if body.get(one) != self.classes[name][one]]
            if changed:
                raise Refusal(422, {"error": [{"message": f"{changed[0]} is immutable"}]})
            self.classes[name] = body
        return self.classes.get(name)

    def _named(self, alias: str, name: str, *, is_new: bool) -> object:
        if name not in self.classes or alias in self.classes or (is_new and alias in self.aliases):
            raise Refusal(422, {"error": [{"message": f"alias {alias} can't name {name}"}]})
        self.aliases[alias] = name
        return {"alias": alias, "class": name}

    def _stored(self, one: dict[str, Any]) -> dict[str, Any]:
        held = self.objects[one["class"]]
        declared = {prop["name"]: prop["dataType"] for prop in self.classes[one["class"]]["properties"]}
        widths = {len(other["vector"]) for other in held.values()} | {len(one["vector"])}
        kinds = {"text": str, "text[]": list}
        problem = ""
        if not _UUID.fullmatch(one["id"]):
            problem = f"invalid UUID {one['id']}"
        elif len(widths) > 1:
            problem = "vector lengths don't match"
        elif any(not isinstance(value, kinds[declared[key][0]]) for key, value in one["properties"].items()):
            problem = "invalid property"
        if problem:
            return {**one, "result": {"status": "FAILED", "errors": {"error": [{"message": problem}]}}}
        held[one["id"]] = json.loads(json.dumps(one))
        return {"id": one["id"], "class": one["class"], "result": {"status": "SUCCESS"}}

    def _deleted(self, match: dict[str, Any]) -> object:
        where, held = match["where"], self.objects[match["class"]]
        if where["path"] != ["id"] or where["operator"] != "ContainsAny":
            raise Refusal(422, {"error": [{"message": "invalid where"}]})
        gone = [one for one in where["valueTextArray"] if held.pop(one, None)]
        return {"results": {"matches": len(gone), "limit": 10_000, "successful": len(gone), "failed": 0}}

    def _asked(self, query: str) -> object:
        if counted := _COUNT.fullmatch(query):
            return {"data": {"Aggregate": {counted[1]: [{"meta": {"count": len(self.objects[counted[1]])}}]}}}
        found = _GET.fullmatch(query)
        if found is None or found[1] not in self.objects:
            return {"data": None, "errors": [{"message": f"Cannot query {query[:60]}", "path": None}]}
        name, arguments, values = found.groups()
        held, limit = self.objects[name], re.search(r"limit: (\d+)", arguments)
        after, ids, near = re.search(r'after: "(.*?)"', arguments), _IDS.search(arguments), _NEAR.search(arguments)
        if near:
            self._vectors[name].update({one: row["vector"] for one, row in held.items()})
            chosen = self._vectors[name].best(json.loads(near[1]), len(held))
        elif ids:
            chosen = [one for one in json.loads(ids[1]) if one in held]
        else:
            chosen = sorted(one for one in held if after and one > after[1])
        shown = chosen[: int(limit[1]) if limit else 25]
        return {"data": {"Get": {name: [_shown(held[one], values) for one in shown]}}}


def _shown(row: dict[str, Any], values: str) -> dict[str, Any]:
    """The values that a query names; those that an object does not have are null."""
    of_row, _, additional = values.partition("_additional")
    named = {one: row["properties"].get(one) for one in of_row.split()}
    return {**named, "_additional": {one: row[one] for one in re.findall(r"\w+", additional)}}
