"""Public test collections, each written out as real files with its questions and what answers them."""

from __future__ import annotations

import ast
import csv
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Collection:
    """Documents by file name, questions by id, and for each question the relevance of documents, by file name.

    ``corpus`` names the collection whose documents these are, so that both are searched in one lake. ``spans`` replaces
    the relevance where places in a document are wanted: question id -> (file name, spans in it).
    """

    name: str
    documents: dict[str, str]
    questions: dict[str, str]
    relevance: dict[str, dict[str, int]] = field(default_factory=dict)
    spans: dict[str, tuple[str, list[Span]]] = field(default_factory=dict)
    corpus: str = ""

    @property
    def of_documents(self) -> str:
        return self.corpus or self.name

    def write(self, folder: Path) -> Path:
        """The documents as files in ``folder``, which is made; the folder."""
        folder.mkdir(parents=True)
        for name, text in self.documents.items():
            (folder / name).write_text(text, encoding="utf-8", newline="")
        return folder


def scifact(data: Path) -> Collection:
    """5,183 abstracts, 300 claims (BEIR's test set)."""
    folder = data / "scifact-beir"
    documents = {
        f"{row['_id']}.md": f"# {row['title']}\n\n{row['text']}\n" for row in _json_lines(folder / "corpus.jsonl")
    }
    relevance: dict[str, dict[str, int]] = {}
    with (folder / "qrels" / "test.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            relevance.setdefault(row["query-id"], {})[f"{row['corpus-id']}.md"] = int(row["score"])
    questions = {row["_id"]: row["text"] for row in _json_lines(folder / "queries.jsonl") if row["_id"] in relevance}
    return Collection("scifact", documents, questions, relevance)


def xquad(language: str) -> Callable[[Path], Collection]:
    """240 paragraphs, 1,190 questions; the answer to a question is its paragraph."""

    def load(data: Path) -> Collection:
        articles = json.loads((data / "xquad" / f"xquad.{language}.json").read_text(encoding="utf-8"))["data"]
        documents, questions, relevance = {}, {}, {}
        for paragraph in (paragraph for article in articles for paragraph in article["paragraphs"]):
            name = f"{language}-{len(documents):04}.txt"
            documents[name] = paragraph["context"] + "\n"
            for asked in paragraph["qas"]:
                question_id = f"{language}-{asked['id']}"
                questions[question_id], relevance[question_id] = asked["question"], {name: 1}
        return Collection(f"xquad-{language}", documents, questions, relevance)

    return load


def xquad_across(asked: str, answered: str) -> Callable[[Path], Collection]:
    """The questions of one language to the paragraphs of another, which are their translations."""

    def load(data: Path) -> Collection:
        questions, paragraphs = xquad(asked)(data), xquad(answered)(data)
        relevance = {
            question_id: {name.replace(asked, answered, 1): grade for name, grade in grades.items()}
            for question_id, grades in questions.relevance.items()
        }
        name = f"xquad-{asked}-to-{answered}"
        return Collection(name, paragraphs.documents, questions.questions, relevance, corpus=paragraphs.name)

    return load


def xquad_mixed(*languages: str) -> Callable[[Path], Collection]:
    """The paragraphs and questions of several languages in one lake."""

    def load(data: Path) -> Collection:
        parts = [xquad(language)(data) for language in languages]
        joined: list[dict[str, object]] = [{}, {}, {}]
        for part in parts:
            for whole, piece in zip(joined, (part.documents, part.questions, part.relevance), strict=True):
                whole.update(piece)
        return Collection(f"xquad-{'+'.join(languages)}", *joined)  # type: ignore[arg-type]

    return load


def documentation(data: Path) -> Collection:
    """232 sections of a documentation, 100 questions, 192 gold sections."""
    folder, sections = data / "anthropic_cookbook_docs", sections_of_documentation(data)
    names = {section["chunk_link"]: f"{i:03}.md" for i, section in enumerate(sections)}
    asked = json.loads((folder / "docs_evaluation_dataset.json").read_text(encoding="utf-8"))
    return Collection(
        "docs",
        {names[section["chunk_link"]]: f"# {section['text'].strip()}\n" for section in sections},
        {row["id"]: row["question"] for row in asked},
        {row["id"]: {names[link]: 1 for link in row["correct_chunks"]} for row in asked},
    )


def sections_of_documentation(data: Path) -> list[dict[str, str]]:
    """Each with ``chunk_link``, its address, ``chunk_heading`` and ``text``."""
    path = data / "anthropic_cookbook_docs" / "anthropic_docs.json"
    return list(json.loads(path.read_text(encoding="utf-8")))


def code(data: Path) -> Collection:
    """737 pieces of 90 code files as a document each, 248 questions, one gold piece for most."""
    folder = data / "anthropic_cookbook_docs"
    documents = {}
    for file in json.loads((folder / "codebase_chunks.json").read_text(encoding="utf-8")):
        for piece in file["chunks"]:
            name = f"{file['original_uuid'][:16]}-{piece['original_index']:03}{_suffix(file['content'])}"
            documents[name] = piece["content"]
    return _asked_of_code("code", documents, folder, lambda gold: f"{gold[0][:16]}-{gold[1]:03}.")


def code_files(data: Path) -> Collection:
    """The same 90 code files whole; a question's answer is its file."""
    folder = data / "anthropic_cookbook_docs"
    files = json.loads((folder / "codebase_chunks.json").read_text(encoding="utf-8"))
    documents = {f"{file['original_uuid'][:16]}{_suffix(file['content'])}": file["content"] for file in files}
    return _asked_of_code("code-files", documents, folder, lambda gold: f"{gold[0][:16]}.")


def _asked_of_code(
    name: str, documents: dict[str, str], folder: Path, stem: Callable[[tuple[str, int]], str]
) -> Collection:
    stems = {f"{document.partition('.')[0]}.": document for document in documents}
    rows = list(enumerate(_json_lines(folder / "evaluation_set.jsonl")))
    relevance = {f"q{i:03}": {stems[stem(gold)]: 1 for gold in row["golden_chunk_uuids"]} for i, row in rows}
    return Collection(name, documents, {f"q{i:03}": row["query"] for i, row in rows}, relevance)


def chunking(data: Path) -> Collection:
    """5 long documents, 472 questions, 790 spans that a retrieved text should cover."""
    folder = data / "chunking_evaluation"
    documents = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.md"))}
    questions, spans = {}, {}
    with (folder / "questions_df.csv").open(encoding="utf-8", newline="") as file:
        for i, row in enumerate(csv.DictReader(file)):
            questions[f"q{i:03}"] = row["question"]
            places = [(place["start_index"], place["end_index"]) for place in _references(row["references"])]
            spans[f"q{i:03}"] = (f"{row['corpus_id']}.md", places)
    return Collection("chunking", documents, questions, spans=spans)


def _references(cell: str) -> list[dict[str, int]]:
    try:
        return list(json.loads(cell))
    except json.JSONDecodeError:
        return list(ast.literal_eval(cell))


def _suffix(source: str) -> str:
    """What a code file's name would end in; the collection has no names."""
    signs = {
        ".py": r"^(from \S+ import |import \w+$|def |class \w+.*:$)",
        ".rs": r"^\s*(pub )?(use [\w{]+(::|\n)|fn |impl\b|//!)",
        ".java": r"^(package|import( static)?) [\w.*]+;",
        ".cpp": r"^#(include|pragma|ifndef|define) ",
    }
    counts = {suffix: len(re.findall(sign, source, re.M)) for suffix, sign in signs.items()}
    best = max(counts, key=lambda suffix: counts[suffix])
    return best if counts[best] else ".txt"


def _json_lines(path: Path) -> Iterator[Any]:
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


#: In the order of the report.
COLLECTIONS: dict[str, Callable[[Path], Collection]] = {
    "scifact": scifact,
    "docs": documentation,
    "code": code,
    "code-files": code_files,
    **{f"xquad-{language}": xquad(language) for language in ("en", "de", "es", "zh", "ar")},
    "xquad-en+de": xquad_mixed("en", "de"),
    **{f"xquad-{one}-to-en": xquad_across(one, "en") for one in ("de", "es", "zh", "ar")},
    **{f"xquad-en-to-{one}": xquad_across("en", one) for one in ("de", "es", "zh", "ar")},
    "chunking": chunking,
}
