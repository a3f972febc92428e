"""Erasures over HTTP: who may, what refuses, the proof, and what the log keeps."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import httpx
import pytest

import lake
from lake.directory import Lake
from lake.erasure.forget_process import ForgetProcess
from lake.errors import TransientError, UsageError
from lake.reporting import silent
from lake.service.app import create_app
from lake.service.capacity import Capacity
from lake.service.erasing import ErasureSteps
from lake.service.keys import Key, KeyRing, digest_of
from lake.storage.lease import WriterLease
from tests.lake.service.conftest import Running, TwoReleases, listening_service
from tests.waiting import until

ERASER, OPERATOR, READER = (f"a-key-of-an-{name}-0123" for name in ("eraser", "operator", "reader"))
KEYS = [
    Key("eraser", digest_of(ERASER), "*", operator=True, erases=True),
    Key("operator", digest_of(OPERATOR), "*", operator=True),
    Key("reader", digest_of(READER)),
]
WHY = "request 4711"


@pytest.fixture(scope="module")
def erased_lake(two_releases: TwoReleases, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A copy from which each test erases a document of its own."""
    url = tmp_path_factory.mktemp("erasing") / "lake"
    shutil.copytree(two_releases.url, url)
    return str(url)


@pytest.fixture(scope="module")
def running(erased_lake: str) -> Iterator[Running]:
    with _service(erased_lake, KeyRing(KEYS)) as running:
        yield running


def _service(url: str, keys: KeyRing) -> AbstractContextManager[Running]:
    limits = Capacity(rate=10_000, burst=10_000)
    return listening_service(create_app(lake.open_lake(url), keys, limits), limits)


def proofs(url: str) -> list[str]:
    """Who erased something and had it proven."""
    return [entry.by for entry in Lake(url).log.read().entries if entry.action == "proof"]


def path_of(url: str, uri: str) -> str:
    rows = lake.open_lake(url).dataset("documents").to_table(["doc_id", "uri"]).to_pylist()
    return f"/documents/{next(row['doc_id'] for row in rows if row['uri'] == uri)}/erasure"


def plan(running: Running, path: str, key: str = OPERATOR) -> dict[str, Any]:
    found: dict[str, Any] = running.get(path, key).json()
    return found


def test_an_erasure_is_planned_for_operators_alone(running: Running, erased_lake: str) -> None:
    path = path_of(erased_lake, "1.md")
    assert running.get(path, READER).status_code == 403
    found = plan(running, path)
    assert [one["uri"] for one in found["documents"]] == ["1.md"]
    assert len(found["releases"]) == 2
    assert found["command"].startswith("raglake forget 1.md --source ")
    assert running.get(path, OPERATOR).status_code == 200  # it is there still


def test_what_was_planned_is_erased_proven_and_logged(running: Running, erased_lake: str) -> None:
    path = path_of(erased_lake, "2.md")
    planned = plan(running, path, ERASER)
    reply = running.post(path, ERASER, uri="2.md", plan=planned["plan"], why=WHY)
    found = reply.json()
    assert (reply.status_code, [one["uri"] for one in found["documents"]]) == (200, ["2.md"])
    assert found["release"] == reply.headers["Raglake-Release"]
    assert found["releases"] == planned["releases"]
    assert found["proof"]["n_files"] > 10
    assert running.get(path, ERASER).status_code == 404
    assert "2.md" not in {hit["uri"] for hit in running.post(key=OPERATOR, text="lamp 2", k=50).json()["hits"]}
    proven, erased = running.get("/log", OPERATOR).json()["entries"][:2]
    assert (erased["action"], erased["why"], erased["by"]) == ("forget", WHY, "eraser over HTTP")
    assert (proven["action"], proven["by"], proven["proof"]) == ("proof", "eraser over HTTP", found["proof"])


def test_the_progress_of_an_erasure_is_streamed_and_a_second_one_at_once_is_no_failure(
    running: Running, erased_lake: str, caplog: pytest.LogCaptureFixture
) -> None:
    path, other = path_of(erased_lake, "3.md"), path_of(erased_lake, "9.md")
    body = {"uri": "3.md", "plan": plan(running, path)["plan"], "why": WHY, "stream": True}
    second = {"uri": "9.md", "plan": plan(running, other)["plan"], "why": WHY}
    headers = {"Authorization": f"Bearer {ERASER}"}
    with httpx.stream("POST", running.url + path, json=body, headers=headers, timeout=120) as reply:
        refused = running.post(other, ERASER, **second)
        events = [block.removeprefix("event: ").split("\ndata: ") for block in reply.read().decode().split("\n\n")[:-1]]
    assert (refused.status_code, "erasing other documents" in refused.text) == (409, True)
    assert "an erasure failed" not in caplog.text
    assert (reply.headers["content-type"].split(";")[0], events[-1][0]) == ("text/event-stream", "erased")
    assert {name for name, _ in events[:-1]} == {"progress"}
    assert json.loads(events[-1][1])["proof"]["n_rows"] > 0


@pytest.mark.parametrize(
    ("key", "words", "stream", "status", "message"),
    [
        (READER, {}, False, 403, "may not erase"),
        (OPERATOR, {}, True, 403, '"erases": true'),
        (ERASER, {"uri": "5.md"}, True, 400, "not the uri of the document"),
        (ERASER, {"plan": "0"}, False, 409, "look at the dry run again"),
        (ERASER, {"why": "4.md holds a name"}, True, 400, "the reason names what is to be erased"),
        (ERASER, {"why": " "}, True, 422, "reason"),
    ],
)
def test_what_may_not_be_erased_is_refused_and_stays(
    running: Running, erased_lake: str, key: str, words: dict[str, str], stream: bool, status: int, message: str
) -> None:
    path, head = path_of(erased_lake, "4.md"), Lake(erased_lake).log.read().head
    body = {"uri": "4.md", "plan": plan(running, path)["plan"], "why": WHY} | words
    reply = running.post(path, key, **body, stream=stream)
    assert reply.status_code in ((status, 200) if stream else (status,))  # a stream may have begun
    assert message in reply.text.replace('\\"', '"')
    assert '"proof"' not in reply.text
    assert plan(running, path)["documents"]
    assert Lake(erased_lake).log.read().head == head


def test_an_erasure_does_not_wait_for_a_run_that_writes(running: Running, erased_lake: str) -> None:
    path = path_of(erased_lake, "4.md")
    body = {"uri": "4.md", "plan": plan(running, path)["plan"], "why": WHY}
    with WriterLease(Lake(erased_lake).store, "a run that writes"):
        reply = running.post(path, ERASER, **body)
    assert (reply.status_code, "a run that writes" in reply.json()["message"]) == (409, True)


def test_an_erasure_whose_process_can_not_be_started_is_not_finished(
    running: Running, erased_lake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = path_of(erased_lake, "4.md")
    body = {"uri": "4.md", "plan": plan(running, path)["plan"], "why": WHY}
    with monkeypatch.context() as patch:
        patch.setenv("FAR_TOO_LONG", "a" * (1 << 20))  # no process can be started with it
        reply = running.post(path, ERASER, **body)
    assert (reply.status_code, reply.json()["error"]) == (503, "not_erased")
    assert "Argument list too long" in reply.json()["message"]


def test_an_erasure_whose_process_is_killed_is_not_finished(erased_lake: str) -> None:
    erasing = ForgetProcess(erased_lake, {"uri": "4.md", "why": WHY})
    os.kill(erasing.pid, signal.SIGKILL)
    with pytest.raises(TransientError, match="ended with status -9"):
        erasing.outcome(silent)


def test_an_erasure_goes_on_without_its_caller_and_without_its_service(erased_lake: str) -> None:
    anonymous = Key("anonymous", principals="*", operator=True, erases=True)
    with _service(erased_lake, KeyRing(anonymous=anonymous)) as running:
        path = path_of(erased_lake, "6.md")
        body = {"uri": "6.md", "plan": plan(running, path, "")["plan"], "why": WHY, "stream": True}
        of_another_site = httpx.post(running.url + path, json=body, headers={"Origin": "https://evil.example"})
        assert (of_another_site.status_code, "another site" in of_another_site.text) == (403, True)
        with httpx.stream("POST", running.url + path, json=body, timeout=120) as reply:
            assert reply.status_code == 200  # the head of the response came: it is begun
    until(lambda: proofs(erased_lake)[-1:] == ["anonymous over HTTP"])
    assert "6.md" not in lake.open_lake(erased_lake).dataset("documents").to_table(["uri"]).column("uri").to_pylist()


@pytest.mark.parametrize("less", [{"operator": False}, {"principals": ["hr"]}])
def test_a_key_that_erases_sees_everything_and_operates(less: dict[str, Any]) -> None:
    given = {"name": "k", "key": "0123456789abcdef", "operator": True, "principals": "*", "erases": True}
    assert Key.from_json(given).erases
    with pytest.raises(UsageError, match="erases, which needs"):
        Key.from_json(given | less)


def test_what_a_step_adds_once_another_has_begun_is_not_shown() -> None:
    steps = ErasureSteps()
    for told in (("documents", 0, 2), ("releases", 0, 3), ("releases", 1, None), ("documents", 2, None)):
        steps(*told)
    assert steps.to_json() == {"step": "releases", "done": 1, "total": 3}
