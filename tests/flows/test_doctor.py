"""A healthy lake has no issue; each damage is found by the check that is for it, and fixed where that is said."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import lake
from flows.cli.app import _exit_status
from flows.cli.options import FAILED, OK, USAGE
from flows.reindex import Job, Outcome, reindex
from flows.steps import PlainSteps
from lake.directory import Lake
from lake.erasure.forget import forget
from lake.ingest.rebuild import rebuild
from lake.maintenance.doctor import Diagnosis, examine, open_damaged, repair
from lake.maintenance.doctor.examination import Examination
from lake.maintenance.doctor.parquet import check_pile, untrue_contents
from lake.maintenance.prune import prune
from lake.options import RecipeOptions, Retention
from lake.schemas import CONTENTS
from lake.storage.store import open_parquet
from lake.tables.writer import Tables

TABLES = ("documents", "parents", "chunks", "quarantine")


class Built(NamedTuple):
    """A lake with history, its source, what stood in it before an erasure, and its rows by release and table."""

    url: Path
    source: Path
    before_erasure: Path
    rows: dict[tuple[str, str], pl.DataFrame]


def ingest(source: Path, url: Path, **job: Any) -> Outcome:
    settings = job.pop("settings", RecipeOptions(embedder="hash"))
    with PlainSteps(n_workers=1) as steps:
        return reindex(Job(sources=(f"harbour={source}",), lake=str(url), settings=settings, **job), steps)


def rows_of(url: Path) -> dict[tuple[str, str], pl.DataFrame]:
    index, found = lake.open_lake(str(url)), {}
    for release in index.releases()["release"].to_pylist():
        for table in TABLES:
            frame = pl.DataFrame(index.dataset(table, release).to_table())
            found[release, table] = frame.sort(frame.columns[0])
    return found


def berth(source: Path, number: int, word: str) -> None:
    text = f"# Berth {number}\n\nThe {word} berth {number} takes boats.\n\n## Depth\n\nIt is {number} metres deep."
    (source / f"{number}.md").write_text(text)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Edits, a move, quarantine, another recipe, prune, rebuild, an erasure and a candidate that nobody published."""
    root = tmp_path_factory.mktemp("doctor")
    source, url, copy = root / "source", root / "lake", root / "before"
    source.mkdir()
    for number in range(12):
        berth(source, number, "red")
    (source / "secret.md").write_text("# Secret\n\nOnly thalassocrats anchor here.")
    ingest(source, url)
    berth(source, 1, "green")
    (source / "broken.pdf").write_bytes(b"%PDF-1.4 nothing")
    ingest(source, url)
    (source / "2.md").rename(source / "moved.md")
    (source / "3.md").unlink()
    ingest(source, url)
    berth(source, 4, "blue")
    ingest(source, url, settings=RecipeOptions(child_tokens=24, overlap_tokens=0), change_recipe=True)
    nothing_more = Retention(keep_last=2, keep_daily=0, keep_monthly=0, grace_hours=0)
    assert prune(Lake.existing(str(url)), nothing_more).dropped
    rebuild(Lake.existing(str(url)))
    shutil.copytree(url, copy)
    forget(Lake.existing(str(url)), why="asked to", uri="secret.md")
    berth(source, 5, "white")
    ingest(source, url, publish=False)
    return Built(url, source, copy, rows_of(url))


@pytest.fixture
def damaged_url(built: Built, tmp_path: Path) -> Path:
    """A copy of the lake, to be damaged."""
    return Path(shutil.copytree(built.url, tmp_path / "patient"))


def flip(path: Path, column: str) -> None:
    """Change one byte inside the values of a column of a Parquet file."""
    data, footer = bytearray(path.read_bytes()), pq.ParquetFile(path).metadata
    chunk = footer.row_group(0).column(footer.schema.to_arrow_schema().names.index(column))
    start = chunk.dictionary_page_offset or chunk.data_page_offset
    data[start + chunk.total_compressed_size - 3] ^= 0xFF
    path.write_bytes(data)


def flip_vector(url: Path) -> None:
    """Change the sign of one number in a data file, which Lance has no means to notice."""
    values = pl.DataFrame(lake.open_lake(str(url)).dataset("chunks").to_table())["vector"].to_numpy()[0]
    for path in table_of_live(url).glob("data/*"):
        data = bytearray(path.read_bytes())
        place = data.find(values.tobytes())
        if place >= 0:
            data[place + 4 * int(abs(values).argmax()) + 3] ^= 0x80
            path.write_bytes(data)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def of_live(url: Path) -> Any:
    return lake.open_lake(str(url)).release()


def table_of_live(url: Path, name: str = "chunks") -> Path:
    live = of_live(url)
    name = live.recipe.embedder.table if name == "chunks" else name
    return url / "tables" / live.generation / f"{name}.lance"


def biggest(url: Path, pattern: str) -> Path:
    """The one with the most bytes: that of the first night, which most others need."""
    return max(url.glob(pattern), key=lambda path: path.stat().st_size)


def last_log(url: Path, number: int) -> Path:
    return sorted(path for path in (url / "log").iterdir() if "checkpoint" not in path.name)[number]


def delete_manifest(url: Path) -> None:
    table = table_of_live(url)
    version = of_live(url).versions[table.stem]
    (table / "_versions" / f"{2**64 - 1 - version:020}.manifest").unlink()


def shorten_vector(url: Path) -> None:
    """Store other values than were embedded, as a defect of the embedder would."""
    path = biggest(url, "vectors/*/*.parquet")
    rows = pq.read_table(path)
    vectors = rows.column("vector").to_pylist()
    vectors[0] = [value / 2 for value in vectors[0]]
    column = pa.array(vectors, rows.schema.field("vector").type)
    pq.write_table(pa.table([rows.column("text_digest"), column], schema=rows.schema), path)


def change_rows(url: Path, table: str, column: str, value: Any) -> None:
    """Other values in one row, in a version that the log then names for live, as no run would do it."""
    the_lake, live = Lake(str(url)), of_live(url)
    name = live.recipe.embedder.table if table == "chunks" else table
    tables: Tables = the_lake.tables(live.generation)
    reader = tables.at(name, live.versions[name])
    row = reader.scan(reader.schema.names).slice(0, 1)
    place = row.column_names.index(column)
    row = row.set_column(place, row.schema.field(place), pa.array([value], row.schema.field(place).type))
    schema = pa.schema([field.remove_metadata() for field in row.schema])
    tables.apply(name, iter(row.cast(schema).to_batches()), schema, [])
    versions = {**live.versions, name: tables.seal(name, live.id)}
    the_lake.log.record("rebuild", live.id, facts={"changed": {live.id: {"versions": versions}}})


def half_a_vector(url: Path) -> None:
    size = of_live(url).recipe.embedder.dimensions
    change_rows(url, "chunks", "vector", [1.0] + [0.0] * (size - 1))


def deny(url: Path) -> None:
    row = lake.open_lake(str(url)).dataset("documents").to_table().to_pylist()[0]
    Lake(str(url)).denylist().add([(row["doc_id"], [row["digest"]])])


def rename(path: Path) -> None:
    path.rename(path.with_name(f"{'0' * 32}.parquet"))


Damage = Callable[[Path], object]

#: What is done to the lake, and the check that must find it. The lake fixes these itself.
MENDED: dict[str, tuple[Damage, str]] = {
    "marker": (lambda url: (url / "raglake.json").unlink(), "format"),
    "small files": (lambda url: [cut(biggest(url, name)) for name in ("cache/*", "audits/*")], "audits"),
    "contents under another name": (lambda url: rename(biggest(url, "contents/*")), "contents"),
    "vectors flipped": (lambda url: flip(biggest(url, "vectors/*/*"), "vector"), "vectors"),
    "all vectors lost": (lambda url: shutil.rmtree(url / "vectors"), "vectors"),
    "a vector shortened": (shorten_vector, "vectors"),
    "delta flipped": (lambda url: flip(biggest(url, "commits/*/documents.parquet"), "fingerprint"), "deltas"),
    "all deltas lost": (lambda url: shutil.rmtree(url / "commits"), "deltas"),
    "all tags lost": (lambda url: [shutil.rmtree(p) for p in url.glob("tables/*/*/_refs")], "tables"),
    "data file lost": (lambda url: biggest(table_of_live(url), "data/*").unlink(), "lance files"),
    "data file cut": (lambda url: cut(biggest(table_of_live(url, "parents"), "data/*")), "lance files"),
    "data flipped": (flip_vector, "rows"),
    "manifest lost": (delete_manifest, "tables"),
    "index file lost": (lambda url: [p.unlink() for p in table_of_live(url).glob("_indices/*/page_data.lance")],
                        "indices"),
    "index lost": (lambda url: shutil.rmtree(table_of_live(url) / "_indices"), "lance files"),
    "all tables lost": (lambda url: shutil.rmtree(url / "tables"), "tables"),
    "a title behind the log": (lambda url: change_rows(url, "documents", "title", "Other"), "rows"),
    "a vector behind the log": (half_a_vector, "rows"),
    "a bytes digest behind the log": (lambda url: change_rows(url, "documents", "fingerprint", "0" * 32), "digests"),
    "erasure cut short": (lambda url: (url / "denylist" / "erasing").write_bytes(b"x"), "denylist"),
}  # fmt: skip

#: Damages that a lake has at the same time, since each is found by its own check and mended from what the others left.
TOGETHER = (
    ("marker", "small files", "contents under another name", "vectors flipped", "all deltas lost", "erasure cut short"),
    ("delta flipped", "index file lost"),
    ("a vector behind the log", "a bytes digest behind the log"),
    ("a title behind the log", "all tags lost"),
    ("data file cut", "data flipped"),
)
DAMAGES = (*TOGETHER, *((name,) for name in MENDED if not any(name in group for group in TOGETHER)))

#: The same where the lake alone can't fix it, with words of the remedy.
LOST: dict[str, tuple[Damage, str, str]] = {
    "contents flipped": (lambda url: flip(biggest(url, "contents/*"), "text"), "contents", "--verify"),
    "contents lost": (lambda url: biggest(url, "contents/*").unlink(), "contents", "--verify"),
    "log entry cut": (lambda url: cut(last_log(url, -1)), "log", "copy of the lake"),
    "log entry lost": (lambda url: last_log(url, -2).unlink(), "log", "copy of the lake"),
    "checkpoint cut": (lambda url: cut(next(url.glob("log/*checkpoint*"))), "log", "copy of the lake"),
    "log entry out of order": (
        lambda url: last_log(url, -1).write_text(last_log(url, -1).read_text().replace('"at": "2', '"at": "1')),
        "log",
        "copy of the lake",
    ),
    "lease damaged": (lambda url: cut(next(url.glob("lease/*"))), "lease", "delete it once no run is active"),
    "denylist damaged": (lambda url: cut(next(url.glob("denylist/*.json"))), "denylist", "copy of the lake"),
    "a denied document": (deny, "denylist", "raglake forget"),
    "tables and contents lost": (
        lambda url: (shutil.rmtree(url / "tables"), biggest(url, "contents/*").unlink()),
        "tables",
        "once what Parquet lacks",
    ),
}


def found(diagnosis: Diagnosis, check: str) -> list[str]:
    return [f"{a.where}: {a.what} -> {a.remedy}" for a in diagnosis.issues if a.check == check]


def test_a_lake_with_history_has_no_issue(built: Built, damaged_url: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.read_bytes() for path in damaged_url.rglob("*") if path.is_file()}
    assert len(lake.open_lake(str(damaged_url)).releases()) == 3
    assert _exit_status(["doctor", "--lake", str(damaged_url), "--all", "--json"]) == OK
    shown = json.loads(capsys.readouterr().out)
    assert (shown["healthy"], shown["issues"], shown["fixed"]) == (True, [], [])
    counts = {check["name"]: check["n"] for check in shown["checks"] if not check["skipped"]}
    assert counts["audit"] == 58
    assert counts["rows"] == sum(frame.height for frame in built.rows.values())
    assert counts["denylist"] == 1
    assert {path: path.read_bytes() for path in damaged_url.rglob("*") if path.is_file()} == before
    assert repair(open_damaged(str(damaged_url))).fixed == ()


@pytest.mark.parametrize("names", DAMAGES, ids=", ".join)
def test_what_the_lake_repairs_itself(built: Built, damaged_url: Path, names: tuple[str, ...]) -> None:
    for name in names:
        MENDED[name][0](damaged_url)
    repaired = repair(open_damaged(str(damaged_url)), every=True)
    assert repaired.issues == ()
    assert {MENDED[name][1] for name in names} <= {issue.check for issue in repaired.fixed}, repaired.fixed
    assert all(issue.fixable and issue.remedy for issue in repaired.fixed), repaired.fixed
    again = rows_of(damaged_url)
    assert again.keys() == built.rows.keys()
    assert all(again[place].equals(frame) for place, frame in built.rows.items())


@pytest.mark.parametrize(("damage", "check", "remedy"), LOST.values(), ids=LOST)
def test_what_it_cannot_repair_it_reports(damaged_url: Path, damage: Damage, check: str, remedy: str) -> None:
    damage(damaged_url)
    first = examine(open_damaged(str(damaged_url)))
    assert any(remedy in told for told in found(first, check)), first.issues
    repaired = repair(open_damaged(str(damaged_url)))
    assert any(remedy in told for told in found(repaired, check)), repaired.issues
    assert not any(issue.check == check for issue in repaired.fixed if remedy in issue.remedy)


def test_the_command_reports_and_repairs(damaged_url: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flip(biggest(damaged_url, "commits/*/documents.parquet"), "fingerprint")
    change_rows(damaged_url, "documents", "n_chunks", 99)
    command = ["doctor", "--lake", str(damaged_url)]
    assert _exit_status(command) == FAILED
    told = capsys.readouterr().out
    assert "✗ deltas" in told
    assert "✗ audit" in told  # manifest and chunks disagree
    assert "remedy: make it again from the tables (`raglake doctor --repair --lake " in told
    assert _exit_status(["doctor", "--lake", str(damaged_url), "--json"]) == FAILED
    assert not json.loads(capsys.readouterr().out)["healthy"]
    flip(biggest(damaged_url, "contents/*"), "text")
    assert _exit_status([*command, "--repair"]) == FAILED
    told = capsys.readouterr().out
    assert "fixed (" in told
    assert "parses them again" in told
    assert _exit_status(["doctor", "--lake", str(damaged_url / "nowhere")]) == USAGE


@pytest.mark.parametrize("lost", ["contents", "vectors"])
def test_what_was_lost_comes_back_from_the_sources(built: Built, damaged_url: Path, lost: str) -> None:
    ingest(built.source, damaged_url)  # so that live holds what the sources hold
    before = rows_of(damaged_url)
    if lost == "contents":
        flip(biggest(damaged_url, "contents/*"), "text")
    else:
        shutil.rmtree(damaged_url / "vectors")
        for table in damaged_url.glob("tables/*/chunks__*"):
            shutil.rmtree(table)
    assert any("--verify" in issue.remedy for issue in repair(open_damaged(str(damaged_url))).issues)
    assert ingest(built.source, damaged_url).reason == "nothing to do"
    outcome = ingest(built.source, damaged_url, verify=True)
    assert (outcome.published, "are stored again" in outcome.reason) == (False, True)
    left = repair(open_damaged(str(damaged_url)), every=True).issues
    # Some of an earlier release are gone from the sources.
    assert [issue.where for issue in left if issue.check != "rows"] == (
        ["contents of other releases"] if lost == "contents" else []
    )
    assert all(rows.equals(before[place]) for place, rows in rows_of(damaged_url).items())
    assert ingest(built.source, damaged_url, verify=True).reason == "nothing to do"


def test_leftovers_are_no_issue(built: Built, damaged_url: Path) -> None:
    generation = of_live(damaged_url).generation
    shutil.copytree(damaged_url / "tables" / generation, damaged_url / "tables" / "99")
    shutil.copytree(next((damaged_url / "commits").iterdir()), damaged_url / "commits" / "dead-run")
    shutil.copy(biggest(damaged_url, "audits/*"), damaged_url / "audits" / "2020-01-01.1.parquet")
    (damaged_url / "contents" / ".tmp-1-2").write_bytes(b"half")
    (damaged_url / "texts").mkdir(exist_ok=True)
    (damaged_url / "texts" / "request.parquet").write_bytes(b"half")
    tags = table_of_live(damaged_url) / "_refs" / "tags"
    shutil.copy(next(tags.iterdir()), tags / "2020-01-01.1.json")
    diagnosis = examine(open_damaged(str(damaged_url)))
    assert diagnosis.healthy, diagnosis.issues
    assert any("1 generation," in remark and "6 files" in remark for remark in diagnosis.remarks), diagnosis.remarks
    assert any("1 tags of releases that are not kept" in remark for remark in diagnosis.remarks)
    assert rows_of(damaged_url).keys() == built.rows.keys()


@pytest.mark.parametrize("folder", ["contents", "cache"])
def test_what_was_erased_and_came_back_is_found(built: Built, damaged_url: Path, folder: str) -> None:
    shutil.copytree(built.before_erasure / folder, damaged_url / folder, dirs_exist_ok=True)
    first = examine(open_damaged(str(damaged_url)))
    assert found(first, "denylist")
    repaired = repair(open_damaged(str(damaged_url)))
    assert repaired.healthy, repaired.issues
    erased = lake.open_lake(str(built.before_erasure)).dataset("documents").to_table().to_pylist()
    digest = next(row["digest"] for row in erased if row["uri"] == "secret.md")
    columns = [pq.read_table(path, columns=["digest"]) for path in (damaged_url / folder).iterdir()]
    assert all(digest not in column["digest"].to_pylist() for column in columns)


def test_no_flipped_byte_in_a_contents_file_changes_a_row_unseen(damaged_url: Path) -> None:
    path = biggest(damaged_url, "contents/*")
    whole, rows = path.read_bytes(), pq.read_table(path)
    rng = random.Random(11)
    n_found = 0
    for place in rng.sample(range(len(whole)), 150):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << rng.randrange(8)
        path.write_bytes(flipped)
        exam = Examination(Lake(str(damaged_url)))
        check_pile(exam, "contents", CONTENTS, untrue_contents)
        n_found += bool(exam.issues)
        same_name = f"contents/{path.name}"
        assert exam.issues or open_parquet(exam.lake.store, same_name).read().equals(rows), place
    assert n_found > 75
