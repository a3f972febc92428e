"""Three connectors of unstructured-ingest and three readers of LlamaIndex through the torture table.

S3 is moto's server; Confluence, Zendesk and Elasticsearch are servers of our own, to which the connectors' own clients
speak; SQLite and the folder are real.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from lake.errors import TransientError, UsageError
from lake.sources.listing import listing
from lake.sources.source import parse_source
from tests.flows.served_sources import Confluence, Elasticsearch, Papers, Zendesk
from tests.lake.destinations.served import serving
from tests.torture import Rig, Torture

#: Who may see a document that no rig restricts, where a source always names somebody.
EVERYBODY = (["ALL_LICENSED_USERS"], ["all"])


class Named(Torture):
    def may_see(self) -> dict[str, Any]:
        return {uri: acl for uri, acl in super().may_see().items() if acl not in EVERYBODY}


class Closed(Torture):
    """Nobody may see any document."""

    def may_see(self) -> dict[str, Any]:
        return {uri: acl for uri, acl in super().may_see().items() if acl != []}


class ServedRig(Rig):
    """Papers by number on a server of our own."""

    variable, pattern = "PAPERS_TOKEN", "{}.txt"

    def __init__(self, served: Papers, monkeypatch: pytest.MonkeyPatch) -> None:
        self.served, self.patch, self.names = served, monkeypatch, list[str]()
        monkeypatch.setenv(self.variable, self.login("s3cr3t"))

    def login(self, token: str) -> str:
        return token

    def number(self, name: str) -> int:
        if name not in self.names:
            self.names.append(name)
        return 100 + self.names.index(name)

    def uri(self, name: str) -> str:
        return self.pattern.format(self.number(name))

    def put(self, name: str, text: str, acl: list[str] | None = None) -> None:
        self.served.put(self.number(name), text=text, acl=acl)

    def delete(self, name: str) -> None:
        del self.served.papers[self.number(name)]

    @contextmanager
    def broken(self) -> Iterator[None]:
        self.served.breaks = 429
        yield
        self.served.breaks = None

    @contextmanager
    def refused(self) -> Iterator[None]:
        self.patch.setenv(self.variable, self.login("s3cr3t-wrong"))
        yield
        self.patch.setenv(self.variable, self.login("s3cr3t"))


class ConfluenceRig(ServedRig):
    """Its pages are for nobody, whoever may see them in Confluence."""

    has_rights, pattern = False, "LAMPS/{}.html"

    @property
    def url(self) -> str:
        return f"unstructured:confluence?url={self.served.url}&token=$PAPERS_TOKEN"


class ZendeskRig(ServedRig):
    has_rights, pattern = False, "articles/{}.html"
    url = "unstructured:zendesk?subdomain=harbour&email=anna@harbour&item_type=articles&api_token=$PAPERS_TOKEN"


class ElasticsearchRig(ServedRig):
    pattern = "d{}.txt"

    def login(self, token: str) -> str:
        return f'{{"headers": {{"Authorization": "ApiKey {token}"}}}}'

    @property
    def url(self) -> str:
        reader = "reader:llama_index.readers.elasticsearch.ElasticsearchReader"
        words = f'endpoint={self.served.url}&index=papers&field=text&query={{"size": 10000}}&acl_by=who'
        return f"{reader}?{words}&httpx_client_args=$PAPERS_TOKEN"


class BucketRig(Rig):
    has_rights = False

    def __init__(self, bucket: str) -> None:
        import s3fs

        self.folder, self.files, self.server = f"{bucket}/docs", s3fs.S3FileSystem(), os.environ["AWS_ENDPOINT_URL"]

    @property
    def url(self) -> str:
        words = f"remote_url={self.folder}/&recursive=true&endpoint_url={self.server}"
        return f"unstructured:s3?{words}&key=$AWS_ACCESS_KEY_ID&secret=$AWS_SECRET_ACCESS_KEY"

    def put(self, name: str, text: str, acl: list[str] | None = None) -> None:
        self.files.pipe(f"{self.folder}/{name}.txt", text.encode())

    def delete(self, name: str) -> None:
        self.files.rm(f"{self.folder}/{name}.txt")

    def settle(self) -> None:
        self.files.clear_instance_cache()

    @contextmanager
    def broken(self) -> Iterator[None]:
        from unstructured_ingest.processes.connectors.fsspec.s3 import S3Indexer

        def half(indexer: Any, file_info: dict[str, Any]) -> Any:
            if "d10" in str(file_info):
                raise ConnectionResetError("reset by peer")
            return whole(indexer, file_info)

        whole = S3Indexer.get_metadata
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(S3Indexer, "get_metadata", half)
            yield

    @contextmanager
    def refused(self) -> Iterator[None]:
        self._check_logins("0")
        yield
        self._check_logins("1000000000")

    def _check_logins(self, after: str) -> None:
        """moto checks keys, of which it knows none, after so many requests."""
        headers = {"Content-Type": "text/plain"}
        urlopen(Request(f"{self.server}/moto-api/reset-auth", after.encode(), headers, method="POST")).close()


class FolderRig(Rig):
    """A folder read by LlamaIndex's own reader."""

    has_rights = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    @property
    def url(self) -> str:
        return f"reader:llama_index.core.readers.SimpleDirectoryReader?input_dir={self.folder}&name_by=file_name"

    def put(self, name: str, text: str, acl: list[str] | None = None) -> None:
        (self.folder / f"{name}.txt").write_text(text)

    def delete(self, name: str) -> None:
        (self.folder / f"{name}.txt").unlink()

    @contextmanager
    def broken(self) -> Iterator[None]:
        from fsspec.implementations.local import LocalFileSystem

        def half(files: Any, path: Any, *words: Any, **more: Any) -> Any:
            if str(path).endswith("d10.txt"):
                raise OSError(5, "Input/output error")
            return whole(files, path, *words, **more)

        whole = LocalFileSystem.open
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(LocalFileSystem, "open", half)
            yield

    @contextmanager
    def refused(self) -> Iterator[None]:
        away = self.folder.rename(self.folder.with_name("away"))
        yield
        away.rename(self.folder)


class DatabaseRig(Rig):
    """A table of SQLite, read by SQLAlchemy."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._run("CREATE TABLE papers (name text PRIMARY KEY, body text, who text)")
        self._run("CREATE VIEW listed AS SELECT * FROM papers")

    def _run(self, statement: str, *values: Any) -> None:
        with closing(sqlite3.connect(self.file)) as connection, connection:
            connection.execute(statement, values)

    @property
    def url(self) -> str:
        columns = '["name", "who"]'
        words = f"uri=sqlite:///{self.file}&query=SELECT * FROM listed ORDER BY name&name_by=name&acl_by=who"
        reader = "reader:llama_index.readers.database.DatabaseReader"
        return f"{reader}?{words}&metadata_cols={columns}&excluded_text_cols={columns}"

    def put(self, name: str, text: str, acl: list[str] | None = None) -> None:
        self._run("REPLACE INTO papers VALUES (?, ?, ?)", name, text, json.dumps(acl or ["all"]))

    def delete(self, name: str) -> None:
        self._run("DELETE FROM papers WHERE name = ?", name)

    @contextmanager
    def broken(self) -> Iterator[None]:
        self._view("CASE WHEN name = 'd10' THEN abs(-9223372036854775807 - 1) ELSE body END")
        yield
        self._view("body")

    def _view(self, body: str) -> None:
        self._run("DROP VIEW listed")
        self._run(f"CREATE VIEW listed AS SELECT name, {body} AS body, who FROM papers")

    @contextmanager
    def refused(self) -> Iterator[None]:
        held = self.file.read_bytes()
        self.file.write_bytes(b"\x00" * len(held))
        yield
        self.file.write_bytes(held)


@pytest.fixture
def confluence(monkeypatch: pytest.MonkeyPatch) -> Iterator[ConfluenceRig]:
    pytest.importorskip("unstructured_ingest", reason="unstructured-ingest is not installed")
    pytest.importorskip("atlassian", reason="atlassian-python-api is not installed")
    served = Confluence()
    with serving(served):
        yield ConfluenceRig(served, monkeypatch)


@pytest.fixture
def zendesk(monkeypatch: pytest.MonkeyPatch) -> Iterator[ZendeskRig]:
    pytest.importorskip("unstructured_ingest", reason="unstructured-ingest is not installed")
    pytest.importorskip("aiofiles", reason="aiofiles is not installed")
    import httpx

    served = Zendesk()
    with serving(served):
        for kind, name in ((httpx.HTTPTransport, "handle_request"), (httpx.AsyncHTTPTransport, "handle_async_request")):
            monkeypatch.setattr(kind, name, _led_to(served, getattr(kind, name)))
        yield ZendeskRig(served, monkeypatch)


def _led_to(served: Papers, send: Callable[..., Any]) -> Callable[..., Any]:
    """A transport that asks our server in place of Zendesk's, whose address the connector makes."""
    import httpx

    def sent(transport: Any, request: Any) -> Any:
        request.url = httpx.URL(str(request.url).replace("https://harbour.zendesk.com", served.url))
        return send(transport, request)

    return sent


@pytest.fixture
def elasticsearch(monkeypatch: pytest.MonkeyPatch) -> Iterator[ElasticsearchRig]:
    pytest.importorskip("llama_index.readers.elasticsearch", reason="the reader is not installed")
    served = Elasticsearch()
    with serving(served):
        yield ElasticsearchRig(served, monkeypatch)


def tortured(rig: Rig, folder: Path) -> None:
    Named(rig, str(folder / "lake")).everything(str(folder / "fresh"))


def test_confluence(confluence: ConfluenceRig, tmp_path: Path) -> None:
    Closed(confluence, str(tmp_path / "lake")).everything(str(tmp_path / "fresh"))


def test_zendesk(zendesk: ZendeskRig, tmp_path: Path) -> None:
    tortured(zendesk, tmp_path)


def test_s3(bucket: str, tmp_path: Path) -> None:
    pytest.importorskip("unstructured_ingest", reason="unstructured-ingest is not installed")
    tortured(BucketRig(bucket), tmp_path)


def test_a_folder(tmp_path: Path) -> None:
    pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
    tortured(FolderRig(tmp_path / "docs"), tmp_path)


def test_a_database(tmp_path: Path) -> None:
    pytest.importorskip("llama_index.readers.database", reason="the reader is not installed")
    tortured(DatabaseRig(tmp_path / "papers.db"), tmp_path)


def test_elasticsearch(elasticsearch: ElasticsearchRig, tmp_path: Path) -> None:
    tortured(elasticsearch, tmp_path)


def test_a_space_of_many_pages_is_listed_in_full(confluence: ConfluenceRig) -> None:
    for number in range(130):
        confluence.put(f"d{number}", "oil")
    assert listing([parse_source(confluence.url)]).num_rows == 130


def test_nobody_sees_pages_of_confluence_whose_readers_the_connector_misstates(confluence: ConfluenceRig) -> None:
    """It says that all licensed users may see a child of a page that is restricted to anna."""
    confluence.put("for anna", "oil", ["anna"])
    confluence.put("below it", "gas")
    stated = {file.metadata.url: file.metadata.permissions_data for file in connector(confluence).values()}
    assert "ALL_LICENSED_USERS" in str(stated)
    assert [found.acl for found in parse_source(confluence.url).list()] == [[], []]
    assert isinstance(confluence.served, Confluence)
    confluence.served.permissions = 503
    assert [found.acl for found in parse_source(confluence.url).list()] == [[], []]


def connector(rig: ServedRig) -> dict[str, Any]:
    """What the connector itself says."""
    from lake.sources.unstructured_connector import UnstructuredSource

    return UnstructuredSource(rig.url)._indexed()


def test_a_rate_limit_is_temporary_and_a_wrong_token_is_not(zendesk: ZendeskRig) -> None:
    for number in range(12):
        zendesk.put(f"d{number}", "oil")
    with zendesk.broken(), pytest.raises(TransientError):
        listing([parse_source(zendesk.url)])
    with zendesk.refused(), pytest.raises(UsageError):
        listing([parse_source(zendesk.url)])
