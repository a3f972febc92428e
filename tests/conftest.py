"""What several tests share: a lake in a temporary folder and a source of small documents."""

from __future__ import annotations

import fcntl
import gc
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from functools import cache, cached_property, partial
from pathlib import Path

import certifi
import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling

from flows.reindex import Job, Outcome, reindex
from flows.steps import PlainSteps
from lake.options import RecipeOptions
from tests.shared_children import SharedChildren
from tests.slow import SLOW_FIXTURES, is_slow
from tests.waiting import accepts, free_port, until

# Torch's threads spin while they wait for one another; beside other workers that costs several times the computing.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# How long an example takes says more of the machine's load than of the code; speed is measured in benchmarks/.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the garbage collector away from modules, which never become garbage.

    All libraries together are a million objects. To look at them again and again takes more than a third of the time
    in which tests are collected, and a second with each full collection after that.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if is_slow(item.nodeid) or SLOW_FIXTURES & {*getattr(item, "fixturenames", ())}:
            item.add_marker("slow")


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadFileScheduling:
    return Scheduling(config, log)


#: Folders whose tests share a lake, a service or a model that takes seconds to make or to load.
TOGETHER = ("tests/flows/runtime", "tests/lake/console", "tests/lake/embed")


class Scheduling(LoadFileScheduling):
    """One worker runs all files of such a folder, and one all whose tests share the Prefect server."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        if file in self._with_prefect:
            return "prefect"
        return next((folder for folder in TOGETHER if file.startswith(f"{folder}/")), file)

    @cached_property
    def _with_prefect(self) -> set[str]:
        root = self.config.rootpath
        files = (root / "tests" / "flows").glob("test_*.py")
        return {file.relative_to(root).as_posix() for file in files if "client: SyncPrefectClient" in file.read_text()}


#: Session fixtures that take a tenth of a core while nobody asks them anything, or, as the browser, the event loop.
RESTLESS = ("prefect_server", "server", "browser")


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """End such a server with the last file that needs it, not with the worker."""
    if nextitem is not None and _file(nextitem) == _file(item):
        return
    for name in RESTLESS:
        if (made := _session_fixture(item, name)) and made is not (nextitem and _session_fixture(nextitem, name)):
            made.finish(item._request)  # type: ignore[attr-defined]


def _session_fixture(item: pytest.Item, name: str) -> pytest.FixtureDef[object] | None:
    """The fixture that this test, or another one of its file, uses."""
    found = _restless(item.session).get((_file(item), name))
    return found if found and found.scope == "session" else None


@cache
def _restless(session: pytest.Session) -> dict[tuple[str, str], pytest.FixtureDef[object]]:
    """The restless fixtures of each file: to look through thousands of tests again after each file takes seconds."""
    return {
        (_file(item), name): item._fixtureinfo.name2fixturedefs[name][-1]  # type: ignore[attr-defined]
        for item in session.items
        for name in RESTLESS
        if name in getattr(item, "fixturenames", ())
    }


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


@pytest.fixture(scope="session", autouse=True)
def one_certificate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Each HTTP client reads all certificates that it trusts, in 20 ms: no server of the tests has one of them."""
    file, end = tmp_path_factory.mktemp("certificates") / "one.pem", "-----END CERTIFICATE-----\n"
    with open(certifi.where()) as known, pytest.MonkeyPatch.context() as patch:
        file.write_text(known.read().partition(end)[0] + end)
        patch.setenv("SSL_CERT_FILE", str(file))
        yield


@pytest.fixture(scope="session", autouse=True)
def shared_children() -> Iterator[None]:
    children = SharedChildren()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tasks.steps._child", children)
        yield
    children.close()


#: Makes the tables of a Prefect server in the database that PREFECT_SERVER_DATABASE_CONNECTION_URL names.
MIGRATE = """
import asyncio
from prefect.server.database import provide_database_interface
asyncio.run(provide_database_interface().create_db())
"""


@pytest.fixture(scope="session")
def prefect_database(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """An empty database for each Prefect server to copy, made once for all workers: its migrations take seconds."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "prefect-database"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "prefect.db").exists():
            (folder / "new.db").unlink(missing_ok=True)
            variables = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
            variables["PREFECT_HOME"] = str(folder)
            variables["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = f"sqlite+aiosqlite:///{folder / 'new.db'}"
            subprocess.run([sys.executable, "-P", "-c", MIGRATE], env=variables, check=True, timeout=180)
            with closing(sqlite3.connect(folder / "new.db")) as database:
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            (folder / "new.db").rename(folder / "prefect.db")
    return folder / "prefect.db"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


@pytest.fixture
def lake_url(tmp_path: Path) -> str:
    return str(tmp_path / "lake")


@pytest.fixture
def ingest(source: Path, lake_url: str) -> Callable[..., Outcome]:
    """Run the real ingest, without Prefect; keywords go to Job, Settings' under ``settings``."""

    return partial(ingested, str(source), lake_url)


def ingested(
    source: str,
    lake_url: str,
    *,
    embedder: object = None,
    n_workers: int | None = None,
    settings: RecipeOptions | None = None,
    **job: object,
) -> Outcome:
    """What the fixture ``ingest`` calls; for fixtures that make a lake once, which tests then copy.

    A source that has a name, as in ``docs=FOLDER``, may be copied as well: its documents keep their identity.
    """
    words = {"sources": (source,), "lake": lake_url, "settings": settings or RecipeOptions(embedder="hash"), **job}
    with PlainSteps(n_workers=n_workers, embedder=embedder) as steps:  # type: ignore[arg-type]
        return reindex(Job(**words), steps)  # type: ignore[arg-type]


#: Moto would list its folders twice, take a new connection for each request, and look each value of each key of a
#: listing up in a model of all of S3, in a quarter of a millisecond: most of its time.
S3_SERVER = """
import sys
from xml.sax.saxutils import escape
from moto import backends
modules = [*backends.list_of_moto_modules()]
backends.list_of_moto_modules = lambda: modules
from moto.s3.responses import S3Response
from moto.server import MotoRequestHandler, main

HEAD = '<?xml version="1.0" encoding="utf-8"?>\\n'
whole = S3Response.serialized

def element(name, value):
    if isinstance(value, list):
        return "".join(element(name, one) for one in value)
    if isinstance(value, dict):
        return f"<{name}>{''.join(element(*one) for one in value.items())}</{name}>"
    return f"<{name}>{escape(str(value).lower() if isinstance(value, bool) else str(value))}</{name}>"

def serialized(self, answer):
    result = answer.result
    if not isinstance(result, dict) or "KeyCount" not in result:
        return whole(self, answer)
    listing = element("ListBucketResult", result).replace(">", ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/">', 1)
    return 200, {"Content-Type": "application/xml", **self.response_headers}, HEAD + listing

S3Response.serialized = serialized
MotoRequestHandler.protocol_version = "HTTP/1.1"
main(sys.argv[1:])
"""


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """Address of an S3 server of our own."""
    port = free_port()
    command = [sys.executable, "-c", S3_SERVER, "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: accepts(port), "no S3 server")
        yield url
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def bucket(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """URL of an empty bucket, with the environment that every AWS client reads."""
    import s3fs

    settings = {
        "AWS_ENDPOINT_URL": s3_server,
        "AWS_ACCESS_KEY_ID": "k",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_REGION": "us-east-1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    files = s3fs.S3FileSystem()
    if files.exists("harbour"):
        files.rm("harbour", recursive=True)
    files.mkdir("harbour")
    return "s3://harbour"
