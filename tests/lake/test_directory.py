"""The marker of a lake: which formats are read, and that nothing is written over another one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
import pytest

import raglake
from flows.cli.app import _exit_status
from lake.directory import Lake
from lake.ids import document_id
from lake.maintenance.doctor import examine
from lake.schemas import DIGESTS

RECIPE = raglake.RecipeOptions(embedder="hash")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a source and its lake, for each test to copy."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "docs").mkdir()
    (folder / "docs/a.md").write_text("# Pump\n\nHold the red button.\n")
    raglake.ingest(folder / "docs", folder / "lake", recipe=RECIPE)
    (folder / "docs/b.md").write_text("# Lamp\n")
    return folder


@pytest.fixture
def place(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path, dirs_exist_ok=True)


def files(lake: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in lake.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("marker", "kind", "message"),
    [
        ('{"format": 3}', raglake.UsageError, "upgrade raglake"),
        ('{"format": 1}', raglake.UsageError, "new lake"),
        ('{"formau": 2}', raglake.ContractError, "damaged"),
        ('{"format": "2"}', raglake.ContractError, "damaged"),
        ('{"format": true}', raglake.ContractError, "damaged"),
        ("[2]", raglake.ContractError, "damaged"),
        ("{", raglake.ContractError, "damaged"),
        ("\x00", raglake.ContractError, "damaged"),
    ],
)
def test_nothing_is_written_into_a_lake_of_another_format(
    place: Path, marker: str, kind: type[Exception], message: str
) -> None:
    (place / "lake/raglake.json").write_text(marker)
    before = files(place / "lake")
    for act in (raglake.ingest, raglake.plan):
        with pytest.raises(kind, match=message):
            act(place / "docs", place / "lake", recipe=RECIPE)
    for act_on in (raglake.open_lake, lambda url: raglake.pin(url, why="x"), lambda url: raglake.rebuild(url)):
        with pytest.raises(kind, match=message):
            act_on(str(place / "lake"))
    assert files(place / "lake") == before


@pytest.mark.parametrize("command", ["ingest {docs}", "plan {docs}", "prune", "forget a.md --why x", "query x"])
def test_every_command_names_the_cure(place: Path, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "lake/raglake.json").write_text('{"format": 3}')
    words = command.format(docs=place / "docs").split()
    assert _exit_status([*words, "--lake", str(place / "lake")]) == 2
    assert "has format 3, this raglake reads 2; upgrade raglake" in capsys.readouterr().err


def test_what_was_erased_since_a_scan_is_not_remembered(tmp_path: Path) -> None:
    """A run without a lease may end after an erasure began and redacted the caches."""
    lake = Lake(str(tmp_path / "lake"))
    lake.create()
    rows = pa.Table.from_pylist(
        [
            {"doc_id": document_id("docs", uri), "source": "docs", "uri": uri, "size": 1, "digest": f"digest of {uri}"}
            for uri in ("kept.md", "erased.md", "copy.md", "erased.md.meta.json")
        ],
        schema=DIGESTS,
    )
    lake.denylist().add([(document_id("docs", "erased.md"), ["digest of copy.md"])])
    lake.remember(rows, ["docs"])
    assert lake.cached_digests(["docs"]).column("uri").to_pylist() == ["kept.md"]


def test_rows_whose_bytes_the_next_listing_reads_do_not_stop_an_erasure(place: Path) -> None:
    """So are stored the rows of a database that changed within the last seconds."""
    lake = Lake(str(place / "lake"))
    row = {"doc_id": document_id("rows", "1.txt"), "source": "rows", "uri": "1.txt"}
    lake.remember(pa.Table.from_pylist([row], schema=DIGESTS), ["rows"])
    raglake.forget(place / "lake", uri="a.md", why="request 4711")
    assert lake.cached_digests(["rows"]).column("digest").to_pylist() == [None]
    assert not examine(lake).issues
