"""Documents that the service is given: durable, published by runs, and never lost or mixed up."""

from __future__ import annotations

import threading
import time
import unicodedata
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

import lake
from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake.directory import Lake
from lake.erasure.forget import forget
from lake.options import RecipeOptions
from lake.service.app import create_app
from lake.service.capacity import Capacity
from lake.service.keys import Key, KeyRing, digest_of
from lake.sources.protocol import SourceFile
from lake.sources.source import parse_source
from lake.storage import inbox, pushed
from tests.lake.service.conftest import Running, listening_service

WRITER, READER, BOTH = "a-key-that-writes-uploads", "a-key-that-reads-only", "a-key-that-writes-two-sources"
KEYS = [
    Key("writer", digest_of(WRITER), ("staff",), writes=("uploads",)),
    Key("reader", digest_of(READER)),
    Key("both", digest_of(BOTH), "*", writes=("uploads", "other")),
]
LIMIT = 200_000


class Place:
    """A lake with one folder, a service, and runs."""

    def __init__(self, folder: Path, running: Running) -> None:
        self.url, self.running, self._folder = str(folder / "lake"), running, folder

    def send(self, method: str, path: str, data: bytes = b"", key: str = WRITER, **words: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key}", **words.pop("headers", {})}
        address = f"{self.running.url}/documents/{path}"
        return httpx.request(method, address, content=data, headers=headers, params=words, timeout=30)

    def put(self, path: str, text: str | bytes, key: str = WRITER, **words: Any) -> httpx.Response:
        data = text if isinstance(text, bytes) else text.encode()
        words = words if "acl" in words or "open" in words else {**words, "open": "true"}
        return self.send("PUT", path, data, key, **words)

    def run(self, *only: str, **words: Any) -> Any:
        return run(self._folder, only=only, **words)

    def poll(self, response: httpx.Response, key: str = WRITER) -> dict[str, Any]:
        found = self.running.get(f"/documents/{response.json()['doc_id']}/publication", key, source="uploads")
        shown: dict[str, Any] = found.json()
        return shown

    def uris(self) -> set[str]:
        return set(lake.open_lake(self.url).dataset("documents").to_table(["uri"]).column("uri").to_pylist())


def run(folder: Path, **words: Any) -> Any:
    sources = (f"docs={folder / 'docs'}", "uploads=pushed:")
    with PlainSteps(n_workers=1) as steps:
        return reindex(Job(sources, str(folder / "lake"), RecipeOptions(embedder="hash"), **words), steps)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("pushing")
    (folder / "docs").mkdir()
    (folder / "docs" / "lamp.md").write_text("# Lamp\n\nA lamp burns whale oil.")
    run(folder)
    limits = Capacity(rate=10_000, burst=10_000, document_bytes=LIMIT, document_seconds=3)
    with listening_service(create_app(lake.open_lake(str(folder / "lake")), KeyRing(KEYS), limits), limits) as running:
        yield Place(folder, running)


def test_a_document_is_durable_published_replaced_and_deleted(place: Place) -> None:
    stored = place.put("reports/a.md", "# Pump\n\nHold the green key.", metadata='{"title": "Pumps"}')
    assert (stored.status_code, stored.json()["state"]) == (202, "waiting")
    assert stored.headers["Location"].startswith(f"/documents/{stored.json()['doc_id']}/publication")
    assert place.poll(stored)["state"] == "waiting"
    place.run()
    assert not inbox.names(Lake(place.url).store)
    found = place.poll(stored)
    assert (found["state"], found["etag"]) == ("published", stored.headers["ETag"])
    hit = place.running.post(key=READER, text="green key", mode="text").json()["hits"][0]
    assert (hit["uri"], hit["source"], hit["title"]) == ("reports/a.md", "uploads", "Pumps")

    again = place.put("reports/a.md", "# Pump\n\nHold the green key.", metadata='{"title": "Pumps"}')
    assert (again.status_code, again.headers["ETag"]) == (200, stored.headers["ETag"])  # nothing to wait for
    wrong = place.put("reports/a.md", "# Pump\n\nHold the red key.", headers={"If-Match": '"0"'})
    assert (wrong.status_code, wrong.headers["ETag"]) == (412, stored.headers["ETag"])
    assert place.put("reports/a.md", "x", headers={"If-None-Match": "*"}).status_code == 412
    right = place.put("reports/a.md", "# Pump\n\nHold the red key.", headers={"If-Match": stored.headers["ETag"]})
    assert right.status_code == 202
    place.run("reports/a.md")
    (notice,) = inbox.waiting(Lake(place.url).store)  # a run over keys leaves it to whoever watches
    inbox.done(Lake(place.url).store, [notice])
    assert place.poll(right)["state"] == "published"

    gone = place.send("DELETE", "reports/a.md")
    assert (gone.status_code, gone.json()["etag"]) == (202, None)
    place.run()
    assert place.poll(gone)["state"] == "removed"
    assert place.send("DELETE", "reports/a.md").status_code == 404
    assert "reports/a.md" not in place.uris()


def test_a_request_waits_for_its_release(place: Place) -> None:
    runner = threading.Timer(0.5, place.run)
    runner.start()
    created = place.put("waited.md", "# Waited\n\nfor a release", wait=20)
    runner.join()
    assert (created.status_code, created.json()["state"]) == (201, "published")
    assert created.headers["Raglake-Release"] == created.json()["release"]
    started = time.monotonic()
    assert place.put("waited.md", "# Waited\n\nfor nobody", wait=0.4).status_code == 202
    assert 0.3 < time.monotonic() - started < 5
    place.run()


def test_rights_are_stated_and_hold(place: Place) -> None:
    refused = place.send("PUT", "secret.md", b"# Secret\n\nducats")
    assert (refused.status_code, refused.json()["error"]) == (422, "no_rights")
    assert place.put("secret.md", "x", open="true", acl="staff").status_code == 422
    assert place.put("secret.md", "x", acl=["*"]).status_code == 422
    assert place.put("secret.md", "x", acl=["staff", "\0"]).status_code == 422
    assert place.put("secret.md", "x", acl="staff", metadata='{"a": 1, "a": 2}').status_code == 422
    assert place.put("secret.md", "x", acl="staff", metadata='{"ACL": []}').status_code == 422
    deep = "[" * 500 + "]" * 500
    assert place.put("secret.md", "x", acl="staff", metadata=f'{{"deep": {deep}}}').status_code == 422
    assert place.put("secret.md", "# Secret\n\nducats of the treasurer", acl=["staff", "board"]).status_code == 202
    assert place.put("nobody.md", "# Nobody\n\nducats of the treasurer", acl="").status_code == 202
    assert place.put("secret.md.meta.yaml", "acl: [hr]", open="true").status_code == 202  # about itself alone
    place.run()
    for key, uris in ((READER, set()), (WRITER, {"secret.md"}), (BOTH, {"secret.md", "nobody.md"})):
        hits = place.running.post(key=key, text="ducats treasurer", mode="text").json()["hits"]
        assert {hit["uri"] for hit in hits} == uris
    place.put("secret.md", "# Secret\n\nducats of the treasurer", acl="board")  # the same bytes
    place.run()
    assert place.running.post(key=WRITER, text="ducats treasurer", mode="text").json()["hits"] == []


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        ("%2e%2e/outside.md", 422, "no_uri"),
        ("a/%2E%2E/%2e%2e/b.md", 422, "no_uri"),
        ("a%2F..%2Fb.md", 422, "no_uri"),
        ("a//b.md", 422, "no_uri"),
        ("%2Fetc/passwd.md", 422, "no_uri"),
        ("a/.hidden/b.md", 422, "no_uri"),
        ("a%00b.md", 422, "no_uri"),
        ("a%0Ab.md", 422, "no_uri"),
        ("a%5Cb.md", 422, "no_uri"),
        ("a%FFb.md", 422, "no_uri"),
        ("a%ED%A0%80.md", 422, "no_uri"),
        ("x" * 1100 + ".md", 422, "no_uri"),
        (" a.md", 422, "no_uri"),
        ("a.md.meta.json", 422, "no_uri"),
        ("b/_metadata.csv", 422, "no_uri"),
        ("b/_Metadata.csv.txt", 422, "no_uri"),
        ("a.xyzzy", 415, "no_parser"),
        ("noname", 415, "no_parser"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_name_that_no_document_can_have_is_refused(place: Place, path: str, status: int, error: str) -> None:
    before = sorted(stored.path for stored in Lake(place.url).store.walk())
    got = place.put(path, "# Outside")
    assert (got.status_code, got.json()["error"]) == (status, error)
    assert sorted(stored.path for stored in Lake(place.url).store.walk()) == before


def test_names_are_one_in_all_their_spellings(place: Place) -> None:
    composed, decomposed = (unicodedata.normalize(form, "café/naïve 50%.md") for form in ("NFC", "NFD"))
    one, two = (place.put(quoted(name), f"# {form}\n\ntext") for name, form in ((composed, "one"), (decomposed, "two")))
    assert one.json()["doc_id"] == two.json()["doc_id"]
    assert one.json()["uri"] == two.json()["uri"] == composed
    assert place.put("deep%2Fwithin.md", "# Deep").json()["uri"] == "deep/within.md"  # a proxy may decode it as well
    place.run()
    assert {composed, "deep/within.md"} <= place.uris()
    assert decomposed not in place.uris()


def quoted(name: str) -> str:
    return "".join(f"%{byte:02X}" if byte != ord("/") else "/" for byte in name.encode())


def test_types_sizes_and_slow_bodies_are_refused(place: Place) -> None:
    assert place.put("a.pdf", b"%PDF-1.7", headers={"Content-Type": "application/pdf"}).status_code == 202
    other = place.put("b.pdf", b"PK", headers={"Content-Type": "application/json"})
    assert (other.status_code, other.json()["error"]) == (415, "other_type")
    form = place.put("b.md", b"--x", headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert (form.status_code, form.json()["error"]) == (415, "multipart")
    assert place.put("big.md", b"x" * (LIMIT + 1)).status_code == 413
    assert place.put("big.md", b"x" * 300_000, READER).status_code == 413  # may not write, so it may not send either

    def slow() -> Iterator[bytes]:
        for _ in range(50):
            yield b"x"
            time.sleep(0.1)

    headers = {"Authorization": f"Bearer {WRITER}"}
    got = httpx.put(f"{place.running.url}/documents/slow.md?open=true", content=slow(), headers=headers, timeout=30)
    assert got.status_code == 408
    assert place.put("empty.md", b"").status_code == 202  # quarantined, with a reason
    place.run()
    quarantined = place.poll(place.put("empty.md", b""))
    assert quarantined["state"] == "quarantined"
    assert quarantined["reason"]


def test_only_keys_that_write_do_and_only_their_sources(place: Place) -> None:
    for method in ("PUT", "DELETE"):
        assert place.send(method, "x.md", b"x", READER, open="true").status_code == 403
        assert place.send(method, "x.md", b"x", "no-key-at-all-of-this", open="true").status_code == 401
        assert place.send(method, "x.md", b"x", WRITER, open="true", source="other").status_code == 404
        assert place.send(method, "x.md", b"x", BOTH, open="true").status_code == 400  # which of the two
    assert place.send("PUT", "x.md", b"x", BOTH, open="true", source="other").status_code == 202
    assert place.send("DELETE", "x.md", b"", WRITER).status_code == 404
    assert place.send("DELETE", "x.md", b"", BOTH, source="other").status_code == 202
    assert place.running.get("/documents/..%2f../publication", WRITER).status_code == 404
    assert place.running.get("/documents/0123/publication", WRITER).status_code == 404
    assert place.running.get(f"/documents/{'0' * 32}/publication", READER).status_code == 403


def test_of_many_writers_with_one_precondition_one_wins(place: Place) -> None:
    tag = place.put("race.md", "# Race\n\nstart").headers["ETag"]

    def write(number: int) -> int:
        return place.put("race.md", f"# Race\n\nwriter {number}", headers={"If-Match": tag}).status_code

    with ThreadPoolExecutor(8) as writers:
        statuses = sorted(writers.map(write, range(8)))
    assert statuses == [202, *[412] * 7]
    with ThreadPoolExecutor(8) as writers:
        got = list(writers.map(lambda number: place.put("race.md", f"# Race\n\n{number}"), range(8)))
    assert {one.status_code for one in got} == {202}
    newest = pushed.PushedDocuments(Lake(place.url).store, "uploads").find("race.md")
    assert newest is not None
    assert f'"{newest.token}"' in {one.headers["ETag"] for one in got}


def test_a_document_may_have_the_name_of_a_folder(place: Place) -> None:
    for name in ("tree.md", "tree.md/leaf.md", "tree.md/deep/leaf.md"):
        place.put(name, f"# {name}\n\nleaves")
    place.run("tree.md")
    assert {"tree.md", "tree.md/leaf.md", "tree.md/deep/leaf.md"} <= place.uris()
    place.send("DELETE", "tree.md")
    place.run("tree.md")
    assert place.uris() >= {"tree.md/leaf.md", "tree.md/deep/leaf.md"}
    assert "tree.md" not in place.uris()


@pytest.mark.parametrize("is_published", [True, False])
def test_an_erasure_reaches_the_bytes(place: Place, is_published: bool) -> None:
    name = f"erased-{is_published}.md"
    stored = place.put(name, f"# Zanzibar {is_published}\n\nThe quokka of {name} sleeps.")
    place.put(name, f"# Zanzibar {is_published}\n\nThe quokka of {name} wakes.")
    if is_published:
        place.run()
    done = forget(Lake(place.url), uri=name, source="uploads", why="asked to")
    assert done.proof is not None
    assert done.proof.holds
    left = Lake(place.url).store
    assert not [one.path for one in left.walk() if b"quokka" in left.read(one.path)]
    assert not [one.path for one in left.walk("pushed") if stored.json()["doc_id"] in one.path]
    again = place.put(name, "# Zanzibar")
    assert (again.status_code, again.json()["error"]) == (409, "erased")
    place.run()
    assert name not in place.uris()


def test_a_kill_between_two_steps_loses_nothing_that_was_acknowledged(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Lake(place.url).store
    documents = pushed.PushedDocuments(store, "uploads")
    words: dict[str, Any] = {"by": "test", "acl": None, "metadata": None, "check": lambda newest: None}
    documents.put("killed.md", b"# Killed\n\nfirst", **words)

    for step in ("write", "put_if_absent"):
        dying = pushed.PushedDocuments(store, "uploads")

        def die(*_: object) -> bool:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(store, step, die)
            with pytest.raises(KeyboardInterrupt):
                dying.put("killed.md", b"# Killed\n\nsecond", **words)
        assert documents.read("killed.md") == b"# Killed\n\nfirst"
    documents.put("killed.md", b"# Killed\n\nthird", **words)  # killed before its notice: the nightly run finds it
    place.run()
    assert "killed.md" in place.uris()
    assert place.running.post(key=WRITER, text="killed third", mode="text").json()["hits"][0]["uri"] == "killed.md"


def test_a_listing_is_the_newest_of_everything_and_leftovers_go(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushed, "_SETTLED", pushed.timedelta(0))
    store = Lake(place.url).store
    documents = pushed.PushedDocuments(store, "listed")
    words: dict[str, Any] = {"by": "test", "acl": None, "metadata": None, "check": lambda newest: None}
    for number in range(3):
        documents.put("a/b.md", b"%d" % number, **words)
    documents.put("c.md", b"c", **words)
    documents.delete("c.md", "test", lambda newest: None)
    source = parse_source(f"listed=pushed:{place.url}")
    (found,) = source.list()
    assert isinstance(found, SourceFile)
    assert (found.uri, found.size, source.read("a/b.md")) == ("a/b.md", 1, b"2")
    for path, _ in list(documents.leftovers(pushed.clock.now())):
        store.delete(path)
    assert [one.uri for one in documents.every()] == ["a/b.md"]
    assert len([one for one in store.walk("pushed/listed") if "/folders/" not in one.path]) == 2
