"""Does the gate keep back what answers worse, and let pass what does no harm?

    python benchmarks/gate_trials.py --data FOLDER [--work FOLDER] [--lakes FOLDER] [--trials 200]

Regressions are planted in the pipeline itself, each in a copy of a lake that was ingested whole: in the child process
that parses and chunks, or in the weights of the model. The run is the real one, audit and gate included, with the gate
as it comes. Harmless changes are ingested likewise; then the gate judges each pair of runs again and again, over
questions drawn with replacement, and beside them pairs that differ as much as vectors and words do, each question
answered by either of them by lot, so that neither side is better: the hardest change that is still none.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from gate_plants import NORMALISATION, SECTIONS, Bf16, planted, shuffled_model
from quality import built
from quality_sets import Collection, chunking, scifact

from expectations.gate import GateVerdict, decide
from expectations.scoring import scores_of
from flows.reindex import Job, Outcome, reindex
from flows.steps import PlainSteps
from lake.directory import Lake
from lake.directory.configuration import Gate
from lake.index import Index
from lake.options import RecipeOptions
from lake.questions import EvalQuestion, Evidence, add
from lake.records.schemas import SCORES

SIZES = (50, 100, 300)


def asked(collection: Collection) -> list[EvalQuestion]:
    """Its questions, with documents or spans as evidence."""
    found = []
    for name, text in collection.questions.items():
        evidence = [Evidence(uri, grade=grade) for uri, grade in collection.relevance.get(name, {}).items()]
        uri, spans = collection.spans.get(name, ("", []))
        evidence += [Evidence(uri, quote=collection.documents[uri][a:b], start=a, end=b) for a, b in spans]
        found.append(EvalQuestion(collection.name, text, key=name, evidence=tuple(evidence)))
    return found


@dataclass(frozen=True)
class Bench:
    """A collection's lake, live and with its questions; runs work on copies."""

    collection: Collection
    files: Path
    lake: Path
    work: Path

    @classmethod
    def of(cls, collection: Collection, lakes: Path, work: Path) -> Bench:
        url = Path(built(collection, RecipeOptions(embedder="minilm"), lakes)._lake.url)
        copy = work / f"{collection.name}-live"
        if not copy.exists():
            shutil.copytree(url, copy)
            add(Lake(str(copy)), asked(collection))
        return cls(collection, url.parent / "files", copy, work)

    def run(self, name: str, settings: RecipeOptions, embedder: Any = None, **job: Any) -> tuple[Lake, Outcome]:
        """A night under another recipe, in a copy of the lake."""
        copy = self.work / f"{self.collection.name}-{name}"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.lake, copy)
        words = {"sources": (str(self.files),), "lake": str(copy), "settings": settings, "change_recipe": True}
        with PlainSteps(embedder=embedder) as steps:
            return Lake(str(copy)), reindex(Job(**words, **job), steps)


def told(name: str, lake: Lake, outcome: Outcome) -> str:
    """One line: what became of it, and by which figures."""
    row = Index(lake).describe(outcome.release or "")
    rows = [finding for finding in lake.findings(outcome.release or "").to_pylist() if finding["suite"] == "gate"]
    figures = "; ".join(f"{finding['column']} {finding['observed']}" for finding in rows)
    return f"| {name} | {row['audit']} | {row['gate']} | {'yes' if outcome.published else 'no'} | {figures} |"


def regressions(bench: Mapping[str, Callable[[], Bench]], work: Path) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Name and run of each planted regression."""

    def in_child(of: str, plant: str, name: str) -> Any:
        with planted(plant, work):
            return bench[of]().run(name, RecipeOptions())

    yield "wrong normalisation", lambda: in_child("scifact", NORMALISATION, "normalisation")
    yield "every third section dropped", lambda: in_child("chunking", SECTIONS, "sections")
    model = f"st:{shuffled_model(work)}"
    yield "shuffled weights", lambda: bench["scifact"]().run("weights", RecipeOptions(embedder=model))


def harmless(bench: Mapping[str, Callable[[], Bench]], work: Path) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Name and run of each harmless change."""

    def again() -> Any:
        with planted("", work):
            return bench["scifact"]().run("again", RecipeOptions(), shard_documents=97)

    yield "re-run, in another order", again
    of = RecipeOptions(vector_dtype="float16")
    yield "bf16 for fp32", lambda: bench["scifact"]().run("bf16", of, Bf16(Lake(str(bench["scifact"]().lake))))


def drawn(pair: tuple[pl.DataFrame, pl.DataFrame], rng: np.random.Generator, n: int, by_lot: bool) -> list[pa.Table]:
    """Both sides' rows of ``n`` questions drawn with replacement; ``by_lot``: sides of each may change places."""
    names = np.sort(pair[0]["question_id"].unique().to_numpy())
    chosen = pl.DataFrame({"question_id": rng.choice(names, n), "draw": np.arange(n)})
    chosen = chosen.with_columns(swapped=pl.Series(rng.random(n) < 0.5) if by_lot else pl.lit(False))
    sides = [side.join(chosen, on="question_id") for side in pair]
    found = []
    for release, mine, other in (("live", *sides), ("new", *sides[::-1])):
        rows = pl.concat([mine.filter(~pl.col("swapped")), other.filter(pl.col("swapped"))])
        number = pl.col("draw").cast(pl.String).str.zfill(6)
        rows = rows.with_columns(question_id=number, release=pl.lit(release), settings=pl.lit("{}"))
        found.append(rows.select(SCORES.names).to_arrow().cast(SCORES))
    return found


def trials(pair: tuple[pa.Table, pa.Table], n: int, n_trials: int, by_lot: bool) -> list[GateVerdict]:
    """The gate's verdicts, seeded."""
    policy, frames = Gate(), (pl.DataFrame(pair[0]), pl.DataFrame(pair[1]))
    name = pair[0].column("set")[0].as_py()
    found = []
    for seed in range(n_trials):
        live, new = drawn(frames, np.random.default_rng(seed), n, by_lot)
        found.append(decide(policy, [name], new, live, names=("new", "live")))
    return found


def pairs(bench: Bench, runs: Sequence[tuple[str, Lake, Outcome]]) -> Iterator[tuple[str, Any, bool]]:
    """Name, the two sides' SCORES rows, and whether sides are drawn by lot."""
    for name, lake, outcome in runs:
        index, base = Index(lake), lake.log.read().releases[outcome.release or ""].base
        for mode in ("hybrid", "vector"):
            sides = (scores_of(index, index.questions(), at or "", {"mode": mode}) for at in (base, outcome.release))
            yield f"{name} ({mode})", tuple(sides), False
    index = Index(Lake(str(bench.lake)))
    ways = [scores_of(index, index.questions(), how={"mode": mode}) for mode in ("vector", "text")]
    yield "vectors or words by lot", tuple(ways), True


def planted_regressions(bench: Mapping[str, Callable[[], Bench]], work: Path) -> bool:
    """Whether each is blocked by the gate."""
    print("| change | audit | gate | published | figures |\n|---|---|---|---|---|")
    blocked = []
    for name, run in regressions(bench, work):
        lake, outcome = run()
        print(told(name, lake, outcome), flush=True)
        blocked.append(not outcome.published and Index(lake).describe(outcome.release or "")["gate"] == "blocked")
    return all(blocked)


def harmless_changes(bench: Mapping[str, Callable[[], Bench]], work: Path, n_trials: int) -> bool:
    """Whether each is published, and blocked no oftener than stated."""
    runs = []
    for name, run in harmless(bench, work):
        runs.append((name, *run()))
        print(told(*runs[-1]), flush=True)
    print(f"\n| harmless change | questions | blocked of {n_trials} | with a remark | allowed |\n|---|--:|--:|--:|--:|")
    allowed, passed = Gate().alpha * n_trials, all(outcome.published for _, _, outcome in runs)
    for name, pair, by_lot in pairs(bench["scifact"](), runs):
        for n in SIZES:
            outcomes = [verdict.outcome for verdict in trials(pair, n, n_trials, by_lot)]
            counts = (outcomes.count("blocked"), outcomes.count("warned"))
            print(f"| {name} | {n} | {counts[0]} | {counts[1]} | {allowed:g} |", flush=True)
            passed &= counts[0] <= allowed
    return passed


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, required=True, help="with scifact-beir and chunking_evaluation")
    options.add_argument("--lakes", type=Path, help="where benchmarks/quality.py keeps its lakes [--work]")
    options.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "raglake-gate")
    options.add_argument("--trials", type=int, default=200)
    given = options.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    lakes = given.lakes or given.work
    bench = {
        collection.__name__: (lambda c=collection: Bench.of(c(given.data), lakes, given.work))  # type: ignore[misc]
        for collection in (scifact, chunking)
    }
    passed = [planted_regressions(bench, given.work), harmless_changes(bench, given.work, given.trials)]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
