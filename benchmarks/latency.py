"""How long a search takes, beside LanceDB's own on the same tables, and in a process that has just begun.

    python benchmarks/latency.py --texts FOLDER --questions FILE [--work FOLDER] [--chunks 5000,200000]
                                 [--n 200] [--cold 9] [--markdown FILE]

FILE: one question a line, or JSON lines with ``text``. Lakes are made once, under ``--work``. Every question goes
through all ways of searching before the next one does, in an order that turns, so that what else the machine does hits
all alike.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from time import perf_counter
from typing import Any

import numpy as np
from latency_cold import cold_lines
from latency_lakes import Texts, built, restricted

from lake.directory import Lake
from lake.embed.query_encoder import load_query_encoder
from lake.index import Index

#: A question and its vector go in; what comes out is nobody's concern.
Way = Callable[[str, np.ndarray], Any]
_K = 10
#: What the goals are about, and what it is held against.
OURS, BARE = "raglake: hybrid, parents", "LanceDB: hybrid, RRF"
_FIGURES = ("best", "p25", "p50", "p95")
#: One file in ten.
_SOME = {"uri": {"glob": "**/*7.md"}}


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of one way, by question."""

    spent: list[float]

    def figures(self) -> list[float]:
        return [float(value) for value in np.percentile(self.spent, (0, 25, 50, 95))]


def encoder_of(index: Index) -> Any:
    identity = index.release().recipe.embedder
    return load_query_encoder(identity.name, identity)


def bare_table(index: Index, url: str) -> Any:
    """The chunks of the live release as LanceDB opens them."""
    import lancedb

    release, lake = index.release(), Lake.existing(url)
    name = release.recipe.embedder.table
    table = lancedb.connect(lake.tables(release.generation).url).open_table(name)
    table.checkout(release.versions[name])
    return table


def bare_ways(table: Any) -> dict[str, Way]:
    """LanceDB's own searches, given the vector, for what raglake returns of a chunk."""
    from lancedb.rerankers import RRFReranker

    columns = ["chunk_id", "uri", "text", "heading", "page", "start", "end"]
    reranker = RRFReranker()

    def near(vector: np.ndarray) -> Any:
        return table.search(vector, vector_column_name="vector").distance_type("cosine").limit(_K)

    def hybrid(text: str, vector: np.ndarray) -> Any:
        found = table.search(query_type="hybrid", vector_column_name="vector", fts_columns="text").vector(vector)
        return found.text(text).distance_type("cosine").rerank(reranker).limit(_K).select(columns)

    return {
        "LanceDB: vector": lambda _, vector: near(vector).select(columns).to_arrow(),
        "LanceDB: vector, refine 5": lambda _, vector: near(vector).refine_factor(5).select(columns).to_arrow(),
        "LanceDB: text": lambda text, _: (
            table.search(text, query_type="fts", fts_columns="text").limit(_K).select(columns).to_arrow()
        ),
        BARE: lambda text, vector: hybrid(text, vector).to_arrow(),
        f"{BARE}, refine 5": lambda text, vector: hybrid(text, vector).refine_factor(5).to_arrow(),
    }


def our_ways(index: Index, some_rights: Index) -> dict[str, Way]:
    """raglake's searches, the embedding of the question included."""
    ways: dict[str, Way] = {}
    for mode in ("vector", "text", "hybrid"):
        for expand, called in (("none", "chunks"), ("parent", "parents")):
            ways[f"raglake: {mode}, {called}"] = _search(index, mode=mode, expand=expand)
    return ways | {
        "raglake: hybrid, windows": _search(index, expand="window"),
        "raglake: hybrid, parents, a tenth of the files by glob": _search(index, filters=_SOME),
        "raglake: hybrid, parents, a tenth of the rows written since": _search(some_rights, principals="*"),
        "raglake: hybrid, parents, rights, nobody": _search(some_rights),
        "raglake: hybrid, parents, rights, one group": _search(some_rights, principals=["group-1"]),
    }


def _search(index: Index, **how: Any) -> Way:
    return lambda text, _: index.search(text, _K, **how)


def timed(ways: Mapping[str, Way], questions: Sequence[str], encoder: Any) -> dict[str, Times]:
    """Each way with each question, after each was tried with some of them."""
    names = list(ways)
    vectors = [encoder.embed_query(question) for question in questions]
    for question, vector in list(zip(questions, vectors, strict=True))[:10]:
        for way in ways.values():
            way(question, vector)
    spent: dict[str, list[float]] = {name: [] for name in names}
    for turn, (question, vector) in enumerate(zip(questions, vectors, strict=True)):
        for name in (*names[turn % len(names) :], *names[: turn % len(names)]):
            started = perf_counter()
            ways[name](question, vector)
            spent[name].append(1e3 * (perf_counter() - started))
    return {name: Times(values) for name, values in spent.items()}


def recalls(index: Index, table: Any, questions: Sequence[str], encoder: Any) -> Iterator[tuple[str, float]]:
    """Share of the ten nearest chunks by exact search that each way finds."""
    vectors = [encoder.embed_query(question) for question in questions]

    def found(vector: np.ndarray, **asked: Any) -> set[str]:
        near = table.search(vector, vector_column_name="vector").distance_type("cosine").limit(_K)
        for name, value in asked.items():
            near = getattr(near, name)(*value)
        return set(near.select(["chunk_id"]).to_arrow()["chunk_id"].to_pylist())

    exact = [found(vector, bypass_vector_index=()) for vector in vectors]
    ours = [set(index.search(q, _K, mode="vector", expand="none")["chunk_id"].to_pylist()) for q in questions]
    ways = {
        "raglake: vector": ours,
        "LanceDB: vector": [found(vector) for vector in vectors],
        "LanceDB: vector, refine 5": [found(vector, refine_factor=(5,)) for vector in vectors],
    }
    for name, sets in ways.items():
        yield name, fmean(len(a & b) / max(len(b), 1) for a, b in zip(sets, exact, strict=True))


def lake_lines(texts: Texts, n_chunks: int, questions: Sequence[str], work: Path) -> Iterator[str]:
    """The report on one lake."""
    index, url = built(texts, n_chunks, work)
    encoder, table = encoder_of(index), bare_table(index, url)
    ways: dict[str, Way] = {"the question's vector alone": lambda text, _: encoder.embed_query(text)}
    ways |= bare_ways(table) | our_ways(index, restricted(n_chunks, work))
    load = os.getloadavg()[0]
    times = timed(ways, questions, encoder)
    yield f"\n{index.release().counts['n_chunks']:,} chunks, {len(questions)} questions; milliseconds; load {load:.1f} "
    yield f"before and {os.getloadavg()[0]:.1f} after\n\n| way | {' | '.join(_FIGURES)} |\n|---|---|---|---|---|"
    for name, spent in times.items():
        yield f"| {name} | {' | '.join(f'{value:.1f}' for value in spent.figures())} |"
    ratios = np.array(times[OURS].figures()) / np.array(times[BARE].figures())
    yield f"| {OURS}, over {BARE} | {' | '.join(f'{value:.2f}' for value in ratios)} |"
    for name, recall in recalls(index, table, questions, encoder):
        yield f"\nrecall@{_K} of exact search, {name}: {recall:.3f}"


def read_questions(path: Path, n: int) -> list[str]:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    texts = [json.loads(line)["text"] if line.startswith("{") else line for line in lines]
    return list(dict.fromkeys(texts))[:n]


def lines(chosen: argparse.Namespace) -> Iterator[str]:
    chosen.work.mkdir(parents=True, exist_ok=True)
    texts = Texts(chosen.texts, chosen.work / "vectors.npy")
    questions = read_questions(chosen.questions, chosen.n)
    for n_chunks in map(int, chosen.chunks.split(",")):
        yield from lake_lines(texts, n_chunks, questions, chosen.work)
        if chosen.cold:
            yield from cold_lines(built(texts, n_chunks, chosen.work)[1], questions[0], chosen.cold)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--texts", type=Path, required=True, help="a folder of text files, better thousands of them")
    words.add_argument("--questions", type=Path, required=True)
    words.add_argument("--work", type=Path, default=Path(tempfile.gettempdir(), "raglake-latency"))
    words.add_argument("--chunks", default="5000,200000")
    words.add_argument("--n", type=int, default=200, help="questions at most")
    words.add_argument("--cold", type=int, default=9, help="fresh processes of each kind; 0 for none")
    words.add_argument("--markdown", type=Path, help="where the report is written besides stdout")
    chosen = words.parse_args()
    os.environ.setdefault("LANCE_LOG", "error")  # else each of LanceDB's searches warns of a column that it adds
    report = []
    for line in lines(chosen):
        print(line, flush=True)
        report.append(line)
    if chosen.markdown:
        chosen.markdown.write_text("\n".join(report) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
