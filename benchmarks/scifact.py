"""Retrieval on SciFact (BEIR's layout) through raglake's own run and search, documents ranked by their best chunk.

    python benchmarks/scifact.py BEIR_FOLDER [--embedder minilm] [--window]

``--window`` cuts every abstract at the model's 254 word pieces and ranks by the first cut alone, as published
figures of the model do (all-MiniLM-L6-v2: nDCG@10 .645).
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

import lake
from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake.query import Index
from lake.scan import Settings

WINDOW = {"strategy": "window", "child_tokens": 254, "heading_tokens": 0, "overlap_tokens": 0}


def write_documents(beir: Path, folder: Path) -> None:
    """One Markdown file per document, its title as the heading."""
    folder.mkdir()
    for line in (beir / "corpus.jsonl").read_text().splitlines():
        document = json.loads(line)
        (folder / f"{document['_id']}.md").write_text(f"# {document['title']}\n\n{document['text']}\n")


def judgements(beir: Path) -> tuple[dict[str, str], dict[str, dict[str, int]]]:
    """Questions by id, and for each the relevance of documents."""
    rows = [json.loads(line) for line in (beir / "queries.jsonl").read_text().splitlines()]
    relevance: dict[str, dict[str, int]] = {}
    with (beir / "qrels" / "test.tsv").open() as file:
        for row in csv.DictReader(file, delimiter="\t"):
            relevance.setdefault(row["query-id"], {})[row["corpus-id"]] = int(row["score"])
    return {row["_id"]: row["text"] for row in rows}, relevance


def ndcg(ranked: list[str], relevant: dict[str, int], k: int = 10) -> float:
    gains = [relevant.get(document, 0) for document in ranked[:k]]
    best = sorted(relevant.values(), reverse=True)[:k]
    discounts = 1 / np.log2(np.arange(2, k + 2))
    return float(np.dot(gains, discounts[: len(gains)]) / np.dot(best, discounts[: len(best)]))


def evaluate(index: Index, mode: str, beir: Path, where: str | None) -> str:
    questions, relevance = judgements(beir)
    scores, recalls, seconds = [], [], []
    for question_id, relevant in relevance.items():
        started = time.perf_counter()
        hits = index.search(questions[question_id], 100, mode=mode, where=where)  # type: ignore[arg-type]
        seconds.append(time.perf_counter() - started)
        ranked = [uri.removesuffix(".md") for uri in dict.fromkeys(hits["uri"].to_pylist())]
        scores.append(ndcg(ranked, relevant))
        recalls.append(len(set(ranked[:10]) & relevant.keys()) / len(relevant))
    p50 = statistics.median(seconds) * 1e3
    return f"{mode:>7}: nDCG@10 {np.mean(scores):.4f}, recall@10 {np.mean(recalls):.4f}, p50 {p50:.1f} ms"


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("beir", type=Path)
    words.add_argument("--embedder", default="minilm")
    words.add_argument("--window", action="store_true")
    chosen = words.parse_args()
    settings = Settings(embedder=chosen.embedder, **(WINDOW if chosen.window else {}))
    with tempfile.TemporaryDirectory() as place, PlainSteps() as steps:
        documents, url = Path(place, "documents"), str(Path(place, "lake"))
        write_documents(chosen.beir, documents)
        print(reindex(Job(sources=(str(documents),), lake=url, settings=settings), steps).to_json())
        for mode in ("vector", "text", "hybrid"):
            print(evaluate(lake.open_lake(url), mode, chosen.beir, "ordinal = 0" if chosen.window else None))


if __name__ == "__main__":
    main()
