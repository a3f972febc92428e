"""The main job on documents that every machine has: the descriptions of its installed Python packages."""

from __future__ import annotations

import importlib.metadata
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from flows.cli.show import terminal
from flows.reindex import Job, Outcome, reindex
from flows.steps import PlainSteps
from lake.index import open_lake

if TYPE_CHECKING:
    import pyarrow as pa

#: What follows is mostly changelogs, and a first look should not take ten minutes.
_MOST_CHARACTERS = 12_000
_CORPUS = Path(__file__).parents[1] / "tests" / "corpus"

#: A question, and the document that answers it.
QUESTIONS = (
    ("Where does the green key hang?", "dome-manual.md"),
    ("What is a fast BPE tokeniser for use with OpenAI's models?", "packages/tiktoken.md"),
    ("Which Python framework orchestrates data pipelines with flows and tasks?", "packages/prefect.md"),
    ("Which query engine for DataFrames is written in Rust?", "packages/polars.md"),
)


def collect(folder: Path) -> None:
    """Write the long description of each installed package into ``folder``, and the repository's small corpus."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "packages").mkdir(parents=True)
    for distribution in importlib.metadata.distributions():
        suffix, text = _description(distribution)
        if text:
            (folder / "packages" / f"{distribution.metadata['Name']}.{suffix}").write_text(text)
    if _CORPUS.is_dir():
        shutil.copytree(_CORPUS, folder / "corpus", dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.py"))


def _description(distribution: importlib.metadata.Distribution) -> tuple[str, str]:
    """A package's suffix and long description under its name as the title; an empty text where it has none."""
    metadata = distribution.metadata.json
    name, text = str(metadata["name"]), str(metadata.get("description") or "")[:_MOST_CHARACTERS]
    if not text.strip():
        return "", ""
    if "rst" in str(metadata.get("description_content_type", "")):
        line = "=" * len(name)
        return "rst", f"{line}\n{name}\n{line}\n\n{text}\n"
    return "md", f"# {name}\n\n{text}\n"


def run(folder: Path) -> tuple[Outcome, dict[str, pa.Table]]:
    """Index ``folder/documents`` into ``folder/lake`` and ask what they answer; the outcome and the hits of each."""
    documents, url = folder / "documents", str(folder / "lake")
    collect(documents)
    with terminal.progress() as progress, PlainSteps(progress=progress) as steps:
        outcome = reindex(Job(sources=(f"demo={documents}",), lake=url), steps)
    index = open_lake(url)
    return outcome, {question: index.search(question, 3) for question in _answered_by(documents)}


def _answered_by(documents: Path) -> list[str]:
    """Installed from a wheel there is no corpus, and a package may not be there."""
    places = [path.as_posix() for path in documents.rglob("*")]
    return [question for question, uri in QUESTIONS if any(place.endswith(uri) for place in places)]


def wrong_answers(hits: dict[str, pa.Table]) -> list[str]:
    """Questions whose first hit is not in the document that answers them."""
    return [q for q, uri in QUESTIONS if q in hits and not hits[q].column("uri")[0].as_py().endswith(uri)]
