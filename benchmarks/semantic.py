"""Semantic chunking beside chunking by form, on the spans of chunking_evaluation and on any other collection.

    python benchmarks/semantic.py --data FOLDER [--work FOLDER] [--only chunking] [--embedder minilm]
                                  [--try hierarchical --try semantic:percentile=80,least=40,child=200]

Measures each setting on both halves of the questions, so that one can choose and the other one judge. Vectors of one
setting are there for the next.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean

import pyarrow as pa
from quality import MODES, EmbeddedOnce, built
from quality_measures import document_measures, span_measures
from quality_sets import COLLECTIONS, Collection

from lake.directory import Lake
from lake.embed import load_embedder
from lake.index import Index
from lake.options import RecipeOptions

_NAMES = {"percentile": "turn_percentile", "least": "least_tokens", "child": "child_tokens"}
_TRIED = ("hierarchical", "semantic")


def settings_of(text: str, embedder: str) -> RecipeOptions:
    """The options of ``strategy:name=value,...``."""
    strategy, _, rest = text.partition(":")
    pairs = (pair.split("=") for pair in rest.split(",") if pair)
    numbers = {_NAMES.get(name, name): int(value) for name, value in pairs}
    return RecipeOptions(embedder=embedder, strategy=strategy, **numbers)  # type: ignore[arg-type]


def measures(collection: Collection, found: dict[str, pa.Table]) -> list[float]:
    """Recall and IoU of spans, or nDCG@10 of documents."""
    if collection.spans:
        rows = [span_measures(*collection.spans[one], hits) for one, hits in found.items()]
        return [fmean(row[0] for row in rows), fmean(row[2] for row in rows)]
    ranked = {one: list(dict.fromkeys(hits["uri"].to_pylist())) for one, hits in found.items()}
    relevance = {one: collection.relevance[one] for one in found}
    return [next(iter(document_measures(relevance, ranked).values()))]


def lines(collection: Collection, index: Index, chosen: argparse.Namespace) -> Iterator[str]:
    """One line for each mode: the measures on all questions, and on either half."""
    embedder = EmbeddedOnce(load_embedder(chosen.embedder), list(collection.questions.values()))
    for mode in chosen.modes.split(","):
        k = 5 if collection.spans else 300
        found = {
            one: index.search(text, k, mode=mode, expand="none", embedder=embedder).hits
            for one, text in collection.questions.items()
        }
        parts = [list(found), list(found)[::2], list(found)[1::2]]
        figures = [measures(collection, {one: found[one] for one in part}) for part in parts]
        yield f"{mode} | " + " | ".join(" / ".join(f"{value:.3f}" for value in part) for part in figures)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--data", type=Path, required=True)
    words.add_argument("--work", type=Path, default=Path(tempfile.gettempdir(), "raglake-quality"))
    words.add_argument("--only", default="chunking")
    words.add_argument("--embedder", default="minilm")
    words.add_argument("--modes", default=",".join(MODES))
    words.add_argument("--try", dest="tried", action="append")
    chosen = words.parse_args()
    os.environ.setdefault("RAGLAKE_EMBED_THREADS", "1")
    print("| collection | setting | chunks | mode | all | first half | second half |\n|---|---|---|---|---|---|---|")
    for name in chosen.only.split(","):
        collection, known = COLLECTIONS[name](chosen.data), list[Lake]()
        for setting in chosen.tried or _TRIED:
            options = settings_of(setting, chosen.embedder)
            index = built(collection, options, chosen.work, known=known)
            known.append(Lake(index.status()["lake"]))
            n_chunks = index.release().counts["n_chunks"]
            for line in lines(collection, index, chosen):
                print(f"| {name} | {setting} | {n_chunks} | {line} |", flush=True)


if __name__ == "__main__":
    main()
