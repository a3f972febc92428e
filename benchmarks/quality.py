"""What search reaches on public test collections, through raglake's own run and search.

    python benchmarks/quality.py --data FOLDER [--work FOLDER] [--only scifact,docs] [--embedder minilm]
                                 [--tokenizer icu/split] [--summaries extract] [--window] [--markdown FILE]
                                 [--modes text] [--language en]

Each collection is written out as files and ingested once into a lake under ``--work``; then every question is asked
in every mode. A document stands where its first chunk stands. ``--window`` cuts SciFact's abstracts at the model's 254
word pieces and ranks by the first cut alone, as published figures of the model do (all-MiniLM-L6-v2: nDCG@10 .645).
``--language`` states one language for all documents, so that all words are stemmed alike.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pyarrow as pa
from quality_measures import ANCHORS, MEASURES, SPAN_MEASURES, document_measures, span_measures
from quality_sets import COLLECTIONS, Collection

import lake
from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake.directory import Lake
from lake.embed import load_embedder
from lake.embed.base import Embedder
from lake.embed.query_encoder import load_query_encoder, query_vectors
from lake.ids import value_digest
from lake.index import Index
from lake.ingest.vector_sharing import share_vectors
from lake.options import RecipeOptions

MODES = ("vector", "text", "hybrid")
WINDOW = {"strategy": "window", "child_tokens": 254, "heading_tokens": 0, "overlap_tokens": 0}
#: Chunks asked for, so that a hundred documents are among them; chunks that are judged by their spans.
_DEEP, _TOP = 300, 5


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the report: a collection in one mode."""

    collection: str
    mode: str
    measures: dict[str, float]


def built(
    collection: Collection,
    settings: RecipeOptions,
    work: Path,
    language: str | None = None,
    known: Sequence[Lake] = (),
) -> Index:
    """The collection's lake under these settings, made where it is not there yet, with the vectors that others have."""
    stated = {name: value for name, value in asdict(settings).items() if value is not None}
    stated |= {"language": language} if language else {}
    folder = work / f"{collection.of_documents}-{value_digest(stated)[:8]}"
    files, url = folder / "files", str(folder / "lake")
    if (folder / "lake" / "log").exists() and lake.open_lake(url).history().live is not None:
        return lake.open_lake(url)
    if not files.exists():
        collection.write(files)
        if language:
            rows = "".join(f"{name},{language}\n" for name in collection.documents)
            (files / "_metadata.csv").write_text(f"path,language\n{rows}", encoding="utf-8")
    for other in known:
        place = Lake(url)
        place.create()
        share_vectors(other, place, other.log.read().resolve("live").recipe)
    with PlainSteps() as steps:
        outcome = reindex(Job(sources=(str(files),), lake=url, settings=settings), steps)
    if outcome.n_quarantined:
        raise SystemExit(f"{collection.name}: {outcome.n_quarantined} documents are in quarantine; see {url}")
    return lake.open_lake(url)


class EmbeddedOnce:
    """An embedder that knows its questions, so that those of the second mode cost nothing."""

    def __init__(self, embedder: Embedder, questions: Sequence[str]) -> None:
        self.identity = embedder.identity
        self.embed = embedder.embed
        self._vectors = dict(_embedded(embedder, questions))

    def embed_query(self, text: str) -> np.ndarray:
        return self._vectors[text]


def _embedded(embedder: Embedder, questions: Sequence[str]) -> Iterator[tuple[str, np.ndarray]]:
    identity = embedder.identity
    if identity.query_prompt != identity.document_prompt or identity.is_sparse:
        yield from zip(questions, query_vectors(load_query_encoder(identity.name, identity), questions), strict=True)
        return
    for positions, vectors in embedder.embed(questions):
        yield from ((questions[position], vector) for position, vector in zip(positions, vectors, strict=True))


def measured(index: Index, collection: Collection, mode: str, embedder: Sequence[Embedder], where: str | None) -> Line:
    """Ask every question of the collection."""
    k = _TOP if collection.spans else _DEEP
    found = {
        question_id: index.search(question, k, mode=mode, expand="none", where=where, embedder=embedder)
        for question_id, question in collection.questions.items()
    }
    return Line(collection.name, mode, _measures(collection, found))


def _measures(collection: Collection, found: dict[str, pa.Table]) -> dict[str, float]:
    if not collection.spans:
        ranked = {question_id: list(dict.fromkeys(hits["uri"].to_pylist())) for question_id, hits in found.items()}
        return document_measures(collection.relevance, ranked)
    per_question = [span_measures(*collection.spans[question_id], hits) for question_id, hits in found.items()]
    return {name: fmean(values[i] for values in per_question) for i, name in enumerate(SPAN_MEASURES)}


def report(lines: Sequence[Line]) -> str:
    """A Markdown table for documents, and one for spans."""
    of_documents = [line for line in lines if "recall" not in line.measures]
    of_spans = [line for line in lines if "recall" in line.measures]
    parts = [(of_documents, [str(m) for m in MEASURES]), (of_spans, list(SPAN_MEASURES))]
    return "\n\n".join("\n".join(_table(part, names)) for part, names in parts if part)


def _table(lines: Sequence[Line], names: Sequence[str]) -> Iterator[str]:
    yield f"| collection | mode | {' | '.join(names)} | elsewhere |"
    yield "|---|---|" + "---|" * (len(names) + 1)
    for line in lines:
        figures = " | ".join(f"{line.measures[name]:.3f}" for name in names)
        anchor = ANCHORS.get(line.collection, {}).get(line.mode, "")
        yield f"| {line.collection} | {line.mode} | {figures} | {anchor} |"


def lines_of(chosen: argparse.Namespace, name: str) -> Iterator[Line]:
    try:
        collection = COLLECTIONS[name](chosen.data)
    except FileNotFoundError as error:
        print(f"skipped: {name}, since {error.filename} is not there", file=sys.stderr)
        return
    cut = WINDOW if chosen.window else {}
    how: dict[str, Any] = {"text_tokenizer": chosen.tokenizer, "summaries": chosen.summaries, **cut}
    settings = RecipeOptions(embedder=chosen.embedder, **how)
    index = built(collection, settings, chosen.work, chosen.language)
    questions = list(collection.questions.values())
    embedders = [EmbeddedOnce(load_embedder(name), questions) for name in settings.embedders]
    for mode in chosen.modes.split(","):
        line = measured(index, collection, mode, embedders, "ordinal = 0" if chosen.window else None)
        print(line, file=sys.stderr)
        yield line


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--data", type=Path, required=True)
    words.add_argument("--work", type=Path, default=Path(tempfile.gettempdir(), "raglake-quality"))
    words.add_argument("--only", default=",".join(COLLECTIONS), help="names with commas between them")
    words.add_argument("--embedder", default="minilm", help="several are joined by +")
    words.add_argument("--tokenizer", help="of the full-text index; unset means the default of a new lake")
    words.add_argument("--summaries", help="of documents and sections: extract, or a chat model")
    words.add_argument("--window", action="store_true")
    words.add_argument("--modes", default=",".join(MODES))
    words.add_argument("--language", help="ISO 639-1; unset means that each document's own is found out")
    words.add_argument("--markdown", type=Path, help="where the tables are written besides stdout")
    chosen = words.parse_args()
    # Threads that share cores with other work cost more than they bring.
    os.environ.setdefault("RAGLAKE_EMBED_THREADS", "1")
    names = ["scifact"] if chosen.window else chosen.only.split(",")
    tables = report([line for name in names for line in lines_of(chosen, name)])
    print(tables)
    if chosen.markdown:
        chosen.markdown.write_text(tables + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
