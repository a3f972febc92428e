"""What several tests share: a lake in a temporary folder and a source of small documents."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from flows.reindex import Job, Outcome, reindex
from flows.steps import PlainSteps
from lake.scan import Settings


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


@pytest.fixture
def lake_url(tmp_path: Path) -> str:
    return str(tmp_path / "lake")


@pytest.fixture
def ingest(source: Path, lake_url: str) -> Callable[..., Outcome]:
    """Run the real ingest, without Prefect; keywords go to Job, Settings' under ``settings``."""

    def run(
        *, embedder: object = None, n_workers: int | None = None, settings: Settings | None = None, **job: object
    ) -> Outcome:
        chosen = settings or Settings(embedder="hash")
        words = {"sources": (str(source),), "lake": lake_url, "settings": chosen, **job}
        with PlainSteps(n_workers=n_workers, embedder=embedder) as steps:  # type: ignore[arg-type]
            return reindex(Job(**words), steps)  # type: ignore[arg-type]

    return run
