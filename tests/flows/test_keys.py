"""Runs that look only at some keys: what they change, what they leave, and that the next full run agrees."""

import json
import os
import shutil
from pathlib import Path

import pytest

import raglake
from lake.directory import Lake
from lake.errors import RefusedError, UsageError
from raglake import RecipeOptions, RunOptions

HASH = RecipeOptions(embedder="hash")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("made")
    for n in range(14):
        write(place / "docs" / f"part{n % 2}" / f"note{n}.md", f"# Note {n}\n\nPump {n} hums.\n")
    run(place)
    return place


@pytest.fixture
def place(made: Path, tmp_path: Path) -> Path:
    """A folder of documents and its lake."""
    return Path(shutil.copytree(made, tmp_path / "place"))


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def run(place: Path, *keys: str, **options: object) -> raglake.Outcome:
    chosen = RunOptions(only=keys, **options)  # type: ignore[arg-type]
    return raglake.ingest(f"docs={place / 'docs'}", place / "lake", recipe=HASH, run=chosen)


def contents(lake: Path) -> dict[str, tuple[str, str]]:
    """uri -> digest and rights of every document of live."""
    release = Lake(str(lake)).log.read().resolve("live")
    columns = ["uri", "digest", "acl"]
    rows = Lake(str(lake)).tables(release.generation).at("documents", release.versions["documents"]).scan(columns)
    return {row["uri"]: (row["digest"], json.dumps(row["acl"])) for row in rows.to_pylist()}


def found(lake: Path, text: str, **options: object) -> list[str]:
    hits = raglake.open_lake(str(lake)).search(text, 20, mode="text", **options).hits  # type: ignore[arg-type]
    return sorted(set(hits.column("uri").to_pylist()))


def test_only_the_keys_are_looked_at_and_all_else_is_carried_over(place: Path) -> None:
    before = contents(place / "lake")
    for name in ("part0/note0.md", "part0/note2.md"):
        write(place / "docs" / name, "A kettle sings.\n")
    write(place / "docs" / "part1" / "new.md", "A kettle, too.\n")
    outcome = run(place, "part0/note0.md", "part1/new.md", "part1/never-was.md")
    assert outcome.published
    assert (outcome.added, outcome.changed, outcome.removed, outcome.n_looked_at) == (1, 1, 0, 2)
    assert found(place / "lake", "kettle") == ["part0/note0.md", "part1/new.md"]
    after = contents(place / "lake")
    assert {uri for uri in before if before[uri] != after[uri]} == {"part0/note0.md"}
    assert run(place).changed == 1, "the next full run finds what nobody named"
    assert not run(place, "part0/note0.md").published, "what did not change makes no release"


def test_a_key_that_is_gone_is_removed_and_a_folder_stands_for_what_is_below(place: Path) -> None:
    (place / "docs" / "part0" / "note0.md").unlink()
    outcome = run(place, "part0/note0.md")
    assert (outcome.removed, outcome.published) == (1, True)
    os.rename(place / "docs" / "part1", place / "docs" / "moved")
    outcome = run(place, "part1", "moved/")
    assert (outcome.moved, outcome.added, outcome.removed) == (7, 0, 0)
    assert "moved/note1.md" in contents(place / "lake")
    assert not run(place).published


@pytest.mark.parametrize("key", ["", "/etc/passwd", "../docs/part0/note0.md", "part0//note0.md", "a\0b", "./a.md"])
def test_keys_that_no_document_can_have_are_refused(place: Path, key: str) -> None:
    if key == "":
        assert not run(place, key).published, "an empty key is the whole source"
    else:
        with pytest.raises(UsageError, match="is no key"):
            run(place, key)


def test_what_a_listing_leaves_out_a_key_does_not_bring_in(place: Path) -> None:
    write(place / "elsewhere" / "secret.md", "A kettle.\n")
    os.symlink(place / "elsewhere", place / "docs" / "link")
    write(place / "docs" / ".hidden.md", "A kettle.\n")
    write(place / "docs" / ".git" / "x.md", "A kettle.\n")
    write(place / "docs" / "part0" / "pump.py", "kettle = 1\n")
    keys = ("link/secret.md", "link", ".hidden.md", ".git/x.md", "part0/pump.py", "part0/note0.md/x")
    assert not run(place, *keys, exclude=("*.py",)).published
    assert run(place, "part0/pump.py").added == 1


def test_a_run_over_keys_needs_a_live_release_and_its_recipe(place: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing is live yet"):
        raglake.ingest(f"docs={place / 'docs'}", tmp_path / "new", recipe=HASH, run=RunOptions(only=("a.md",)))
    changed = RecipeOptions(embedder="hash", child_tokens=100)
    with pytest.raises(UsageError, match="another recipe"):
        raglake.ingest(f"docs={place / 'docs'}", place / "lake", recipe=changed, run=RunOptions(only=("part0",)))
    with pytest.raises(UsageError, match="leave the keys out"):
        RunOptions(only=("a",), verify=True)


def test_a_share_that_is_not_mounted_removes_nothing(place: Path) -> None:
    before = contents(place / "lake")
    os.rename(place / "docs", place / "away")
    with pytest.raises(UsageError, match="no such file or folder"):
        run(place, "part0/note0.md")
    (place / "docs").mkdir()
    with pytest.raises(RefusedError, match="nothing is there any more"):
        run(place, "part0/note0.md")
    assert contents(place / "lake") == before


def test_a_folder_that_empties_slowly_is_noticed(place: Path) -> None:
    for n in range(30):
        write(place / "docs" / "many" / f"{n}.md", f"Number {n} of many.\n")
    run(place)
    for n in range(0, 12, 5):
        for m in range(n, n + 5):
            (place / "docs" / "many" / f"{m}.md").unlink()
        if n < 10:  # of 44 documents ten may go
            assert run(place, "many").removed == 5
    with pytest.raises(RefusedError, match="since the last run over everything"):
        run(place, "many")
    assert run(place, "many", allow_removals=5).removed == 5


def test_sidecars_close_and_open_the_documents_that_they_are_about(place: Path) -> None:
    sidecar = place / "docs" / "part0" / "note0.md.meta.json"
    write(sidecar, '{"acl": ["hr"]}')
    assert run(place, "part0/note0.md.meta.json").changed == 1
    assert "part0/note0.md" not in found(place / "lake", "pump")
    assert "part0/note0.md" in found(place / "lake", "pump", principals=["hr"])
    table = place / "docs" / "part1" / "_metadata.csv"
    write(table, "path,acl\nnote1.md,hr\nnote3.md,hr\n")
    assert run(place, "part1/_metadata.csv").changed == 2
    assert {"part1/note1.md", "part1/note3.md"}.isdisjoint(found(place / "lake", "pump"))
    write(place / "docs" / "part1" / "note1.md", "Pump one hums on.\n")
    assert run(place, "part1/note1.md").changed == 1
    assert "part1/note1.md" not in found(place / "lake", "pump"), "a changed document stays restricted"
    table.unlink()
    with pytest.raises(RefusedError, match="no sidecar restricts them any more"):
        run(place, "part1/_metadata.csv")
    assert run(place, "part1/_metadata.csv", allow_opening=2).changed == 2
    assert not run(place).published


def test_rights_of_documents_that_are_not_looked_at_stay_todays(place: Path) -> None:
    write(place / "docs" / "part0" / "note0.md.meta.json", '{"acl": ["hr"]}')
    assert run(place, publish=False).release, "a candidate that readers never see; its rights hold all the same"
    assert "part0/note0.md" not in found(place / "lake", "pump")
    write(place / "docs" / "part1" / "note1.md", "Another pump.\n")
    assert run(place, "part1/note1.md").published
    assert "part0/note0.md" not in found(place / "lake", "pump")


def test_audits_of_samples_read_what_was_written_and_are_marked(place: Path) -> None:
    write(place / "docs" / "part0" / "note0.md", "A kettle.\n")
    outcome = run(place, "part0/note0.md")
    log = Lake(str(place / "lake")).log.read()
    verdict = log.verdict(str(outcome.release))
    assert verdict is not None
    assert (verdict["passed"], verdict["of_sample"]) == (True, True)
    findings = Lake(str(place / "lake")).findings(str(outcome.release)).to_pylist()
    read = {row["column"]: row["n_checked"] for row in findings if row["suite"] == "chunks"}
    assert read["norm"] == 1


def test_a_damaged_row_is_found_by_the_audit_of_a_sample(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    from lake.ingest import commit

    make = commit.rows.chunk_rows

    def damaged(*args: object) -> object:
        batch = make(*args)  # type: ignore[arg-type]
        column = batch.schema.get_field_index("vector")
        halves = np.asarray(batch.column("vector").flatten()) / 2
        return batch.set_column(
            column,
            batch.schema.field(column),
            type(batch.column("vector")).from_arrays(halves.astype("float32"), type=batch.schema.field(column).type),
        )

    write(place / "docs" / "part0" / "note0.md", "A kettle.\n")
    monkeypatch.setattr(commit.rows, "chunk_rows", damaged)
    outcome = run(place, "part0/note0.md")
    assert outcome.blocked
    assert "length is not 1" in outcome.reason


def test_twins_one_run_over_everything_and_many_over_keys_are_equal(place: Path) -> None:
    shutil.copytree(place / "lake", place / "other")
    for step in (("part0/note0.md", "A kettle.\n"), ("part1/x/y.md", "Deep.\n"), ("part0/note2.md", None)):
        path = place / "docs" / step[0]
        path.unlink() if step[1] is None else write(path, step[1])
        run(place, step[0])
    whole = raglake.ingest(f"docs={place / 'docs'}", place / "other", recipe=HASH)
    part = Lake(str(place / "lake")).log.read().resolve("live")
    assert Lake(str(place / "other")).log.read().releases[str(whole.release)].digest == part.digest
    assert contents(place / "lake") == contents(place / "other")
