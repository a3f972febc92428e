"""Which recipe finds most: embedders, weights, ``alpha`` and rerankers, chosen and judged on halves held apart.

    python benchmarks/recipes.py --data FOLDER [--only docs,code,scifact] [--cross-encoder st:FOLDER] [--work FOLDER]
                                 [--embedder minilm+multilingual] [--values FOLDER]

Each question is searched once with all retrievers, and ordered anew under each recipe. Questions are divided by the
digest of their id; each half judges what the other half chose, from all recipes and from those that rerank nothing.
nDCG@10, and for ``chunking`` recall and IoU at five, of which recall chooses. ``--values`` keeps those of each
question, so that a collection that is there is not measured again.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from quality import built
from quality_measures import MEASURES, document_measures, span_measures
from quality_sets import COLLECTIONS, Collection

from expectations.resampling import interval
from lake.embed import load_embedder
from lake.ids import value_digest
from lake.index import Index
from lake.options import RecipeOptions
from lake.search.recorded import RecordedSearch

_WORDS, _READ = "words", "; "
#: Passages of a search; each retriever goes deep enough for them.
_K, _TOP = 50, 5
_PLACES = pa.schema([("uri", pa.string()), ("start", pa.int64()), ("end", pa.int64())])
#: The share of vectors beside words, in a hybrid search.
_ALPHAS = (0.4, 0.5, 0.6, 2 / 3, 0.75)
#: Weights of the second embedder beside 1 for the first, and of a sparse one as the third.
_SECOND, _SPARSE = (0.5, 1.0, 2.0), (0.25, 0.5, 1.0)
_OWN = tuple(product((10, 20), (0.2, 0.3, 0.5)))
_CROSS = tuple(product((20, 50), (0.3, 0.5, 1.0)))

Values = dict[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a recorded search is ordered, and how many models embed its question."""

    name: str
    options: dict[str, Any]

    def reranked(self, name: str, reranker: str, depth: int, weight: float) -> Recipe:
        how = {"rerank": reranker, "rerank_depth": depth, "rerank_weight": weight}
        return Recipe(f"{self.name}{_READ}{name} {depth}/{weight:g}", self.options | how)


def fused(weights: Mapping[str, float], alpha: float) -> Recipe:
    """``alpha`` 0 is words alone, 1 vectors alone."""
    used = {name: weight for name, weight in weights.items() if weight}
    models = " + ".join(f"{weight:g} {name}" if weight != 1 else name for name, weight in used.items())
    name = {0: _WORDS, 1: models}.get(alpha, f"{models} + words, alpha {alpha:.3g}")
    return Recipe(name, {"weights": dict(weights), "alpha": float(alpha)})


def singles(every: Sequence[str]) -> list[Recipe]:
    """Each retriever alone."""
    of_each = [dict.fromkeys(every, 0.0) | {name: 1.0} for name in every]
    return [fused(of_each[0], 0), *(fused(weights, 1) for weights in of_each)]


def recipes(every: Sequence[str], cross_encoder: str | None) -> Iterator[Recipe]:
    """The default for one embedder comes first."""
    none = dict.fromkeys(every, 0.0)
    first, both = none | {every[0]: 1.0}, none | {name: 1.0 for name in every[:2]}
    usual = [fused(first, 0.5), fused(both, 2 / 3)]
    yield from usual
    tried = [first, none | {every[1]: 1.0}, *(both | {every[1]: weight} for weight in _SECOND)]
    for weights, alpha in product(tried, _ALPHAS):
        if (one := fused(weights, alpha)) not in usual:
            yield one
    reranked = list(usual)
    if len(every) > 2:
        third = [fused(both | {every[2]: weight}, (2 + weight) / (3 + weight)) for weight in _SPARSE]
        yield from (fused(first | {every[2]: weight}, (1 + weight) / (2 + weight)) for weight in _SPARSE)
        yield from third
        reranked.append(third[1])
    for one in reranked:
        yield from (one.reranked("own", "own", *how) for how in _OWN)
        if cross_encoder:
            yield from (one.reranked("cross-encoder", cross_encoder, *how) for how in _CROSS)


def measured(collection: Collection, index: Index, embedders: list[Any], tried: Sequence[Recipe]) -> Values:
    """nDCG@10 of each question under each recipe; recall and IoU of five passages for spans."""
    rows = index.dataset("documents").to_table(columns=["doc_id", "uri"]).to_pylist()
    names = {row["doc_id"]: row["uri"] for row in rows}
    found: dict[str, list[tuple[float, ...]]] = {one.name: [] for one in tried}
    for done, (question_id, text) in enumerate(collection.questions.items()):
        k = _TOP if collection.spans else _K
        (search,) = index.recorded([text], k, mode="hybrid", expand="none", embedder=embedders)
        for one in tried:
            hits = [hit | {"uri": names[hit["doc_id"]]} for hit in ordered(search, one)]
            found[one.name].append(judged(collection, question_id, hits))
        if done % 20 == 0:
            print(f"{collection.name}: {done} of {len(collection.questions)}", file=sys.stderr, flush=True)
    return {name: np.array(values) for name, values in found.items()}


def ordered(search: RecordedSearch, recipe: Recipe) -> list[dict[str, Any]]:
    # A local cross-encoder computes in bfloat16 here: several times as fast where the processor can.
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=str(recipe.options.get("rerank", "")).startswith("st:")):
        return search.ordered(**recipe.options)


def judged(collection: Collection, question_id: str, hits: list[dict[str, Any]]) -> tuple[float, ...]:
    if collection.spans:
        recall, _, iou = span_measures(*collection.spans[question_id], pa.Table.from_pylist(hits, _PLACES))
        return recall, iou
    ranked = {question_id: list(dict.fromkeys(hit["uri"] for hit in hits))}
    relevance = {question_id: collection.relevance[question_id]}
    return (document_measures(relevance, ranked)[str(MEASURES[0])],)


def report(collection: Collection, values: Values, alone: Sequence[str]) -> None:
    is_b = np.array([int(value_digest(q)[:8], 16) % 2 == 1 for q in collection.questions])
    tried = {name: each[:, 0] for name, each in values.items() if name not in alone}
    usual = next(iter(tried.values()))
    print(f"\n{collection.name}: {len(is_b)} questions, {is_b.sum()} of them half B; {len(tried)} recipes")
    print("| recipe | all | half A | half B | all, against the first |\n|---|---|---|---|---|")
    for name, each in values.items():
        means = " | ".join(
            " / ".join(f"{mean:.3f}" for mean in each[half].mean(0)) for half in (is_b | True, ~is_b, is_b)
        )
        print(f"| {name} | {means} | {difference(each[:, 0] - usual)} |")
    plain = {name: each for name, each in tried.items() if _READ not in name}
    chosen_by_halves("all", tried, usual, is_b)
    chosen_by_halves("without a reranker", plain, usual, is_b)


def chosen_by_halves(what: str, tried: Values, usual: np.ndarray, is_b: np.ndarray) -> None:
    together = np.zeros(len(is_b))
    for half in (False, True):
        chooses = is_b != half
        name = max(tried, key=lambda one: tried[one][chooses].mean())
        together[~chooses] = (tried[name] - usual)[~chooses]
        print(f"{what}: half {'AB'[not half]} chooses {name} ({tried[name][chooses].mean():.3f}); half {'AB'[half]}: "
              f"{usual[~chooses].mean():.3f} -> {tried[name][~chooses].mean():.3f}, "
              f"{difference(together[~chooses])}")  # fmt: skip
    print(f"{what}: each half by the other's choice: {usual.mean():.3f} -> {(usual + together).mean():.3f}, "
          f"{difference(together)}", flush=True)  # fmt: skip


def difference(values: np.ndarray) -> str:
    low, high = interval(values)
    return f"{values.mean():+.3f} [{low:+.3f}, {high:+.3f}]"


def for_all(collections: Mapping[str, Collection], values: Mapping[str, Values], tried: Sequence[str]) -> None:
    """One recipe for all collections, chosen by the mean of one half of each."""
    halves = {n: np.array([int(value_digest(q)[:8], 16) % 2 == 1 for q in c.questions]) for n, c in collections.items()}
    for half in (False, True):
        means = {
            one: float(np.mean([values[name][one][halves[name] != half, 0].mean() for name in values])) for one in tried
        }
        best = max(means, key=lambda one: means[one])
        print(f"\nhalf {'AB'[not half]} of all chooses {best} ({means[best]:.4f})")
        for name, each in values.items():
            held = halves[name] == half
            print(f"  {name}, half {'AB'[half]}: {each[best][held, 0].mean():.3f}")


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--data", type=Path, required=True)
    words.add_argument("--only", default="docs,code,scifact")
    words.add_argument("--embedder", default="minilm+multilingual", help="two or three, joined by +")
    words.add_argument("--child-tokens", type=int, help="how large chunks are; unset means the default")
    words.add_argument("--heading-tokens", type=int, help="how much is embedded before a chunk")
    words.add_argument("--cross-encoder", help="a reranker besides own")
    words.add_argument("--work", type=Path, default=Path(tempfile.gettempdir(), "raglake-quality"))
    words.add_argument("--values", type=Path, default=Path(tempfile.gettempdir(), "raglake-recipes"))
    chosen = words.parse_args()
    os.environ.setdefault("RAGLAKE_EMBED_THREADS", "1")
    settings = RecipeOptions(
        embedder=chosen.embedder, child_tokens=chosen.child_tokens, heading_tokens=chosen.heading_tokens
    )
    embedders: list[Any] = [load_embedder(name) for name in settings.embedders]
    every = tuple(embedder.identity.name for embedder in embedders)
    alone, tried = singles(every), list(recipes(every, chosen.cross_encoder))
    chosen.values.mkdir(parents=True, exist_ok=True)
    collections, values = {}, {}
    for name in chosen.only.split(","):
        collections[name] = COLLECTIONS[name](chosen.data)
        kept = chosen.values / f"{name}-{len(every)}-{chosen.child_tokens or 0}.json"
        if not kept.exists():
            index = built(collections[name], settings, chosen.work)
            found = measured(collections[name], index, embedders, [*alone, *tried])
            kept.write_text(json.dumps({one: each.tolist() for one, each in found.items()}), encoding="utf-8")
        values[name] = {one: np.array(each) for one, each in json.loads(kept.read_text(encoding="utf-8")).items()}
        report(collections[name], values[name], [one.name for one in alone])
    for_all(collections, values, [one.name for one in tried])


if __name__ == "__main__":
    main()
