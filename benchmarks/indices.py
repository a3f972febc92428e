"""What each kind of vector index costs and finds, at the level of tables.

    python benchmarks/indices.py [--rows 50000] [--dimensions 384] [--try ivf_sq --try ivf_pq:sub_vectors=48,refine=10]

Vectors lie in clusters, as texts do; each is stored as float32 and as float16. Seconds are of CPU, so that other load
of the machine matters little; milliseconds are the median of 100 searches for ten neighbours.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from lake.ingest.vectors_in_hand import vector_array
from lake.recipe import VectorIndex
from lake.schemas import vector_type
from lake.tables.reader import TableReader
from lake.tables.writer import Tables

_TRIED = (
    "flat", "ivf_flat", "ivf_sq", "ivf_pq:sub_vectors=48,refine=1", "ivf_pq:sub_vectors=48,refine=10", "hnsw_sq:ef=100",
)  # fmt: skip
_N_QUESTIONS, _K, _CLUSTERS, _SPREAD = 100, 10, 400, 0.6


def clustered(n: int, dimensions: int, seed: int = 0) -> np.ndarray:
    """Unit vectors around random centres, as near to each other as sentences of one subject are."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(_CLUSTERS, dimensions)).astype(np.float32)
    found = centres[rng.integers(_CLUSTERS, size=n)] + _SPREAD * rng.normal(size=(n, dimensions)).astype(np.float32)
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)


def lines(work: Path, vectors: np.ndarray, questions: np.ndarray, dtype: str, tried: list[str]) -> Iterator[str]:
    tables, was = Tables(str(work / dtype)), VectorIndex()
    column = vector_array(vectors, vector_type(vectors.shape[1], dtype))
    rows = pa.table({"chunk_id": [str(n) for n in range(len(vectors))], "vector": column})
    tables.reset("chunks__x", rows.schema, None)
    tables.apply("chunks__x", iter(rows.to_batches()), rows.schema, [])
    truth = [set(np.argpartition(-(vectors @ one), _K)[:_K].tolist()) for one in questions]
    plain = _bytes(work / dtype)
    for number, spec in enumerate(tried):
        index, started, before = VectorIndex.of(spec), time.process_time(), _bytes(work / dtype)
        tables.index_vectors("chunks__x", index, was)
        built, was = time.process_time() - started, index
        reader = tables.at("chunks__x", tables.seal("chunks__x", f"r{number}"))
        recall, p50 = _searched(reader, questions, index, truth)
        grown = _bytes(work / dtype) - before
        yield f"| {dtype} | {spec} | {built:.1f} | {plain / 1e6:.0f} + {grown / 1e6:.0f} | {recall:.3f} | {p50:.1f} |"


def _searched(
    reader: TableReader, questions: np.ndarray, index: VectorIndex, truth: list[set[int]]
) -> tuple[float, float]:
    """Share of the true neighbours that are found, and the median in milliseconds."""
    shares, seconds = [], []
    for vector, true in zip(questions, truth, strict=True):
        started = time.perf_counter()
        found = reader.nearest(vector, _K, columns=("chunk_id",), index=index)
        seconds.append(time.perf_counter() - started)
        shares.append(len(true & set(map(int, found.column("chunk_id").to_pylist()))) / _K)
    return float(np.mean(shares)), float(np.median(seconds) * 1000)


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--rows", type=int, default=50_000)
    words.add_argument("--dimensions", type=int, default=384)
    words.add_argument("--try", dest="tried", action="append")
    chosen = words.parse_args()
    tried = chosen.tried or [*_TRIED]
    every = clustered(chosen.rows + _N_QUESTIONS, chosen.dimensions)
    print("| type | index | CPU s to build | MB of vectors + index | recall@10 | p50 ms |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for dtype in ("float32", "float16"):
            for line in lines(Path(folder), every[_N_QUESTIONS:], every[:_N_QUESTIONS], dtype, tried):
                print(line, flush=True)


if __name__ == "__main__":
    main()
