"""``raglake demo``: the main job on documents that every machine has, the descriptions of installed Python packages."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import lake as library
from flows.cli.options import FAILED, JsonOption, show
from flows.cli.show import demo as show_demo
from flows.cli.show import terminal
from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake.directory import Lake
from lake.questions.store import add
from lake.questions.values import EvalQuestion, Evidence

if TYPE_CHECKING:
    from importlib.metadata import Distribution

    import pyarrow as pa

    from flows.outcome import Outcome

#: Together about 400 texts to embed, so that a first look takes less than a minute on two cores.
_MOST_PACKAGES, _MOST_CHARACTERS = 60, 3_000
_CORPUS = Path(__file__).parents[2] / "tests" / "corpus"

#: A question, and the document that answers it.
QUESTIONS = (
    ("Where does the green key hang?", "dome-manual.md"),
    ("What is a fast BPE tokeniser for use with OpenAI's models?", "packages/tiktoken.md"),
    ("Which Python framework orchestrates data pipelines with flows and tasks?", "packages/prefect.md"),
    ("Which query engine for DataFrames is written in Rust?", "packages/polars.md"),
)


def demo(
    folder: Annotated[str, typer.Argument(help="Folder for the documents and the lake.")] = "raglake-demo",
    as_json: JsonOption = False,
) -> None:
    """Index a small sample of documents and search it.

    The documents are descriptions of installed Python packages. Needs no network, and less than a minute.
    """
    place = Path(folder)
    n_documents = collect(place / "documents")
    if not as_json:
        show_demo.beginning(n_documents, place)
    outcome, hits = run(place, quiet=as_json)
    wrong = wrong_answers(hits)
    answers = {question: table.to_pylist() for question, table in hits.items()}
    show({**outcome.to_json(), "answers": answers, "wrong": wrong}, as_json, lambda shown: show_demo.end(shown, place))
    if wrong:
        raise typer.Exit(FAILED)


def collect(folder: Path) -> int:
    """Write descriptions of installed packages and the repository's small corpus into ``folder``; count the files."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "packages").mkdir(parents=True)
    for distribution in _chosen():
        suffix, text = _description(distribution)
        if text:
            (folder / "packages" / f"{distribution.metadata['Name']}.{suffix}").write_text(text)
    if _CORPUS.is_dir():
        shutil.copytree(_CORPUS, folder / "corpus", dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.py"))
    return sum(path.is_file() for path in folder.rglob("*"))


def _chosen() -> list[Distribution]:
    """The packages that answer a question, then the first of the others by name."""
    from importlib.metadata import distributions

    answering = {Path(uri).stem for _, uri in QUESTIONS}
    found = {one.metadata["Name"]: one for one in distributions()}
    return [found[name] for name in sorted(found, key=lambda name: (name not in answering, name))[:_MOST_PACKAGES]]


def _description(distribution: Distribution) -> tuple[str, str]:
    """A package's suffix and long description under its name as the title; an empty text if it has none."""
    metadata = distribution.metadata.json
    name, text = str(metadata["name"]), str(metadata.get("description") or "")[:_MOST_CHARACTERS]
    if not text.strip():
        return "", ""
    if "rst" in str(metadata.get("description_content_type", "")):
        line = "=" * len(name)
        return "rst", f"{line}\n{name}\n{line}\n\n{text}\n"
    return "md", f"# {name}\n\n{text}\n"


def run(folder: Path, *, quiet: bool = False) -> tuple[Outcome, dict[str, pa.Table]]:
    """Index ``folder/documents`` into ``folder/lake`` and search for what they answer; the hits of each question."""
    documents, url = folder / "documents", str(folder / "lake")
    with terminal.progress(quiet=quiet) as progress, PlainSteps(progress=progress) as steps:
        outcome = reindex(Job(sources=(str(documents),), lake=url), steps)
    index, known = library.open_lake(url), _answered_by(documents)
    add(Lake(url), (EvalQuestion("demo", one, evidence=(Evidence(uri),)) for one, uri in known.items()))
    return outcome, {question: index.search(question, 3) for question in known}


def _answered_by(documents: Path) -> dict[str, str]:
    """Questions whose document is there, with its uri: a wheel holds no corpus, and a package may not be installed."""
    uris = [path.relative_to(documents).as_posix() for path in documents.rglob("*")]
    return {question: uri for question, end in QUESTIONS for uri in uris if uri.endswith(end)}


def wrong_answers(hits: dict[str, pa.Table]) -> list[str]:
    """Questions whose first hit is not in the document that answers them."""
    return [q for q, uri in QUESTIONS if q in hits and not hits[q].column("uri")[0].as_py().endswith(uri)]


COMMANDS = (demo,)
