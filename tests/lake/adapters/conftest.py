"""A lake that the adapters of other libraries read."""

from __future__ import annotations

import pytest

from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake.options import RecipeOptions
from tests.lake.answer.conftest import endpoint  # noqa: F401 - a fixture

QUESTION = "which lamp burns olive oil?"


@pytest.fixture(scope="session")
def two_releases(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, str]:
    """The lake and its releases: whale oil in the first, olive oil in the second, which is live."""
    folder = tmp_path_factory.mktemp("adapters")
    (folder / "source").mkdir()
    job = Job(sources=(str(folder / "source"),), lake=str(folder / "lake"), settings=RecipeOptions(embedder="hash"))
    releases = []
    for oil in ("whale", "olive"):
        for number in range(12):
            suffix = "txt" if number == 7 else "md"
            (folder / "source" / f"{number}.{suffix}").write_text(f"# Lamp {number}\n\nLamp {number} burns {oil} oil.")
        payroll = f"---\nacl: [hr]\n---\n# Payroll\n\nWho fills lamps with {oil} oil earns 7 ducats."
        (folder / "source" / "payroll.md").write_text(payroll)
        with PlainSteps() as steps:
            releases.append(reindex(job, steps).release)
    return str(folder / "lake"), str(releases[0]), str(releases[1])
