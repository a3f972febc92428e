"""Stores that somebody else altered between two syncs, and values at the limits of stores."""

from __future__ import annotations

import errno
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake.destinations.destination import DifferenceStore
from lake.destinations.failures import store_failures
from lake.destinations.opening import open_destination
from lake.destinations.release_rows import ReleaseRows
from lake.destinations.sync import sync
from lake.directory import Lake
from lake.errors import ContractError, LakeError
from lake.options import RecipeOptions
from tests.lake.destinations.conftest import Kind

#: What front matter, sidecars and connectors may state, as long as it likes.
STATED = {
    "title": "A lamp " * 12_000,
    "author": "ü" * 40_000,
    "tags": ["oil" * 3_000, *(f"tag {number}" for number in range(3_000))],
    "language": "de",
    "a.b": {"$in": [None, True, 1.5, {"x y": []}]},
    "When, exactly?": "2026-01-01",
    "é\u0301": [[1, [2]], None],
    "_id": None,
    "$vector": "x",
}
N_READERS = 3_000


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    folder = tmp_path_factory.mktemp("altered")
    source = folder / "source"
    source.mkdir()
    (source / "a.md").write_text("# Lamp\n\nIt burns oil.\n")
    (source / "b.md").write_text("# Crane\n\nIt lifts ballast.\n")
    (source / "a.md.meta.json").write_text(json.dumps(STATED))
    readers = [f"group:{'x' * 200}{number}" for number in range(N_READERS)]
    (source / "b.md.meta.json").write_text(json.dumps({"acl": readers}))
    with PlainSteps(n_workers=1) as steps:
        settings = RecipeOptions(embedder="hash")
        assert reindex(Job((f"odd={source}",), str(folder / "lake"), settings=settings), steps).published
    return Lake.existing(str(folder / "lake"))


@pytest.fixture
def name(kind: Kind, tmp_path: Path) -> str:
    return f"{kind.name}:{kind.place(tmp_path)}"


def held(name: str) -> dict[str, str]:
    with closing(open_destination(name)) as store:  # type: ignore[type-var]
        assert isinstance(store, DifferenceStore)
        store.held()
        return dict(store.listing())


def wanted(lake: Lake) -> dict[str, str]:
    history = lake.log.read()
    return ReleaseRows(lake, history.resolve("live"), history.rights).digests()


def test_values_at_the_limits_of_stores_arrive_or_are_named(lake: Lake, kind: Kind, name: str) -> None:
    if kind.name == "pinecone":
        with pytest.raises(LakeError, match="40,960"):
            sync(lake, name)
        return
    sync(lake, name)
    assert held(name) == wanted(lake)


def _qdrant(place: str) -> None:
    from qdrant_client import QdrantClient, models

    folder, _, name = place.rpartition("/")
    with closing(QdrantClient(path=folder)) as there:
        points = [
            models.PointStruct(id=7, vector=[1.0] * 256),
            models.PointStruct(id=8, vector=[1.0] * 256, payload={}),
        ]
        there.upsert(name, points)


def _chroma(place: str) -> None:
    import chromadb

    folder, _, name = place.rpartition("/")
    client = chromadb.PersistentClient(folder, chromadb.Settings(anonymized_telemetry=False))
    there = client.get_collection(name, embedding_function=None)
    there.upsert(ids=["theirs", "other"], embeddings=[[1.0] * 256] * 2, metadatas=[None, {"theirs": 1}])


def _pgvector(place: str) -> None:
    import psycopg

    url, _, table = place.partition("?table=")
    with psycopg.connect(url, password="s3cr3t") as there:
        vector = json.dumps([1.0] * 256)
        there.execute(
            f"INSERT INTO {table} (chunk_id, vector, readers, payload) VALUES ('theirs', '{vector}', '{{}}', '{{}}')"
        )
        there.execute(f"ALTER TABLE {table} ADD COLUMN theirs text DEFAULT 'x' NOT NULL")


def _milvus(place: str) -> None:
    import pymilvus

    file, _, name = place.rpartition("/")
    row = {"chunk_id": "theirs", "vector": [1.0] * 256, "readers": [], "payload": {}, "text": ""}
    texts = dict.fromkeys(("row_digest", "doc_id", "source", "uri", "title"), "")
    with closing(pymilvus.MilvusClient(file)) as there:
        there.upsert(name, [{**row, **texts}])
        there.flush(name)


def _iceberg(place: str) -> None:
    import pyarrow as pa
    from pyiceberg.catalog.sql import SqlCatalog

    folder, _, name = place.rpartition("/")
    catalog = SqlCatalog("raglake", uri=f"sqlite:///{folder}/catalog.db", warehouse=Path(folder).as_uri())
    table = catalog.load_table(name)
    schema = table.schema().as_arrow()
    table.append(pa.Table.from_pylist([{**dict.fromkeys(schema.names), "chunk_id": "theirs"}], schema))


STRANGERS: dict[str, Callable[[str], None]] = {
    "qdrant": _qdrant,
    "chroma": _chroma,
    "pgvector": _pgvector,
    "milvus": _milvus,
    "iceberg": _iceberg,
}


def test_rows_of_somebody_else_are_removed(lake: Lake, kind: Kind, name: str) -> None:
    if kind.name not in STRANGERS:
        pytest.skip("a server of ours, or files")
    sync(lake, name)
    STRANGERS[kind.name](name.partition(":")[2])
    assert sync(lake, name, n_checks=5).method == "listing"
    assert held(name) == wanted(lake)


def test_an_error_that_is_its_own_cause_has_an_end() -> None:
    """As those of Milvus' client."""
    error, other = ValueError("a value"), ValueError("the same")
    error.__cause__, other.__cause__ = other, error
    with pytest.raises(ContractError, match="a value"), store_failures("milvus:http://host/lamps"):
        raise error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "has no space left; free some"),
        (sqlite3.OperationalError("database or disk is full"), "has no space left; free some"),
        (PermissionError(errno.EACCES, "Permission denied"), "may not be written to by this user"),
        (OSError(errno.EROFS, "Read-only file system"), "may not be written to by this user"),
        (ConnectionResetError("reset"), "does not answer"),
        (ValueError("a value of 70,000 bytes"), "refuses what raglake sent .*70,000.*too large"),
        (TypeError("ours"), "ours"),
    ],
)
def test_an_error_of_a_store_states_the_next_step(error: Exception, expected: str) -> None:
    with pytest.raises(Exception, match=expected) as raised, store_failures("faiss:/srv/index"):
        raise error
    assert isinstance(raised.value, TypeError if isinstance(error, TypeError) else LakeError)


def test_a_table_that_was_renamed_or_altered(lake: Lake, pgvector_url: str) -> None:
    import psycopg

    name = f"pgvector:{pgvector_url}?table=lamps_before"
    sync(lake, name)
    with psycopg.connect(pgvector_url, password="s3cr3t", autocommit=True) as there:
        there.execute("ALTER TABLE lamps_before RENAME TO theirs")
        assert sync(lake, name).n_added
        assert held(name) == wanted(lake)
        there.execute("ALTER TABLE lamps_before DROP COLUMN title")
        with pytest.raises(LakeError, match=r"title.*(drop|rename)"):
            sync(lake, name, full=True)
    longest = f"pgvector:{pgvector_url}?table={'t' * 63}"
    sync(lake, longest)
    assert held(longest) == wanted(lake)
