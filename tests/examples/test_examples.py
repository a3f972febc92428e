"""Each program in examples/ does what its line in examples/README.md says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import raglake
from tests.house import ROOT

EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two documents and the lake that the first example makes of them."""
    home = tmp_path_factory.mktemp("examples")
    (home / "docs").mkdir()
    (home / "docs/pump.md").write_text("# Pump\n\nPull the red lever for three seconds to reset the pump.\n")
    (home / "docs/ferry.md").write_text("# Ferry\n\nThe last boat leaves at eleven.\n")
    told = run("folder_to_answer.py", home, "docs", "index", "when does the last boat leave?")
    assert "2 documents added" in told
    assert "ferry.md" in told
    assert "The last boat leaves at eleven." in told
    return home


def run(program: str, home: Path, *words: str) -> str:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    variables |= {"PREFECT_HOME": str(home / ".prefect"), "DO_NOT_TRACK": "1"}
    variables |= {"PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120"}
    command = [sys.executable, EXAMPLES / program, *words]
    done = subprocess.run(command, cwd=home, env=variables, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_example_is_short_and_in_the_list() -> None:
    programs = {path.name: path.read_text() for path in EXAMPLES.glob("*.py")}
    assert {*re.findall(r"\[`(\w+\.py)`\]", (EXAMPLES / "README.md").read_text())} == programs.keys()
    assert all(text.count("\n") <= 60 for text in programs.values())
    assert programs["folder_to_answer.py"].count("\n") <= 22


def test_a_night_under_prefect(home: Path, prefect_database: Path) -> None:
    (home / ".prefect").mkdir()
    shutil.copy(prefect_database, home / ".prefect/prefect.db")
    (home / "docs/keys.md").write_text("# Keys\n\nThe green key hangs in the office.\n")
    run("nightly.py", home, "docs", "index", "--now")
    documents = raglake.open_lake(str(home / "index")).dataset("documents").to_table()
    assert sorted(documents["uri"].to_pylist()) == ["ferry.md", "keys.md", "pump.md"]


def test_a_release_in_polars_and_duckdb(home: Path) -> None:
    told = run("release_tables.py", home, "index")
    assert "text/markdown" in told
    assert "pump.md" in told
