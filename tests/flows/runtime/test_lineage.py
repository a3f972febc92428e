"""Ingests told as OpenLineage events to a server of HTTP, and what becomes of a run that can't be told."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from flows.cli.app import _exit_status
from flows.cli.options import OK, REFUSED
from lake.directory import Lake
from lake.schemas import DOCUMENTS


class Received(ThreadingHTTPServer):
    """Keeps each event that is posted; ``status`` is what it answers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.events: list[dict[str, Any]] = []
        self.status = 201


class _Handler(BaseHTTPRequestHandler):
    server: Received

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.events.append({"path": self.path, **json.loads(body)})
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Received]:
    found = Received()
    thread = threading.Thread(target=found.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("OPENLINEAGE_URL", f"http://127.0.0.1:{found.server_port}")
    yield found
    found.shutdown()
    found.server_close()
    thread.join()


def told(server: Received, *words: str, status: int = OK) -> list[dict[str, Any]]:
    """The events of one ingest."""
    server.events.clear()
    assert _exit_status(["ingest", *words, "--json"]) == status
    assert not [name for name in os.environ if name.startswith("OPENLINEAGE__")]
    assert {event["path"] for event in server.events} == {"/api/v1/lineage"}
    assert {event["job"]["namespace"] for event in server.events} == {"raglake"}
    assert len({event["run"]["runId"] for event in server.events}) == 1
    return server.events


def test_each_run_is_told_from_its_sources_to_its_release(server: Received, source: Path, lake_url: str) -> None:
    for n in range(12):
        (source / f"{n}.md").write_text(f"# Quay {n}\n\nThe tide at quay {n} is at noon.\n")
    (source / "empty.md").write_text("")
    words = (str(source), "--lake", lake_url, "--embedder", "hash")
    start, end = told(server, *words)
    assert [start["eventType"], end["eventType"]] == ["START", "COMPLETE"]
    assert start["job"]["name"] == f"ingest.{lake_url}"
    (read,) = end["inputs"]
    assert (read["namespace"], read["name"]) == ("file", str(source))
    assert read["inputFacets"]["inputStatistics"]["fileCount"] == 13
    release = Lake(lake_url).log.read().live
    assert release is not None
    tables = {output["name"]: output for output in end["outputs"]}
    assert set(tables) == {f"{lake_url}/{name}" for name in ("documents", "quarantine", "parents", "chunks")}
    documents = tables[f"{lake_url}/documents"]
    assert [field["name"] for field in documents["facets"]["schema"]["fields"]] == DOCUMENTS.names
    assert documents["facets"]["version"]["datasetVersion"] == release.id
    assert documents["outputFacets"]["outputStatistics"]["rowCount"] == 12
    run = end["run"]["facets"]
    assert (run["raglake_ingest"]["added"], run["raglake_ingest"]["published"]) == (13, True)
    tests = run["test"]["tests"]
    assert len(tests) == Lake(lake_url).findings(release.id).num_rows
    assert {test["status"] for test in tests if test["severity"] == "error"} == {"pass"}
    assert all(facet["_schemaURL"] for facet in run.values())

    start, end = told(server, *words)
    assert (end["eventType"], end.get("outputs")) == ("COMPLETE", [])
    for n in range(12):
        (source / f"{n}.md").unlink()
    start, end = told(server, *words, status=REFUSED)
    assert (start["eventType"], end["eventType"]) == ("START", "FAIL")
    assert "12 of 13 documents of" in end["run"]["facets"]["errorMessage"]["message"]


def test_lineage_costs_no_run(
    server: Received,
    source: Path,
    lake_url: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (source / "a.md").write_text("# Quay\n\nThe tide is at noon.\n")
    server.status = 403
    words = ("ingest", str(source), "--lake", lake_url, "--embedder", "hash", "--json")
    with caplog.at_level(logging.WARNING):
        assert _exit_status([*words]) == OK
    assert (len(server.events), "lineage is not told: HTTPError: 403" in caplog.text) == (1, True)
    monkeypatch.setenv("OPENLINEAGE_DISABLED", "true")
    assert _exit_status([*words]) == OK
    assert len(server.events) == 1
