"""An object store that fails in the middle of a run: a real S3 server behind a proxy that breaks on command."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import lake
import raglake
from flows.cli.app import _exit_status
from flows.cli.options import FAILED, OK
from lake.directory import Lake
from lake.errors import TransientError

BUCKET, LAKE = "quay", "s3://quay/lake"
_HISTORY = {"indexed_at", "modified_at", "first_seen_at"}
_DENIED = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


class Proxy(ThreadingHTTPServer):
    """Forwards to ``upstream`` and breaks from the first request on that ``breaks`` names, in the way of ``mode``.

    ``reset`` closes the connection without an answer, ``hang`` does so after some seconds, ``503`` and the
    like are answered. So does each request that ``fails`` names, which
    breaks no others. The answer to a request that ``loses`` names is thrown away.
    """

    daemon_threads = True

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = upstream.removeprefix("http://")
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.mend()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def mend(self) -> None:
        self.seen: list[tuple[str, str]] = []
        self.broken, self.mode = False, "reset"
        self.breaks: Callable[[str, str], bool] = lambda method, path: False
        self.fails: Callable[[str, str], bool] = lambda method, path: False
        self.loses: Callable[[str, str], bool] = lambda method, path: False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is nothing to tell of."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.broken = self.server.broken or self.server.breaks(self.command, self.path)
        if self.server.broken or self.server.fails(self.command, self.path):
            self._fail()
            return
        loses = self.server.loses(self.command, self.path)
        self.server.seen.append((self.command, self.path))
        connection = http.client.HTTPConnection(self.server.upstream, timeout=30)
        connection.request(self.command, self.path, body, dict(self.headers))
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        if loses:
            self._reset()
        else:
            self._answer(answer.status, dict(answer.getheaders()), data)

    def _answer(self, status: int, headers: dict[str, str], data: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                self.send_header(name, value)
        is_head = self.command == "HEAD"
        self.send_header("Content-Length", headers.get("Content-Length", "0") if is_head else str(len(data)))
        self.end_headers()
        self.wfile.write(b"" if is_head else data)

    def _fail(self) -> None:
        if self.server.mode.isdigit():
            self._answer(int(self.server.mode), {}, _DENIED if self.server.mode == "403" else b"")
            return
        if self.server.mode == "hang":
            time.sleep(2)
        self._reset()

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _serve


@pytest.fixture
def server(s3_server: str) -> str:
    return s3_server


@pytest.fixture
def proxy(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """In front of an empty bucket; clients are impatient, so that a failure does not take minutes."""
    import fsspec
    import s3fs

    settings = {
        "AWS_ENDPOINT_URL": server,
        "AWS_ACCESS_KEY_ID": "k",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_REGION": "us-east-1",
        "AWS_MAX_ATTEMPTS": "1",
        "OBJECT_STORE_CLIENT_MAX_RETRIES": "0",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setitem(fsspec.config.conf, "s3", {"config_kwargs": {"read_timeout": 1}})
    s3fs.S3FileSystem.clear_instance_cache()
    files = s3fs.S3FileSystem()
    if files.exists(BUCKET):
        files.rm(BUCKET, recursive=True)
    files.mkdir(BUCKET)
    running = Proxy(server)
    yield running
    running.shutdown()
    s3fs.S3FileSystem.clear_instance_cache()


Run = Callable[[str], tuple[int, str]]


@pytest.fixture
def run(source: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Ingest the source by way of an endpoint; exit status and what was said."""

    def ingest(endpoint: str) -> tuple[int, str]:
        through(endpoint, monkeypatch)
        capsys.readouterr()
        status = _exit_status(["ingest", str(source), "--lake", LAKE, "--embedder", "hash", "--json"])
        return status, capsys.readouterr().err

    return ingest


def through(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import s3fs

    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    s3fs.S3FileSystem.clear_instance_cache()


def everything(url: str) -> dict[str, pl.DataFrame]:
    index = lake.open_lake(url)
    tables = ("documents", "parents", "chunks", "quarantine")
    frames = {name: pl.DataFrame(index.dataset(name).to_table()) for name in tables}
    return {name: frame.drop(_HISTORY & set(frame.columns)).sort(frame.columns[0]) for name, frame in frames.items()}


def same(some: dict[str, pl.DataFrame], others: dict[str, pl.DataFrame]) -> bool:
    return all(frame.equals(others[name]) for name, frame in some.items())


def write(source: Path, night: int) -> None:
    for berth in range(8):
        (source / f"{berth}.md").write_text(f"# Berth {berth}\n\nIn night {night} berth {berth} took {berth * 9} m.")


def fails(proxy: Proxy, mode: str, share: float, n_requests: int) -> None:
    proxy.mend()
    proxy.mode, proxy.breaks = mode, lambda method, path: len(proxy.seen) >= int(n_requests * share)


#: What happens from which share of a run's requests on.
_WAYS = [("500", 0.01), ("reset", 0.15), ("503", 0.6), ("reset", 0.86)]


def test_wherever_the_store_fails_readers_keep_their_release_and_a_later_run_converges(
    proxy: Proxy,
    server: str,
    source: Path,
    lake_url: str,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write(source, 0)
    assert run(server)[0] == OK
    write(source, 1)
    assert run(proxy.url)[0] == OK
    n_requests = len(proxy.seen)
    before = everything_at(server, monkeypatch)
    for night, (mode, share) in enumerate(_WAYS, 2):
        write(source, night)
        fails(proxy, mode, share, n_requests)
        status, said = run(proxy.url)
        assert status == FAILED, (mode, share, said)
        assert LAKE in said
        assert "defect" not in said
        assert "Traceback" not in said
        assert same(everything_at(server, monkeypatch), before), (mode, share)
    assert run(server)[0] == OK
    after = everything(LAKE)
    assert not same(after, before)
    assert _exit_status(["ingest", str(source), "--lake", lake_url, "--embedder", "hash"]) == OK
    assert same(after, everything(lake_url))


def everything_at(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, pl.DataFrame]:
    through(endpoint, monkeypatch)
    return everything(LAKE)


def test_a_store_that_hangs_is_given_up(proxy: Proxy, source: Path, run: Run) -> None:
    write(source, 0)
    proxy.mode, proxy.breaks = "hang", lambda method, path: method == "PUT" and "/contents/" in path
    status, said = run(proxy.url)
    assert (status, "contents/" in said or "timeout" in said) == (FAILED, True), said
    assert "the object store failed under s3://quay/lake" in said


def test_a_store_that_denies_access_says_so(proxy: Proxy, source: Path, run: Run) -> None:
    write(source, 0)
    for part in ("/lease/", "/tables/"):
        proxy.mend()
        proxy.mode, proxy.breaks = "403", lambda method, path, part=part: method == "PUT" and part in path
        status, said = run(proxy.url)
        assert (status, "s3://quay/lake" in said, "AccessDenied" in said) == (FAILED, True, True), said


def test_an_answer_that_is_lost_costs_nothing(
    proxy: Proxy, source: Path, lake_url: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server did what it was asked to and the client never heard: its second try finds its own object."""

    def first_put(method: str, path: str) -> bool:
        is_conditional = any(part in path for part in ("/log/", "/lease/", "/_versions/"))
        return method == "PUT" and is_conditional and (method, path) not in proxy.seen

    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    monkeypatch.setenv("OBJECT_STORE_CLIENT_MAX_RETRIES", "1")
    write(source, 0)
    proxy.loses = first_put
    status, said = run(proxy.url)
    assert status == OK, said
    again = [path for method, path in proxy.seen if method == "PUT" and "/log/" in path]
    assert len(again) == 2 * len(set(again)) == 6  # build, audit, publish
    assert [entry.action for entry in Lake.existing(LAKE).log.read().entries] == ["build", "audit", "publish"]
    assert _exit_status(["ingest", str(source), "--lake", lake_url, "--embedder", "hash"]) == OK
    assert same(everything(LAKE), everything(lake_url))


@pytest.mark.parametrize("how", ["answers 500", "loses the connection"])
def test_an_object_that_the_store_never_gives_costs_that_document_only(
    proxy: Proxy, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    import s3fs

    through(server, monkeypatch)
    files = s3fs.S3FileSystem()
    for name in "abc":
        files.pipe(f"{BUCKET}/docs/{name}.md", f"# Berth {name}\n\nIt takes {name}.".encode())
    address, lake_url = (f"docs=s3://{BUCKET}/docs",), str(tmp_path / "lake")

    def ingest(**options: Any) -> raglake.Outcome:
        return raglake.ingest(address, lake_url, recipe=raglake.RecipeOptions(embedder="hash"), **options)

    assert ingest().added == 3
    for name in "ab":
        files.pipe(f"{BUCKET}/docs/{name}.md", f"# Berth {name}\n\nIt takes {name} today.".encode())
    files.rm(f"{BUCKET}/docs/c.md")
    monkeypatch.setattr(s3fs.S3FileSystem, "retries", 1)
    proxy.fails = lambda method, path: method == "GET" and path.endswith("/b.md")
    proxy.mode = "500" if how == "answers 500" else "reset"
    through(proxy.url, monkeypatch)
    outcome = ingest()
    assert (outcome.changed, outcome.removed, outcome.unchanged, outcome.n_quarantined) == (1, 1, 1, 0)
    assert [remark for remark in outcome.remarks if "b.md of docs could not be read and stays as it was" in remark]
    proxy.fails = lambda method, path: method == "GET" and path.endswith(".md")
    with pytest.raises(TransientError):
        ingest(run=raglake.RunOptions(verify=True))
    proxy.mend()
    assert ingest().changed == 1
