"""The description is true: each example is answered as it says; and its page needs nothing but this service."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from lake.service import (
    document_bodies,
    erasure_bodies,
    evaluation_bodies,
    experiment_bodies,
    explaining_bodies,
    judging_bodies,
    lake_bodies,
    push_bodies,
    response_bodies,
)
from lake.service.app import TAGS
from lake.service.keys import Key, KeyRing
from tests.lake.service.conftest import Running, Start

#: The modules that describe responses.
BODIES = (
    *(document_bodies, erasure_bodies, evaluation_bodies, experiment_bodies, explaining_bodies),
    *(judging_bodies, lake_bodies, push_bodies, response_bodies),
)
#: Examples whose ids are those of a result of the reader's own.
OF_DOCUMENT = ("", "/description", "/sections", "/history", "/diff", "/erasure", "/pages/{page}")
WITH_IDS = ("/feedback", "/why", *(f"/documents/{{doc_id}}{part}" for part in OF_DOCUMENT))
#: With these ids, a route of PDFs has no picture.
OTHERWISE = {"/documents/{doc_id}/pages/{page}": 404}
#: What these do would change the lake; the release of their examples is in no lake.
ACTS = tuple(f"/releases/{{release}}/{act}" for act in ("publish", "rollback", "pin", "unpin", "name", "unname"))
#: The lake has no questions and no experiments; tests/lake/service/test_evaluation.py reads these of one that has.
OF_SETS = ("", "/questions", "/comparison", "/drafts", "/drafts/{question_id}")
#: These store and erase documents; test_pushing.py and test_erasing.py do so with keys that may.
STORING = (
    ("POST", "/documents/{doc_id}/erasure"),
    ("PUT", "/documents/{doc_id}"),
    ("DELETE", "/documents/{doc_id}"),
    ("GET", "/documents/{doc_id}/publication"),
)
#: Nobody judged a passage.
OTHERS = ("/evaluation/feedback/comparison", "/hooks/{source}", "/evaluation/experiments/{experiment_id}")
ABSENT = (*ACTS, *OTHERS, *(f"/evaluation/sets/{{name}}{part}" for part in OF_SETS))
OPERATOR = KeyRing(anonymous=Key("anonymous", principals="*", operator=True))


@pytest.fixture
def running(start: Start) -> Running:
    return start(OPERATOR)


def operations(running: Running) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in running.get("/openapi.json").json()["paths"].items():
        for method, operation in methods.items():
            yield path, method.upper(), operation


def request_bodies(operation: dict[str, Any]) -> list[dict[str, Any]]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return [one["value"] for one in content.get("examples", {}).values()]


def test_every_request_of_the_description_gets_a_status_that_it_states(running: Running) -> None:
    hit = running.post(text="lamp 7").json()
    ids = {"query_id": hit["query_id"], "chunk_id": hit["hits"][0]["chunk_id"], "doc_id": hit["hits"][0]["doc_id"]}
    for path, method, operation in operations(running):
        if (method, path) in STORING:
            shown, (body, *_) = path.format(**_path_examples(operation)), request_bodies(operation) or [None]
            assert httpx.request(method, f"{running.url}{shown}?open=true", json=body, timeout=60).status_code == 403
            continue
        for body in request_bodies(operation) or [None]:
            shown = _path_examples(operation)
            got = httpx.request(method, running.url + path.format(**shown), json=body, timeout=30)
            assert str(got.status_code) in operation["responses"], (path, body, got.text)
            wanted = (401,) if path.startswith("/hooks/") else (400, 404) if path in (*WITH_IDS, *ABSENT) else (200,)
            assert got.status_code in wanted, (path, body, got.text)
            stated = operation["responses"][str(got.status_code)]["content"]
            assert got.headers["Content-Type"].split(";")[0] in stated
            if path in WITH_IDS:
                own = {name: ids.get(name, value) for name, value in (body or {}).items()}
                got = httpx.request(method, running.url + path.format(**{**shown, **ids}), json=own or None, timeout=30)
                assert got.status_code == OTHERWISE.get(path, 200), got.text
            if path not in ABSENT:
                _check(got, operation)


def _path_examples(operation: dict[str, Any]) -> dict[str, str]:
    """The first example of each parameter of the path."""
    of_path = (one for one in operation.get("parameters", []) if one["in"] == "path")
    return {one["name"]: next(iter(one["examples"].values()))["value"] for one in of_path}


def _check(got: httpx.Response, operation: dict[str, Any]) -> None:
    """The response, and the example of one, are as their schema says."""
    kind = got.headers["Content-Type"].split(";")[0]
    described = operation["responses"][str(got.status_code)]["content"][kind]
    if kind == "application/json":
        name = described["schema"]["$ref"].rpartition("/")[2]
        model = next(getattr(bodies, name) for bodies in BODIES if hasattr(bodies, name))
        model.model_validate(got.json())
        if "example" in described:
            model.model_validate(described["example"])
    elif kind == "text/event-stream":
        names = re.compile(r"^event: (\w+)", re.M)
        assert set(names.findall(got.text)) <= set(names.findall(described["example"]))


def test_each_route_has_a_tag_a_summary_and_examples_of_what_it_refuses(running: Running) -> None:
    for path, method, operation in operations(running):
        assert operation["tags"][0] in {tag["name"] for tag in TAGS}
        assert operation["summary"]
        assert operation["description"]
        assert method == "GET" or (method, path) in STORING or request_bodies(operation), path
        refused = {status: one for status, one in operation["responses"].items() if status >= "400"}
        for response in refused.values():
            for content in response["content"].values():
                if "example" in content:
                    response_bodies.Refusal.model_validate(content["example"])
    names = [operation["operationId"] for _, _, operation in operations(running)]
    assert len(set(names)) == len(names) >= 12


def test_the_page_loads_its_own_files_alone(running: Running) -> None:
    page = running.get("/docs")
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "default-src 'none'" in policy
    assert not re.search(r"https?:|//", page.text.replace("<!DOCTYPE html>", ""))
    assert not re.search(r"<script>|\son\w+=|style=", page.text)
    files = re.findall(r'(?:src|href)="(docs/[^"]+)"', page.text)
    assert len(files) == 3
    for name in files:
        got = running.get(f"/{name}")
        assert (got.status_code, got.headers["X-Content-Type-Options"]) == (200, "nosniff")
    assert b"SwaggerUIBundle" in running.get("/docs/swagger-ui-bundle.js").content
    assert json.loads(running.get("/openapi.json").text)["info"]["title"] == "raglake"
