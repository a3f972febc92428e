"""A lake and its source on an S3 server of our own."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import lake
from flows.reindex import Outcome
from lake import operate
from lake.directory import Lake
from lake.errors import InputError, RefusedError, UsageError
from lake.ingest.rebuild import rebuild
from lake.options import Retention
from lake.sources.listing import listing
from lake.sources.source import parse_source
from lake.storage.lease import WriterLease
from lake.storage.store import open_store

BUCKET = "harbour"


@pytest.fixture
def s3(bucket: str) -> str:
    """The bucket's URL, with a few documents in it."""
    import s3fs

    files = s3fs.S3FileSystem()
    for number in range(12):
        files.pipe_file(
            f"{BUCKET}/docs/{number}.md", f"# Berth {number}\n\nBerth {number} takes {number * 9} m.".encode()
        )
    return bucket


def test_ingest_query_change_and_rebuild(s3: str, ingest: Callable[..., Outcome]) -> None:
    import s3fs

    night = {"sources": (f"{s3}/docs",), "lake": f"{s3}/lake"}
    built = ingest(**night)
    assert (built.published, built.n_documents) == (True, 12)
    assert ingest(**night).reason == "nothing to do"
    files = s3fs.S3FileSystem()
    files.pipe_file(f"{BUCKET}/docs/3.md", b"# Berth 3\n\nBerth 3 is closed.")
    files.rm_file(f"{BUCKET}/docs/11.md")
    files.invalidate_cache()
    changed = ingest(**night)
    assert (changed.changed, changed.removed, changed.n_texts_embedded) == (1, 1, 1)
    index = lake.open_lake(f"{s3}/lake")
    assert index.search("Which berth is closed?", 1)["uri"].to_pylist() == ["3.md"]
    old = index.search("Which berth is closed?", 12, at=built.release or "")
    assert "Berth 3 is closed" not in " ".join(old["text"].to_pylist())
    files.rm(f"{BUCKET}/lake/tables", recursive=True)
    rebuild(Lake.existing(f"{s3}/lake"))
    assert index.search("Which berth is closed?", 1)["uri"].to_pylist() == ["3.md"]


def test_objects_of_any_key_are_documents_of_their_own(bucket: str) -> None:
    """With slashes in a row, in front, of the name of a folder; the mark of a folder is no document."""
    import boto3

    odd = ["a.md", "/a.md", "x//b.md", "x/b.md", "k.md", "k.md/c.md", "1+1 %2B?#[*].md", "e\u0301.md", "\xe9.md"]
    client = boto3.client("s3")
    for key in odd:
        client.put_object(Bucket=BUCKET, Key=f"odd/{key}", Body=f"The berth {key!a}.".encode())
    client.put_object(Bucket=BUCKET, Key="odd/marked/", Body=b"")
    source = parse_source(f"{bucket}/odd")
    found = listing([source]).to_pylist()
    assert {row["uri"]: source.read(row["uri"]).decode() for row in found} == {
        key: f"The berth {key!a}." for key in odd
    }
    assert [row["size"] for row in found] == [len(f"The berth {row['uri']!a}.") for row in found]


class _Refusing(http.server.BaseHTTPRequestHandler):
    """A bucket of one object, whose bytes are refused; an answer to HEAD has no code."""

    code = ""

    def do_HEAD(self) -> None:
        self._answer(403, "")

    def do_GET(self) -> None:
        if "list-type" in self.path:
            held = "<Contents><Key>docs/a.md</Key><Size>7</Size><ETag>1</ETag></Contents>"
            self._answer(200, f"<ListBucketResult><KeyCount>1</KeyCount>{held}</ListBucketResult>")
        else:
            self._answer(403, f"<Error><Code>{self.code}</Code><Message>no</Message></Error>")

    def _answer(self, status: int, body: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None: ...


def test_a_login_that_expires_between_listing_and_reading_is_no_closed_object(monkeypatch: pytest.MonkeyPatch) -> None:
    import s3fs

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Refusing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name, value in {"ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}", "REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "k")
    s3fs.S3FileSystem.clear_instance_cache()
    try:
        source = parse_source("s3://harbour/docs/")
        assert listing([source])["uri"].to_pylist() == ["a.md"]
        monkeypatch.setattr(_Refusing, "code", "ExpiredToken")
        with pytest.raises(
            UsageError, match=r"login was refused when s3://harbour/docs/a.md was read \(ExpiredToken\)"
        ):
            parse_source("s3://harbour/docs/").read("a.md")
        monkeypatch.setattr(_Refusing, "code", "AccessDenied")
        with pytest.raises(InputError, match="no permission"):
            parse_source("s3://harbour/docs/").read("a.md")
    finally:
        s3fs.S3FileSystem.clear_instance_cache()
        server.shutdown()
        server.server_close()


def test_rollback_prune_and_forget(s3: str, ingest: Callable[..., Outcome], tmp_path: Path) -> None:
    import s3fs

    night, url, files = {"sources": (f"docs={s3}/docs",), "lake": f"{s3}/lake"}, f"{s3}/lake", s3fs.S3FileSystem()
    releases = []
    for number in (3, 4, 5):
        releases.append(ingest(**night).release or "")
        files.pipe_file(f"{BUCKET}/docs/{number}.md", f"# Berth {number}\n\nBerth {number} is closed.".encode())
    operate.rollback(url, releases[0], why="drill")
    files.invalidate_cache()
    after = ingest(**night)
    assert (after.changed, after.n_texts_embedded) == (3, 1)
    fresh = ingest(**(night | {"lake": str(tmp_path / "fresh")}))
    index, other = lake.open_lake(url), lake.open_lake(str(tmp_path / "fresh"))
    for table in ("chunks", "parents"):
        ours, theirs = (pl.DataFrame(each.dataset(table).to_table()) for each in (index, other))
        assert ours.sort(ours.columns[0]).equals(theirs.sort(ours.columns[0]))
    assert fresh.n_chunks == after.n_chunks

    pruned = operate.prune(url, Retention(2, 0, 0, 0, 0))
    assert pruned.dropped == (releases[0], releases[1])
    before = {name: index.search("Berth", 12, at=name)["uri"].to_pylist() for name in pruned.kept}
    forgotten = operate.forget(url, uri="7.md", why="request 4711")
    assert forgotten.releases == (releases[2], after.release)
    assert forgotten.proof is not None
    assert forgotten.proof.holds
    assert forgotten.proof.n_files > 50
    for name, uris in before.items():
        assert sorted(index.search("Berth", 12, at=name)["uri"].to_pylist()) == sorted(set(uris) - {"7.md"})
    again = ingest(**night)
    assert (again.reason, again.n_denied) == ("nothing to do", 1)
    assert operate.prune(url, Retention(1, 0, 0, 0, 0)).dropped == (releases[2],)


def test_put_if_absent_and_the_lease_hold_there_too(s3: str) -> None:
    store = open_store(f"{s3}/elsewhere")
    assert [store.put_if_absent("log/1.json", b"a"), store.put_if_absent("log/1.json", b"b")] == [True, False]
    assert (store.read("log/1.json"), store.names("log"), store.names("nothing")) == (b"a", ["1.json"], [])
    with WriterLease(store, "one"), pytest.raises(RefusedError, match="written by one"), WriterLease(store, "two"):
        pass
    store.delete("log/1.json")
    store.delete("log/1.json")
    assert store.names("log") == []


def test_a_source_that_is_not_there(s3: str, tmp_path: Path, ingest: Callable[..., Outcome]) -> None:
    with pytest.raises(UsageError, match="no such source: s3://harbour/nothing"):
        ingest(sources=(f"{s3}/nothing",), lake=str(tmp_path / "lake"))
