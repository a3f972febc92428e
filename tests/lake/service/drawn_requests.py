"""Draws requests from the OpenAPI text of a service: some as the text allows, some wrong in one place."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

Schema = Mapping[str, Any]
#: Values by the name of a parameter or field, which exist in the lake that is asked.
Known = Mapping[str, Sequence[Any]]

_METHODS = ("get", "put", "post", "delete", "patch")
MARKUP = "'\"><zq7x zq7on=1 "
TEXTS = (
    *(
        "",
        " ",
        "\x00",
        "a",
        "live",
        "lamp oil",
        "Ein Öl für die Lampe",
        "nai\u0308ve",
        "\u202egnp",
        "日本語 の 油",
        "👩‍👩‍👧",
        "\ufeff",
    ),
    *(
        "null",
        "-1",
        "1e999",
        "../../etc/passwd",
        "..%2f..",
        "a/b/../c",
        "file:///etc/passwd",
        "%",
        "%00",
        "%zz",
        "\\",
        "#?&=",
    ),
    *(
        "'; DROP TABLE x; --",
        "${jndi:ldap://x}",
        "{{7*7}}",
        "*",
        "**/*.md",
        "[z-a]",
        "(((",
        '"unended',
        "+ - || &&",
        "^~:!",
    ),
    *(
        "2026-11-29",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2026-13-41",
        "1999",
        "2026-02-30T25:61:00Z",
    ),
    *(MARKUP, "\r\nSet-Cookie: a=b", "\ud800", "x" * 300, "lamp " * 2000, "é" * 5000, "ab" * 9000, "9" * 5000),
)
_OPERATORS = ("=", "!=", "<", "<=", ">", ">=", "in", "not in", "any", "all", "none", "glob", "~", "between")
_COLUMNS = (
    *("uri", "source", "title", "tags", "modified_at", "page", "heading", "language", "media_type", "author", "acl"),
    *(
        "metadata.project",
        "metadata.",
        "metadata.a.b",
        "kind",
        "start",
        "doc_id",
        "chunk_id",
        "vector",
        "n_tokens",
        "",
        "x",
    ),
)
_ODD_NUMBERS = (0, -1, 1, 2**31, 2**53, 2**63, -(2**63), 10**400, 0.5, -0.0, 1e308, 5e-324)
_ODD_PARTS = ("", ".", "..", "%00", "%2e%2e%2f", "%ff", "%C3", "%F0%9F%98%80", "a%2Fb", "%0d%0a", "x" * 2000, "%3Cb%3E")
_ODD_BODIES = (
    *(b"", b"null", b"[]", b"{", b'"text"', b"\xff\xfe", b"[" * 20_000, b'{"a":' * 5000, b"NaN", b'{"text": NaN}'),
    *(b'{"text": "a", "text": "b"}', b'{"text": "\\ud800"}', b"1" * 5000, b"\x00" * 100),
)


@dataclass(frozen=True, slots=True)
class DrawnRequest:
    """``route`` as the text names it; ``fits``: whether the text allows the request."""

    method: str
    route: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    fits: bool = True

    def __str__(self) -> str:
        query = f"?{self.query}" if self.query else ""
        return f"{self.method} {self.path}{query} {self.headers} {self.body[:400]!r}"


@dataclass
class RequestDrawer:
    """``text``: the OpenAPI text. Routes whose method and path are in ``seldom`` are drawn rarely."""

    text: Schema
    rng: random.Random
    known: Known
    seldom: Sequence[str] = ()
    _operations: list[tuple[str, str, Schema]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for path, methods in self.text["paths"].items():
            for method in _METHODS:
                if method in methods:
                    n = 1 if any(path.endswith(part) for part in self.seldom) else 6
                    self._operations += [(method.upper(), path, methods[method])] * n

    def __iter__(self) -> Iterator[DrawnRequest]:
        while True:
            yield self.draw(*self.rng.choice(self._operations))

    def draw(self, method: str, route: str, operation: Schema) -> DrawnRequest:
        request = self._fitting(method, route, operation)
        return request if self.rng.random() < 0.6 else self._broken(request, operation)

    def _fitting(self, method: str, route: str, operation: Schema) -> DrawnRequest:
        path, query, headers = route, [], []
        for parameter in operation.get("parameters", ()):
            name, schema, place = parameter["name"], parameter["schema"], parameter["in"]
            if place == "path":
                path = path.replace(f"{{{name}}}", quote(_plain(self._value(schema, name)) or "x", safe=""))
            elif parameter.get("required") or self.rng.random() < 0.4:
                value = self._value(schema, name)
                values = value if isinstance(value, list) else [value]
                pairs = [(name, _plain(one)) for one in values if one is not None]
                if place == "query":
                    query += [f"{quote(one)}={quote(text, safe='')}" for one, text in pairs]
                else:
                    headers += [(one, _as_header(text)) for one, text in pairs]
        kind, body = self._body(operation)
        if kind:
            headers.append(("content-type", kind))
        return DrawnRequest(method, route, path, "&".join(query), tuple(headers), body)

    def _body(self, operation: Schema) -> tuple[str, bytes]:
        content = operation.get("requestBody", {}).get("content", {})
        if not content:
            return "", b""
        kind, described = self.rng.choice(list(content.items()))
        if kind != "application/json":
            return kind, self.rng.choice(TEXTS).encode("utf-8", "replace") * self.rng.choice((1, 1, 50))
        examples = [one["value"] for one in described.get("examples", {}).values()]
        if examples and self.rng.random() < 0.15:
            return kind, json.dumps(self.rng.choice(examples)).encode()
        return kind, json.dumps(self._value(described["schema"], "body")).encode()

    def _broken(self, request: DrawnRequest, operation: Schema) -> DrawnRequest:
        """The request with one thing wrong, or perhaps wrong."""
        rng, choice = self.rng, self.rng.random()
        if choice < 0.5 and request.body and "json" in dict(request.headers).get("content-type", ""):
            return replace(request, body=self._damaged(request.body), fits=False)
        if choice < 0.6:
            kind = rng.choice(("text/plain", "application/json; charset=utf-16", "multipart/form-data", "\xff", ""))
            return replace(
                request, headers=(*_without(request.headers, "content-type"), ("content-type", kind)), fits=False
            )
        if choice < 0.75:
            parts = request.path.split("/")
            parts[rng.randrange(len(parts))] = rng.choice(_ODD_PARTS)
            return replace(request, path="/" + "/".join(parts).lstrip("/"), fits=False)
        if choice < 0.95:
            names = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"] or ["x"]
            odd = rng.choice(
                (
                    quote(rng.choice(TEXTS), safe="", errors="replace"),
                    "%ff",
                    "%",
                    "1&a=b",
                    str(rng.choice(_ODD_NUMBERS)),
                )
            )
            return replace(request, query=f"{request.query}&{rng.choice(names)}={odd}".lstrip("&"), fits=False)
        return replace(request, method=rng.choice(("PATCH", "HEAD", "OPTIONS", "TRACE", "DELETE", "BREW")), fits=False)

    def _damaged(self, body: bytes) -> bytes:
        rng = self.rng
        if rng.random() < 0.3:
            return rng.choice(_ODD_BODIES)
        value = json.loads(body)
        if not isinstance(value, dict) or not value:
            return rng.choice(_ODD_BODIES)
        name = rng.choice(list(value))
        what = rng.randrange(4)
        if what == 0:
            del value[name]
        elif what == 1:
            value[name] = self._anything()
        elif what == 2:
            value[rng.choice(("unknown", "__proto__", "", "where", "principals", "rerank"))] = self._anything()
        else:
            value[name] = {name: [value[name]] * 3}
        return json.dumps(value).encode()

    def _value(self, schema: Schema, name: str, depth: int = 0) -> Any:
        """A value that the schema allows."""
        rng = self.rng
        if "$ref" in schema:
            return self._value(self.text["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], name, depth)
        if name in self.known and rng.random() < 0.7:
            value = rng.choice(self.known[name])
            if _suits(value, schema):
                return value
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return rng.choice(schema["enum"])
        if "anyOf" in schema:
            return self._value(rng.choice(schema["anyOf"]), name, depth)
        kind = schema.get("type")
        return self._of_kind(kind if isinstance(kind, str) else None, schema, name, depth)

    def _of_kind(self, kind: str | None, schema: Schema, name: str, depth: int) -> Any:
        rng = self.rng
        if kind == "object":
            return self._object(schema, name, depth)
        if kind == "array":
            n = rng.randint(schema.get("minItems", 0), min(schema.get("maxItems", 4), schema.get("minItems", 0) + 3))
            return [self._value(schema.get("items", {}), name, depth + 1) for _ in range(n)]
        if kind in ("integer", "number"):
            return self._number(schema, whole=kind == "integer")
        if kind == "string":
            return self._string(schema)
        if kind == "boolean":
            return rng.random() < 0.5
        return None if kind == "null" else self._anything()

    def _object(self, schema: Schema, name: str, depth: int) -> dict[str, Any]:
        if name == "filters":
            return self._filters()
        required, found = schema.get("required", ()), {}
        for key, described in schema.get("properties", {}).items():
            if key in required or self.rng.random() < (0.25 if depth < 2 else 0.1):
                found[key] = self._value(described, key, depth + 1)
        others = schema.get("additionalProperties")
        if not schema.get("properties") and others is not False:
            for key in self.rng.sample(TEXTS[:20], self.rng.randint(0, 2)):
                found[key] = self._value(others, key, depth + 1) if isinstance(others, dict) else self._anything()
        return found

    def _filters(self) -> dict[str, Any]:
        def condition(name: str) -> Any:
            known = self.known.get(name) or self.known.get("uri") or ["a"]
            one = self.rng.choice([*known, self._anything()])
            return self.rng.choice([one, [one, one], {self.rng.choice(_OPERATORS): self.rng.choice([one, [one]])}])

        return {name: condition(name) for name in self.rng.choices(_COLUMNS, k=self.rng.randint(0, 3))}

    def _number(self, schema: Schema, *, whole: bool) -> Any:
        low, high = (
            schema.get("minimum", schema.get("exclusiveMinimum")),
            schema.get("maximum", schema.get("exclusiveMaximum")),
        )
        step = 1 if whole else 1e-6
        low = -(2**53) if low is None else low + (step if "exclusiveMinimum" in schema else 0)
        high = 2**53 if high is None else high - (step if "exclusiveMaximum" in schema else 0)
        near = min(high, low + 20)
        drawn = self.rng.choice((low, high, near, self.rng.uniform(low, near), self.rng.uniform(low, high)))
        return max(low, min(high, int(drawn))) if whole else drawn

    def _string(self, schema: Schema) -> str:
        most, least = schema.get("maxLength", 1 << 30), schema.get("minLength", 0)
        text = self.rng.choice(TEXTS).replace("\ud800", "?")[:most]
        return text if len(text) >= least else text + "x" * (least - len(text))

    def _anything(self) -> Any:
        rng = self.rng
        return rng.choice(
            (None, True, [], {}, [[]], {"a": None}, rng.choice(_ODD_NUMBERS), rng.choice(TEXTS), [rng.choice(TEXTS)])
        )


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else "" if value is None else str(value)


def _suits(value: Any, schema: Schema) -> bool:
    """Whether a value that the lake has is one of the schema's own kind."""
    if "anyOf" in schema:
        return any(_suits(value, one) for one in schema["anyOf"])
    kinds: dict[Any, Any] = {"string": str, "number": (int, float), "integer": int, "null": type(None)}
    is_kind = isinstance(value, kinds.get(schema.get("type"), ()))
    return is_kind and (not isinstance(value, str) or len(value) <= schema.get("maxLength", 1 << 30))


def _as_header(text: str) -> str:
    """What a client can send: one line of Latin-1."""
    return "".join(one for one in text if one.isprintable() and ord(one) < 256).strip()


def _without(headers: tuple[tuple[str, str], ...], name: str) -> tuple[tuple[str, str], ...]:
    return tuple(pair for pair in headers if pair[0] != name)
