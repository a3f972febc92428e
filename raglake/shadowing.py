"""Finds packages of the same name that stand before ours on ``sys.path``.

``flows``, ``tasks``, ``expectations`` and ``lake`` are common names. A repository with a ``flows/`` of its own hides
ours if Python starts there, and so does a folder in PYTHONPATH. This module imports only the standard library.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("flows", "tasks", "expectations", "lake")
#: The folder that holds this package and the four above.
HOME = Path(__file__).parent.resolve().parent


class ShadowedError(ImportError):
    """Another package has the name of one of ours and would be imported instead."""


def check() -> None:
    """Raise ShadowedError if Python finds, or has imported, another package in place of one of ours."""
    for name in PACKAGES:
        for folder in _foreign(name):
            raise ShadowedError(
                f"{folder / name} would be imported in place of raglake's own package {name!r}, "
                f"which is {HOME / name}; {_remedy(folder)}",
                name=name,
            )


@contextmanager
def ours_first() -> Iterator[None]:
    """Import from ours what is imported in here; afterwards no folder that hides ours is left on ``sys.path``.

    Only its first entry comes back: Prefect puts the working directory there for an import and removes it itself.
    """
    first = sys.path[:1]
    while hiding := {folder for name in PACKAGES for folder in _foreign(name)} & {*map(_resolved, sys.path)}:
        sys.path[:] = [entry for entry in sys.path if _resolved(entry) not in hiding]
    check()
    try:
        yield
    finally:
        if first != sys.path[:1]:
            sys.path[:0] = first


def _foreign(name: str) -> Iterator[Path]:
    """Folders other than ours from which this package comes, or would come."""
    spec = find_spec(name)
    for package in _places(spec) if spec else ():
        if package.parent != HOME:
            yield package.parent


def _places(spec: ModuleSpec) -> list[Path]:
    found = spec.submodule_search_locations
    return [Path(place).resolve() for place in ([spec.origin or ""] if found is None else found)]


def _remedy(folder: Path) -> str:
    if folder in map(_resolved, filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))):
        return f"remove {folder} from PYTHONPATH"
    if sys.path and folder in (_resolved(sys.path[0]), Path.cwd()):
        return "set PYTHONSAFEPATH=1, or start from another folder"
    return "install raglake into a virtual environment of its own"


def _resolved(entry: str) -> Path:
    return Path(entry or ".").resolve()
