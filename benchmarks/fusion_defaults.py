"""Whether other defaults of hybrid search are better: ``alpha`` and depth, tried on all collections together.

    python benchmarks/fusion_defaults.py --data FOLDER [--only docs,code-files,xquad-en] [--work FOLDER]

Each question is searched once, and ordered anew under each combination. One half of each collection's questions chooses
the best mean of all collections; the other half is reported, collection by collection. Then the halves change places.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
from quality import built
from quality_measures import MEASURES, document_measures
from quality_sets import COLLECTIONS, Collection

from expectations.resampling import interval
from lake.ids import value_digest
from lake.index import Index
from lake.options import RecipeOptions
from lake.search import fusion
from lake.search.recorded import RecordedSearch
from lake.search.retrieved import RetrievedLists

_ALPHAS, _DEPTHS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8), (50, 100, 200, 400)
_USUAL = (0.5, 200)
#: A search for so many passages has lists of the largest depth.
_K = 100

Setting = tuple[float, int]


def at_depth(search: RecordedSearch, depth: int) -> RecordedSearch:
    lists = search.retrieved
    assert lists is not None
    cut = RetrievedLists(lists.recipe, lists.lists, depth, lists._chance, lists._places)
    return replace(search, retrieved=cut)


def measured(collection: Collection, index: Index) -> dict[Setting, np.ndarray]:
    """nDCG@10 of each question under each setting."""
    rows = index.dataset("documents").to_table(columns=["doc_id", "uri"]).to_pylist()
    names = {row["doc_id"]: row["uri"] for row in rows}
    found: dict[Setting, list[float]] = {setting: [] for setting in product(_ALPHAS, _DEPTHS)}
    for question_id, text in collection.questions.items():
        (search,) = index.recorded([text], _K, mode="hybrid", expand="none")
        for alpha, depth in found:
            fusion.LEAST_DEPTH = depth
            hits = at_depth(search, depth).ordered(alpha=alpha)
            ranked = {question_id: list(dict.fromkeys(names[hit["doc_id"]] for hit in hits))}
            relevance = {question_id: collection.relevance[question_id]}
            found[alpha, depth].append(document_measures(relevance, ranked)[str(MEASURES[0])])
    return {setting: np.array(values) for setting, values in found.items()}


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--data", type=Path, required=True)
    words.add_argument("--only", default="docs,code-files,xquad-en")
    words.add_argument("--work", type=Path, default=Path(tempfile.gettempdir(), "raglake-quality"))
    chosen = words.parse_args()
    os.environ.setdefault("RAGLAKE_EMBED_THREADS", "1")
    values: dict[str, dict[Setting, np.ndarray]] = {}
    halves: dict[str, np.ndarray] = {}
    for name in chosen.only.split(","):
        collection = COLLECTIONS[name](chosen.data)
        index = built(collection, RecipeOptions(embedder="minilm"), chosen.work)
        values[name] = measured(collection, index)
        halves[name] = np.array([int(value_digest(q)[:8], 16) % 2 for q in collection.questions])
        told = (f"alpha {alpha}, depth {depth}: {each.mean():.4f}" for (alpha, depth), each in values[name].items())
        print(f"{name}: " + "; ".join(told), flush=True)
    for choosing in (0, 1):
        means = {
            setting: np.mean([values[name][setting][halves[name] == choosing].mean() for name in values])
            for setting in product(_ALPHAS, _DEPTHS)
        }
        best = max(means, key=lambda setting: means[setting])
        print(f"half {choosing} chooses alpha {best[0]}, depth {best[1]}: {means[best]:.4f}, usual {means[_USUAL]:.4f}")
        for name, each in values.items():
            held = halves[name] != choosing
            before, after = each[_USUAL][held], each[best][held]
            low, high = interval(after - before)
            print(f"  {name}: {before.mean():.4f} -> {after.mean():.4f}, {(after - before).mean():+.4f} "
                  f"[{low:+.4f}, {high:+.4f}] on {held.sum()} questions that did not choose", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
