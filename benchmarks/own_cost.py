"""What ``--rerank own`` adds to a search: CPU and wall milliseconds, and bytes of token vectors in memory.

    python benchmarks/own_cost.py --data FOLDER [--only docs] [--n 100] [--work FOLDER]

Each question is asked without it, with it, and with it again before the next one is asked: the second time computes
token vectors of chunks that no earlier question found, the third none.
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
from quality_sets import COLLECTIONS

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
        index = built(collection, RecipeOptions(embedder="minilm"), chosen.work)
        first, *questions = list(collection.questions.values())[: chosen.n + 1]
        for how in _WAYS.values():
            index.search(first, 10, mode="hybrid", **how)  # loads models and tables
        found = {way: np.array([(0.0, 0.0)] * len(questions)) for way in _WAYS}
        for number, question in enumerate(questions):
            for way, how in _WAYS.items():
                found[way][number] = spent(index, question, how)
        print(f"{name}: {index.release().counts['n_chunks']:,} chunks, {len(questions)} questions", flush=True)
        for way, each in found.items():
            (cpu, wall), (cpu_95, wall_95) = np.percentile(each, (50, 95), axis=0)
            print(f"  {way:<22} CPU ms p50 {cpu:.0f}, p95 {cpu_95:.0f}; wall ms p50 {wall:.0f}, p95 {wall_95:.0f}")
        held = index._reader._tokens
        each_bytes = held.n_bytes / len(held)
        print(f"  token vectors of {len(held):,} chunks: {held.n_bytes / 1e6:.1f} MB, {each_bytes:,.0f} bytes each")


if __name__ == "__main__":
    main()
