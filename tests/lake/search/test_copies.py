"""Exact copies take one place in a search, and no reader learns of a copy that is hidden from it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.reindex import Job, Outcome, reindex
from flows.steps import PlainSteps
from lake import open_lake, operate
from lake.index import Index
from lake.options import RecipeOptions
from lake.releases.copies import COPY_COLUMNS, Copy, exact_groups, standing

PUMP = "# Pump\n\nThe pump's oil is changed every May, says Zoë.\n\nIts filter is rinsed in June.\n"
OTHERS = {f"other{n}.md": f"# Tide {n}\n\nHigh water {n} comes at six, oil or no oil.\n" for n in range(4)}


def written(folder: Path, files: dict[str, str | bytes]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())


def closed(folder: Path, name: str, *acl: str) -> None:
    (folder / f"{name}.meta.json").write_text(json.dumps({"acl": list(acl)}))


def names(index: Index, text: str = "oil of the pump", **how: Any) -> list[tuple[str, list[str]]]:
    return [(hit["uri"], hit["copies"]) for hit in index.search(text, 10, **how)]


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """Six documents with one text: other encodings, line ends, names and formats."""
    folder = tmp_path_factory.mktemp("copied")
    files: dict[str, str | bytes] = {"a/pump.md": PUMP, "b/pump.md": PUMP.encode("utf-16"), **OTHERS}
    files |= {"b/old/pump.md": PUMP.replace("\n", "\r\n"), "pump.txt": PUMP, "c/latin.md": PUMP.encode("latin-1")}
    written(folder / "source", {**files, "c/decomposed.md": PUMP.replace("ë", "e\u0308")})
    recipe, url = RecipeOptions(embedder="hash"), str(folder / "lake")
    with PlainSteps() as steps:
        outcome = reindex(Job(sources=(str(folder / "source"),), lake=url, settings=recipe), steps)
    assert outcome.n_copies == 5
    return open_lake(url)


def test_copies_take_one_place_and_are_named(copied: Index) -> None:
    for mode, expand in product(["hybrid", "vector", "text"], ["parent", "window", "none"]):
        found = dict(names(copied, mode=mode, expand=expand))
        assert found.pop("a/pump.md") == ["b/pump.md", "c/latin.md", "c/decomposed.md", "b/old/pump.md", "pump.txt"]
        assert all(uri in OTHERS and copies == [] for uri, copies in found.items())
        every = [uri for uri, _ in names(copied, mode=mode, expand=expand, copies="all")]
        assert {"a/pump.md", "b/pump.md", "pump.txt"} <= set(every)


def test_filters_choose_among_the_documents_that_pass(copied: Index) -> None:
    assert names(copied, filters={"uri": {"glob": "b/**"}}) == [("b/pump.md", ["b/old/pump.md"])]
    assert names(copied, filters={"uri": "pump.txt"}) == [("pump.txt", [])]
    assert names(copied, where="uri LIKE '%old%'") == [("b/old/pump.md", [])]
    assert names(copied, filters={"heading": "Pump"})[0][1] == [
        "b/pump.md",
        "c/latin.md",
        "c/decomposed.md",
        "b/old/pump.md",
    ]


def test_a_copy_that_may_be_seen_stands_for_one_that_may_not(
    source: Path, lake_url: str, ingest: Callable[..., Outcome]
) -> None:
    written(source, {"pump.md": PUMP, "x/pump.md": PUMP, "y/pump.md": PUMP, **OTHERS})
    closed(source, "pump.md", "board")
    closed(source / "y", "pump.md", "hr")
    ingest()
    index = open_lake(lake_url)
    assert ("x/pump.md", []) in names(index)
    assert ("x/pump.md", ["y/pump.md"]) in names(index, principals=["hr"])
    assert ("pump.md", ["x/pump.md", "y/pump.md"]) in names(index, principals=["hr", "board"])
    assert ("pump.md", ["x/pump.md", "y/pump.md"]) in names(index, principals="*")
    for principals in ((), ["hr"]):
        found = index.search("oil of the pump", principals=principals)
        told = json.dumps([found.to_pylist(), index.explain(found)], default=str).replace("x/pump.md", "")
        assert "pump.md" not in (told if not principals else told.replace("y/pump.md", ""))
    # Rights of today count at every release.
    (source / "pump.md.meta.json").unlink()
    closed(source / "x", "pump.md", "board")
    ingest(allow_opening=1)
    assert ("pump.md", []) in names(index)
    assert ("pump.md", []) in names(index, at=index.releases().column("release")[0].as_py())


def test_which_copy_stands_depends_on_no_night(source: Path, lake_url: str, ingest: Callable[..., Outcome]) -> None:
    written(source, {"z/pump.md": PUMP, **OTHERS})
    ingest()
    shutil.copytree(source / "z", source / "a")
    ingest()
    index = open_lake(lake_url)
    assert ("a/pump.md", ["z/pump.md"]) in names(index)
    shutil.rmtree(source / "a")
    assert ingest().n_copies == 0
    assert ("z/pump.md", []) in names(index)
    first, second, _ = index.releases().column("release").to_pylist()
    assert ("a/pump.md", ["z/pump.md"]) in names(index, at=second)
    before = {at: names(index, at=at) for at in (first, second)}
    operate.rebuild(lake_url)
    assert {at: names(index, at=at) for at in (first, second)} == before


def test_two_sources_with_the_same_names(tmp_path: Path, lake_url: str, ingest: Callable[..., Outcome]) -> None:
    for name in ("one", "two"):
        written(tmp_path / name, {"pump.md": PUMP})
    ingest(sources=tuple(f"{name}={tmp_path / name}" for name in ("two", "one")))
    hit = open_lake(lake_url).search("oil").to_pylist()[0]
    assert (hit["source"], hit["copies"], hit["copy_sources"]) == ("one", ["pump.md"], ["two"])


def test_one_text_under_two_titles_is_found_by_both(
    source: Path, lake_url: str, ingest: Callable[..., Outcome]
) -> None:
    body = "The form is filled in twice and signed.\n"
    titled = {name: f"---\ntitle: {title}\n---\n{body}" for name, title in (("q.md", "Quillmark"), ("t.md", "Tolvar"))}
    written(source, {**titled, "t/again.md": titled["t.md"], "bare.md": body})
    assert ingest().n_copies == 2
    index = open_lake(lake_url)
    assert names(index, "Quillmark form") == [("q.md", ["bare.md"]), ("t.md", ["t/again.md"])]
    assert names(index, "Tolvar form")[0] == ("t.md", ["t/again.md"])
    assert index.duplicates(near=True).column("uri").to_pylist() == ["q.md", "bare.md", "t.md", "t/again.md"]
    assert len(set(index.duplicates().column("copy_group").to_pylist())) == 2


def test_large_tables_are_collapsed_by_sql(copied: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    ways: list[dict[str, Any]] = [{}, {"filters": {"uri": {"glob": "b/**"}}}, {"mode": "text"}, {"where": "page > 1"}]
    listed = [names(copied, **how) for how in ways]
    monkeypatch.setattr("lake.search.allow_list._MOST_LISTED", 0)
    assert [names(open_lake(copied.status()["lake"]), **how) for how in ways] == listed


def test_near_copies_are_named_beside_exact_ones(source: Path, lake_url: str, ingest: Callable[..., Outcome]) -> None:
    long = PUMP + "\n".join(f"Bolt {n} is turned by hand, and then by the wrench of size {n}.\n" for n in range(9))
    written(source, {"pump.md": long, "x/pump.md": long, "near.md": long + "\nSigned: Zoë.\n"})
    ingest()
    hits = open_lake(lake_url).search("bolts", 5, collapse=0.5, expand="none").to_pylist()
    assert all({"pump.md", "x/pump.md", "near.md"} == {hit["uri"], *hit["copies"]} for hit in hits)
    assert all(len(hit["copies"]) == len(hit["copy_sources"]) for hit in hits)


COPIES = st.builds(
    Copy,
    st.uuids().map(str),
    st.sampled_from(["s", "t"]),
    st.sampled_from(["a.md", "b/a.md", "b/c/a.md", "ab.txt", "ü.md"]),
    st.sampled_from([None, "text/plain", "text/markdown"]),
    st.sampled_from([None, "Title", "Other"]),
)


@given(st.lists(st.tuples(COPIES, st.sampled_from([None, "x", "y", "z"])), max_size=12), st.randoms())
@settings(max_examples=100)
def test_groups_are_those_of_equal_texts_in_any_order(rows: Sequence[tuple[Copy, str | None]], random: Any) -> None:
    def documents(rows: Sequence[tuple[Copy, str | None]]) -> pa.Table:
        columns = [{**copy._asdict(), "canonical_digest": digest} for copy, digest in rows]
        return pa.Table.from_pylist(columns, schema=pa.schema([(name, pa.string()) for name in COPY_COLUMNS]))

    groups = exact_groups(documents(rows))
    parts = [[copy.doc_id for copy in group] for group in groups.values()]
    digest_of = {copy.doc_id: digest for copy, digest in rows}
    title_of = {copy.doc_id: copy.title for copy, _ in rows}
    in_groups = [doc_id for part in parts for doc_id in part]
    assert len(in_groups) == len(set(in_groups))
    for part in parts:
        assert len({digest_of[doc_id] for doc_id in part}) == 1
        assert len({title_of[doc_id] for doc_id in part} - {None}) <= 1
    for one, digest in rows:  # nobody is left alone beside a document of the same text and title
        alike = [copy for copy, other in rows if digest and other == digest and copy.title == one.title]
        assert len(alike) < 2 or one.doc_id in in_groups
    assert all(group == sorted(group, key=standing) for group in groups.values())
    shuffled = list(rows)
    random.shuffle(shuffled)
    again = exact_groups(documents(shuffled))
    firsts = {digest: standing(group[0]) for digest, group in groups.items()}
    assert {digest: standing(group[0]) for digest, group in again.items()} == firsts
