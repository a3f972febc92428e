"""Sidecars that are no files, that vanish, or whose rows name no document: nothing opens, and somebody is told."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsspec
import pytest

import lake
from flows.cli.app import _exit_status
from flows.reindex import Outcome
from lake import operate
from lake.directory import Lake
from lake.errors import RefusedError
from lake.ingest.source_listing import list_sources
from lake.sources.scope import SourceScope
from lake.sources.source import parse_source

Ingest = Callable[..., Outcome]

SIDECAR = "a.md.meta.json"


def visible(url: str, *principals: str) -> set[str]:
    found = lake.open_lake(url).search("pump", 50, mode="text", principals=list(principals))
    return set(found["uri"].to_pylist())


def documents(source: Path, *names: str) -> None:
    for name in names:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(f"# {name}\n\nThe pump of {name}.\n")


def bind(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        there = os.getcwd()
        os.chdir(path.parent)  # the name of a socket is limited to some hundred bytes
        one.bind(path.name)
        os.chdir(there)


ODD: dict[str, Callable[[Path], None]] = {
    "dangling link": lambda path: path.symlink_to("nowhere"),
    "link to itself": lambda path: path.symlink_to(path.name),
    "folder": lambda path: path.mkdir(),
    "link to a folder": lambda path: path.symlink_to("."),
    "pipe": os.mkfifo,
    "socket": bind,
    "link to a device": lambda path: path.symlink_to("/dev/null"),
    "link to an endless device": lambda path: path.symlink_to("/dev/zero"),
    "not readable as JSON": lambda path: path.write_bytes(b""),
}


def test_whatever_has_the_name_of_a_sidecar_closes_its_documents(source: Path, lake_url: str, ingest: Ingest) -> None:
    for number, make in enumerate(ODD.values()):
        documents(source, f"{number}/a.md", f"table{number}/b.md")
        make(source / f"{number}/{SIDECAR}")
        make(source / f"table{number}/_metadata.csv")
    outcome = ingest()
    assert outcome.published
    assert outcome.n_sidecar_problems == len(outcome.remarks) == 2 * len(ODD)
    assert all("can't be read" in remark for remark in outcome.remarks)
    assert visible(lake_url) == visible(lake_url, "hr") == set()
    assert not ingest().published


@pytest.mark.parametrize("name", [SIDECAR, "_metadata.csv"])
@pytest.mark.parametrize("kind", ODD)
def test_it_closes_a_source_of_a_single_file_too(source: Path, lake_url: str, kind: str, name: str) -> None:
    documents(source, "a.md")
    ODD[kind](source / name)
    found = list_sources(Lake(lake_url), [parse_source(str(source / "a.md"))], verify=False)
    [stated] = found.documents.column("stated").to_pylist()
    assert json.loads(stated)["acl"] == []
    assert found.remarks[0].startswith(f"{name} can't be read")


@pytest.mark.parametrize(
    ("kind", "name", "is_closed"),
    [
        *(("file", name, True) for name in ("a.md.META.json", "a.md.meta.json.txt", "_Metadata.csv")),
        *(("file", name, True) for name in ("A.md.meta.json", "a.meta.json", "A.MD.Meta.Json.TXT", "a.md.meta")),
        *(("file", name, False) for name in ("b.md.META.json", "b.md.meta.json", "c.md.meta.json", "b.md.meta.yaml")),
        *((kind, "a.md.META.json", True) for kind in ("dangling link", "folder", "pipe")),
        ("dangling link", "_metadata.csv.txt", True),
    ],
)
def test_what_is_nearly_a_sidecar_closes_a_single_file_as_it_closes_a_folder(
    source: Path, lake_url: str, kind: str, name: str, is_closed: bool
) -> None:
    documents(source, "a.md", "b.md")
    if kind == "file":
        (source / name).write_text('{"acl": ["hr"]}' if ".csv" not in name.lower() else "path,acl\na.md,hr\n")
    else:
        ODD[kind](source / name)
    for place in (source / "a.md", source):
        found = list_sources(Lake(lake_url), [parse_source(str(place))], verify=False)
        stated = dict(zip(*(found.documents.column(n).to_pylist() for n in ("uri", "stated")), strict=True))
        assert ("acl" in json.loads(stated["a.md"] or "{}")) == is_closed, place
        assert stated.keys() - {"a.md", "b.md"} <= ({name} if place == source else set())
        assert bool(found.remarks) or not is_closed


#: Files beside a.md that state who may see it; one of whose names raglake reads.
LOOSE = {
    **dict.fromkeys(["a.md.meta", "a.md.meta.yaml", "a.meta.yml", "a.md.Meta.Yaml.txt", "a.md.yaml"], "acl: [hr]\n"),
    **dict.fromkeys(["a.md.meta.toml", "a.md.meta.ini"], 'acl = ["hr"]\n'),
    **dict.fromkeys(["a.md.metadata.json", "a.md_meta.json", "a.md.meta (1).json", "a.md.json"], '{"ACLs": ["hr"]}'),
    **dict.fromkeys(["a.md.meta.json ", "a.md.meta.jsonc"], '{"acl": ["hr"]}'),
    **dict.fromkeys(["a.md.acl", "a.md.acl.json"], "hr"),
    **dict.fromkeys(["_metadata.yaml", "_meta.json"], '{"a.md": {"acl": ["hr"]}}'),
    **dict.fromkeys(["_metadata (1).csv", "_metadata", "metadata.csv"], "path,acl\na.md,hr\n"),
    **dict.fromkeys(["_metadata - Kopie.csv", "_metadata copy 2.csv"], "path;acl\r\na.md;hr\r\n"),
    "metadata.tsv": "path\tacl\na.md\thr\n",
    "a.md.meta.xml": '<document title="x" acl="hr"/>',
    "a.meta.xml": '<meta name="acl" content="hr"/>',
    "a.md.meta.properties": "title=x\rdocument.acl=hr\r",
}
#: Files beside a.md that are about something else.
OTHER = {
    "a.md.meta": "fileFormatVersion: 2\nguid: 4711\n",  # of Unity
    "a.md.metadata.json": '{"metadataAttributes": {"oracle": 1}}',  # of Bedrock
    "a.md.meta.yaml": "alt_text: The acl of the knee\n",
    "b.md.meta.yaml": "acl: [hr]\n",
    "a.acl": "hr",
    "a.json": '{"acl": ["hr"]}',
    "[a].md.meta.yaml": "acl: [hr]\n",
    "metadata.csv": "file_name,acl\na.md,hr\n",
    "_metadata": "PAR1\0,acl,",  # of Parquet
    "meta.yaml": "acl: [hr]\n",
}


def test_what_states_rights_in_a_name_that_is_not_read_closes_its_document(
    source: Path, lake_url: str, ingest: Ingest
) -> None:
    for number, (name, text) in enumerate(LOOSE.items()):
        documents(source, f"{number}/a.md")
        (source / f"{number}/{name}").write_text(text)
    for number, (name, text) in enumerate(OTHER.items()):
        documents(source, f"open/{number}/a.md")
        (source / f"open/{number}/{name}").write_text(text)
    documents(source, "read/a.md")
    (source / "read/a.md.meta.json").write_text('{"acl": ["hr"]}')
    (source / "read/a.md.meta.yaml").write_text("acl: [hr]\n")
    documents(source, "unread/a.md", "beside/a.md")
    (source / "unread/a.md.meta.yaml").symlink_to("a.md.meta.yaml")
    (source / "beside/_metadata.csv").write_text("path,title\na.md,Pumps\n")
    (source / "beside/_metadata (1).csv").write_text("path,acl\na.md,hr\n")
    outcome = ingest(include=("*.md",))
    assert len(outcome.remarks) == len(LOOSE) + 2
    everybody = {f"open/{number}/a.md" for number in range(len(OTHER))}
    assert visible(lake_url) == everybody
    assert visible(lake_url, "hr") == {*everybody, "read/a.md"}
    for number in range(len(LOOSE)):
        documents(source, f"{number}/a.md")
    ingest(include=("*.md",), only=tuple(f"{number}/a.md" for number in range(len(LOOSE))))
    assert visible(lake_url) == everybody
    names = ("a.md.json", "a.meta.yaml", "_metadata (1).csv", "A.MD.META.json")
    for number, name in enumerate(names):  # told of alone, as a watch tells
        (source / f"open/{number}/{name}").write_text("acl: [hr]\n")
    ingest(include=("*.md",), only=tuple(f"open/{number}/{name}" for number, name in enumerate(names)))
    assert visible(lake_url) == everybody - {f"open/{number}/a.md" for number in range(len(names))}


@pytest.mark.parametrize("name", ["a.md.META.json", "_Metadata.csv", "_metadata.ods", "a.meta.json", "A.md.meta.json"])
@pytest.mark.parametrize("place", ["local", "bucket"])
def test_a_run_over_one_document_sees_what_is_nearly_a_sidecar(
    lake_url: str, source: Path, name: str, place: str
) -> None:
    bucket = fsspec.filesystem("file" if place == "local" else "memory")
    folder = str(source) if place == "local" else f"/near{name}"
    bucket.pipe(f"{folder}/a.md", b"the pump")
    bucket.pipe(f"{folder}/{name}", b'{"acl": ["hr"]}')
    found = parse_source(folder if place == "local" else f"memory:/{folder}", include=("*.md",))
    whole = list_sources(Lake(lake_url), [found], verify=False)
    Lake(lake_url).remember(whole.cache, [found.name])
    part = list_sources(Lake(lake_url), [found], verify=False, scope=SourceScope.of(["a.md"]))
    assert whole.documents.column("stated").to_pylist() == part.documents.column("stated").to_pylist()
    assert "acl" in json.loads(part.documents.column("stated")[0].as_py())


def test_a_folder_of_a_bucket_with_the_name_of_a_sidecar_closes_its_documents(lake_url: str) -> None:
    bucket = fsspec.filesystem("memory")
    for name in (
        "a.md",
        "a.md.meta.json/x.md",
        "b/c.md",
        "b/_metadata.csv/y.md",
        "d.md",
        "d.md.META.json/z.md",
        "open.md",
    ):
        bucket.pipe(f"/closing/{name}", b"the pump")
    found = list_sources(Lake(lake_url), [parse_source("memory://closing")], verify=False)
    stated = dict(zip(*(found.documents.column(n).to_pylist() for n in ("uri", "stated")), strict=True))
    closed = {uri for uri, one in stated.items() if one and json.loads(one).get("acl") == []}
    assert closed == {"a.md", "b/c.md", "b/_metadata.csv/y.md", "d.md"}


def test_a_sidecar_that_turns_into_something_else_opens_nothing_at_past_releases(
    source: Path, lake_url: str, ingest: Ingest
) -> None:
    documents(source, "open.md", *(f"{number}/a.md" for number in range(len(ODD))))
    for number in range(len(ODD)):
        (source / f"{number}/{SIDECAR}").write_text('{"acl": ["hr"]}')
    first = ingest().release
    for number, make in enumerate(ODD.values()):
        (source / f"{number}/{SIDECAR}").unlink()
        make(source / f"{number}/{SIDECAR}")
    ingest()
    assert visible(lake_url, "hr") == {"open.md"}
    found = lake.open_lake(lake_url).search("pump", 50, mode="text", at=first, principals=["hr"])
    assert set(found["uri"].to_pylist()) == {"open.md"}


def test_the_id_in_a_remark_of_the_audit_leads_to_the_document(source: Path, lake_url: str, ingest: Ingest) -> None:
    documents(source, "a.md", "b.md")
    (source / SIDECAR).write_text("{no JSON")
    ingest()
    index = lake.open_lake(lake_url)
    (named,) = [one["sample_ids"] for one in index.findings("live").to_pylist() if "raglake inspect" in one["message"]]
    assert [index.inspect(doc_id)["uri"] for doc_id in named] == ["a.md"]


@pytest.mark.parametrize("back_to", ["open", "without them"])
def test_a_rollback_opens_no_way_around_the_guard(source: Path, lake_url: str, ingest: Ingest, back_to: str) -> None:
    names = [f"{n}.md" for n in range(4)]
    documents(source, "other.md", *(names if back_to == "open" else ()))
    first = ingest()
    documents(source, *names)
    for name in names:
        (source / f"{name}.meta.json").write_text('{"acl": ["hr"]}')
    ingest()
    operate.rollback(lake_url, str(first.release), why="as before")
    for name in names:
        (source / f"{name}.meta.json").unlink()
    with pytest.raises(RefusedError, match="4 documents of 4 that are restricted today"):
        ingest()
    assert visible(lake_url) == {"other.md"}
    for name in names:
        (source / name).write_text(f"# {name}\n\nThe pump, in bytes that nobody has read.\n")
    with pytest.raises(RefusedError, match="4 documents of 4 that are restricted today"):
        ingest()
    ingest(allow_opening=4)
    assert visible(lake_url) == {"other.md", *names}


def test_documents_in_quarantine_come_back_as_restricted_as_they_were(
    source: Path, lake_url: str, ingest: Ingest
) -> None:
    names = [f"{n}.md" for n in range(3)]
    documents(source, "other.md", *names)
    for name in names:
        (source / f"{name}.meta.json").write_text('{"acl": ["hr"]}')
    ingest()
    for name in names:
        (source / name).write_text("")
    assert ingest(allow_removals=3).n_quarantined == 3
    documents(source, *names)
    for name in names:
        (source / f"{name}.meta.json").unlink()
    with pytest.raises(RefusedError, match="3 documents of 3 that are restricted today"):
        ingest()
    assert visible(lake_url) == {"other.md"}


def test_documents_that_restrict_themselves_block_no_run_after_a_rollback(
    source: Path, lake_url: str, ingest: Ingest
) -> None:
    documents(source, "other.md")
    first = ingest()
    for n in range(3):
        (source / f"own{n}.md").write_text(f"---\nacl: [hr]\n---\n# Own {n}\n\nThe pump.\n")
    ingest()
    operate.rollback(lake_url, str(first.release), why="as before")
    for n in range(3):
        (source / f"own{n}.md").write_text(f"---\nacl: [hr]\n---\n# Own {n}\n\nAnother pump.\n")
    ingest()
    assert visible(lake_url) == {"other.md"}
    assert visible(lake_url, "hr") == {"other.md", "own0.md", "own1.md", "own2.md"}
    shutil.rmtree(Path(lake_url) / "contents")  # what a lake lost can be restored without opening anything
    assert "stored again" in ingest(verify=True).reason
    assert visible(lake_url) == {"other.md"}


def test_sidecars_that_vanish_open_no_more_than_a_run_may(source: Path, lake_url: str, ingest: Ingest) -> None:
    names = [f"{number}.md" for number in range(5)]
    documents(source, *names)
    for name in names[:4]:
        (source / f"{name}.meta.json").write_text('{"acl": ["hr"]}')
    (source / "own.md").write_text("---\nacl: [hr]\n---\n# Own\n\nThe pump.\n")
    ingest()
    (source / "0.md.meta.json").unlink()
    ingest()
    assert visible(lake_url) == {"0.md", "4.md"}
    for name in names[1:4]:
        (source / f"{name}.meta.json").unlink()
    (source / "1.md").rename(source / "moved.md")
    with pytest.raises(RefusedError, match=r"3 documents of 4 .*\(1\.md, 2\.md, 3\.md\).*--allow-opening 3"):
        ingest()
    assert visible(lake_url) == {"0.md", "4.md"}
    ingest(allow_opening=3)
    assert visible(lake_url) == {"0.md", "4.md", "moved.md", "2.md", "3.md"}


def test_a_document_moved_without_what_restricts_it_stays_closed(source: Path, lake_url: str, ingest: Ingest) -> None:
    documents(source, "a/row.md", "a/side.md", "b/open.md")
    (source / "a/_metadata.csv").write_text("path,acl\nrow.md,hr\n")
    (source / "a/side.md.meta.json").write_text('{"acl": ["hr"]}')
    ingest()
    for name, sidecar in (("row.md", "a/_metadata.csv"), ("side.md", "a/side.md.meta.json")):
        (source / "a" / name).rename(source / "b" / name)
        with pytest.raises(RefusedError, match=rf"a/{name} was moved to b/{name} .*: {sidecar} still .*-opening 1"):
            ingest()
        assert visible(lake_url) == {"b/open.md"}
        (source / "b" / name).rename(source / "a" / name)
    (source / "a/side.md").rename(source / "b/side.md")
    (source / "a/side.md.meta.json").rename(source / "b/side.md.meta.json")
    assert ingest().moved == 1
    assert (visible(lake_url), len(visible(lake_url, "hr"))) == ({"b/open.md"}, 3)
    (source / "a/row.md").rename(source / "b/row.md")
    told = ingest(allow_opening=1)
    assert told.remarks[0] == f"with {told.release} everybody may see 1 document that was restricted: b/row.md"
    assert visible(lake_url) == {"b/open.md", "b/row.md"}


def test_a_table_that_vanishes_or_loses_its_acl_opens_nothing(source: Path, lake_url: str, ingest: Ingest) -> None:
    names = [f"{number}.md" for number in range(4)]
    documents(source, *names)
    table = source / "_metadata.csv"
    table.write_text("path,acl\n" + "".join(f"{name},hr\n" for name in names))
    ingest()
    for text in ("path,project\n0.md,x\n", "path,acl\n0.md,hr\n", None):
        table.unlink() if text is None else table.write_text(text)
        with pytest.raises(RefusedError, match="--allow-opening"):
            ingest()
    assert visible(lake_url) == set()
    for name in names:
        (source / name).unlink()
    documents(source, "new.md")
    ingest(allow_removals=4)
    assert visible(lake_url) == {"new.md"}


#: A document, and a path that may mean it.
MEANT = [
    ("hr/Plan.md", "hr/plan.md"),
    ("HR/plan.md", "hr/plan.md"),
    ("hr/plan.md", "hr\\plan.md"),
    ("hr/plan.md", ".\\hr\\plan.md"),
    ("hr/plan.md", "/hr/plan.md"),
    ("hr/plan.md", "hr"),
    ("hr/deep/plan.md", "hr/"),
    ("hr/deep/plan.md", "HR\\"),
    ("hr/plan.md", "hr/*.md"),
    ("hr/deep/plan.md", "hr/**"),
    ("hr/plan.md", "HR/PL?N.*"),
    ("hr/deep/plan.md", "**/plan.md"),
]


def test_a_row_that_names_no_document_restricts_what_it_may_mean(
    source: Path, lake_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, (name, path) in enumerate(MEANT):
        documents(source, f"{number}/{name}", f"{number}/open.md")
        rooted = f"/{number}{path}" if path.startswith("/") else path
        (source / f"{number}/_metadata.csv").write_text(f'path,acl\n"{rooted}",hr\n')
    assert _exit_status(["ingest", str(source), "--lake", lake_url, "--embedder", "hash", "--json"]) == 0
    outcome = json.loads(capsys.readouterr().out)
    assert (outcome["published"], outcome["n_sidecar_problems"]) == (True, len(MEANT))
    assert all("restricts what it may mean" in remark for remark in outcome["remarks"])
    everybody = {f"{number}/open.md" for number in range(len(MEANT))}
    assert visible(lake_url) == everybody
    assert visible(lake_url, "hr") == everybody | {f"{number}/{name}" for number, (name, _) in enumerate(MEANT)}


def test_a_strict_run_publishes_nothing_until_the_sidecars_are_right(
    source: Path, lake_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def ingest_strictly(*words: str) -> tuple[int, dict[str, Any]]:
        status = _exit_status(["ingest", str(source), "--lake", lake_url, "--embedder", "hash", "--json", *words])
        return status, json.loads(capsys.readouterr().out)

    documents(source, "a.md", "b.md")
    assert ingest_strictly("--strict")[0] == 0
    documents(source, "new.md")
    rows = "path,acl\na.md,hr\n"
    (source / "_metadata.csv").write_text(rows + "elsewhere.md,hr\n")
    for _ in range(2):
        status, outcome = ingest_strictly("--strict")
        assert (status, outcome["published"], outcome["n_sidecar_problems"]) == (4, False, 1)
        assert "the run is strict: _metadata.csv: the row for elsewhere.md states rights" in outcome["reason"]
        assert visible(lake_url) == {"b.md"}  # what a row takes away does not wait
    (source / "_metadata.csv").write_text(rows)
    status, outcome = ingest_strictly("--strict")
    assert (status, outcome["published"], outcome["n_texts_embedded"]) == (0, True, 0)
    assert visible(lake_url) == {"b.md", "new.md"}
    (source / "_metadata.csv").write_text(rows + "elsewhere.md,hr\n")
    assert ingest_strictly("--strict")[0] == 4  # also if there is nothing to publish
    documents(source, "later.md")
    assert ingest_strictly()[1]["published"]


def test_a_row_that_means_nothing_is_remarked_on_first(source: Path, lake_url: str, ingest: Ingest) -> None:
    documents(source, "open.md", "hr.md")
    (source / "_metadata.csv").write_text("path,acl,project\ngone.md,hr,\n../up.md,hr,\nlost.md,,x\n[z-a],hr,\n")
    outcome = ingest()
    assert outcome.n_sidecar_problems == 4
    assert sum("it restricts nothing" in remark for remark in outcome.remarks) == 3
    assert visible(lake_url) == {"open.md", "hr.md"}


def test_an_exact_row_outweighs_a_loose_one_and_two_loose_ones_narrow_each_other(
    source: Path, lake_url: str, ingest: Ingest
) -> None:
    documents(source, "hr/a.md", "hr/b.md")
    (source / "_metadata.csv").write_text("path,acl\nhr/,hr|board\nHR/*,board|audit\nhr/a.md,ann\n")
    ingest()
    assert [visible(lake_url, name) for name in ("ann", "hr", "board", "audit")] == [
        {"hr/a.md"}, set(), {"hr/b.md"}, set()]  # fmt: skip
