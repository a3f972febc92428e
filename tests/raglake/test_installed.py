"""The built wheel in an environment of its own, in a folder that has packages of the same names as ours."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests import wheel
from tests.flows.runtime.server import Server, eventually, running
from tests.house import ROOT, TOPS
from tests.waiting import SECONDS

FLEET = """
lakes:
  manuals: {lake: manuals, sources: [docs=docs], recipe: {embedder: hash}}
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel.build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def commands(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel.install(built, tmp_path_factory.mktemp("installed"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, prefect_database: Path) -> Iterator[Server]:
    with running(Server(tmp_path_factory.mktemp("server"), prefect_database)) as server:
        yield server


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A repository with packages named as ours, a document, and a file of lakes."""
    for name in ("flows", "tasks", "lake", "expectations"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('not ours')\n")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/pump.md").write_text("# Pump\n\nReset the pump with the red lever.\n")
    (tmp_path / "raglake.yaml").write_text(FLEET)
    return tmp_path


def run(command: list[str | Path], cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")} | variables
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_the_wheel_holds_every_file_of_our_packages(built: Path) -> None:
    files = {str(path.relative_to(ROOT)) for top in TOPS for path in (ROOT / top).rglob("*") if path.is_file()}
    held = set(ZipFile(built).namelist())
    assert {name for name in files if "__pycache__" not in name} == {name for name in held if "dist-info" not in name}


def test_the_command_works_in_a_folder_with_packages_of_our_names(commands: Path, foreign: Path) -> None:
    built = run([commands / "raglake", "ingest", "docs", "--lake", "index", "--embedder", "hash"], foreign)
    assert built.returncode == 0, built.stderr
    query = ["-m", "raglake", "query", "How do I reset the pump?", "--lake", "index"]
    hidden = run([commands / "python", *query], foreign)
    assert (hidden.returncode, hidden.stdout) == (1, "")
    assert hidden.stderr.startswith(f"raglake: {foreign / 'flows'} would be imported in place of raglake's own package")
    assert hidden.stderr.endswith("set PYTHONSAFEPATH=1, or start from another folder\n")
    assert "red lever" in run([commands / "python", *query], foreign, PYTHONSAFEPATH="1").stdout
    assert "red lever" in run([commands / "raglake", *query[2:]], foreign).stdout
    elsewhere = run([commands / "raglake", *query[2:]], foreign / "docs", PYTHONPATH=str(foreign))
    assert (elsewhere.returncode, elsewhere.stderr.endswith(f"remove {foreign} from PYTHONPATH\n")) == (1, True)


SEARCH = "import raglake; print(raglake.open_lake('index').search('How do I reset the pump?', k=1)['text'])"


def test_the_module_works_in_such_a_folder_or_says_why_not(commands: Path, foreign: Path) -> None:
    ingest = "import raglake; raglake.ingest('docs', 'index', recipe=raglake.RecipeOptions(embedder='hash'))"
    made = run([commands / "python", "-c", ingest], foreign, PYTHONSAFEPATH="1")
    assert made.returncode == 0, made.stderr
    assert "red lever" in run([commands / "python", "-c", SEARCH], foreign, PYTHONSAFEPATH="1").stdout
    hidden = run([commands / "python", "-c", SEARCH], foreign)
    assert hidden.returncode == 1
    assert f"ShadowedError: {foreign / 'flows'} would be imported in place of raglake's own" in hidden.stderr


def test_a_deployed_run_works_where_its_folder_has_packages_of_our_names(
    commands: Path, foreign: Path, server: Server
) -> None:
    deploy = [commands / "raglake", "deployments", "apply", "--pool", "local"]
    variables = {"PREFECT_API_URL": server.url, "PREFECT_HOME": str(foreign / ".prefect"), "DO_NOT_TRACK": "1"}
    deployed = run(deploy, foreign, **variables)
    assert deployed.returncode == 0, deployed.stderr
    [ingest] = [one for one in server.ask("deployments/filter") if one["entrypoint"] == "raglake.deployed.ingest"]
    due = server.ask(f"deployments/{ingest['id']}/create_flow_run", state={"type": "SCHEDULED"})
    worker = [commands / "python", "-m", "prefect", "worker", "start", "--pool", "local", "--run-once"]
    worked = run(worker, foreign, **variables)
    state = eventually(lambda: ended(server, due["id"]), SECONDS)
    assert state["type"] == "COMPLETED", worked.stdout + worked.stderr
    assert (foreign / "manuals/log").is_dir()


def ended(server: Server, run: str) -> dict[str, str] | None:
    state: dict[str, str] = server.ask(f"flow_runs/{run}", method="GET")["state"]
    return state if state["type"] in ("COMPLETED", "FAILED", "CRASHED") else None
