"""What ``--rerank own`` adds to a search: CPU and wall milliseconds, and bytes of token vectors.

    python benchmarks/own_cost.py --data FOLDER [--only docs] [--n 100] [--work FOLDER]

Each question is asked without it, with it, and with it again before the next one is asked, in a lake that stores no
token vectors and in one that does, in turns: the second time, the first lake computes those of chunks that no earlier
question found, and the other one reads them; the third time both have them in memory.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
from quality import built
from quality_sets import COLLECTIONS, Collection

from lake.directory import Lake
from lake.index import Index
from lake.options import RecipeOptions

_WAYS: Mapping[str, dict[str, Any]] = {
    "without": {},
    "own, new to it": {"rerank": "own", "rerank_weight": 0.3},
    "own, again": {"rerank": "own", "rerank_weight": 0.3},
    "own, depth 10, again": {"rerank": "own", "rerank_weight": 0.3, "rerank_depth": 10},
}


def spent(index: Index, question: str, how: dict[str, Any]) -> tuple[float, float]:
    """CPU and wall milliseconds of a search."""
    wall, cpu = perf_counter(), process_time()
    index.search(question, 10, mode="hybrid", **how)
    return 1e3 * (process_time() - cpu), 1e3 * (perf_counter() - wall)


def lakes(collection: Collection, work: Path) -> dict[str, Index]:
    """The collection without and with stored token vectors."""
    none = built(collection, RecipeOptions(embedder="minilm"), work)
    known = [Lake(none.status()["lake"])]
    return {
        "none": none,
        "stored": built(collection, RecipeOptions(embedder="minilm", token_vectors="stored"), work, known=known),
    }


def stored_bytes(index: Index) -> tuple[int, int]:
    """Bytes of the token vectors in a lake, and of its other vectors."""
    files = [one for one in Path(index.status()["lake"], "vectors").rglob("*.parquet")]
    of_tokens = sum(one.stat().st_size for one in files if one.parent.name.endswith("-tokens"))
    return of_tokens, sum(one.stat().st_size for one in files) - of_tokens


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--data", type=Path, required=True)
    words.add_argument("--only", default="docs")
    words.add_argument("--n", type=int, default=100)
    words.add_argument("--work", type=Path, default=Path(tempfile.gettempdir(), "raglake-quality"))
    chosen = words.parse_args()
    os.environ.setdefault("RAGLAKE_EMBED_THREADS", "1")
    for name in chosen.only.split(","):
        collection = COLLECTIONS[name](chosen.data)
        indices = lakes(collection, chosen.work)
        first, *questions = list(collection.questions.values())[: chosen.n + 1]
        for index in indices.values():
            for how in _WAYS.values():
                index.search(first, 10, mode="hybrid", **how)  # loads models and tables
        found = {(lake, way): np.zeros((len(questions), 2)) for lake in indices for way in _WAYS}
        for number, question in enumerate(questions):
            for lake, index in indices.items():
                for way, how in _WAYS.items():
                    found[lake, way][number] = spent(index, question, how)
        n_chunks = indices["stored"].release().counts["n_chunks"]
        print(f"{name}: {n_chunks:,} chunks, {len(questions)} questions", flush=True)
        for (lake, way), each in found.items():
            (cpu, wall), (cpu_95, wall_95) = np.percentile(each, (50, 95), axis=0)
            print(
                f"  {lake:<6} {way:<22} CPU ms p50 {cpu:.0f}, p95 {cpu_95:.0f}; wall p50 {wall:.0f}, p95 {wall_95:.0f}"
            )
        of_tokens, others = stored_bytes(indices["stored"])
        print(f"  stored: {of_tokens / n_chunks:,.0f} bytes a chunk of tokens, {others / n_chunks:,.0f} of vectors")


if __name__ == "__main__":
    main()
