"""Tables of files as sources: the torture table, formats, and what rows declare."""

from __future__ import annotations

import csv
import gc
import gzip
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from lake.errors import TransientError, UsageError
from lake.sources.csv_ends import EndedFile
from lake.sources.listing import listing
from lake.sources.source import parse_source
from lake.sources.table_files import TableFile
from tests.torture import Rig, Torture

ROW = {"key": "a", "body": "x", "who": None}
NO_LIST = "a.txt: acl must be a list of texts; until it is, nobody may see the document"


class TableRig(Rig):
    """Rows in one file, which is written anew for each run."""

    def __init__(self, path: Path, options: str = "") -> None:
        self.path, self.rows, self._options = path, dict[str, dict[str, Any]](), options

    @property
    def url(self) -> str:
        return f"table:{self.path}?id=key&text=body&acl=who&null_acl=open{self._options}"

    def put(self, name: str, text: str, acl: list[str] | None = None) -> None:
        self.rows[name] = {"key": name, "body": text, "who": acl}

    def delete(self, name: str) -> None:
        del self.rows[name]

    def settle(self) -> None:
        write(self.path, list(self.rows.values()))

    @contextmanager
    def broken(self) -> Iterator[None]:
        settle, self.settle = self.settle, lambda: None  # type: ignore[method-assign]
        settle()
        whole = self.path.read_bytes()
        self.path.write_bytes(whole[: len(whole) // 2])
        yield
        self.settle = settle  # type: ignore[method-assign]

    @contextmanager
    def refused(self) -> Iterator[None]:
        settle, self.settle = self.settle, lambda: None  # type: ignore[method-assign]
        self.path.rename(self.path.with_name("away"))
        yield
        self.settle = settle  # type: ignore[method-assign]


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    """The rows in the format of the file's name; a file that has them already is left alone."""
    new = path.with_name("new")
    name = path.name.removesuffix(".gz")
    opened = gzip.open if path.name.endswith(".gz") else open
    if name.endswith(".parquet"):
        pq.write_table(pa.Table.from_pylist(rows), new, row_group_size=7)
    elif name.endswith(".arrow"):
        table = pa.Table.from_pylist(rows)
        with pa.ipc.new_file(str(new), table.schema) as file:
            file.write_table(table, max_chunksize=7)
    elif name.endswith(".csv"):
        with opened(new, "wt", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows({**row, "who": "|".join(row["who"] or ())} for row in rows)
    else:
        with opened(new, "wt") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
    if path.exists() and path.read_bytes() == new.read_bytes():
        return
    os.replace(new, path)


def test_the_torture_table(tmp_path: Path) -> None:
    Torture(TableRig(tmp_path / "docs.parquet"), str(tmp_path / "lake")).everything(
        str(tmp_path / "fresh"), erasing=True
    )


def test_an_unchanged_table_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = TableRig(tmp_path / "docs.csv")
    torture = Torture(rig, str(tmp_path / "lake"))
    torture.build()
    monkeypatch.setattr(TableFile, "rows", lambda *_: pytest.fail("it was read"))
    assert torture.run().reason == "nothing to do"
    with pytest.raises(pytest.fail.Exception):
        torture.run(full=True)


def listed(path: Path, options: str, **row: Any) -> list[dict[str, Any]]:
    write(path, [{**ROW, **row}])
    return list(listing([parse_source(f"t=table:{path}?id=key&{options}")]).to_pylist())


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow", "t.csv", "t.csv.gz", "t.jsonl", "t.ndjson.gz"])
def test_each_format_gives_the_same_documents(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    found = listed(path, "text=body&acl=who&metadata=title", title="T", body="ü\n", who=["b", "a"])
    assert [(row["uri"], row["size"], json.loads(row["declared"])) for row in found] == [
        ("a.txt", 3, {"title": "T", "acl": ["a", "b"]})
    ]
    assert parse_source(f"t=table:{path}?id=key&text=body").read("a.txt") == "ü\n".encode()


@pytest.mark.parametrize(
    ("head", "options", "encoding"),
    [
        ("key,body", "", "utf-8-sig"),
        ('key;"the; body, it is"', "", "utf-8"),
        ("key;body", "&encoding=cp1252", "cp1252"),
        ("key\tbody", "&encoding=utf-16", "utf-16"),
        ("key|body", "", "utf-8"),
        ("key~body", "&delimiter=~", "utf-8"),
        ("key\tbody", "", "utf-16"),
    ],
)
def test_a_csv_file_as_spreadsheets_write_it(tmp_path: Path, head: str, options: str, encoding: str) -> None:
    column = head[4:].strip('"')
    sign = head[3]
    (tmp_path / "t.csv").write_bytes(f'{head}\r\na{sign}"1,5; ""€""\r\nZeile|2"\r\n'.encode(encoding))
    source = parse_source(f"table:{tmp_path}/t.csv?id=key&text={quote(column)}{options}")
    assert listing([source])["uri"].to_pylist() == ["a.txt"]
    assert source.read("a.txt").decode() == '1,5; "€"\r\nZeile|2'


def test_a_line_that_tells_spreadsheets_the_delimiter_is_no_row(tmp_path: Path) -> None:
    for encoding in ("utf-8-sig", "utf-16"):
        (tmp_path / "t.csv").write_bytes("sep=;\r\nkey;body\r\na;x, y\r\n".encode(encoding))
        assert parse_source(f"table:{tmp_path}/t.csv?id=key&text=body").read("a.txt") == b"x, y"


def test_a_cell_may_be_long(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f'key,body\na,"{"word " * 700_000}"\nb,short\n')
    assert len(parse_source(f"table:{tmp_path}/t.csv?id=key&text=body").read("a.txt")) == 3_500_000


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("t.csv", "key,body\na,Müll\n".encode("cp1252"), "state its encoding, such as encoding=windows-1252"),
        ("t.csv", b"key,body\na,b,c\n", "can't be read as a table"),
        ("t.jsonl", b'{"key": "a", "body": "x"}\n{"key": \n', "line 2 of .*t.jsonl is no JSON"),
        ("t.csv", b'key,body\na,"one"\nb,"two\nc,three\n', "t.csv ends inside a quoted value"),
        ("t.csv", b'key,body\na,"one ""word""', "t.csv ends inside a quoted value"),
        ("t.csv", 'key;body\na;"one"\nb;"tw'.encode("utf-16"), "t.csv ends inside a quoted value"),
        ("t.csv", b'body,key\none,"', "t.csv ends inside a quoted value"),
        ("t.csv.gz", gzip.compress(b'key,body\na,"one"\nb,"two', mtime=0), "t.csv.gz ends inside a quoted value"),
        ("t.csv.gz", gzip.compress(b"key,body\na,one\n", mtime=0)[:-9], "t.csv.gz is cut off or damaged"),
        ("t.jsonl.gz", gzip.compress(b'{"key": "a", "body": "x"}\n', mtime=0)[:-4], "t.jsonl.gz is cut off or damaged"),
        ("t.jsonl", b'{"key": "a", "body": "x"}\n{"key": "b", "bo', "line 2 of .*t.jsonl is no JSON"),
        ("t.parquet", b"PAR1" + bytes(100), "t.parquet can't be read as a table"),
        ("t.arrow", b"ARROW1" + bytes(100), "t.arrow can't be read as a table"),
        ("t.csv", b"\n", "t.csv can't be read as a table: it is empty"),
    ],
)
def test_a_file_that_is_damaged_is_named_with_the_place(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises((UsageError, TransientError), match=message):
        listing([parse_source(f"table:{tmp_path}/{name}?id=key&text=body")])


@pytest.mark.parametrize("data", ["key,body\na,b,c\n", 'key,body\na,"one', "key,text\na,b\n"])
def test_an_error_holds_no_file_that_threads_of_arrow_would_read_when_python_ends(tmp_path: Path, data: str) -> None:
    (tmp_path / "t.csv").write_text(data)
    with pytest.raises(UsageError) as caught:
        listing([parse_source(f"table:{tmp_path}/t.csv?id=key&text=body")])
    assert caught.tb is not None  # with all that its frames hold
    assert not [one for one in gc.get_objects() if type(one) is EndedFile]


@pytest.mark.parametrize("last", ['b,"two"', 'b,"two"\r\n', 'b,5" pipe', 'b,"""two"""\n\n', 'b,"two\n"\n', 'b,""'])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_csv_file_may_end_as_it_likes_outside_quotes(tmp_path: Path, last: str, encoding: str) -> None:
    (tmp_path / "t.csv").write_bytes(f'key,body\na,"ö, ""one"""\n{last}'.encode(encoding))
    found = listing([parse_source(f"table:{tmp_path}/t.csv?id=key&text=body&encoding={encoding}")])
    assert found["uri"].to_pylist() == ["a.txt", "b.txt"]


class FolderRig(TableRig):
    """Rows in a folder that is one table."""

    def settle(self) -> None:
        table = pa.Table.from_pylist(list(self.rows.values()), schema=SCHEMA)
        if self.path.exists() and self.read().sort_by("key") == table.sort_by("key"):
            return
        self.commit(table)

    def read(self) -> pa.Table:
        raise NotImplementedError

    def commit(self, table: pa.Table) -> None:
        raise NotImplementedError

    @contextmanager
    def broken(self) -> Iterator[None]:
        settle, self.settle = self.settle, lambda: None  # type: ignore[method-assign]
        settle()
        files = [path for path in self.path.rglob("*.parquet") if path.stat().st_size]
        held = {path: path.read_bytes() for path in files}
        for path, data in held.items():
            path.write_bytes(data[: len(data) // 2])
        yield
        for path, data in held.items():
            path.write_bytes(data)
        self.settle = settle  # type: ignore[method-assign]

    @contextmanager
    def refused(self) -> Iterator[None]:
        settle, self.settle = self.settle, lambda: None  # type: ignore[method-assign]
        away = self.path.rename(self.path.with_name("away"))
        yield
        away.rename(self.path)
        self.settle = settle  # type: ignore[method-assign]


SCHEMA = pa.schema([("key", pa.string()), ("body", pa.string()), ("who", pa.list_(pa.string()))])


class DeltaRig(FolderRig):
    def read(self) -> pa.Table:
        return pa.table(deltalake().DeltaTable(str(self.path)).to_pyarrow_table()).cast(SCHEMA)

    def commit(self, table: pa.Table) -> None:
        deltalake().write_deltalake(str(self.path), table, mode="overwrite")


class IcebergRig(FolderRig):
    def __init__(self, path: Path) -> None:
        super().__init__(path / "docs" / "manuals")
        sql = pytest.importorskip("pyiceberg.catalog.sql")
        self.catalog = sql.SqlCatalog("torture", uri=f"sqlite:///{path}/catalog.db", warehouse=str(path))
        self.catalog.create_namespace("docs")

    def read(self) -> pa.Table:
        return self.catalog.load_table("docs.manuals").scan().to_arrow().cast(SCHEMA)

    def commit(self, table: pa.Table) -> None:
        if not self.path.exists():
            self.catalog.create_table("docs.manuals", SCHEMA, location=str(self.path))
        self.catalog.load_table("docs.manuals").overwrite(table)


def deltalake() -> Any:
    return pytest.importorskip("deltalake")


def test_the_torture_table_on_delta(tmp_path: Path) -> None:
    deltalake()
    Torture(DeltaRig(tmp_path / "docs"), str(tmp_path / "lake")).everything(str(tmp_path / "fresh"))


def test_the_torture_table_on_iceberg(tmp_path: Path) -> None:
    Torture(IcebergRig(tmp_path), str(tmp_path / "lake")).everything(str(tmp_path / "fresh"))


def test_deleted_rows_of_a_delta_table_are_gone_and_partitions_are_columns(tmp_path: Path) -> None:
    place, rows = str(tmp_path / "t"), [{**ROW, "key": name, "year": year} for name, year in (("a", 1), ("b", 2))]
    deltalake().write_deltalake(
        place, pa.Table.from_pylist([{**row, "who": []} for row in rows]), partition_by=["year"]
    )
    deltalake().DeltaTable(place).delete("key = 'a'")
    (found,) = listing([parse_source(f"table:{place}?id=key&text=body&metadata=year")]).to_pylist()
    assert (found["uri"], json.loads(found["declared"])) == ("b.txt", {"metadata": {"year": 2}})


def test_a_table_that_lost_its_files_is_named_in_a_line(tmp_path: Path) -> None:
    place = str(tmp_path / "t")
    deltalake().write_deltalake(place, pa.Table.from_pylist([{**ROW, "who": []}]))
    source = parse_source(f"table:{place}?id=key&text=body")
    for file in (tmp_path / "t").glob("*.parquet"):
        file.unlink()
    with pytest.raises(TransientError, match=r"the table \S+ can't be read .*External error") as raised:
        source.read("a.txt")
    assert "\n" not in str(raised.value)
    (tmp_path / "t/_delta_log/00000000000000000000.json").write_text("{damaged")
    with pytest.raises(TransientError, match="DeltaError"):
        listing([source])
    (tmp_path / "i/metadata").mkdir(parents=True)
    (tmp_path / "i/metadata/v1.metadata.json").write_text("{}")
    with pytest.raises(TransientError, match="ValidationError"):
        listing([parse_source(f"table:{tmp_path}/i?id=key&text=body")])


class AzureLike(MemoryFileSystem):
    """Tells of a file what Azure tells."""

    protocol = "azurelike"

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        found = super().info(path)
        return {name: found[name] for name in ("name", "size", "type")} | {"etag": str(found.get("created"))}


def test_a_change_is_told_by_what_each_store_calls_a_revision() -> None:
    fsspec.register_implementation("azurelike", AzureLike, clobber=True)
    states = []
    for text in "xy":
        with fsspec.open("azurelike://t.jsonl", "w") as file:
            file.write(json.dumps({**ROW, "body": text}))
        states.append(TableFile("azurelike://t.jsonl").state())
    assert states[0] != states[1]


def test_an_iceberg_table_is_found_by_its_catalog_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = IcebergRig(tmp_path)
    rig.put("a", "x")
    rig.settle()
    monkeypatch.setenv("PYICEBERG_CATALOG__TORTURE__URI", f"sqlite:///{tmp_path}/catalog.db")
    from pyiceberg.utils.config import Config

    monkeypatch.setattr("pyiceberg.catalog._ENV_CONFIG", Config())  # which reads the environment once
    source = parse_source("table:iceberg://torture/docs.manuals?id=key&text=body")
    assert (listing([source])["uri"].to_pylist(), source.read("a.txt")) == (["a.txt"], b"x")
    with pytest.raises(UsageError, match=r"no such source: .*torture has no table docs.none"):
        listing([parse_source("table:iceberg://torture/docs.none?id=key&text=body")])
    with pytest.raises(UsageError, match="catalog 'nowhere' is not configured"):
        listing([parse_source("table:iceberg://nowhere/docs.manuals?id=key&text=body")])
    last = max((rig.path / "metadata").glob("*.json"))
    last.with_name(f"{last.name[:5]}-fork.metadata.json").write_bytes(last.read_bytes())
    with pytest.raises(UsageError, match="only its catalog knows the right one"):
        listing([parse_source(f"table:{rig.path}?id=key&text=body")])


def test_a_folder_of_files_is_one_table(tmp_path: Path) -> None:
    folder = tmp_path / "out.parquet"
    for place in ("land=de%2Fat/part-0.parquet", "land=__HIVE_DEFAULT_PARTITION__/part-1.parquet"):
        (folder / place).parent.mkdir(parents=True)
        pq.write_table(pa.table({"key": [place[-9]], "body": ["x"]}), folder / place)
    for place in ("_SUCCESS", ".part-0.parquet.crc", "_old/part-2.parquet"):
        (folder / place).parent.mkdir(exist_ok=True)
        (folder / place).write_bytes(b"none")
    address = f"table:{folder}?id=key&text=body&metadata=land"
    found = listing([parse_source(address)]).to_pylist()
    assert [(row["uri"], row["declared"] and json.loads(row["declared"])) for row in found] == [
        ("0.txt", {"metadata": {"land": "de/at"}}),
        ("1.txt", None),
    ]
    (folder / "_temporary").mkdir()
    with pytest.raises(TransientError, match="is being written"):
        listing([parse_source(address)])
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds no table"):
        listing([parse_source(f"table:{tmp_path}/empty?id=key&text=body")])


def test_a_glob_joins_files(tmp_path: Path) -> None:
    for name in "ab":
        write(tmp_path / f"{name}.jsonl", [{**ROW, "key": name}])
    source = parse_source(f"table:{tmp_path}/*.jsonl?id=key&text=body")
    assert listing([source])["uri"].to_pylist() == ["a.txt", "b.txt"]


@pytest.mark.parametrize(
    ("options", "who", "stated"),
    [
        ("acl=who", None, {"acl": []}),
        ("acl=who&null_acl=open", None, None),
        ("acl=who", [], {"acl": []}),
        ("acl=who&null_acl=open", [], {"acl": []}),
        ("acl=who", "anna|board", {"acl": ["anna", "board"]}),
        ("acl=who", '["anna"]', {"acl": ["anna"]}),
        ("acl=who", "[anna", {"acl": [], "problems": [NO_LIST]}),
        ("", ["anna"], None),
    ],
)
def test_who_may_see_a_row(tmp_path: Path, options: str, who: Any, stated: Any) -> None:
    found = listed(tmp_path / "t.jsonl", f"text=body&{options}", who=who)[0]["declared"]
    assert (json.loads(found) if found else None) == stated


@pytest.mark.parametrize("who", [["*"], [1], ["a\0b"], {"a": 1}])
def test_an_acl_that_is_not_understood_hides_the_row_and_is_remarked_on(tmp_path: Path, who: Any) -> None:
    stated = json.loads(listed(tmp_path / "t.jsonl", "text=body&acl=who", who=who)[0]["declared"])
    assert stated["acl"] == []
    assert stated["problems"][0].startswith("a.txt: acl")


@pytest.mark.parametrize(
    ("key", "uri"),
    [
        ("a/b", "a/b.md"),
        ("/etc/passwd", "%2Fetc/passwd.md"),
        ("../../x", "%2E./%2E./x.md"),
        (".hidden", "%2Ehidden.md"),
        ("a//b", "a%2F%2Fb.md"),
        ("50%", "50%25.md"),
        ("a\nb", "a%0Ab.md"),
        (7, "7.md"),
    ],
)
def test_any_key_names_a_document(tmp_path: Path, key: Any, uri: str) -> None:
    assert listed(tmp_path / "t.jsonl", "text=body&format=md", key=key)[0]["uri"] == uri
    assert parse_source(f"t=table:{tmp_path}/t.jsonl?id=key&text=body&format=md").read(uri) == b"x"


def test_keys_of_bytes_are_told_apart(tmp_path: Path) -> None:
    keys = [b"plain", b"\xff\x00", b"\xfe\x00"]
    pq.write_table(pa.table({"id": pa.array(keys, pa.binary()), "body": ["a", "b", "c"]}), tmp_path / "t.parquet")
    source = parse_source(f"table:{tmp_path}/t.parquet?text=body")
    assert listing([source])["uri"].to_pylist() == ["fe00.txt", "ff00.txt", "plain.txt"]
    assert source.read("ff00.txt") == b"b"


def test_a_time_that_no_calendar_has_is_named(tmp_path: Path) -> None:
    times = pa.array([2**62], pa.timestamp("us"))
    pq.write_table(pa.table({"id": ["a"], "body": ["a"], "at": times}), tmp_path / "t.parquet")
    with pytest.raises(UsageError, match=r"t\.parquet can't be read as a table"):
        listing([parse_source(f"table:{tmp_path}/t.parquet?text=body&version=at")])


def test_a_key_is_never_a_sidecar_of_another_row(tmp_path: Path) -> None:
    assert listed(tmp_path / "t.jsonl", "text=body&format=json", key="a.json.meta")[0]["uri"] == "a.json%2Emeta.json"


def test_a_template_joins_columns(tmp_path: Path) -> None:
    (tmp_path / "template").write_text("# {key}\n\n{body} {}\n")
    listed(tmp_path / "t.jsonl", "text=body", body=None)
    source = parse_source(f"table:{tmp_path}/t.jsonl?id=key&template=@{tmp_path}/template&format=md")
    assert source.read("a.md") == b"# a\n\n {}\n"


def test_deleted_rows_are_gone(tmp_path: Path) -> None:
    for value, n in ((None, 1), ("", 1), ("0", 1), ("false", 1), (False, 1), (True, 0), ("2026-01-01", 0), (1, 0)):
        assert len(listed(tmp_path / "t.jsonl", "text=body&deleted=gone", gone=value)) == n


def test_a_version_spares_reading_texts(tmp_path: Path) -> None:
    assert listed(tmp_path / "t.jsonl", "text=body&version=v", v=3)[0]["etag"] == "3"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("", "needs either text=COLUMN or template=TEXT"),
        ("text=body&template={body}", "needs either text=COLUMN or template=TEXT"),
        ("text=nobody", r"has no column 'nobody'; it has key, body, who"),
        ("text=body&txet=body", "no option 'txet'; did you mean text"),
        ("text=body&text=body", "'text' of a table source is given twice"),
        ("text=body&null_acl=maybe", "open or closed"),
        ("text=body&delimiter=ab", "one character, got 'ab'"),
        ("template=plain", "names no column"),
        ("template=@/nowhere", "can't read /nowhere"),
        ("text=body&password=x", "a URL holds credentials in 'password'"),
    ],
)
def test_wrong_options_are_named(tmp_path: Path, options: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        listed(tmp_path / "t.parquet", options, who=["a"])


def test_a_number_that_is_none_marks_no_row_as_deleted_and_names_none(tmp_path: Path) -> None:
    """As data frames write what is missing, if a column has numbers."""
    gone = pa.array([float("nan"), 1.0, 0.0])
    pq.write_table(pa.table({"key": ["a", "b", "c"], "body": ["x"] * 3, "gone": gone}), tmp_path / "t.parquet")
    source = parse_source(f"table:{tmp_path}/t.parquet?id=key&text=body&deleted=gone")
    assert listing([source])["uri"].to_pylist() == ["a.txt", "c.txt"]
    with pytest.raises(UsageError, match="no value in 'gone'"):
        listing([parse_source(f"table:{tmp_path}/t.parquet?id=gone&text=body")])


def test_times_in_nanoseconds_are_told_to_the_microsecond(tmp_path: Path) -> None:
    """Whether pandas is installed or not."""
    at = pa.array([1_700_000_000_123_456_789], pa.timestamp("ns", "UTC"))
    pq.write_table(pa.table({"key": ["a"], "body": ["x"], "at": at}), tmp_path / "t.parquet")
    (row,) = listing([parse_source(f"table:{tmp_path}/t.parquet?id=key&text=body&version=at&metadata=at")]).to_pylist()
    assert json.loads(row["declared"])["metadata"] == {"at": "2023-11-14T22:13:20.123456+00:00"}
    assert row["etag"] == "2023-11-14T22:13:20.123456+00:00"


def test_rows_without_a_key_or_with_the_same_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no value in 'key'"):
        listed(tmp_path / "t.jsonl", "text=body", key=None)
    write(tmp_path / "t.jsonl", [ROW, ROW])
    with pytest.raises(UsageError, match=r"'a\.txt' is there twice"):
        listing([parse_source(f"table:{tmp_path}/t.jsonl?id=key&text=body")])
    with pytest.raises(UsageError, match="no such source"):
        listing([parse_source(f"table:{tmp_path}/none.jsonl?text=body")])
    (tmp_path / "t.doc").write_text("")
    with pytest.raises(UsageError, match="is no table"):
        listing([parse_source(f"table:{tmp_path}/t.doc?text=body")])
