"""Questions asked of lakes that hold one half of their collection: the answer is in one and not in the other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import lake
from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake.answer.evidence import EvidenceSignals, evidence
from lake.answer.support import checked
from lake.answer.values import CitedSource, Sentence
from lake.options import RecipeOptions


@dataclass(frozen=True)
class Question:
    """``golds``: names of the texts that hold the answer; ``answer``: written by a model that read them, or empty."""

    text: str
    group: str
    golds: frozenset[str]
    answer: str = ""


@dataclass(frozen=True)
class Collection:
    texts: dict[str, str]
    questions: list[Question]


@dataclass(frozen=True)
class Sample:
    """A question asked of one half; ``label``: a text that holds its answer is among the passages."""

    group: str
    evidence: EvidenceSignals
    label: bool
    sentences: tuple[Sentence, ...]


def xquad(file: Path) -> Collection:
    """Paragraphs, and their questions in groups by article."""
    texts, questions = {}, []
    for article in json.loads(file.read_text())["data"]:
        for paragraph in article["paragraphs"]:
            name = f"{len(texts)}.txt"
            texts[name] = paragraph["context"]
            for asked in paragraph["qas"]:
                questions.append(Question(asked["question"], article["title"], frozenset([name])))
    return Collection(texts, questions)


def documentation(folder: Path) -> Collection:
    """Sections of documentation, and questions with answers that a model wrote from the right sections."""
    sections = json.loads((folder / "anthropic_docs.json").read_text())
    names = {section["chunk_link"]: f"{number}.txt" for number, section in enumerate(sections)}
    texts = {names[section["chunk_link"]]: section["text"] for section in sections}
    questions = [
        Question(row["question"], row["id"], frozenset(map(names.get, row["correct_chunks"])), row["correct_answer"])
        for row in json.loads((folder / "docs_evaluation_dataset.json").read_text())
        if all(link in names for link in row["correct_chunks"])
    ]
    return Collection(texts, questions)


def index_halves(collection: Collection, embedder: str, folder: Path) -> list[str]:
    """Lakes that hold every other text each."""
    urls = []
    for half in (0, 1):
        documents, url = folder / f"documents{half}", str(folder / f"lake{half}")
        documents.mkdir(parents=True)
        for number, (name, text) in enumerate(collection.texts.items()):
            if number % 2 == half:
                (documents / name).write_text(text)
        with PlainSteps() as steps:
            reindex(Job(sources=(str(documents),), lake=url, settings=RecipeOptions(embedder=embedder)), steps)
        urls.append(url)
    return urls


def samples(collection: Collection, urls: Sequence[str], k: int) -> Iterator[Sample]:
    """Every question asked of each half, but where that holds only a part of what the answer takes."""
    for half, url in enumerate(urls):
        index = lake.open_lake(url)
        held = {name for number, name in enumerate(collection.texts) if number % 2 == half}
        for question in collection.questions:
            if question.golds & held and not question.golds <= held:
                continue
            rows = index.search(question.text, k, expand="parent").to_pylist()
            label = bool(question.golds & {row["uri"] for row in rows})
            sentences = checked(question.answer, [_source(i, row) for i, row in enumerate(rows, 1)]).sentences
            yield Sample(question.group, evidence(question.text, rows), label, sentences)


def _source(number: int, row: dict[str, object]) -> CitedSource:
    told = {name: row[name] for name in ("uri", "source", "title", "heading", "page", "kind", "doc_id", "start", "end")}
    return CitedSource(number=number, text=str(row["text"]), score=0.0, **told)  # type: ignore[arg-type]
