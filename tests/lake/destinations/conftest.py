"""Lakes and stores that the tests of destinations share: each lake is built once, each store knows its own server."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import pytest

from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake import operate
from lake.destinations.registry import lake_identity
from lake.directory import Lake
from lake.options import RecipeOptions
from tests.lake.destinations.served import KEY, PineconeIndex, SearchEngine, Served, serving
from tests.lake.destinations.served_weaviate import Weaviate
from tests.lake.patterns import ingest  # noqa: F401 - a fixture
from tests.waiting import free_port

#: Variables with the keys of stores.
KEYS = ("PGPASSWORD", "ELASTICSEARCH_API_KEY", "OPENSEARCH_PASSWORD", "PINECONE_API_KEY", "WEAVIATE_API_KEY")
S = TypeVar("S", bound=Served)
#: Some 150 rows, which each test writes to each kind of store, and several Parquet files.
N_DOCUMENTS, N_SECTIONS = 25, 3


@dataclass(frozen=True)
class Lakes:
    """One lake at three times: releases by what they changed; then with other rights; then after an erasure."""

    early: Lake
    restricted: Lake
    erased: Lake
    releases: dict[str, str]


@pytest.fixture(scope="session")
def lakes(tmp_path_factory: pytest.TempPathFactory) -> Lakes:
    folder = tmp_path_factory.mktemp("lakes")
    source, lake = folder / "source", folder / "early"
    source.mkdir()
    for number in range(N_DOCUMENTS):
        sections = (f"## Lamp {part}\n\n{_words(number, part)}" for part in range(N_SECTIONS))
        (source / f"{number:03}.md").write_text(f"# Station {number}\n\n" + "\n\n".join(sections))
    (source / "secret.md").write_text("# Secret\n\nThe smuggler hides rum.")
    (source / "007.md.meta.json").write_text('{"acl": ["hr"]}')
    releases = {"full": _ingest(source, lake)}
    lake_identity(Lake.existing(str(lake)))
    changed = source / "004.md"
    changed.write_text(changed.read_text().replace("keeper1 ", "warden1 ", 1))
    releases["changed"] = _ingest(source, lake)
    (source / "010.md").unlink()
    releases["deleted"] = _ingest(source, lake)
    (source / "011.md").rename(source / "moved.md")
    releases["renamed"] = _ingest(source, lake)
    shutil.copytree(lake, folder / "restricted")
    (source / "007.md.meta.json").write_text('{"acl": ["board"]}')
    (source / "008.md.meta.json").write_text('{"acl": ["hr"]}')
    _ingest(source, folder / "restricted")
    shutil.copytree(folder / "restricted", folder / "erased")
    operate.forget(str(folder / "erased"), uri="secret.md", why="a request")
    found = [Lake.existing(str(folder / name)) for name in ("early", "restricted", "erased")]
    return Lakes(*found, releases)


def _words(number: int, part: int) -> str:
    return " ".join(f"The keeper{n} of light {number * n + part} burns oil {part * n}." for n in range(1, 8))


def _ingest(source: Path, lake: Path) -> str:
    job = Job(sources=(f"lamps={source}",), lake=str(lake), settings=RecipeOptions(embedder="hash", child_tokens=64))
    with PlainSteps(n_workers=1) as steps:
        outcome = reindex(job, steps)
    assert outcome.release is not None
    return outcome.release


@dataclass
class Kind:
    """One kind of store. ``place`` names a fresh collection; ``foreign`` puts another one of that name there."""

    name: str
    place: Callable[[Path], str]
    foreign: Callable[[str], None]
    #: A place whose login is refused; None if the store has no logins in this mode.
    denied: str | None = None
    #: A server of ours, if the store is no real one.
    served: Served | None = None


@pytest.fixture(scope="session")
def pgvector_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server with pgvector; skips if neither Debian's nor that of the package pgserver is installed."""
    pytest.importorskip("pgvector")
    folder = Path(tempfile.mkdtemp(prefix="pgvector-"))
    programs = _postgres_programs(folder)
    (folder / "password").write_text("s3cr3t")
    user = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.getuid() == 0 else []
    if user:
        shutil.chown(folder, "nobody", "nogroup")
    made = [f"{programs}/initdb", "-D", f"{folder}/data", "-U", "raglake", "-A", "scram-sha-256", "--no-sync"]
    made += [f"--pwfile={folder}/password", "-E", "UTF8", "--no-locale"]
    subprocess.run([*user, *made], check=True, stdout=subprocess.DEVNULL, cwd=folder)
    port = free_port()
    options = ["-D", f"{folder}/data", "-p", str(port), "-h", "127.0.0.1", "-k", "", "-F"]
    server = subprocess.Popen(
        [*user, f"{programs}/postgres", *options], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        url = f"postgresql://raglake@127.0.0.1:{port}/postgres"
        _wait_for_postgres(url)
        yield url
    finally:
        server.send_signal(signal.SIGINT)
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _postgres_programs(folder: Path) -> str:
    for control in sorted(Path("/usr/share/postgresql").glob("*/extension/vector.control"), reverse=True):
        return f"/usr/lib/postgresql/{control.parent.parent.name}/bin"
    found = find_spec("pgserver")
    if found is None or found.origin is None:
        pytest.skip("no PostgreSQL with pgvector is installed")
    packages = Path(found.origin).parent.parent
    if os.getuid() == 0:  # the user that runs it may not see where packages are installed
        for name in ("pgserver/pginstall", "pgserver.libs"):
            shutil.copytree(packages / name, folder / name, symlinks=True)
        packages = folder
    return f"{packages}/pgserver/pginstall/bin"


def _wait_for_postgres(url: str) -> None:
    import psycopg

    for attempt in range(1200):
        try:
            psycopg.connect(url, password="s3cr3t").close()
            return
        except psycopg.OperationalError:
            if attempt == 1199:
                raise
            time.sleep(0.1)


def _faiss(request: Any) -> Kind:
    pytest.importorskip("faiss")

    def foreign(place: str) -> None:
        Path(place).mkdir()
        (Path(place) / "report.txt").write_text("somebody's")

    return Kind("faiss", lambda folder: f"{folder}/index", foreign)


def _qdrant(request: Any) -> Kind:
    client = pytest.importorskip("qdrant_client")

    def foreign(place: str) -> None:
        folder, _, name = place.rpartition("/")
        with closing(client.QdrantClient(path=folder)) as there:
            there.create_collection(name, client.models.VectorParams(size=4, distance=client.models.Distance.DOT))

    # Local mode flushes each point to disk by itself.
    memory = (
        Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else request.getfixturevalue("tmp_path_factory").mktemp("q")
    )
    base = Path(tempfile.mkdtemp(prefix="qdrant-", dir=memory))
    request.addfinalizer(lambda: shutil.rmtree(base))
    return Kind("qdrant", lambda folder: f"{base}/{folder.name}/lamps", foreign)


def _pgvector(request: Any) -> Kind:
    url = request.getfixturevalue("pgvector_url")

    def foreign(place: str) -> None:
        import psycopg

        with psycopg.connect(url, password="s3cr3t") as there:
            there.execute(f"CREATE TABLE {place.rpartition('=')[2]} (id int)")

    denied = f"{url.replace('raglake@', 'stranger@')}?table=lamps"
    return Kind("pgvector", lambda folder: f"{url}?table=t{abs(hash(folder)) % 10**9}", foreign, denied)


def _chroma(request: Any) -> Kind:
    chromadb = pytest.importorskip("chromadb")

    def foreign(place: str) -> None:
        folder, _, name = place.rpartition("/")
        settings = chromadb.Settings(anonymized_telemetry=False)
        chromadb.PersistentClient(folder, settings).create_collection(name, embedding_function=None)

    return Kind("chroma", lambda folder: f"{folder}/chroma/lamps", foreign)


def _milvus(request: Any) -> Kind:
    pymilvus = pytest.importorskip("pymilvus")
    pytest.importorskip("milvus_lite")

    def foreign(place: str) -> None:
        file, _, name = place.rpartition("/")
        with closing(pymilvus.MilvusClient(file)) as there:
            there.create_collection(name, dimension=4)

    return Kind("milvus", lambda folder: f"{folder}/milvus.db/lamps", foreign)


def _iceberg(request: Any) -> Kind:
    pytest.importorskip("pyiceberg")

    def foreign(place: str) -> None:
        from pyiceberg.catalog.sql import SqlCatalog
        from pyiceberg.schema import Schema

        folder = Path(place).parent
        folder.mkdir()
        catalog = SqlCatalog("raglake", uri=f"sqlite:///{folder}/catalog.db", warehouse=folder.as_uri())
        catalog.create_namespace("docs")
        catalog.create_table("docs.lamps", Schema())

    return Kind("iceberg", lambda folder: f"{folder}/tables/docs.lamps", foreign)


def _search_engine(request: Any, engine: str) -> Kind:
    served = served_by(request, SearchEngine(engine))

    def foreign(place: str) -> None:
        served.indices[place.rpartition("/")[2]] = {"mappings": {}, "written": {}, "seen": {}}

    return served_kind(engine, served, foreign)


def _elasticsearch(request: Any) -> Kind:
    return _search_engine(request, "elasticsearch")


def _opensearch(request: Any) -> Kind:
    return _search_engine(request, "opensearch")


def _pinecone(request: Any) -> Kind:
    pytest.importorskip("pinecone")
    served = served_by(request, PineconeIndex(dimensions=256))

    def foreign(place: str) -> None:
        served.namespaces[place.rpartition("/")[2]] = {"1": {"id": "1", "values": [1.0] * 256}}

    return served_kind("pinecone", served, foreign)


def _weaviate(request: Any) -> Kind:
    served = served_by(request, Weaviate())

    def foreign(place: str) -> None:
        name = place.rpartition("/")[2]
        served.classes[name] = {"class": name, "description": "somebody's lamps"}

    return served_kind("weaviate", served, foreign, "Lamps")


def served_by(request: Any, served: S) -> S:
    """A server that runs until the module's tests are done."""
    running = serving(served)
    request.addfinalizer(lambda: running.__exit__(None, None, None))
    running.__enter__()
    return served


def served_kind(name: str, served: Served, foreign: Callable[[str], None], collection: str = "lamps") -> Kind:
    def place(folder: Path) -> str:
        return f"{served.url}/{collection}{abs(hash(folder)) % 10**9}"

    return Kind(name, place, foreign, f"{served.url}/{collection}", served)


KINDS = {
    "elasticsearch": _elasticsearch,
    "opensearch": _opensearch,
    "pinecone": _pinecone,
    "weaviate": _weaviate,
    "faiss": _faiss,
    "qdrant": _qdrant,
    "pgvector": _pgvector,
    "chroma": _chroma,
    "milvus": _milvus,
    "iceberg": _iceberg,
}


@pytest.fixture(scope="module", params=sorted(KINDS))
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param](request)


@pytest.fixture(autouse=True)
def quick_and_logged_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lake.destinations.repeated_calls.PAUSE_SECONDS", 0.001)
    monkeypatch.setattr("lake.destinations.pinecone._PAUSE", 0.001)
    monkeypatch.setattr("lake.destinations.pinecone._PATIENCE", 0.5)
    for module in ("chroma", "milvus", "qdrant", "search_engine", "weaviate"):  # so that the lakes have several pages
        monkeypatch.setattr(f"lake.destinations.{module}._PAGE", 50)
    for name in KEYS:
        monkeypatch.setenv(name, KEY)
