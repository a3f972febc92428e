"""Lakes that earlier versions made: this code opens, searches, goes on with and mends each of them.

``make_lake.py`` made them, with the code of their version; ``docs/compatibility.md`` says what is promised.
"""

from __future__ import annotations

import json
import re
import shutil
import tarfile
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.compatibility import observing
from tests.compatibility.observing import USAGE, refusal, run, sources

FOLDER = Path(__file__).parent
ARCHIVES = sorted(FOLDER.glob("lake-*.tar.gz"))
assert ARCHIVES, "without a fixture nothing here would be tested"

#: What decides vectors and rows besides the parsers; a lake that was built otherwise is rebuilt only if told so.
CHOSEN = ("embedder", "chunking", "vector_dtype", "text_tokenizer", "text_language")


class Old(NamedTuple):
    """An unpacked fixture: the lake, the documents that live holds, those of the night to come, what was answered."""

    lake: Path
    source: Path
    next: Path
    said: dict[str, Any]

    @property
    def names(self) -> list[str]:
        return [release["release"] for release in self.said["releases"]]


@pytest.fixture(scope="module", params=ARCHIVES, ids=[path.name.removesuffix(".tar.gz") for path in ARCHIVES])
def unpacked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Old:
    """For tests that only read."""
    archive: Path = request.param
    folder = tmp_path_factory.mktemp("old")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    said = json.loads(Path(str(archive).removesuffix(".tar.gz") + ".json").read_text(encoding="utf-8"))
    return Old(folder / "lake", folder / "source", folder / "next", said)


@pytest.fixture
def old(unpacked: Old, tmp_path: Path) -> Old:
    """A copy of its own, for a test that writes."""
    for folder in (unpacked.lake, unpacked.source, unpacked.next):
        shutil.copytree(folder, tmp_path / folder.name)
    return Old(tmp_path / "lake", tmp_path / "source", tmp_path / "next", unpacked.said)


# Reading


def test_its_releases_and_its_history_are_as_they_were(unpacked: Old) -> None:
    lake, said = unpacked.lake, unpacked.said
    assert observing.live(lake) == said["live"]
    assert _without_reasons(observing.releases(lake)) == _without_reasons(said["releases"])
    # 0.3.0 listed a rollback at the release that became live; now the one that was left lists it, with its reason.
    kept = {name: observing.history(lake, name) for name in unpacked.names}
    assert {name: [one for one in of if one[0] != "rollback"] for name, of in kept.items()} == said["history"]
    assert sum(action == "rollback" for of in kept.values() for action, _ in of) == 1
    assert observing.difference(lake, said["named"], "live") == said["difference"]
    assert observing.quarantine(lake) == said["quarantine"]
    for gone in said["pruned"]:
        refusal("query", "any", "--at", gone, "--lake", lake, status=USAGE)


def test_a_filter_on_a_column_that_it_lacks_names_the_cause(unpacked: Old) -> None:
    for column in ("first_page", "last_page", "section_page", "n_words_kept"):
        said = refusal("query", "any", "--filter", f"{column}=1", "--lake", unpacked.lake, status=USAGE)
        assert f"without the column '{column}'" in said
        assert "raglake ingest" in said


def test_each_release_holds_the_documents_that_it_held(unpacked: Old) -> None:
    for release in unpacked.said["releases"]:
        name = release["release"]
        assert observing.documents(unpacked.lake, name) == unpacked.said["documents"][name]
        assert len(observing.rows(unpacked.lake, name)) == release["n_chunks"]
        assert len(observing.rows(unpacked.lake, name, expand="parent")) == release["n_parents"]


def test_the_same_passages_are_found_in_each_mode(unpacked: Old) -> None:
    assert _again(unpacked, unpacked.said["hits"]) == unpacked.said["hits"]
    for at, filtered in unpacked.said["filtered"].items():
        assert {only: observing.visible(unpacked.lake, at, only=only) for only in filtered} == filtered


def _again(old: Old, asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was asked, with what is found now."""
    return [one | {"hits": observing.first_hits(old.lake, one["text"], one["at"], one["mode"])} for one in asked]


def test_rights_hold_at_every_release(unpacked: Old) -> None:
    for at, allowed in unpacked.said["visible"].items():
        assert {who: observing.visible(unpacked.lake, at, who) for who in allowed} == allowed


def test_questions_scores_feedback_and_configuration_are_read(unpacked: Old) -> None:
    lake, said = unpacked.lake, unpacked.said
    assert observing.configuration(lake) == said["configuration"]
    assert observing.questions(lake) == said["questions"]
    assert observing.feedback(lake) == said["feedback"]
    assert {name: found for name in unpacked.names if (found := observing.scores(lake, name))} == said["scores"]


# Going on


def test_what_is_stored_is_healthy_and_releases_can_be_measured(old: Old) -> None:
    assert run("doctor", "--all", "--lake", old.lake)["healthy"]
    compared = run("compare", old.said["named"], "live", "--lake", old.lake)["comparisons"]
    assert {one["set"] for one in compared} >= {asked["set"] for asked in old.said["questions"] if asked["reviewed"]}


def test_an_ingest_embeds_only_what_is_new(old: Old, tmp_path: Path) -> None:
    fresh = _anew(old, old.next, tmp_path)
    told = _ingest(old, old.next, fresh)
    assert told["published"]
    expected = old.said["next"]
    assert observing.visible(old.lake) == expected["documents"]
    if _is_same(old, fresh):
        assert observing.outcome(told) == expected["outcome"]
    # Made on old ground or anew, a release of the same documents under the same recipe holds the same.
    assert _digest(old.lake) == _digest(fresh)
    assert set(old.names) < set(_listed(old.lake))
    for name in old.names:
        assert observing.documents(old.lake, name) == old.said["documents"][name]


def test_documents_that_did_not_change_are_left_alone(old: Old, tmp_path: Path) -> None:
    fresh = _anew(old, old.source, tmp_path)
    told = _ingest(old, old.source, fresh)
    assert (told["added"], told["moved"], told["removed"]) == (0, 0, 0)
    if _is_same(old, fresh):
        assert (told["changed"], told["n_texts_embedded"], told["published"]) == (0, 0, False)
        assert _without_reasons(observing.releases(old.lake)) == _without_reasons(old.said["releases"])


def test_one_more_model_embeds_for_itself_alone_and_a_rollback_goes_behind_it(old: Old) -> None:
    own = old.said["recipe"]["embedder"]["name"]
    other = "minilm" if own == "hash" else "hash"
    words = ["--embedder", own, "--embedder", other, "--change-recipe", "--no-publish"]
    before = set().union(*(observing.texts(old.lake, name) for name in old.names))
    told = run("ingest", sources(old.source), "--lake", old.lake, *words)
    now = observing.texts(old.lake, told["release"])
    assert told["n_texts_embedded"] == len(now) + len(now - before)
    run("publish", told["release"], "--lake", old.lake, "--force", "--why", "tried")
    assert observing.documents(old.lake) == old.said["documents"][old.said["live"]]
    run("rollback", old.said["named"], "--lake", old.lake, "--why", "as it was")
    then = [asked | {"at": "live"} for asked in old.said["hits"] if asked["at"] == old.said["named"]]
    assert _again(old, then) == then


def _anew(old: Old, folder: Path, tmp_path: Path) -> Path:
    """A new lake of this code's own with the old one's recipe, as far as this code can follow that."""
    run("ingest", sources(folder), "--lake", tmp_path / "fresh", *_options(old.said["recipe"]))
    return tmp_path / "fresh"


def _is_same(old: Old, fresh: Path) -> bool:
    """Whether nothing is parsed or embedded otherwise than then, not even by another version of a library."""
    return bool(observing.recipe(fresh) == old.said["recipe"])


def _ingest(old: Old, folder: Path, fresh: Path) -> dict[str, Any]:
    """Ingest into the old lake. Another recipe, its parsers aside, has to be asked for, and only another one."""
    was, now = old.said["recipe"], observing.recipe(fresh)
    words = ["ingest", sources(folder), "--lake", old.lake]
    before = set().union(*(observing.texts(old.lake, name) for name in old.names))
    if any(was[key] != now[key] for key in CHOSEN):
        assert "--change-recipe" in refusal(*words, status=USAGE)
        words.append("--change-recipe")
    told: dict[str, Any] = run(*words)
    known = before if was["embedder"] == now["embedder"] else set()
    assert told["n_texts_embedded"] == len(observing.texts(old.lake) - known)
    return told


def _options(recipe: dict[str, Any]) -> list[object]:
    chosen = {"embedder": recipe["embedder"]["name"], "context": "headings+table", **recipe["chunking"]}
    chosen |= {key: recipe[key] for key in ("vector_dtype", "text_tokenizer", "text_language")}
    return [word for key, value in chosen.items() for word in (f"--{key.replace('_', '-')}", value)]


def _digest(lake: Path) -> str:
    live = observing.live(lake)
    return str(next(row["digest"] for row in observing.releases(lake) if row["release"] == live))


def _without_reasons(releases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Releases without ``why``: since 0.3.0, the reason of a name, a pin or a rebuild is no reason of the release."""
    return [{key: value for key, value in row.items() if key != "why"} for row in releases]


def _listed(lake: Path) -> list[str]:
    return [row["release"] for row in observing.releases(lake)]


def test_a_rollback_brings_an_old_release_back_and_no_old_rights(old: Old) -> None:
    named, said = old.said["named"], old.said
    release = run("rollback", named, "--lake", old.lake, "--why", "as it was")["live"]
    assert named in next(one["names"] for one in said["releases"] if one["release"] == release)
    assert observing.documents(old.lake) == said["documents"][release]
    then = [asked | {"at": "live"} for asked in said["hits"] if asked["at"] == named]
    assert _again(old, then) == then
    assert {who: observing.visible(old.lake, "live", who) for who in said["visible"][named]} == said["visible"][named]
    assert observing.history(old.lake, release)[-1] == ["rollback", "as it was"]


def test_its_tables_are_made_again_from_parquet(old: Old) -> None:
    def stored() -> dict[tuple[str, str], list[dict[str, Any]]]:
        each = [(name, expand) for name in old.names for expand in ("none", "parent")]
        return {(name, expand): observing.rows(old.lake, name, expand=expand) for name, expand in each}

    def held() -> list[dict[str, Any]]:
        return _without_reasons(observing.releases(old.lake))

    before = stored(), held()
    assert run("rebuild", "--lake", old.lake)["releases"] == old.names
    assert (stored(), held()) == before
    by_words = [asked for asked in old.said["hits"] if asked["mode"] == "text"]
    assert _again(old, by_words) == by_words


def test_documents_are_erased_and_releases_pruned(old: Old) -> None:
    named, live = old.said["named"], old.said["live"]
    uri = "office/pay.md"
    run("forget", uri, "--lake", old.lake, "--why", "request 18")
    for name in old.names:
        left = [document["uri"] for document in old.said["documents"][name] if document["uri"] != uri]
        assert observing.visible(old.lake, name) == left
    assert uri not in json.dumps(observing.questions(old.lake))
    words = ("--keep-last", 1, "--keep-daily", 0, "--keep-monthly", 0, "--grace-hours", 0)
    pruned = run("prune", "--lake", old.lake, *words)
    assert pruned["dropped"]
    assert {name for name in old.names if name not in pruned["dropped"]} == set(_listed(old.lake))
    assert observing.live(old.lake) == live
    assert observing.visible(old.lake, named)
    assert run("doctor", "--all", "--lake", old.lake)["healthy"]
    # What was erased, then and now, does not come back with its file.
    (old.source / old.said["erased"]["uri"]).write_text(old.said["erased"]["words"], encoding="utf-8")
    assert run("plan", sources(old.source), "--lake", old.lake)["n_denied"] == 2


def test_rows_without_an_account_read_as_null_beside_rows_with_one(old: Old, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "pump.md").write_text("# Pump\n\nThe oil is changed every May.", encoding="utf-8")
    told = run("ingest", f"more={tmp_path / 'more'}", "--lake", old.lake)
    assert (told["published"], told["added"], told["changed"], told["removed"]) == (True, 1, 0, 0)
    index = observing.public_module().open_lake(str(old.lake))

    def check(at: str) -> None:
        rows = index.dataset("documents", at).to_table(columns=["source", "n_words_source", "omitted"]).to_pylist()
        assert len(rows) > 1
        assert {(row["source"] == "more", row["n_words_source"]) for row in rows} == {(True, 7), (False, None)}
        assert {row["omitted"] for row in rows} == {None}
        assert "pump.md" in observing.visible(old.lake, at)

    check(told["release"])
    words = run("status", "--lake", old.lake)["completeness"]
    assert (words["n_words_source"], words["remarked"]) == (7, [])
    assert words["n_without_account"] == len(old.said["documents"][old.said["live"]])
    for name in old.names:
        uri = old.said["documents"][name][0]["uri"]
        shown = run("inspect", uri, "--release", name, "--chunks", "--lake", old.lake)
        assert (shown["account"], shown["quarantine"]) == (None, None)
        assert all(section["chunks"] for section in shown["sections"])
    for uri, error_class, _ in old.said["quarantine"]:
        shown = run("inspect", uri, "--lake", old.lake)
        assert (shown["quarantine"]["error_class"], shown["sections"]) == (error_class, [])
    for name in old.names:
        assert observing.documents(old.lake, name) == old.said["documents"][name]
    assert (
        run("diff", old.said["live"], told["release"], "--lake", old.lake)["documents"]["added"][0]["uri"] == "pump.md"
    )
    # The tables of another release, without the columns, become the base again.
    run("rollback", old.said["live"], "--lake", old.lake, "--why", "as it was")
    (tmp_path / "more" / "pump.md").write_text("# Pump\n\nThe oil is changed every June!", encoding="utf-8")
    again = run("ingest", f"more={tmp_path / 'more'}", "--lake", old.lake)["release"]
    check(again)
    run("rebuild", "--lake", old.lake)
    check(again)
    run("prune", "--lake", old.lake, "--keep-last", 2, "--keep-daily", 0, "--keep-monthly", 0, "--grace-hours", 0)
    check(again)
    run("forget", "office/pay.md", "--lake", old.lake, "--why", "request 18")
    check(again)
    assert run("doctor", "--all", "--lake", old.lake)["healthy"]


# What is documented


def test_the_documented_columns_are_those_of_the_tables(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "pump.md").write_text("# Pump\n\nThe oil is changed every May.", encoding="utf-8")
    run("ingest", sources(tmp_path / "docs"), "--lake", tmp_path / "lake", "--embedder", "hash")
    index = observing.public_module().open_lake(str(tmp_path / "lake"))
    told = (observing.ROOT / "docs" / "compatibility.md").read_text(encoding="utf-8")
    for table in ("documents", "parents", "chunks", "quarantine"):
        row = re.search(rf"^\| `{table}` \| (.+) \|$", told, re.MULTILINE)
        assert row
        assert re.findall(r"`(\w+)`", row[1]) == index.dataset(table).schema.names
