"""Requests that are allowed but rare, and what refusals of the framework say."""

from __future__ import annotations

import gzip
import json
from typing import Any

import httpx
import pytest

from tests.lake.service.conftest import Start

_JSON = {"Content-Type": "application/json"}
_BODY = json.dumps({"text": "oil"}).encode()


def test_head_is_answered_as_get_without_a_body_and_other_odd_requests_are_named(start: Start) -> None:
    running = start()

    def sent(method: str, path: str, **words: Any) -> httpx.Response:
        return httpx.request(method, running.url + path, timeout=120, **words)

    for path in ("/health", "/health/ready", "/profiles", "/docs", "/nowhere", "/query"):
        whole, head = sent("GET", path), sent("HEAD", path)
        assert (head.status_code, head.content) == (whole.status_code, b""), path
        assert head.headers["Content-Type"] == whole.headers["Content-Type"], path
    refusals = {
        ("POST", "/query/"): (404, "no_route", "none ends with a slash"),
        ("GET", "//health"): (404, "no_route", "/docs lists"),
        ("GET", "/query"): (405, "no_method", "accepts POST"),
        ("BREW", "/health"): (405, "no_method", "accepts GET"),
    }
    for (method, path), (status, error, words) in refusals.items():
        got = sent(method, path)
        assert (got.status_code, got.json()["error"], words in got.json()["message"]) == (status, error, True), path
    bodies = {gzip.compress(_BODY): 400, '{"text": "Öl"}'.encode("latin-1"): 400, b"[" * 3000: 400, b"{": 422}
    for body, status in bodies.items():
        got = sent("POST", "/query", content=body, headers=_JSON)
        assert (got.status_code, "JSON" in got.json()["message"]) == (status, True), body[:20]
    unclear = {
        b'{"text": "oil", "text": "x"}': "the key 'text' comes twice",
        b'{"text": "oil", "filters": {"source": {"=": "a", "=": "b"}}}': "the key '=' comes twice",
        b'{"text": "oil", "k": true}': "body.k: Value error, it must be a number",
        b'{"text": "oil", "alpha": false}': "body.alpha: Value error, it must be a number",
    }
    for body, words in unclear.items():
        got = sent("POST", "/query", content=body, headers=_JSON)
        assert (got.status_code, words in got.json()["message"]) == (422, True), body


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "application/problem+json"])
def test_json_may_begin_with_a_mark_and_come_as_any_kind_of_json(start: Start, kind: str) -> None:
    body = b"\xef\xbb\xbf" + _BODY
    got = httpx.post(f"{start().url}/query", content=body, headers={"Content-Type": kind}, timeout=120)
    assert (got.status_code, bool(got.json()["hits"])) == (200, True)
