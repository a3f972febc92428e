"""Readers of LlamaIndex and connectors of unstructured-ingest as sources."""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any, ClassVar

import pytest

from lake.errors import TransientError, UsageError
from lake.sources.listing import listing
from lake.sources.source import parse_source
from tests.late_imports import Late, needs
from tests.torture import Rig, Torture

core, pytestmark = Late("llama_index.core"), needs("llama_index")


class Shelf:
    """A reader with texts in memory that others edit, with a token, and pages of one document."""

    texts: ClassVar[dict[str, tuple[str, list[str] | None]]] = {}
    fails_at: ClassVar[str] = ""

    def __init__(self, token: str = "", limit: int | None = None) -> None:
        if token not in ("", "s3cr3t"):
            raise ConnectionError(f"401: {token} is wrong")
        self.limit = limit

    def load_data(self, prefix: str = "") -> list[Any]:
        found = []
        for name, (text, who) in self.texts.items():
            if name == self.fails_at:
                raise TimeoutError("429: slow down")
            if name.startswith(prefix):
                metadata = {"name": name, "who": who}
                found.append(core.Document(text=text, metadata=metadata, id_=name))
        return found[: self.limit]


class Nameless:
    def load_data(self) -> list[Any]:
        return [core.Document(text="x", metadata={"page": 1})]


class Lenient:
    """A reader that leaves out what it can't read, unless one of its arguments says otherwise."""

    def __init__(self, raise_on_error: bool = False, continue_on_failure: bool = True) -> None:
        self.is_strict = raise_on_error or not continue_on_failure

    def load_data(self) -> list[Any]:
        if self.is_strict:
            raise TimeoutError("429: slow down")
        return [core.Document(text="x", id_="x")]


class LenientMade(Lenient):
    def __init__(self, fail_on_error: bool = False) -> None:
        self.is_strict = fail_on_error


class LenientLoading(Lenient):
    def __init__(self) -> None: ...

    def load_data(self, raise_on_error: bool = False) -> list[Any]:
        self.is_strict = raise_on_error
        return super().load_data()


class LenientGoingOn(LenientLoading):
    def load_data(self, continue_on_failure: bool = True) -> list[Any]:
        return super().load_data(not continue_on_failure)


LENIENT = (Lenient, LenientMade, LenientLoading, LenientGoingOn)
HERE = f"{__name__}.Shelf"


class ShelfRig(Rig):
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.patch = monkeypatch
        monkeypatch.setenv("SHELF_TOKEN", "s3cr3t")
        monkeypatch.setattr(Shelf, "texts", {})

    url = f"reader:{HERE}?token=$SHELF_TOKEN&acl_by=who"

    def put(self, name: str, text: str, acl: list[str] | None = None) -> None:
        Shelf.texts[name] = text, acl if acl is not None else ["all"]

    def delete(self, name: str) -> None:
        del Shelf.texts[name]

    @contextmanager
    def broken(self) -> Iterator[None]:
        self.patch.setattr(Shelf, "fails_at", "d10")
        yield
        self.patch.setattr(Shelf, "fails_at", "")

    @contextmanager
    def refused(self) -> Iterator[None]:
        self.patch.setenv("SHELF_TOKEN", "s3cr3t-wrong")
        yield
        self.patch.setenv("SHELF_TOKEN", "s3cr3t")


class Shelved(Torture):
    def may_see(self) -> dict[str, Any]:
        return {uri: acl for uri, acl in super().may_see().items() if acl != ["all"]}


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The module as an address names it, whatever way the tests are imported."""
    monkeypatch.setitem(sys.modules, __name__, sys.modules.get(__name__) or type(sys)(__name__))
    for kind in (Shelf, Nameless, *LENIENT):
        monkeypatch.setattr(sys.modules[__name__], kind.__name__, kind, raising=False)


def test_the_torture_table_on_a_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Shelved(ShelfRig(monkeypatch), str(tmp_path / "lake")).everything(str(tmp_path / "fresh"))


def test_arguments_go_to_the_reader_or_to_its_loading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Shelf, "texts", {"a": ("x", None), "b": ("y", None), "ab": ("z", None)})
    assert listing([parse_source(f"reader:{HERE}?prefix=a&limit=1")])["uri"].to_pylist() == ["a.txt"]
    with pytest.raises(UsageError, match="takes no nothing; it takes token, limit, prefix"):
        listing([parse_source(f"reader:{HERE}?nothing=1")])


@pytest.mark.parametrize("kind", LENIENT, ids=lambda kind: kind.__name__)
def test_a_reader_fails_instead_of_leaving_out_what_it_cannot_read(kind: type) -> None:
    with pytest.raises(TransientError, match="429"):
        listing([parse_source(f"reader:{__name__}.{kind.__name__}")])


def test_whoever_allows_a_reader_to_leave_things_out_is_obeyed() -> None:
    address = f"reader:{__name__}.LenientLoading?raise_on_error=false"
    assert listing([parse_source(address)])["uri"].to_pylist() == ["x.txt"]


def test_a_reader_of_llama_index_reads_files_and_joins_their_parts(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("One text.")
    (tmp_path / "b.csv").write_text("name,size\npump,3\n")
    reader = "reader:llama_index.core.readers.SimpleDirectoryReader"
    source = parse_source(f"{reader}?input_dir={tmp_path}&name_by=file_name&keep=file_size&suffix=md")
    rows = listing([source]).to_pylist()
    assert [row["uri"] for row in rows] == ["a.txt.md", "b.csv.md"]
    assert '"file_size": 9' in rows[0]["declared"]
    assert source.read("a.txt.md") == b"One text."


def test_a_process_that_did_not_list_loads_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lake.sources.spool._spools", {})
    for text in ("old", "new"):
        monkeypatch.setattr(Shelf, "texts", {"a": (text, None)})
        assert parse_source(f"reader:{HERE}").read("a.txt") == text.encode()


@pytest.mark.parametrize(
    ("address", "message"),
    [
        (f"reader:{__name__}.Nameless", "name documents at random.*name_by=KEY"),
        (f"reader:{__name__}.Nameless?name_by=url", "no metadata 'url'; it gives page"),
        ("reader:nowhere.Reader", "can't be imported"),
        (f"reader:{__name__}.Nameless?keep=page,acl", "keep names 'acl', which states rights; write acl_by=acl"),
        ("reader:pathlib.Path", "no reader of LlamaIndex"),
        ("reader:x.Y?api_key=abc", "credentials in 'api_key'"),
    ],
)
def test_what_is_wrong_with_a_reader_is_named(address: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        listing([parse_source(address)])


def test_a_document_of_a_reader_needs_a_name_and_may_have_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Shelf, "texts", {"a": ("", ["x"]), "b": ("y", None)})
    assert parse_source(f"reader:{HERE}").read("a.txt") == b""
    with pytest.raises(UsageError, match="a document with no metadata 'who'; it gives name, who"):
        listing([parse_source(f"reader:{HERE}?name_by=who")])


class LocalRig(Rig):
    """A folder behind the connector ``local``, which knows no rights."""

    has_rights = False

    def __init__(self, folder: Path) -> None:
        pytest.importorskip("unstructured_ingest", reason="unstructured-ingest is not installed")
        self.folder = folder
        folder.mkdir()

    @property
    def url(self) -> str:
        return f"unstructured:local?input_path={self.folder}&recursive=true"

    def put(self, name: str, text: str, acl: list[str] | None = None) -> None:
        (self.folder / f"{name}.txt").write_text(text)

    def delete(self, name: str) -> None:
        (self.folder / f"{name}.txt").unlink()

    @contextmanager
    def broken(self) -> Iterator[None]:
        from unstructured_ingest.processes.connectors.local import LocalIndexer

        def half(indexer: Any, path: Path) -> Any:
            if path.name == "d10.txt":
                raise OSError(5, "Input/output error")
            return metadata(indexer, path)

        metadata = LocalIndexer.get_file_metadata
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(LocalIndexer, "get_file_metadata", half)
            yield

    @contextmanager
    def refused(self) -> Iterator[None]:
        from unstructured_ingest.errors_v2 import UserAuthError
        from unstructured_ingest.processes.connectors.local import LocalIndexer

        def closed(_: Any) -> None:
            raise UserAuthError("401: who are you?")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(LocalIndexer, "precheck", closed)
            yield


def test_the_torture_table_on_a_connector(tmp_path: Path) -> None:
    Torture(LocalRig(tmp_path / "docs"), str(tmp_path / "lake")).everything(str(tmp_path / "fresh"))


def test_a_connector_reads_a_bucket(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("unstructured_ingest", reason="unstructured-ingest is not installed")
    import s3fs

    files = s3fs.S3FileSystem()
    files.pipe(f"{bucket}/docs/a b.txt", b"One text.")
    files.pipe(f"{bucket}/docs/deep/c.md", b"Another.")
    monkeypatch.setenv("S3_KEY", "k")
    words = f"remote_url={bucket}/docs/&recursive=true&endpoint_url={os.environ['AWS_ENDPOINT_URL']}"
    source = parse_source(f"unstructured:s3?{words}&key=$S3_KEY&secret=$S3_KEY")
    rows = listing([source]).to_pylist()
    assert [(row["uri"], row["size"]) for row in rows] == [("a b.txt", 9), ("deep/c.md", 8)]
    assert all(row["etag"] or row["modified_at"] for row in rows)
    assert source.read("deep/c.md") == b"Another."


def test_who_may_read_is_taken_over() -> None:
    pytest.importorskip("unstructured_ingest", reason="unstructured-ingest is not installed")
    from lake.sources.unstructured_connector import _readers

    assert _readers([{"read": {"users": ["anna"], "groups": ["board"]}}, {"update": {"users": ["ben"]}}]) == [
        "anna",
        "board",
    ]
    assert _readers([{"read": {"users": [], "groups": []}}]) == []
    assert _readers([{"mode": 33188}]) is None
    for unclear in ("anna", ["anna"], None, {"users": "anna"}, {"groups": {"board": False}}):
        assert _readers([{"read": {"users": ["ben"]}}, {"read": unclear}]) == []


def test_silent_bounds_of_a_connector_are_lifted_unless_stated() -> None:
    pytest.importorskip("unstructured_ingest", reason="unstructured-ingest is not installed")
    from lake.sources.unstructured_connector import UnstructuredSource

    address = "unstructured:confluence?url=http://x&username=a&password=b&max_num_of_spaces=3"
    bounds = UnstructuredSource(address)._indexer.index_config
    assert bounds.max_num_of_spaces == 3
    assert bounds.max_num_of_docs_from_each_space > 10**6
    assert bounds.max_num_metadata_permissions > 10**6, "who is not among the first 250 readers is locked out"


def test_a_page_that_notion_fails_to_tell_of_is_not_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connector logs that it could not ask for a page, and lists the others."""
    pytest.importorskip("unstructured_ingest", reason="unstructured-ingest is not installed")
    from unstructured_ingest.processes.connectors.notion import connector

    asked, down = types.ModuleType("notion_client"), set[str]()
    asked.__spec__ = ModuleSpec("notion_client", None)
    monkeypatch.setitem(sys.modules, "notion_client", asked)
    told = dict.fromkeys(("created_by", "last_edited_by", "parent", "url"), "anna")
    times = dict.fromkeys(("created_time", "last_edited_time"), "2026-01-01T00:00:00Z")

    def retrieve(page_id: str) -> Any:
        if page_id in down:
            raise RuntimeError("502 Bad Gateway")
        return types.SimpleNamespace(**told, **times)

    @contextmanager
    def client(_: Any) -> Iterator[Any]:
        yield types.SimpleNamespace(pages=types.SimpleNamespace(retrieve=retrieve))

    monkeypatch.setattr(connector.NotionConnectionConfig, "get_client", client)
    monkeypatch.setattr(connector.NotionIndexer, "precheck", lambda _: None)
    monkeypatch.setenv("NOTION", "s3cr3t")
    source = parse_source('unstructured:notion?notion_api_key=$NOTION&page_ids=["p1","p2"]')
    assert listing([source])["uri"].to_pylist() == ["p1.html", "p2.html"]
    down.add("p2")
    with pytest.raises(TransientError, match="Error retrieving page p2"):
        listing([source])


@pytest.mark.parametrize(
    ("level", "text", "lacks"),
    [
        ("error", "502 Bad Gateway", True),
        ("warning", "GitHub root tree for x is truncated; some files may be missing", True),
        ("warning", "At least one skip may mean files are silently missing", True),
        ("warning", "the token expires after an hour", False),
        ("error", "forbidden fetching permissions for a.txt (status 403)", False),  # it is for nobody
    ],
)
def test_what_connectors_log_of_their_listings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, level: str, text: str, *, lacks: bool
) -> None:
    pytest.importorskip("unstructured_ingest", reason="unstructured-ingest is not installed")
    from unstructured_ingest.logger import logger
    from unstructured_ingest.processes.connectors.local import LocalIndexer

    (tmp_path / "a.txt").write_text("oil")
    source = parse_source(f"unstructured:local?input_path={tmp_path}")
    monkeypatch.setattr(LocalIndexer, "precheck", lambda _: getattr(logger, level)(text))
    if lacks:
        with pytest.raises(TransientError, match=text[:9]):
            listing([source])
    else:
        assert listing([source]).num_rows == 1


def test_discord_gives_all_messages_of_a_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("unstructured_ingest", reason="unstructured-ingest is not installed")
    from lake.sources.unstructured_connector import UnstructuredSource

    monkeypatch.setenv("DISCORD", "s3cr3t")
    source = UnstructuredSource('unstructured:discord?token=$DISCORD&channels=["1"]')
    assert source._downloader.download_config.limit is None


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("unstructured:nowhere", "no connector 'nowhere'; there are .*sharepoint"),
        ("unstructured:kafka-local?topic=t", "raglake watch SOURCE --events"),
        ("unstructured:local?input=x", "has no input; it has input_path, recursive"),
        ("unstructured:local", "input_path: Field required"),
        ("unstructured:s3?remote_url=s3://b/&secret=abc", "credentials in 'secret'"),
    ],
)
def test_what_is_wrong_with_a_connector_is_named(address: str, message: str) -> None:
    pytest.importorskip("unstructured_ingest", reason="unstructured-ingest is not installed")
    with pytest.raises((UsageError, TransientError), match=message):
        listing([parse_source(address)])
