"""The wheel, installed in an environment of its own beside the libraries that the tests have."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from pathlib import Path

from tests.house import ROOT, TOPS

BUILD = "import sys; from setuptools.build_meta import build_wheel; print(build_wheel(sys.argv[1]))"


def build(folder: Path) -> Path:
    """Build the wheel from a copy of what belongs in it; its path."""
    source = folder / "source"
    for name in TOPS:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (ROOT / "pyproject.toml", *ROOT.glob("README.md"), *ROOT.glob("LICENSE")):
        shutil.copy(file, source)
    command = [sys.executable, "-c", BUILD, str(folder)]
    built = subprocess.run(command, cwd=source, check=True, capture_output=True, text=True).stdout
    return folder / built.split()[-1]


def install(wheel: Path, folder: Path) -> Path:
    """Make an environment with the wheel, which finds all else where the tests do; the folder of its commands."""
    venv.create(folder)
    python = str(folder / "bin/python")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "-q",
        "--no-deps",
        "--no-index",
        "--ignore-installed",
        "--no-compile",  # since most modules are never imported
        str(wheel),
    ]
    subprocess.run(pip, check=True)
    libraries = [entry for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")]
    [own] = folder.glob("lib/python*/site-packages")
    (own / "libraries.pth").write_text("\n".join(libraries))
    return folder / "bin"
