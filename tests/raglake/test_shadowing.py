"""Other packages of our names: found wherever they stand, with what to do about them; ours in a deployed run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from raglake.deployed import MODULES
from raglake.shadowing import HOME, check

CHECK = "import raglake.shadowing; raglake.shadowing.check()"
DEPLOYED = """
import os, sys
sys.path.insert(0, os.getcwd())  # as Prefect does for the time of an import
import raglake.deployed
sys.path.remove(os.getcwd())
assert os.getcwd() not in sys.path
import flows.ingest, lake.errors
assert raglake.deployed.ingest is flows.ingest.ingest
"""


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A repository with flows and tasks of its own, and a module named lake."""
    for name in ("flows", "tasks"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("")
    (tmp_path / "lake.py").write_text("")
    return tmp_path


def python(code: str, cwd: Path, *path: Path, safe: bool = False) -> str:
    """What code fails with in a Python that starts in this folder; "" if it doesn't."""
    variables = {"PYTHONPATH": os.pathsep.join(map(str, path)), **({"PYTHONSAFEPATH": "1"} if safe else {})}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=cwd, env=os.environ | variables, capture_output=True, text=True, check=False)
    return done.stderr.strip().split("\n")[-1]


def test_ours_are_found() -> None:
    check()


def test_the_working_directory_is_named_and_a_safe_path_helps(foreign: Path) -> None:
    told = python(CHECK, foreign, HOME)
    assert f"{foreign / 'flows'} would be imported in place of raglake's own package 'flows'" in told
    assert told.endswith("set PYTHONSAFEPATH=1, or start from another folder")
    assert python(CHECK, foreign, HOME, safe=True) == ""


def test_a_folder_in_pythonpath_is_named(foreign: Path) -> None:
    assert python(CHECK, HOME, foreign, HOME, safe=True).endswith(f"remove {foreign} from PYTHONPATH")


def test_a_module_hides_a_package_too(foreign: Path) -> None:
    alone = foreign / "alone"
    alone.mkdir()
    (foreign / "lake.py").rename(alone / "lake.py")
    assert "package 'lake'" in python(CHECK, alone, HOME)


def test_what_was_imported_before_counts(foreign: Path) -> None:
    later = f"import sys; sys.path.insert(0, {str(foreign)!r}); import tasks; sys.path.pop(0); {CHECK}"
    assert "install raglake into a virtual environment of its own" in python(later, HOME, HOME, safe=True)


@pytest.mark.parametrize("safe", [True, False])
def test_a_deployed_run_imports_ours_from_a_folder_with_others(foreign: Path, safe: bool) -> None:
    assert python(DEPLOYED, foreign, foreign, HOME, safe=safe) == ""


def test_each_flow_can_be_deployed() -> None:
    import raglake.deployed
    from flows.fleet.deployments import FLOWS

    assert [getattr(raglake.deployed, name).name for name in MODULES] == [*MODULES]
    assert {flow.name for flow in FLOWS} == MODULES.keys()
    with pytest.raises(AttributeError, match="no flow 'ingestt' is deployed; there are doctor, evaluate, forget"):
        raglake.deployed.ingestt  # noqa: B018
