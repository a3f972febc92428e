"""Whatever is asked of a hidden document is answered as of one that does not exist, also once its owner has asked."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import lake
from lake.options import CacheOptions
from lake.search.query_ids import query_id
from lake.service.app import create_app
from lake.service.capacity import Capacity
from lake.service.guard import Guard
from lake.service.keys import Key, KeyRing, digest_of
from tests.lake.service.conftest import TwoReleases
from tests.lake.service.in_process import Reply, call, started

OWNER, READER, OPERATOR = (f"a-key-of-the-{name}-0123" for name in ("owner", "reader", "operator"))
KEYS = [
    Key("owner", digest_of(OWNER), ("hr",)),
    Key("reader", digest_of(READER)),
    Key("operator", digest_of(OPERATOR), ("other",), operator=True),
]
ABSENT = {"uri": "parking.md", "title": "Parking", "word": "vendors"}
_OWN = re.compile(r'"(query_id|request_id)": ?"[^"]*"')

Request = tuple[str, str, str, Any]


def names_of(url: str) -> tuple[dict[str, str], dict[str, str]]:
    """What names the hidden document, and the same of one that does not exist."""
    index = lake.open_lake(url)
    documents = index.dataset("documents").to_table(["doc_id", "digest", "content_id", "uri"]).to_pylist()
    hidden = next(row for row in documents if row["uri"] == "payroll.md")
    chunks = index.dataset("chunks").to_table(["chunk_id", "parent_id", "doc_id"]).to_pylist()
    hidden |= next(row for row in chunks if row["doc_id"] == hidden["doc_id"])
    absent = {name: f"{number}{value[1:-1]}{number}" for number, (name, value) in enumerate(hidden.items())}
    return {**hidden, "title": "Payroll", "word": "ducats"}, absent | ABSENT


def requests(app: Guard, of: Mapping[str, str], release: str) -> Iterator[Request]:
    """Method, path, query and body of what names this document, over all routes that OpenAPI has."""
    for path, methods in app.app.openapi()["paths"].items():  # type: ignore[attr-defined]
        at = path.format(**of, page=1, release=of["uri"], source="pushed")
        if "get" in methods:
            known = {one["name"] for one in methods["get"].get("parameters", ())}
            yield "GET", at, "", None
            yield from (
                ("GET", at, f"{name}={of['uri']}", None) for name in sorted(known & {"at", "name", "from", "a"})
            )
        if "erasure" in path or "{release}/" in path:
            words = {"why": of["word"], "name": of["title"], "uri": of["uri"], "plan": "0"}
            yield from (("POST", at, "", words) for _ in methods.keys() & {"post"})
    yield "POST", "/lines", "", {"spans": [{"doc_id": of["doc_id"], "start": 0, "end": 9}]}
    globs = [f"**/{of['uri']}", f"{of['uri'][:-3]}*"]
    columns = [{name: of[name]} for name in ("doc_id", "uri", "digest", "chunk_id", "parent_id", "title", "content_id")]
    others = [{name: {"!=": of[name]}} for name in ("doc_id", "uri", "chunk_id")]
    spans = [{name: {">=": of[name], "<=": of[name]}} for name in ("doc_id", "chunk_id")]
    for filters in [*columns, *others, *spans, *({"uri": {"glob": glob}} for glob in globs)]:
        yield "POST", "/query", "", {"text": "lamp oil", "filters": filters, "explain": True}
        several = [{"text": "lamp", "filters": filters}, {"text": of["word"], "mode": "text"}]
        yield "POST", "/query/batch", "", {"queries": several}
        yield "POST", "/facets", "", {"filters": filters}
    for text, copies in product((of["word"], f'"{of["title"]}"', f"{of['word']}*"), ("all", "collapsed")):
        words = {"text": text, "mode": "text", "copies": copies, "syntax": "boolean"}
        yield "POST", "/query", "", words
        yield "POST", "/why", "", {**words, "doc_id": of["doc_id"]}
    judged = {"query_id": query_id(release, "lamp"), "chunk_id": of["chunk_id"], "useful": True}
    yield "POST", "/feedback", "", judged


async def asked(app: Guard, key: str, request: Request) -> Reply:
    method, path, query, body = request
    headers = [("Authorization", f"Bearer {key}"), ("Content-Type", "application/json")]
    return await call(app, method, path, query, headers, json.dumps(body).encode() if body else b"")


def shown(reply: Reply, of: Mapping[str, str]) -> tuple[int, list[str], str]:
    """What a caller sees of a reply besides what was in the request."""
    text = _OWN.sub("", reply.body.decode())
    for name, value in of.items():
        text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", name, text)
    changing = ("x-request-id", "content-length", "etag")
    return reply.status, sorted(name for name in reply.headers if name not in changing), text


def test_a_hidden_document_is_as_one_that_does_not_exist(two_releases: TwoReleases) -> None:
    hidden, absent = names_of(two_releases.url)
    index = lake.open_lake(two_releases.url, cache=CacheOptions(megabytes=16, similar=0.9))
    app = create_app(index, KeyRing(KEYS), Capacity(rate=1e9, burst=10**9))

    async def differing() -> dict[str, list[Request]]:
        found: dict[str, list[Request]] = {key: [] for key in (OWNER, READER, OPERATOR)}
        async with started(app):
            pairs = zip(*(list(requests(app, of, two_releases.after)) for of in (hidden, absent)), strict=True)
            for of_hidden, of_absent in pairs:
                if of_hidden[1] == "/metrics":  # it counts requests
                    continue
                for key, differ in found.items():  # the owner first, whose results the caches then hold
                    got = [await asked(app, key, one) for one in (of_hidden, of_absent)]
                    if shown(got[0], hidden) != shown(got[1], absent):
                        differ.append(of_hidden)
        return found

    found = asyncio.run(differing())
    assert (found[READER], found[OPERATOR]) == ([], [])
    assert len(found[OWNER]) > 30
