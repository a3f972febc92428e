"""Packages with entry points, installed into a folder of their own."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.house import ROOT


def documented() -> dict[str, str]:
    """The files of the package that docs/extending.md builds, by path."""
    page = (ROOT / "docs/extending.md").read_text()
    return dict(re.findall(r'^```\w+ title="(.+?)"\n(.*?)^```$', page, re.MULTILINE | re.DOTALL))


def pip_install(files: Mapping[str, str], folder: Path) -> Path:
    """Build the package of these files and install it without the network; the folder to put on the path."""
    for name, text in files.items():
        path = folder / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    options = ["--no-deps", "--no-index", "--no-build-isolation", "--target", str(folder / "site")]
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", *options, str(folder / "source")], check=True)
    return folder / "site"


def unpack(site: Path, package: str, version: str, points: Mapping[str, str], module: str = "") -> None:
    """Lay out a package as an installer would: ``points`` maps ``kind:name`` to a target, ``module`` is its code."""
    facts = site / f"{package.replace('-', '_')}-{version}.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
    lines = [
        f"[raglake.{kind}]\n{name} = {target}" for key, target in points.items() for kind, name in [key.split(":")]
    ]
    (facts / "entry_points.txt").write_text("\n".join(lines) + "\n")
    (site / f"{package.replace('-', '_')}.py").write_text(module)
