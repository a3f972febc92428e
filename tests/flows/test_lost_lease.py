"""A run that sleeps at its entry until another one has taken over adds nothing when it wakes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

import raglake
from flows.cli.app import _exit_status
from flows.cli.options import OK
from lake.directory import Lake
from lake.ingest import scan as scans
from lake.ingest.delta import Delta
from lake.storage.store import LocalStore
from lake.tables.writer import Tables

RECIPE = raglake.RecipeOptions(embedder="hash")


@pytest.mark.parametrize("action", ["build", "publish"])
def test_whoever_lost_the_lease_meanwhile_logs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    source, url = tmp_path / "source", str(tmp_path / "lake")
    source.mkdir()
    (source / "a.md").write_text("# Pump\n\nHold the red button.\n")
    raglake.ingest(source, url, recipe=RECIPE)
    (source / "a.md").write_text("# Pump\n\nHold the green button.\n")
    (source / "a.md.meta.json").write_text('{"acl": ["hr"]}')
    put, done = LocalStore.put_if_absent, []

    def stalled(store: LocalStore, path: str, data: bytes) -> bool:
        if path.startswith("log/") and f'"action": "{action}"'.encode() in data and not done:
            done.append(True)
            shutil.rmtree(Path(url, "lease"))  # as if it had expired long ago
            raglake.ingest(source, url)
        return put(store, path, data)

    monkeypatch.setattr(LocalStore, "put_if_absent", stalled)
    if action == "build":
        with pytest.raises(raglake.ContractError, match="lost the writer lease"):
            raglake.ingest(source, url, recipe=RECIPE)
    else:  # the other run published this one's candidate
        assert raglake.ingest(source, url, recipe=RECIPE).published
    assert done
    entries = Lake.existing(url).log.read().entries
    builds = [entry.release for entry in entries if entry.action == "build"]
    assert len(set(builds)) == len(builds) == 2
    index = raglake.open_lake(url)
    assert index.release().id == builds[-1]
    found = index.search("green button", mode="text", principals=["hr"])
    assert [hit["uri"] for hit in found] == ["a.md"]
    monkeypatch.undo()
    assert raglake.ingest(source, url, recipe=RECIPE).reason == "nothing to do"


def test_what_a_first_run_that_failed_left_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, url = tmp_path / "source", str(tmp_path / "lake")
    source.mkdir()
    (source / "a.md").write_text("# Anna\n\nAnnabella Quistermann of Nordhausen.\n")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("lake.ingest.commit.commit", interrupted)
        with pytest.raises(KeyboardInterrupt):
            raglake.ingest(source, url, recipe=RECIPE)
    done = raglake.forget(url, uri="a.md", source=str(source), why="request 4711")
    assert done.proof is not None
    assert done.proof.holds
    assert raglake.ingest(source, url, recipe=RECIPE).n_denied == 1


@pytest.mark.parametrize("has_work", [True, False])
def test_a_scan_starts_again_if_its_tables_are_rewritten_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_work: bool
) -> None:
    source, url = tmp_path / "source", str(tmp_path / "lake")
    source.mkdir()
    for name in ("a", "b"):
        (source / f"{name}.md").write_text(f"# Pump {name}\n\nHold the {name} button.\n")
    raglake.ingest(source, url, recipe=RECIPE)
    (source / "b.md").unlink()
    if has_work:
        (source / "a.md").write_text("# Pump\n\nHold the red button.\n")
    known, looked = scans.known_documents, []

    def slept(lake: Lake, release: Any) -> Any:
        looked.append(release)
        if len(looked) == 1:  # between reading the log and opening the tables
            raglake.forget(url, uri="b.md", why="request 4711")
        return known(lake, release)

    monkeypatch.setattr(scans, "known_documents", slept)
    assert raglake.ingest(source, url, recipe=RECIPE).published == has_work
    assert len({release.generation for release in looked}) == 2
    assert [hit["uri"] for hit in raglake.open_lake(url).search("button", mode="text")] == ["a.md"]


def test_whoever_lost_the_lease_moves_no_tag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, url = tmp_path / "source", str(tmp_path / "lake")
    source.mkdir()
    (source / "a.md").write_text("# Pump\n\nHold the red button.\n")
    maintain, done = Tables.maintain, []

    def slept(tables: Tables, name: str, **how: Any) -> None:
        maintain(tables, name, **how)
        if not done:
            done.append(name)
            shutil.rmtree(Path(url, "lease"))  # as if it had expired long ago
            done.append(raglake.ingest(source, url, recipe=RECIPE).release)

    monkeypatch.setattr(Tables, "maintain", slept)
    with pytest.raises(raglake.ContractError, match="lost the writer lease"):
        raglake.ingest(source, url, recipe=RECIPE)
    live = raglake.open_lake(url).release()
    assert live.id == done[1]
    tables = Lake.existing(url).tables(live.generation)
    assert {name: tables.tags(name)[live.id] for name in live.versions} == live.versions


def test_whoever_lost_the_lease_meanwhile_writes_over_no_delta(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both runs make the same release of the same base, at different times."""
    source, url = tmp_path / "source", str(tmp_path / "lake")
    source.mkdir()
    (source / "a.md").write_text("# Pump\n\nHold the red button.\n")
    write, done = Delta.write, []

    def stalled(delta: Delta, lake: Lake, folder: str) -> None:
        if not done:
            done.append(True)
            shutil.rmtree(Path(url, "lease"))  # as if it had expired long ago
            raglake.ingest(source, url, recipe=RECIPE)
        write(delta, lake, folder)

    monkeypatch.setattr(Delta, "write", stalled)
    with pytest.raises(raglake.ContractError, match="lost the writer lease"):
        raglake.ingest(source, url, recipe=RECIPE)
    assert done
    assert _exit_status(["doctor", "--lake", url]) == OK
