"""Tables of files as sources: the torture table, formats, and what rows declare."""

from __future__ import annotations

import csv
import gzip
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lake.errors import UsageError
from lake.sources.listing import listing
from lake.sources.source import parse_source
from tests.torture import Rig, Torture

ROW = {"key": "a", "body": "x", "who": None}


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
    monkeypatch.setattr("lake.sources.table._rows_of", lambda *_: pytest.fail("it was read"))
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
        ("acl=who", "[anna", {"acl": []}),
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
        ("text=body&txet=body", "no option 'txet'; there are id, text"),
        ("text=body&text=body", "'text' of a table source is given twice"),
        ("text=body&null_acl=maybe", "open or closed"),
        ("template=plain", "names no column"),
        ("template=@/nowhere", "can't read /nowhere"),
        ("text=body&password=x", "a URL holds credentials in 'password'"),
    ],
)
def test_wrong_options_are_named(tmp_path: Path, options: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        listed(tmp_path / "t.parquet", options, who=["a"])


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
