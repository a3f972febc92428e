"""How many texts a second each backend embeds, in turns with sentence-transformers' own ``encode``.

    python -m benchmarks.embedding CORPUS.jsonl [--texts 400] [--rounds 3]

CORPUS holds one JSON object a line with a ``text``, such as BEIR's corpora. Texts are cut after 130 words, about 190
tokens. Wall seconds of the same texts, best of the rounds; CPU seconds of the whole process beside them.
``of peak``: the model's multiplications against those of one large product in the same precision, measured here.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lake.embed import identify, load_embedder, tokenizer_of
from lake.embed.backends import Backend
from lake.embed.local_models import local_model
from lake.embed.minilm import minilm_folder
from lake.embed.processor import compile_graph, n_threads
from lake.patches.openvino_telemetry import openvino

_WORDS = 130
#: Multiplications and additions for a token: six layers' matrices, and attention over some 200 tokens.
_FLOPS_PER_TOKEN = 23e6


@dataclass
class Figures:
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    vectors: np.ndarray | None = None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--texts", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    texts = some_texts(options.corpus, options.texts)
    ways = {"sentence-transformers encode": plain_encode(), **our_ways()}
    figures = {name: Figures() for name in ways}
    for _ in range(options.rounds):
        for name, way in ways.items():
            measure(way, texts, figures[name])
    print(table(figures, sum(tokenizer_of("minilm").count(text) + 2 for text in texts), len(texts)))


def some_texts(corpus: Path, n_texts: int) -> list[str]:
    with corpus.open(encoding="utf-8") as lines:
        words = (json.loads(line)["text"].split() for line in lines)
        parts = (" ".join(w[i : i + _WORDS]) for w in words for i in range(0, len(w), _WORDS))
        count = tokenizer_of("minilm").count
        return [part for part, _ in zip((p for p in parts if count(p) <= 254), range(n_texts), strict=False)]


def plain_encode() -> Callable[[list[str]], np.ndarray]:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(minilm_folder()), device="cpu", local_files_only=True)
    return lambda texts: np.asarray(model.encode(texts, normalize_embeddings=True))


def our_ways() -> dict[str, Callable[[list[str]], np.ndarray]]:
    offered = local_model("minilm").backends.offered
    return {f"raglake {backend}": embed_by(backend) for backend in offered}


def embed_by(backend: Backend) -> Callable[[list[str]], np.ndarray]:
    embedder = load_embedder("minilm", identify("minilm", str(backend)))

    def embed(texts: list[str]) -> np.ndarray:
        vectors = np.empty((len(texts), embedder.identity.dimensions), np.float32)
        for positions, batch in embedder.embed(texts):
            vectors[list(positions)] = batch
        return vectors

    return embed


def measure(way: Callable[[list[str]], np.ndarray], texts: list[str], figures: Figures) -> None:
    cpu, wall = time.process_time(), time.perf_counter()
    figures.vectors = way(texts)
    figures.wall.append(time.perf_counter() - wall)
    figures.cpu.append(time.process_time() - cpu)


def peak_flops(precision: str) -> float:
    """Of all cores that we may use: a product of 1024 x 1024 matrices on each at a time, best of many."""
    ov = openvino()
    op = ov.opset13
    size, n_streams = 1024, n_threads()
    rows = op.parameter([size, size], np.float32, "rows")
    weights = np.random.default_rng(0).normal(size=(size, size)).astype(np.float32)
    product = op.matmul(op.matmul(rows, op.constant(weights), False, True), op.constant(weights), False, True)
    queue: Any = ov.AsyncInferQueue(
        compile_graph(ov.Model([op.result(product)], [rows], "peak"), precision, n_streams), n_streams
    )
    best = 0.0
    for _ in range(12):
        started = time.perf_counter()
        for _ in range(8):
            queue.start_async([weights])
        queue.wait_all()
        best = max(best, 8 * 2 * 2 * size**3 / (time.perf_counter() - started))
    return best


def table(figures: dict[str, Figures], n_tokens: int, n_texts: int) -> str:
    first = next(iter(figures.values()))
    peaks = {precision: peak_flops(precision) for precision in ("f32", "bf16")}
    lines = [
        f"{n_texts} texts, {n_tokens} tokens, {n_threads()} of {os.cpu_count()} cores; peak "
        f"{peaks['f32'] / 1e9:.0f} GFLOP/s in float32, {peaks['bf16'] / 1e9:.0f} in bfloat16",
        "",
        "| way | texts/s | tokens/s | times encode | tokens/CPU s | of peak | least cosine |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, found in figures.items():
        assert first.vectors is not None
        assert found.vectors is not None
        wall, cpu = min(found.wall), min(found.cpu)
        share = n_tokens / wall * _FLOPS_PER_TOKEN / peaks["bf16" if "bfloat16" in name else "f32"]
        cosine = float((found.vectors * first.vectors).sum(axis=1).min())
        lines.append(
            f"| {name} | {n_texts / wall:.1f} | {n_tokens / wall:,.0f} | {min(first.wall) / wall:.2f} | "
            f"{n_tokens / cpu:,.0f} | {share:.0%} | {cosine:.5f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
