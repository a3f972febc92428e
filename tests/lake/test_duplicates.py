"""Copies in a release: listed, named by status, inspect and the outcome, and erased without a trace."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import lake
from flows.cli.app import main
from flows.reindex import Outcome
from lake import operate
from lake.errors import UsageError
from lake.schemas import DUPLICATES

PUMP = "# Pump\n\nThe pump's oil is changed every May.\n\n" + "\n".join(
    f"Bolt {n} is turned by hand {n}.\n" for n in range(20)
)
TIDE = "# Tide\n\nHigh water is at six, and the Quistermann ferry leaves at seven.\n"


@pytest.fixture
def copied(source: Path, lake_url: str, ingest: Callable[..., Outcome]) -> str:
    files = {"a/pump.md": PUMP.encode(), "b/pump.md": PUMP.encode("utf-16"), "near.md": PUMP.encode() + b"Rinsed.\n"}
    files |= {
        "tide.md": TIDE.encode(),
        "old/tide.md": TIDE.replace("\n", "\r\n").encode(),
        "other.md": b"# Sails\n\nRed.\n",
    }
    for name, data in files.items():
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_bytes(data)
    assert ingest().n_copies == 2
    return lake_url


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--json"])
    assert not ended.value.code
    return json.loads(capsys.readouterr().out)


def test_a_copy_that_shows_what_is_restricted_is_told(
    copied: str, source: Path, ingest: Callable[..., Outcome], capsys: pytest.CaptureFixture[str]
) -> None:
    def told() -> str:
        with pytest.raises(SystemExit):
            main(["duplicates", "--near", "--lake", copied])
        return capsys.readouterr().out

    assert "restricted" not in told()
    for name in ("old/tide.md", "near.md"):
        (source / f"{name}.meta.json").write_text('{"acl": ["hr"]}')
    ingest()
    assert {row["uri"] for row in lake.open_lake(copied).duplicates().to_pylist() if row["restricted"]} == {
        "old/tide.md"
    }
    shown = told()
    assert shown.count(", restricted") == 2
    assert shown.count("everybody may see this text, though 1 document with it is restricted") == 1  # near is no copy
    (source / "tide.md.meta.json").write_text('{"acl": ["hr"]}')
    ingest()
    assert "everybody" not in told()


def test_groups_are_listed(copied: str, source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    index = lake.open_lake(copied)
    rows = index.duplicates()
    assert rows.schema.equals(DUPLICATES)
    shown = [(row["uri"], row["stands"], row["kind"], row["likeness"]) for row in rows.to_pylist()]
    pump, tide = [("a/pump.md", True), ("b/pump.md", False)], [("tide.md", True), ("old/tide.md", False)]
    assert shown == [(uri, stands, "exact", 1.0) for uri, stands in (*pump, *tide)]
    first, second = rows.to_pylist()[:2]
    assert (first["duplicate_of"], second["duplicate_of"]) == (None, first["doc_id"])
    assert first["copy_group"] == second["copy_group"] != rows.to_pylist()[2]["copy_group"]
    near = index.duplicates(near=True).to_pylist()
    assert [row["uri"] for row in near[:3]] == ["near.md", "a/pump.md", "b/pump.md"]
    assert [row["kind"] for row in near[:3]] == ["exact", "near", "near"]
    assert 0.8 <= near[1]["likeness"] < 1
    assert near[1]["likeness"] == near[2]["likeness"]
    assert len(index.duplicates(near=True, likeness=1)) == 4
    with pytest.raises(UsageError, match=r"at least 0\.5"):
        index.duplicates(near=True, likeness=0.1)

    told = run(capsys, "duplicates", "--lake", copied, "--near")
    assert [[row["uri"] for row in group["documents"]] for group in told["groups"]] == [
        ["near.md", "a/pump.md", "b/pump.md"],
        ["tide.md", "old/tide.md"],
    ]
    assert run(capsys, "status", "--lake", copied)["n_copies"] == 2
    about = run(capsys, "inspect", "b/pump.md", "--lake", copied)["copies"]
    assert about == {"stands": {"source": str(source), "uri": "a/pump.md"}, "documents": [about["stands"]]}
    assert run(capsys, "inspect", "a/pump.md", "--lake", copied)["copies"]["stands"] is None
    assert run(capsys, "inspect", "other.md", "--lake", copied)["copies"] is None


def test_the_tables_made_again_are_equal(copied: str, source: Path, ingest: Callable[..., Outcome]) -> None:
    (source / "tide.md").unlink()
    assert ingest().n_copies == 1
    index = lake.open_lake(copied)
    before = {at: index.duplicates(at, near=True) for at in index.releases().column("release").to_pylist()}
    operate.rebuild(copied)
    assert {at: index.duplicates(at, near=True) for at in before} == before


def test_a_copy_in_other_bytes_outlives_an_erasure(copied: str, source: Path, ingest: Callable[..., Outcome]) -> None:
    gone = operate.forget(copied, uri="tide.md", why="request 4711")
    assert gone.proof is not None
    assert gone.proof.holds
    index = lake.open_lake(copied)
    assert index.release().counts["n_copies"] == 1
    assert index.search("Quistermann ferry").to_pylist()[0]["uri"] == "old/tide.md"
    # Of a text that nothing holds any more, neither digest nor signature is left.
    digests = {row["uri"]: row["canonical_digest"] for row in index.dataset("documents").to_table().to_pylist()}
    assert operate.forget(copied, uri="old/tide.md", why="request 4712").proof is not None
    files = [path.read_bytes() for path in Path(copied).rglob("*") if path.is_file()]
    assert not any(digests["old/tide.md"].encode() in data for data in files)
    assert any(digests["other.md"].encode() in data for data in files)
