"""What each retriever of a lake finds alone, two by two and together, and the best weights by halves held apart.

    python benchmarks/retrievers.py --data FOLDER --embedder minilm+sparse:FOLDER [--only docs,code] [--work FOLDER]
                                    [--known FOLDER]

``--known`` is the work folder of an earlier run of quality.py, whose vectors are used. Questions are divided by the
digest of their id into halves; each judges the weight of the last embedder that the other half chose. nDCG@10.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from quality import EmbeddedOnce, built
from quality_measures import MEASURES, document_measures
from quality_sets import COLLECTIONS, Collection

from expectations.resampling import interval
from lake.directory import Lake
from lake.embed import load_embedder
from lake.ids import value_digest
from lake.index import Index
from lake.options import RecipeOptions

_WORDS, _DEEP = "words", 100
#: Weights of the last embedder beside 1 for each other retriever.
_WEIGHTS = (0.25, 0.5, 1.0, 2.0)


@dataclass(frozen=True, slots=True)
class Retrievers:
    """Weights by the names of embedders, and of words."""

    weights: dict[str, float]

    @property
    def name(self) -> str:
        return " + ".join(f"{weight:g} {name}" if weight != 1 else name for name, weight in self.weights.items())

    def search(self, every: tuple[str, ...]) -> dict[str, Any]:
        """Options of a search by these alone."""
        of_words = self.weights.get(_WORDS, 0.0)
        vectors = {name: self.weights.get(name, 0.0) for name in every}
        together = sum(vectors.values())
        if not together:
            return {"mode": "text"}
        alpha = together / (together + of_words)
        return (
            {"mode": "hybrid", "alpha": alpha, "weights": vectors}
            if of_words
            else {"mode": "vector", "weights": vectors}
        )


def tried(every: tuple[str, ...]) -> list[Retrievers]:
    names = (*every, _WORDS)
    some = [group for n in range(1, len(names)) for group in combinations(names, n)]
    together = [dict.fromkeys(names, 1.0) | {every[-1]: weight} for weight in _WEIGHTS]
    return [*(Retrievers(dict.fromkeys(group, 1.0)) for group in some), *map(Retrievers, together)]


def judged(index: Index, collection: Collection, how: dict[str, Any], embedders: list[Any]) -> tuple[np.ndarray, float]:
    """nDCG@10 of each question, and CPU milliseconds of a search at the median."""
    values, spent = [], []
    for question_id, question in collection.questions.items():
        start = process_time()
        hits = index.search(question, _DEEP, expand="none", embedder=embedders, **how)
        spent.append(process_time() - start)
        ranked = {question_id: list(dict.fromkeys(hits["uri"].to_pylist()))}
        found = document_measures({question_id: collection.relevance[question_id]}, ranked)
        values.append(found[str(MEASURES[0])])
    return np.array(values), 1e3 * float(np.median(spent))


def report(name: str, collection: Collection, found: Mapping[str, tuple[np.ndarray, float]], last: str) -> None:
    is_b = np.array([int(value_digest(q)[:8], 16) % 2 == 1 for q in collection.questions])
    for what, (values, spent) in found.items():
        means = " | ".join(f"{values[half].mean():.3f}" for half in (is_b | True, ~is_b, is_b))
        print(f"| {name} | {what} | {means} | {spent:.0f} |")
    both = {what: values for what, (values, _) in found.items() if _WORDS in what}
    without = {what: values for what, values in both.items() if last not in what}
    base = max(without, key=lambda what: len(what))
    differences = np.zeros(len(is_b))
    for half in (False, True):
        chosen = max(both, key=lambda what: both[what][is_b != half].mean())
        differences[is_b == half] = (both[chosen] - both[base])[is_b == half]
        print(f"{name}: half {'AB'[not half]} chooses {chosen}")
    low, high = interval(differences)
    print(
        f"{name}: {differences.mean():+.3f} [{low:+.3f}, {high:+.3f}] against {base}, each half by the other's choice",
        flush=True,
    )


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--data", type=Path, required=True)
    words.add_argument("--embedder", required=True, help="several are joined by +")
    words.add_argument("--only", default="docs,code")
    words.add_argument("--work", type=Path, default=Path(tempfile.gettempdir(), "raglake-quality"))
    words.add_argument("--known", type=Path)
    chosen = words.parse_args()
    os.environ.setdefault("RAGLAKE_EMBED_THREADS", "1")
    settings = RecipeOptions(embedder=chosen.embedder)
    print("| collection | retrievers | all | half A | half B | CPU ms |\n|---|---|---|---|---|---|")
    for name in chosen.only.split(","):
        collection = COLLECTIONS[name](chosen.data)
        known = [
            Lake(str(path)) for path in (chosen.known or Path("/nowhere")).glob(f"{collection.of_documents}-*/lake")
        ]
        index = built(collection, settings, chosen.work, known=known)
        questions = list(collection.questions.values())
        embedders = [EmbeddedOnce(load_embedder(one), questions) for one in settings.embedders]
        every = tuple(embedder.identity.name for embedder in embedders)
        found = {one.name: judged(index, collection, one.search(every), embedders) for one in tried(every)}
        report(name, collection, found, every[-1])


if __name__ == "__main__":
    main()
