"""Names that differ only in their Unicode form are one name, for everybody who names a document."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest

import lake
from flows.cli.app import _exit_status
from flows.reindex import Outcome
from lake import operate
from lake.directory import Lake
from lake.errors import RefusedError
from lake.index import Index
from lake.questions import EvalQuestion, Evidence, add
from tasks.job import Job

Ingest = Callable[..., Outcome]

NFC, NFD = (normalize(form, "büro/größe.md") for form in ("NFC", "NFD"))
#: Neither form: one letter composed, one decomposed.
MIXED = normalize("NFC", "büro/gr") + normalize("NFD", "öße.md")
FORMS = (NFC, NFD, MIXED)


def write(source: Path, name: str, text: str = "The pump of the office.") -> Path:
    path = source / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"# Office\n\n{text}\n")
    return path


@lru_cache(maxsize=1)
def _index(url: str) -> Index:
    return lake.open_lake(url)


def visible(url: str, *principals: str, at: str = "live", **how: Any) -> list[str]:
    found = _index(url).search("pump", 50, mode="text", copies="all", principals=list(principals), at=at, **how)
    return sorted(set(found["uri"].to_pylist()))


def restrict(source: Path, name: str, *acl: str) -> None:
    (source / f"{name}.meta.json").parent.mkdir(parents=True, exist_ok=True)
    (source / f"{name}.meta.json").write_text(json.dumps({"acl": list(acl)}))


def test_filters_globs_and_inspect_understand_every_form(source: Path, lake_url: str, ingest: Ingest) -> None:
    write(source, "a.md")
    for stored in FORMS:
        path = write(source, stored)
        ingest(allow_removals=9)
        index = lake.open_lake(lake_url)
        for asked in FORMS:
            folder, _, name = asked.partition("/")
            for condition in (asked, [asked, "b.md"], {"glob": asked}, {"glob": f"*{name}"}, {"glob": f"{folder}/**"}):
                assert visible(lake_url, filters={"uri": condition}) == [stored], condition
            assert visible(lake_url, filters={"uri": {"!=": asked}}) == ["a.md"]
            assert visible(lake_url, filters={"uri": {"not in": [asked]}}) == ["a.md"]
            assert index.inspect(asked)["uri"] == stored
        path.unlink()


def test_include_and_exclude_understand_every_form(source: Path, lake_url: str) -> None:
    for stored in FORMS:
        path = write(source, stored)
        write(source, "a.md")
        for asked in FORMS:

            def listed(**words: Any) -> set[str]:
                job = Job((f"files={source}",), lake_url, **words)
                return {found.uri for found in job.open_sources()["files"].list()}

            assert listed(include=(asked,)) == {stored}
            assert listed(exclude=(asked,)) == {"a.md"}
            assert listed(exclude=(f"{asked.partition('/')[0]}/",)) == {"a.md"}
            assert listed(documents=frozenset({("files", asked)})) == {stored}
        path.unlink()


@pytest.mark.parametrize("sidecar", ["own", "table", "table above"])
def test_a_sidecar_restricts_its_document_in_every_form(
    source: Path, lake_url: str, ingest: Ingest, sidecar: str
) -> None:
    for number, (stored, stated) in enumerate((one, other) for one in FORMS for other in FORMS):
        name = f"{number}/{stored}"
        write(source, name)
        if sidecar == "own":
            restrict(source, f"{number}/{stated}", "hr")
        elif sidecar == "table":
            folder, _, file = stated.partition("/")
            (source / str(number) / folder).mkdir(exist_ok=True)
            (source / str(number) / folder / "_metadata.csv").write_text(f"path,acl\n{file},hr\n")
        else:
            (source / str(number) / "_metadata.csv").write_text(f"path,acl\n{stated},hr\n")
    outcome = ingest()
    assert outcome.remarks == ()
    assert visible(lake_url) == []
    assert len(visible(lake_url, "hr")) == len(FORMS) ** 2


def test_a_single_file_is_restricted_by_a_sidecar_in_another_form(source: Path) -> None:
    from lake.sources.source import parse_source

    path = write(source, NFD)
    restrict(source, NFD.partition("/")[0] + "/" + NFC.partition("/")[2], "hr")
    assert len({found.uri for found in parse_source(str(path)).list()}) == 2


def test_both_forms_in_one_folder_lose_nothing_and_the_closed_rights_win(
    source: Path, lake_url: str, ingest: Ingest
) -> None:
    write(source, NFC, "The pump as composed.")
    write(source, NFD, "The pump as decomposed.")
    restrict(source, NFC, "hr", "board")
    restrict(source, NFD, "hr", "audit")
    outcome = ingest()
    assert [remark for remark in outcome.remarks if "is the name of 2 files" in remark]
    assert visible(lake_url, "hr") == sorted([NFC, NFD])
    assert visible(lake_url, "board") == visible(lake_url, "audit") == visible(lake_url) == []
    index = lake.open_lake(lake_url)
    assert {index.inspect(form)["uri"] for form in (NFC, NFD)} == {NFC, NFD}
    (source / f"{NFD}.meta.json").unlink()
    ingest()
    assert visible(lake_url, "board") == sorted([NFC, NFD])


def test_rows_of_one_table_for_both_forms_narrow_each_other(source: Path, lake_url: str, ingest: Ingest) -> None:
    write(source, NFC)
    write(source, NFD)
    (source / "_metadata.csv").write_text(f"path,acl,title\n{NFC},hr|board,One\n{NFD},hr|audit,Two\n")
    ingest()
    assert (visible(lake_url, "hr"), visible(lake_url, "board")) == (sorted([NFC, NFD]), [])
    index = lake.open_lake(lake_url)
    assert (index.inspect(NFC)["title"], index.inspect(NFD)["title"]) == ("One", "Two")


@pytest.mark.parametrize(("stored", "named"), [(NFD, NFC), (NFC, NFD), (MIXED, NFC), (NFD, MIXED)])
def test_what_is_erased_stays_away_in_every_form(
    source: Path, lake_url: str, ingest: Ingest, stored: str, named: str
) -> None:
    write(source, "a.md", "The pump in the cellar.")
    path = write(source, stored)
    ingest()
    question = EvalQuestion(text="Which office?", set="mine", evidence=(Evidence(named, quote="of the office"),))
    add(Lake.existing(lake_url), [question])
    assert lake.open_lake(lake_url).resolve([question])[0].left_out == ""
    erased = operate.forget(lake_url, why="asked", uri=named)
    assert [document.uri for document in erased.documents] == [stored]
    assert erased.proof is not None
    assert erased.proof.holds
    assert lake.open_lake(lake_url).questions() == []
    path.unlink()
    for form in FORMS:
        path = write(source, form, "The pump of another day.")
        assert ingest(allow_removals=9).n_denied == 1, form
        assert visible(lake_url) == ["a.md"]
        path.unlink()
    name = lake.open_lake(lake_url).inspect("a.md")["source"]
    assert operate.lift(lake_url, named, source=name)
    write(source, NFC)
    ingest(allow_removals=9)
    assert visible(lake_url) == ["a.md", NFC]


def test_an_entry_of_an_older_denylist_holds_for_every_form(source: Path, lake_url: str, ingest: Ingest) -> None:
    from lake.ids import document_id

    write(source, "a.md", "The pump in the cellar.")
    ingest()
    name = lake.open_lake(lake_url).inspect("a.md")["source"]
    Lake.existing(lake_url).denylist().add([(document_id(name, NFD), ())])
    write(source, NFC)
    assert ingest().n_denied == 1


def test_a_file_whose_name_changes_its_form_moves_and_keeps_its_rights(
    source: Path, lake_url: str, ingest: Ingest
) -> None:
    write(source, "a.md", "The pump in the cellar.")
    path = write(source, NFD)
    first = ingest().release
    path.unlink()
    path.parent.rmdir()
    write(source, NFC)
    restrict(source, NFC, "hr")
    outcome = ingest()
    assert (outcome.moved, outcome.added, outcome.removed) == (1, 0, 0)
    assert outcome.n_texts_embedded == 0
    assert (visible(lake_url), visible(lake_url, "hr")) == (["a.md"], ["a.md", NFC])
    # Rights are today's, at every release.
    assert (visible(lake_url, at=first), visible(lake_url, "hr", at=first)) == (["a.md"], ["a.md", NFD])
    (source / f"{NFC}.meta.json").unlink()
    ingest(allow_opening=1)
    assert visible(lake_url, at=first) == ["a.md", NFD]


def test_a_restricted_file_that_changes_text_and_form_does_not_open_silently(
    source: Path, lake_url: str, ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lake.ingest.opening.MAX_OPENED", 0)
    path = write(source, NFD)
    restrict(source, NFD, "hr")
    ingest()
    path.unlink()
    (source / f"{NFD}.meta.json").unlink()
    write(source, NFC, "Another pump.")
    with pytest.raises(RefusedError, match="--allow-opening"):
        ingest(allow_removals=9)


@pytest.mark.parametrize("stored", FORMS)
def test_why_finds_evidence_in_every_form(
    source: Path, lake_url: str, ingest: Ingest, stored: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write(source, stored)
    ingest()
    for asked in FORMS:
        capsys.readouterr()
        assert _exit_status(["why", "pump", "--mode", "text", "--uri", asked, "--lake", lake_url, "--json"]) == 0
        (evidence,) = json.loads(capsys.readouterr().out)["evidence"]
        assert evidence["stage"] == "found", evidence
