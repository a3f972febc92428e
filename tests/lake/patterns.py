"""Lakes that are built once for many tests: each test gets a copy, in a hundredth of the time of a run.

Their source has a name, by which its copy is the same source; ``ingest`` below, which a conftest imports, gives it too.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pytest

from flows.reindex import Job, Outcome, reindex
from flows.steps import PlainSteps
from lake.options import RecipeOptions


def pattern_of(folder: Path, files: Mapping[str, str], settings: RecipeOptions | None = None) -> Path:
    """Make ``source`` of these files and ``lake`` of that source in the folder; returns the folder."""
    for name, text in files.items():
        path = folder / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    recipe = settings or RecipeOptions(embedder="hash")
    with PlainSteps() as steps:
        reindex(Job((f"docs={folder / 'source'}",), str(folder / "lake"), recipe), steps)
    return folder


def copied(pattern: Path, source: Path, lake_url: str) -> None:
    """Put the source and the lake of a pattern where the fixtures of a test expect them."""
    shutil.copytree(pattern / "source", source, dirs_exist_ok=True)
    shutil.copytree(pattern / "lake", lake_url)


@pytest.fixture
def ingest(ingest: Callable[..., Outcome], source: Path) -> Callable[..., Outcome]:
    return partial(ingest, sources=(f"docs={source}",))
