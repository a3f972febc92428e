"""The main job on documents that every machine has: the descriptions of its installed Python packages."""

from __future__ import annotations

import importlib.metadata
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from flows import console
from flows.reindex import Job, Outcome, reindex
from flows.steps import PlainSteps
from lake.query import open_lake

if TYPE_CHECKING:
    import pyarrow as pa

#: What follows is mostly changelogs, and a first look should not take ten minutes.
_MOST_CHARACTERS = 12_000
_CORPUS = Path(__file__).parents[1] / "tests" / "corpus"

#: A question, and the document that answers it.
QUESTIONS = (
    ("How much current does the dome shutter motor draw?", "dome-manual.md"),
    ("Which library turns text into tokens for OpenAI's models?", "packages/tiktoken.md"),
    ("How do I orchestrate a workflow with flows and tasks in Python?", "packages/prefect.md"),
    ("Which DataFrame library is written in Rust and runs queries lazily?", "packages/polars.md"),
)


def collect(folder: Path) -> None:
    """Write the long description of each installed package into ``folder``, and the repository's small corpus."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "packages").mkdir(parents=True)
    for distribution in importlib.metadata.distributions():
        text, name = distribution.metadata.get_payload(), distribution.metadata["Name"]
        if isinstance(text, str) and text.strip():
            suffix = "rst" if "rst" in distribution.metadata.get("Description-Content-Type", "") else "md"
            (folder / "packages" / f"{name}.{suffix}").write_text(f"# {name}\n\n{text[:_MOST_CHARACTERS]}\n" if suffix == "md" else text[:_MOST_CHARACTERS])
    if _CORPUS.is_dir():
        shutil.copytree(_CORPUS, folder / "corpus", dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.py"))


def run(folder: Path) -> tuple[Outcome, dict[str, pa.Table]]:
    """Index ``folder/documents`` into ``folder/lake`` and ask the questions; the outcome and the hits of each."""
    documents, url = folder / "documents", str(folder / "lake")
    collect(documents)
    with console.progress() as progress, PlainSteps(progress=progress) as steps:
        outcome = reindex(Job(sources=(f"demo={documents}",), lake=url), steps)
    index = open_lake(url)
    return outcome, {question: index.search(question, 3) for question, _ in QUESTIONS}


def wrong_answers(hits: dict[str, pa.Table]) -> list[str]:
    """Questions whose document is not among the first hits."""
    return [q for q, uri in QUESTIONS if not any(found.endswith(uri) for found in hits[q].column("uri").to_pylist())]
