"""Rights from the sources to the answer: always today's, at every release, whatever becomes of a run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import lake
from flows.cli.app import _exit_status
from flows.cli.options import OK, USAGE
from flows.reindex import Outcome
from lake import operate
from lake.directory import Lake
from lake.errors import BusyError, ContractError, GoneError, RefusedError
from lake.ids import bytes_digest
from lake.ids.uris import places
from lake.index import Index
from lake.ingest import rights as recording
from lake.maintenance.doctor import examine
from lake.options import RecipeOptions, Retention
from lake.releases import rights
from tests.conftest import ingested

Ingest = Callable[..., Outcome]
FREE, HR, BOARD = "free.md", "hr.md", "board.md"


def restrict(source: Path, name: str, acl: object, **more: object) -> None:
    (source / f"{name}.meta.json").write_text(json.dumps({"acl": acl, **more}))


def free(source: Path, name: str) -> None:
    (source / f"{name}.meta.json").unlink()


@pytest.fixture
def ingest(source: Path, lake_url: str) -> Ingest:
    return partial(ingested, f"docs={source}", lake_url)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    """One document for everybody, one that its front matter and one that a sidecar restricts."""
    place = tmp_path_factory.mktemp("rights")
    source = place / "source"
    source.mkdir()
    (source / FREE).write_text("# Free\n\nThe pump is free for everybody.")
    (source / HR).write_text("---\nacl: [hr]\nproject: apollo\n---\n# Staff\n\nThe pump of the staff.")
    (source / BOARD).write_text("# Board\n\nThe pump of the board.")
    restrict(source, BOARD, ["board"], tags=["plan"], project="hermes")
    return place, ingested(f"docs={source}", str(place / "lake"))


@pytest.fixture
def first(made: tuple[Path, Outcome], source: Path, lake_url: str) -> Outcome:
    """The first run of a lake of the test's own."""
    shutil.copytree(made[0] / "source", source, dirs_exist_ok=True)
    shutil.copytree(made[0] / "lake", lake_url)
    return made[1]


def seen(url: str, principals: Any = (), at: str = "live", **asked: Any) -> set[str]:
    """What a search by words finds, each copy for itself."""
    index = lake.open_lake(url)
    return found(index, at, principals, **asked)


def found(index: Index, at: str, principals: Any, **asked: Any) -> set[str]:
    hits = index.search("pump", 10, mode="text", at=at, principals=principals, copies="all", **asked)
    return set(hits.column("uri").to_pylist())


def test_each_sees_what_they_may(source: Path, lake_url: str, first: Outcome) -> None:
    assert first.published
    assert seen(lake_url) == {FREE}
    assert seen(lake_url, ["hr"]) == {FREE, HR}
    assert seen(lake_url, ["board", "hr"]) == seen(lake_url, "*") == {FREE, HR, BOARD}
    assert seen(lake_url, ["hr"], filters={"metadata.project": ["apollo", "hermes"]}) == {HR}
    assert seen(lake_url, ["board"], where="size > 0", filters={"tags": "plan"}) == {BOARD}
    assert seen(lake_url, where="true OR acl IS NOT NULL") == {FREE}


@pytest.mark.parametrize("condition", ["apollo", {"!=": "apollo"}, {"glob": "a*"}, {">": "a"}, {"none": ["apollo"]}])
def test_a_key_that_only_hidden_documents_have_is_like_one_that_none_has(
    lake_url: str, first: Outcome, condition: Any
) -> None:
    index = lake.open_lake(lake_url)

    def answer(key: str, principals: list[str]) -> str:
        filters = {f"metadata.{key}": condition}
        hits = found(index, "live", principals, filters=filters)
        reasons = index.why_nothing("pump", mode="text", principals=principals, filters=filters)
        return f"{hits} {reasons}".replace(key, "KEY")

    for principals in ([], ["nobody"]):
        assert answer("project", principals) == answer("nothing", principals)


def test_the_command_line_says_who_asks_and_for_what(
    lake_url: str, first: Outcome, capsys: pytest.CaptureFixture[str]
) -> None:
    def asked(*words: str) -> set[str]:
        assert _exit_status(["query", "pump", "--lake", lake_url, "--json", *words]) == OK
        return {hit["uri"] for hit in json.loads(capsys.readouterr().out)["hits"]}

    assert asked() == {FREE}
    assert asked("--as", "hr", "--as", "board") == asked("--as", "*") == {FREE, HR, BOARD}
    assert asked("--as", "*", "--filter", "metadata.project=apollo", "--filter", "uri~*.md") == {HR}
    assert _exit_status(["query", "pump", "--lake", lake_url, "--as", "hr", "--as", "*"]) == USAGE
    assert _exit_status(["query", "pump", "--lake", lake_url, "--filter", "colour=x"]) == USAGE


def test_a_change_of_rights_reaches_every_release_and_embeds_nothing(
    source: Path, lake_url: str, ingest: Ingest, first: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.steps.index_shard", lambda *_: pytest.fail("something was parsed"))
    restrict(source, FREE, ["hr"])
    restrict(source, HR, ["board"])
    free(source, BOARD)
    second = ingest()
    assert (second.published, second.changed, second.n_texts_embedded) == (True, 3, 0)
    for at in ("live", first.release):
        assert seen(lake_url, (), at) == {BOARD}
        assert seen(lake_url, ["hr"], at) == {BOARD, FREE}
        assert seen(lake_url, ["board"], at) == {BOARD, HR}
    assert lake.open_lake(lake_url).diff(str(first.release)).reindexed
    again = ingest()
    assert (again.release, again.published, again.changed) == (second.release, False, 0)


def test_neither_pin_nor_rollback_nor_refusal_keep_rights(
    source: Path, lake_url: str, ingest: Ingest, first: Outcome
) -> None:
    operate.pin(lake_url, why="audit")
    restrict(source, FREE, ["hr"])
    pinned = ingest()
    assert (pinned.refused, seen(lake_url), seen(lake_url, ["hr"])) == (True, set(), {FREE, HR})
    operate.unpin(lake_url)
    assert ingest().published
    restrict(source, HR, [])
    assert ingest(publish=False).release
    assert seen(lake_url, ["hr"]) == {FREE}
    assert ingest().published
    operate.rollback(lake_url, str(first.release), why="oops")
    assert seen(lake_url, ["hr"]) == {FREE}
    assert ingest().refused
    assert seen(lake_url, ["hr"]) == {FREE}
    free(source, FREE)
    free(source, HR)  # as they were at the release that is live: nothing to do but to say so
    assert ingest().reason == "nothing to do"
    assert seen(lake_url, ["hr"]) == {FREE, HR}
    assert seen(lake_url) == {FREE}


def test_a_run_that_dies_has_taken_rights_away(
    source: Path, lake_url: str, ingest: Ingest, first: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    restrict(source, FREE, ["hr"])
    (source / HR).write_text("---\nacl: [board]\n---\n# Staff\n\nAnother pump of the staff.")
    with monkeypatch.context() as patch:
        patch.setattr("flows.steps.PlainSteps.commit", lambda *_: (_ for _ in ()).throw(RefusedError("no")))
        with pytest.raises(RefusedError):
            ingest()
    assert seen(lake_url, ["hr"]) == {FREE}
    assert seen(lake_url, ["board"]) == {BOARD, HR}


def test_what_is_gone_keeps_its_rights_and_what_comes_gets_its_own(
    source: Path, lake_url: str, ingest: Ingest, first: Outcome
) -> None:
    restrict(source, FREE, ["hr"])
    ingest()
    (source / FREE).unlink()
    free(source, FREE)
    (source / BOARD).rename(source / "moved.md")
    free(source, BOARD)
    third = ingest()
    assert third.removed == third.moved == 1
    assert seen(lake_url) == {"moved.md"}
    assert seen(lake_url, (), str(first.release)) == set()
    assert seen(lake_url, ["board"], str(first.release)) == {BOARD}
    assert seen(lake_url, ["hr"], str(first.release)) == {FREE, HR}


def test_a_sidecar_that_cannot_be_read_hides_its_document_and_is_told(
    source: Path, lake_url: str, ingest: Ingest, first: Outcome
) -> None:
    (source / f"{FREE}.meta.json").write_text('{"acl": ["hr"')
    told = ingest()
    assert (told.published, told.n_texts_embedded, told.n_remarked, len(told.remarks)) == (True, 0, 1, 1)
    assert told.remarks[0].startswith("free.md.meta.json can't be read")
    assert seen(lake_url, ["hr", "board"]) == seen(lake_url, ["hr", "board"], str(first.release)) == {HR, BOARD}
    assert seen(lake_url, "*") == {FREE, HR, BOARD}
    assert ingest().remarks == told.remarks
    findings = lake.open_lake(lake_url).findings().to_pylist()
    failed = [finding for finding in findings if not finding["success"]]
    assert [finding["column"] for finding in failed] == ["n_documents_misunderstood"]
    free(source, FREE)
    told = ingest()
    assert told.remarks == (f"with {told.release} everybody may see 1 document that was restricted: free.md",)
    assert (seen(lake_url), told.n_remarked) == ({FREE}, 0)


def test_front_matter_that_hides_or_opens_its_document_is_told(
    source: Path, lake_url: str, ingest: Ingest, first: Outcome, capsys: pytest.CaptureFixture[str]
) -> None:
    (source / HR).write_text("---\nacl: hr\n---\n# Staff\n\nThe pump of the staff.")
    for _ in range(2):  # also by a run with nothing to do
        assert ingest().n_remarked == 1
        assert _exit_status(["status", "--lake", lake_url]) == OK
        assert f"1 document remarked on:\n{HR}\n  acl must be a list of texts" in capsys.readouterr().out
    (source / HR).write_text("# Staff\n\nThe pump of the staff.")
    told = ingest()
    assert told.remarks == (f"with {told.release} everybody may see 1 document that was restricted: {HR}",)
    assert (seen(lake_url), told.n_remarked, told.n_sidecar_problems) == ({FREE, HR}, 0, 0)


def test_rights_that_are_lost_are_an_error(source: Path, lake_url: str, first: Outcome, ingest: Ingest) -> None:
    index = lake.open_lake(lake_url)
    path = Path(lake_url, str(index.history().rights))
    whole = path.read_bytes()
    assert examine(Lake(lake_url)).healthy
    path.write_bytes(whole[:-20])
    for use in (lambda: seen(lake_url), lambda: seen(lake_url, "*"), ingest):
        with pytest.raises(ContractError):
            use()
    path.unlink()
    with pytest.raises(GoneError):
        seen(lake_url)
    assert [ailment.check for ailment in examine(Lake(lake_url)).issues] == ["rights"]
    path.write_bytes(whole)
    assert seen(lake_url) == {FREE}


def test_rights_outlive_retention_and_rebuild_and_die_with_their_document(
    source: Path, lake_url: str, ingest: Ingest, first: Outcome
) -> None:
    secret = {"tags": ["quintessence"], "owner": "person:annabella", "title": "Sidereal ledger"}
    restrict(source, FREE, ["person:annabella"], **secret)
    ingest()
    restrict(source, BOARD, ["hr"])
    third = ingest()
    before = lake.open_lake(lake_url).history().rights
    operate.rebuild(lake_url)
    operate.prune(lake_url, Retention(1, 0, 0, 0))
    assert lake.open_lake(lake_url).history().rights == before
    assert seen(lake_url, ["hr"]) == {HR, BOARD}
    operate.forget(lake_url, uri=FREE, why="request 4711")
    assert seen(lake_url, "*", str(third.release)) == {HR, BOARD}
    assert seen(lake_url, ["board"]) == set()
    ledger = rights.read(Lake(lake_url).store, lake.open_lake(lake_url).history().rights)
    assert ledger.num_rows == 2
    assert ingest().n_denied == 1  # whose sidecar is still there
    assert not any(b"annabella" in file.read_bytes() for file in Path(lake_url).rglob("*") if file.is_file())
    assert examine(Lake(lake_url)).healthy


def test_on_an_object_store(bucket: str, ingest: Ingest) -> None:
    import s3fs

    files = s3fs.S3FileSystem()
    for name, text in {
        "a.md": "# A\n\npump",
        "in/b.md": "# B\n\npump",
        "in/_metadata.csv": "path,acl\nb.md,hr|board\n",
    }.items():
        files.pipe(f"harbour/docs/{name}", text.encode())
    words: dict[str, Any] = {"sources": (f"{bucket}/docs",), "lake": f"{bucket}/lake"}
    assert ingest(**words).added == 2
    assert (seen(words["lake"]), seen(words["lake"], ["board"])) == ({"a.md"}, {"a.md", "in/b.md"})
    files.pipe("harbour/docs/a.md.meta.json", b'{"acl": []}')
    second = ingest(**words)
    assert (second.changed, second.n_texts_embedded) == (1, 0)
    assert seen(words["lake"], ["board"]) == {"in/b.md"}
    assert ingest(**words).reason == "nothing to do"


def test_restrictions_of_denied_documents_hold_at_releases_that_an_unfinished_erasure_left(
    source: Path, lake_url: str, ingest: Ingest, first: Outcome
) -> None:
    (source / "copy.md").write_bytes((source / FREE).read_bytes())
    (source / "table.md").write_text("# Table\n\nThe pump of the table.")
    assert ingest().published
    held = lake.open_lake(lake_url).release().id
    assert {FREE, "copy.md", "table.md"} <= seen(lake_url, at=held)
    opened, name = Lake(lake_url), "docs"
    digest = bytes_digest((source / FREE).read_bytes())
    opened.denylist().add(
        [(places(name, FREE)[0], [digest]), (places(name, "table.md")[0], [])]
    )  # then the process dies
    restrict(source, FREE, ["hr"])
    restrict(source, "copy.md", ["hr"])
    (source / "_metadata.csv").write_text("path,acl\ntable.md,hr\n")
    ingest()
    assert seen(lake_url, at=held) == set()
    assert {FREE, "copy.md", "table.md"} <= seen(lake_url, ["hr"], at=held)
    assert not seen(lake_url, "*") & {FREE, "copy.md", "table.md"}


def test_an_older_look_at_the_sources_opens_nothing(
    source: Path, first: Outcome, lake_url: str, ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run finds a document open, and until it has the lease another one finds it restricted, as before."""
    other: list[Outcome] = []

    def meanwhile() -> None:
        if not other:
            restrict(source, BOARD, ["board"], tags=["plan"], project="hermes")
            other.append(ingest())

    free(source, BOARD)
    monkeypatch.setattr("flows.reindex._get_ready", meanwhile)
    ingest(allow_opening=1)
    assert other[0].reason == "nothing to do"
    assert seen(lake_url) == {FREE}
    free(source, BOARD)
    ingest(allow_opening=1)
    assert seen(lake_url) == {FREE, BOARD}


@pytest.mark.parametrize("is_asleep", [False, True])
def test_a_run_with_nothing_to_do_sees_to_one_that_looked_before(
    source: Path, first: Outcome, lake_url: str, monkeypatch: pytest.MonkeyPatch, ingest: Ingest, is_asleep: bool
) -> None:
    """It is refused while the other one works, and takes the lease of one that sleeps."""
    keep, done = recording.keep, list[object]()

    def meanwhile(lake_: Lake, scan: Any) -> int:
        if not done:
            restrict(source, BOARD, ["board"], tags=["plan"], project="hermes")
            if is_asleep:
                [path] = Path(lake_url, "lease").iterdir()
                path.write_text(json.dumps(json.loads(path.read_text()) | {"expires_at": "2020-01-01T00:00:00+00:00"}))
            done.append(None)  # the other run comes by here as well
            try:
                done[0] = ingested(f"docs={source}", lake_url, settings=RecipeOptions())
            except BusyError as busy:
                done[0] = busy
        return keep(lake_, scan)

    free(source, BOARD)
    monkeypatch.setattr(recording, "keep", meanwhile)
    if is_asleep:
        with pytest.raises(ContractError, match="lost the writer lease"):
            ingest(allow_opening=1)
        assert isinstance(done[0], Outcome)
        assert done[0].reason == "nothing to do"
        assert seen(lake_url) == {FREE}
    else:
        ingest(allow_opening=1)
        assert isinstance(done[0], BusyError)
        assert "is being written" in str(done[0])
