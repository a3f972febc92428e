"""What is stated of documents in front matter and sidecars, and that rights which are not understood let nobody in."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from lake.directory import Lake
from lake.errors import InputError
from lake.ids import document_id
from lake.ingest.rows import stated_of
from lake.ingest.source_listing import ListedSources, list_sources
from lake.parse import parse
from lake.sources.declared import PROBLEMS, declared_json, merged, statement
from lake.sources.protocol import is_sidecar
from lake.sources.scope import SourceScope
from lake.sources.source import parse_source


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"Title": " A  b ", "author": ["Ann", "Ben"], "language": "de", "year": 1}, {
            "title": "A b", "author": "Ann, Ben", "language": "de", "metadata": {"year": 1}}),
        ({"tags": "x, y,, x", "acl": ["b ", "a", "b"]}, {"tags": ["x", "y"], "acl": ["a", "b"]}),
        ({"tags": ["x", 3, None], "title": None}, {"tags": ["x", "3"]}),
        ({"acl": []}, {"acl": []}),
        ({"metadata": 1, "problems": 2}, {"metadata": {"metadata": 1, "problems": 2}}),
        ({}, {}),
    ],
)  # fmt: skip
def test_fields_are_understood(fields: dict[str, Any], said: dict[str, Any]) -> None:
    assert statement(fields) == said


@pytest.mark.parametrize("acl", [None, "hr", {"hr": 1}, [1], ["hr", None], [["hr"]], [""], ["*"], True])
@pytest.mark.parametrize("key", ["acl", "ACL", " Acl "])
def test_an_acl_that_is_not_understood_lets_nobody_in(acl: Any, key: str) -> None:
    said = statement({key: acl, "title": "T"})
    assert (said["acl"], said["title"], len(said["problems"])) == ([], "T", 1)


@pytest.mark.parametrize(
    "key", ["acls", "_acl", "acl:", "\u0430cl", "allowed_groups", "Allowed-Users", "AccessControlList"]
)
def test_a_key_that_means_rights_but_is_not_acl_lets_nobody_in(key: str) -> None:
    for said in (statement({key: ["hr"]}), stated_of(json.dumps({key: ["hr"]}), None)):
        assert (said["acl"], said["metadata"]) == ([], {key: ["hr"]})
        assert f"{key} restricts nothing" in said["problems"][0]
    assert statement({key: ["x"], "acl": ["hr"]})["acl"] == ["hr"]
    assert "acl" not in json.loads(declared_json("a.md", {key: ["hr"]}, None) or "")


@pytest.mark.parametrize("key", ["access", "groups", "permissions", "visibility", "oracle", "acl_version", "aclu"])
def test_a_key_that_may_mean_something_else_is_metadata(key: str) -> None:
    assert statement({key: ["hr"]}) == {"metadata": {key: ["hr"]}}


def test_other_keys_that_are_not_understood_are_problems_only() -> None:
    said = statement({"title": {}, "tags": {"a": 1}, "author": True})
    assert said == {"problems": [said["problems"][0], said["problems"][1], said["problems"][2]]}


def nested(levels: int, each: Callable[[Any], Any]) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = each(value)
    return value


@pytest.mark.parametrize("each", [lambda inner: [inner], lambda inner: {"a": inner}, lambda inner: [inner, inner]])
def test_what_is_nested_too_deeply_to_be_read_by_everybody_is_left_out(each: Callable[[Any], Any]) -> None:
    kept = nested(64, each)
    said = statement({"acl": ["hr"], "deep": kept})
    assert said["metadata"]["deep"] is kept
    for levels in (65, 500, 5000):
        said = statement({"acl": ["hr"], "year": 1, "deep": nested(levels, each)})
        assert (said["acl"], said["metadata"]) == (["hr"], {"year": 1})
        assert said["problems"] == ["deep is left out: it is nested more than 64 levels deep"]
        said = json.loads(declared_json("a.md", {"deep": nested(levels, each)}, ["hr"]) or "")
        assert (said["acl"], len(said["problems"])) == (["hr"], 1)


def test_metadata_that_holds_itself_is_left_out() -> None:
    value: list[Any] = []
    value.append(value)
    assert '"problems"' in (declared_json("a.md", {"circle": value}, None) or "")


def test_metadata_of_any_kind_is_the_same_each_time() -> None:
    """Sets have another order in each process, and objects another address."""
    odd = {
        "set": {"b", "a", 1},
        "bytes": b"\xff\x00",
        "text": memoryview(b"x"),
        "object": object(),
        "nan": float("nan"),
    }
    assert json.loads(declared_json("a.md", odd, None) or "")["metadata"] == {
        "set": ["a", "b", 1],
        "bytes": "ff00",
        "text": "x",
        "object": "object",
        "nan": "nan",
    }


def test_the_stronger_beats_the_weaker_key_by_key() -> None:
    weak = {"title": "a", "acl": ["x"], "metadata": {"k": 1, "l": 1}, "problems": ["p"]}
    strong = {"acl": [], "tags": ["t"], "metadata": {"k": 2}}
    both = {"title": "a", "acl": [], "tags": ["t"], "metadata": {"k": 2, "l": 1}, "problems": ["p"]}
    assert merged(weak, strong) == both
    assert merged({}, {}) == {}


@pytest.mark.parametrize(
    ("head", "acl"),
    [
        ("---\nacl: [hr, board]\n---\n", ["board", "hr"]),
        ("+++\nacl = ['hr']\n+++\n", ["hr"]),
        ("---\ntitle: x\n---\n", None),
        ("---\nacl: []\n---\n", []),
        ("---\nacl:\n---\n", []),
        ("---\nacl: hr\n---\n", []),
        ("---\nACL: {groups: [hr]}\n---\n", []),
        ("---\nacl: [hr]\nACL: [all]\n---\n", []),
        ("---\nacl: [hr, 3]\n---\n", []),
        ("---\nacl: [hr\ntitle: x\n---\n", []),  # no YAML
        ("---\nacl: [hr]\n", []),  # never closed
        ("--- # head\nacl: [hr]\n---\n", []),
        ("%YAML 1.2\n---\nacl: [hr]\n---\n", []),
        ("----\nacl: [hr]\n----\n", []),
        ("\u2014\u2014\u2014\nacl: [hr]\n\u2014\u2014\u2014\n", []),  # as word processors correct it
        (';;;\n{"acl": ["hr"]}\n;;;\n', []),
        ("---\u2028acl: [hr]\u2028---\u2028", []),
        ("---\n\u00a0acl: [hr]\ntitle: x\n---\n", []),
        ("---\ntitle: x\nacl\uff1a [hr]\n---\n", []),
        ("---\ntitle: x\n\uff41\uff43\uff4c: [hr]\n---\n", ["hr"]),
        ("---\ntitle: x\n---\n\n---\nacl: [hr]\n---\n", []),  # in a second block
        ("---\n{acl: [hr], acl: [all]}\n---\n", []),
        ("---\n? acl\n: [hr]\nacl: [all]\n---\n", []),
        ('{"acl": ["hr"], "acl": ["all"]}\n', []),
        ('\n  {"acl": ["hr"]}\n', []),
        ('{"acl": ["hr"]} and text\n', []),
        ("----\n\nThe list\n\nacl: [hr]\n", None),  # a rule, and text
        ("---\nnetwork:\n  acl: [hr]\n---\n", None),  # about something else
        ("---\nA rule, and: text [\n---\n", None),
        ("The acl: of it\n", None),
    ],
)
def test_front_matter_restricts(head: str, acl: list[str] | None) -> None:
    metadata = parse(f"{head}\n# Pump\n\nIt turns.".encode(), "a.md").metadata
    assert stated_of(json.dumps(metadata), None).get("acl") == acl


@pytest.mark.parametrize("suffix", ["txt", "log", "rst", "org", "html", "xhtml"])
def test_front_matter_of_other_formats_than_markdown_hides_the_document_if_it_names_an_acl(suffix: str) -> None:
    def acl(head: str) -> list[str] | None:
        found = parse(f"{head}\nPump\n====\n\nIt turns.".encode(), f"a.{suffix}")
        rights = stated_of(json.dumps(found.metadata), None).get("acl")
        assert any("only Markdown" in one.place for one in found.omitted) == (rights == [])
        return rights

    for head in (
        "---\nacl: [hr]\n---\n",
        "\n+++\nacl = ['hr']\n+++\n",
        "---\ntitle: x\n\nACL:\n- hr\n---\n",
        "---\nacl: [hr]\n",
    ):
        assert acl(head) == []
    for head in (
        "---\ntitle: x\n---\n",
        "-----\nacl: [hr]\n-----\n",
        "Write:\n\n---\nacl: [hr]\n---\n",
        "---\n\nacl: x\n",
    ):
        assert acl(head) is None


def mail_of(*parts: tuple[str, str]) -> bytes:
    """A mail of parts, each a type with its parameters, and a text."""
    inner = "".join(f"--X\nContent-Type: {kind}\n\n{text}\n" for kind, text in parts)
    return f"From: a@example.org\nSubject: Pump\nContent-Type: multipart/mixed; boundary=X\n\n{inner}--X--\n".encode()


def notebook_of(*cells: tuple[str, str]) -> bytes:
    rows = [{"cell_type": kind, "metadata": {}, "source": text} for kind, text in cells]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": rows}).encode()


OURS, THEIRS = "---\nacl: [hr]\n---\n", "---\ntitle: x\n---\n"


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("a.eml", lambda head: mail_of(("text/plain", f"{head}It turns."))),
        ("a.eml", lambda head: mail_of(("text/plain", "See the file."), ("text/markdown; name=a.md", f"{head}# It"))),
        ("a.eml", lambda head: mail_of(("text/plain", "See."), ("application/octet-stream; name=a.md", f"{head}# It"))),
        ("a.eml", lambda head: mail_of(("text/html", f"{head}<p>It turns.</p>"))),
        ("a.eml", lambda head: mail_of(("message/rfc822", f"Subject: Inner\n\n{head}It turns."))),
        (
            "a.eml",
            lambda head: mail_of(("text/plain", "See."), ("text/plain", f"{head}It.")).replace(
                b"multipart/mixed", b"multipart/alternative"
            ),
        ),
        ("a.ipynb", lambda head: notebook_of(("raw", head), ("markdown", "It turns."))),
        ("a.ipynb", lambda head: notebook_of(("raw", " "), ("code", "1"), ("markdown", f"\n{head}It turns."))),
    ],
)
def test_a_part_that_states_rights_hides_the_document_that_contains_it(name: str, make: Callable[[str], bytes]) -> None:
    found = parse(make(OURS), name)
    assert stated_of(json.dumps(found.metadata), None)["acl"] == []
    assert sum("it names an acl" in one.place for one in found.omitted) == 1
    found = parse(make(THEIRS), name)
    assert "acl" not in stated_of(json.dumps(found.metadata), None)


def test_metadata_of_the_format_overrides_no_column() -> None:
    assert stated_of('{"language": "python", "title": 1, "tags": "x"}', None) == {
        "tags": ["x"],
        "metadata": {"language": "python", "title": 1},
    }


def look(source: Path, lake: Lake, *, text: str | None = None, **how: Any) -> ListedSources:
    opened = parse_source(f"s={text or source}", **how)
    return list_sources(lake, [opened], verify=False)


def stated(found: ListedSources) -> dict[str, dict[str, Any]]:
    rows = found.documents.select(["uri", "stated"]).to_pylist()
    return {row["uri"]: json.loads(row["stated"]) if row["stated"] else {} for row in rows}


def write(folder: Path, files: dict[str, str | bytes]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())


def test_the_nearer_sidecar_is_the_stronger(source: Path, lake_url: str) -> None:
    write(source, {
        "a/b/c.md": "text",
        "d.md": "text",
        "_metadata.csv": "\ufeffpath,acl,tags,year,title\na/b/c.md,outer,x|y,2020,\n./d.md,,,,Dee\n",
        "a/_metadata.csv": "path,acl,year\nb/c.md,hr|board,2021\n",
        "a/b/c.md.meta.json": '{"title": "C", "deep": {"er": 1}}',
    })  # fmt: skip
    found = look(source, Lake(lake_url))
    assert stated(found) == {
        "a/b/c.md": {"acl": ["board", "hr"], "tags": ["x", "y"], "title": "C",
                     "metadata": {"year": "2021", "deep": {"er": 1}}},
        "d.md": {"title": "Dee"},
    }  # fmt: skip
    assert found.remarks == ()


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '"x"', '{"acl": "hr"}', '{"acl": ["hr"], "acl": ["all"]}', '{"x": NaN}', '{"x": "\\ud800"}',
     '{"x": "\\u0000"}', b"\xff\xfe", "[" * 100_000, '{"acl": ["*"]}'],
    ids=lambda text: repr(text)[:30],
)  # fmt: skip
def test_an_object_that_is_not_understood_closes_its_document(source: Path, lake_url: str, text: str) -> None:
    write(source, {"a.md": "text", "b.md": "text", "a.md.meta.json": text})
    found = look(source, Lake(lake_url))
    assert stated(found)["a.md"]["acl"] == []
    assert stated(found)["b.md"] == {}
    assert [remark.split(":")[0].split(" ")[0] for remark in found.remarks] == ["a.md.meta.json"]


@pytest.mark.parametrize(
    "text",
    ["", "name,acl\na.md,hr\n", "path,acl,ACL\na.md,hr,all\n", "path,acl\na.md\n", "path,acl\na,b.md,hr\n",
     'path,acl\n"a.md,hr\n', b"path,acl\n\xff,hr\n", "path,acl\na.md,h\0r\n"],
    ids=lambda text: repr(text)[:30],
)  # fmt: skip
def test_a_table_that_is_not_understood_closes_what_lies_below(source: Path, lake_url: str, text: str) -> None:
    write(source, {"top.md": "t", "in/a.md": "t", "in/deep/b.md": "t", "in/deep/b.md.meta.json": '{"acl": ["hr"]}'})
    write(source, {"in/_metadata.csv": text})
    found = look(source, Lake(lake_url))
    acls = {uri: said.get("acl") for uri, said in stated(found).items()}
    assert acls == {"top.md": None, "in/a.md": [], "in/deep/b.md": ["hr"]}
    assert found.remarks[0].startswith("in/_metadata.csv can't be read")


def test_rows_of_a_table(source: Path, lake_url: str) -> None:
    write(source, {name: "t" for name in ("twice.md", "all.md", "nobody.md", "plain.md")})
    write(
        source, {"_metadata.csv": "path,acl\ntwice.md,hr\ntwice.md,\nall.md,\nnobody.md,|\nlost.md,hr\n\nplain.md,*\n"}
    )
    found = look(source, Lake(lake_url))
    acls = {uri: said.get("acl") for uri, said in stated(found).items()}
    assert acls == {"twice.md": [], "all.md": None, "nobody.md": [], "plain.md": []}
    assert [remark for remark in found.remarks if "lost.md" in remark] == [
        "_metadata.csv: the row for lost.md states rights but names no document here; it restricts nothing: "
        "correct its path or delete it"
    ]
    assert len(found.remarks) == 3


def test_sidecars_are_no_documents_and_patterns_leave_them(source: Path, lake_url: str) -> None:
    write(source, {"a.md": "t", "a.md.meta.json": '{"acl": ["hr"]}', ".meta.json": "{}", "b.meta.json": "{}"})
    assert [is_sidecar(name) for name in ("x/_metadata.csv", "a.meta.json", ".meta.json", "meta.json")] == [
        True, True, False, False]  # fmt: skip
    lake = Lake(lake_url)
    for how in (
        {},
        {"include": ["*.md"]},
        {"exclude": ["*.json"]},
        {"text": f"{source}/*.md"},
        {"text": f"{source}/a.md"},
    ):
        assert stated(look(source, lake, **how)) == {"a.md": {"acl": ["hr"]}}  # type: ignore[arg-type]


def test_a_sidecar_that_cannot_be_opened_closes_its_document(source: Path, lake_url: str) -> None:
    write(source, {"a.md": "t"})
    os.symlink("a.md.meta.json", source / "a.md.meta.json")
    found = look(source, Lake(lake_url))
    assert stated(found)["a.md"]["acl"] == []
    assert "can't be opened" in found.remarks[0]


def test_what_has_not_changed_is_not_read(source: Path, lake_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write(source, {"a.md": "t", "b.md": "t", "a.md.meta.json": '{"acl": ["hr"]}', "_metadata.csv": "path,x\nb.md,1\n"})
    lake = Lake(lake_url)
    first = look(source, lake)
    lake.create()
    lake.remember(first.cache, ["s"])
    with monkeypatch.context() as patch:
        patch.setattr("lake.sources.local.LocalReader.open", lambda *_: pytest.fail("it was read again"))
        again = look(source, lake)
    assert again.documents.equals(first.documents)
    (source / "a.md.meta.json").write_text('{"acl": ["hr"], "k": 2}')
    (source / "_metadata.csv").unlink()
    assert stated(look(source, lake)) == {"a.md": {"acl": ["hr"], "metadata": {"k": 2}}, "b.md": {}}


def test_the_error_of_a_document_is_not_that_of_its_sidecar(source: Path, lake_url: str) -> None:
    write(source, {"a.md.meta.json": '{"acl": ["hr"]}'})
    os.symlink("a.md", source / "a.md")
    found = look(source, Lake(lake_url))
    assert stated(found) == {"a.md": {"acl": ["hr"]}}
    assert [error_class for _, error_class in found.unreadable.values()] == [InputError.error_class]
    assert PROBLEMS not in found.documents.column_names


def test_what_was_erased_is_in_no_cache_and_comes_back_with_its_rights(source: Path, lake_url: str) -> None:
    write(
        source,
        {"a.md": "t", "b.md": "t", "b.md.meta.json": '{"k": 1}', "_metadata.csv": "path,acl\na.md,hr\nb.md,hr\n"},
    )
    lake = Lake(lake_url)
    lake.create()
    denied = document_id("s", "b.md")
    lake.denylist().add([(denied, [])])
    found = look(source, lake)
    assert (stated(found), found.n_denied) == ({"a.md": {"acl": ["hr"]}}, 1)
    assert found.cache["uri"].to_pylist() == ["a.md"]
    lake.remember(found.cache, ["s"])
    lake.denylist().lift(denied)
    again = look(source, lake)
    assert stated(again)["b.md"] == {"acl": ["hr"], "metadata": {"k": 1}}
    lake.remember(again.cache, ["s"])
    lake.denylist().add([(denied, [])])
    lake.redact(())
    assert lake.cached_digests(["s"])["uri"].to_pylist() == ["a.md"]


@pytest.mark.parametrize(
    "sidecars",
    [
        {"Pump.MD.meta.json": '{"acl": ["hr"]}'},
        {"pump.meta.json": '{"acl": ["hr"]}'},
        {"pump.md .meta.json": '{"acl": ["hr"]}'},
        {"pump.md.meta.json": '{"acl\u200b": ["hr"]}'},
        {"_metadata.csv": "path,acl\npump,hr\n"},
        {"_metadata.csv": "path,acl\n/pump.md,hr\n"},
        {"_metadata.csv": "path,acl\na/pump.md,hr\n"},
        {"_metadata.csv": "path,acl\npump%2emd,hr\n"},
        {"_metadata.csv": "path,\ufeffacl\npump.md,hr\n"},
    ],
)
def test_rights_under_a_mistaken_name_restrict_what_they_may_mean(
    source: Path, lake_url: str, sidecars: dict[str, str]
) -> None:
    names = {f"a/{name}": text for name, text in sidecars.items()}
    write(source, {"a/pump.md": "A pump.", "a/other.md": "Another.", "pump.txt": "Elsewhere.", **names})
    found = stated(look(source, Lake(lake_url)))
    assert {uri: one.get("acl") for uri, one in found.items()} == {
        "a/pump.md": ["hr"],
        "a/other.md": None,
        "pump.txt": None,
    }


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("pump.md", ["a/pump.md"]),  # without its folder
        ("a/pump.pdf", ["a/pump.md"]),  # with another suffix
        ("pump", ["a/pump.md"]),
        ("p*.md", ["a/pump.md"]),
        ("/srv/docs/a/pump.md", ["a/pump.md"]),
        ("C:\\docs\\a\\pump.md", ["a/pump.md"]),
        ("file:///srv/a/pump.md", ["a/pump.md"]),
        ("a/pu\u200bmp.md", ["a/pump.md"]),
        ("a/pump.md.", ["a/pump.md"]),
        ("", ["a/pump.md", "other.txt"]),
        ("a/pumps.md", []),
        ("b/pump.md", []),
        ("../pump.md", []),
    ],
)
def test_a_row_with_rights_restricts_what_it_may_mean_and_is_named(
    source: Path, lake_url: str, path: str, meant: list[str]
) -> None:
    write(source, {"a/pump.md": "A pump.", "other.txt": "Other.", "_metadata.csv": f"path,acl\n{path},hr\n"})
    found = look(source, Lake(lake_url))
    assert [uri for uri, one in stated(found).items() if "acl" in one] == meant
    assert len(found.remarks) == 1


def test_a_row_about_a_document_above_its_folder_is_named(source: Path, lake_url: str) -> None:
    write(source, {"pump.md": "A pump.", "a/b.md": "B.", "a/_metadata.csv": "path,acl\n../pump.md,hr\n"})
    found = look(source, Lake(lake_url))
    assert (stated(found)["pump.md"], len(found.remarks)) == ({}, 1)


@pytest.mark.parametrize(
    "name",
    [
        *("pump.md.META.JSON", "pump.md.meta.json.txt", "_Metadata.csv", "_metadata.csv.txt"),
        *("_metadata.xlsx", "_Metadata.TSV", "_metadata.ods"),
    ],
)
def test_a_file_that_is_almost_named_as_a_sidecar_closes_its_documents(source: Path, lake_url: str, name: str) -> None:
    write(source, {"a/pump.md": "A pump.", "other.md": "Another.", f"a/{name}": "{}"})
    found = stated(look(source, Lake(lake_url)))
    assert found["a/pump.md"]["acl"] == []
    assert name in found["a/pump.md"]["problems"][0]
    assert "acl" not in found["other.md"]


def test_a_sheet_beside_the_table_that_was_saved_from_it_closes_nothing(source: Path, lake_url: str) -> None:
    table = "path,acl\npump.md,hr\n"
    write(source, {"pump.md": "A pump.", "b.md": "B.", "_metadata.tsv": "path\tacl", "_metadata.csv": table})
    found = stated(look(source, Lake(lake_url)))
    assert (found["pump.md"]["acl"], "acl" in found["b.md"]) == (["hr"], False)


def test_a_run_over_one_document_knows_what_was_meant_as_its_sidecar(source: Path, lake_url: str) -> None:
    write(source, {"pump.md": "A pump."})
    scope, others = SourceScope.of(["pump.md"]), pa.table({"source": ["s"], "uri": ["pump.md.META.JSON"]})
    found = list_sources(Lake(lake_url), [parse_source(f"s={source}")], verify=False, scope=scope, others=others)
    assert stated(found)["pump.md"]["acl"] == []


@pytest.mark.parametrize("name", ["pump.md.META.JSON", "_metadata.csv.txt"])
@pytest.mark.parametrize("patterns", [{"include": ["**/*.md"]}, {"exclude": ["*.txt", "*.JSON"]}])
def test_patterns_hide_no_file_that_is_almost_named_as_a_sidecar(
    source: Path, lake_url: str, name: str, patterns: dict[str, list[str]]
) -> None:
    write(source, {"a/pump.md": "A pump.", "other.md": "Another.", f"a/{name}": "{}"})
    found = look(source, Lake(lake_url), **patterns)
    assert {uri: one.get("acl") for uri, one in stated(found).items()} == {"a/pump.md": [], "other.md": None}
    assert (len(found.remarks), found.n_denied, found.is_settled) == (1, 0, found.cache.num_rows == 3)
