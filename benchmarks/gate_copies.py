"""Does the gate let pass nights that only copy, move and re-encode folders, and still keep back what answers worse?

    python benchmarks/gate_copies.py --data FOLDER [--work FOLDER] [--lakes 20] [--nights 10]

The 48 English articles of XQuAD, each a file with five sections, lie in eight folders; 60 questions have a paragraph
as evidence. Each lake starts from the same release and goes through seeded nights, with the gate as it comes. Each
night copies, moves or re-encodes folders, or removes one whose texts stand elsewhere. Afterwards regressions are
planted in the pipeline of lakes with copies (``gate_plants``).
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import polars as pl
from gate_plants import NORMALISATION, SECTIONS, planted

from expectations.gating import measure
from flows.reindex import Job, Outcome, reindex
from flows.steps import PlainSteps
from lake.directory import Lake
from lake.index import Index
from lake.options import RecipeOptions
from lake.questions import EvalQuestion, Evidence, add

RECIPE = RecipeOptions(embedder="minilm", parent_tokens=200)
N_QUESTIONS, N_FOLDERS = 60, 8
MEASURES = ("document nDCG@10", "parent nDCG@10", "chunk nDCG@10", "span recall@5", "span IoU@5")
ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-8 with a mark": lambda text: text.encode("utf-8-sig"),
    "CRLF": lambda text: text.replace("\n", "\r\n").encode(),
    "UTF-8": str.encode,
}


def corpus(data: Path, files: Path) -> list[EvalQuestion]:
    """Writes the articles; returns the questions."""
    articles = json.loads((data / "xquad" / "xquad.en.json").read_text(encoding="utf-8"))["data"]
    asked = []
    for number, article in enumerate(articles):
        uri = f"part{number % N_FOLDERS}/article{number:02}.md"
        paragraphs = article["paragraphs"]
        sections = [f"## Section {n}\n\n{one['context'].strip()}\n" for n, one in enumerate(paragraphs)]
        (files / uri).parent.mkdir(parents=True, exist_ok=True)
        (files / uri).write_text("\n".join([f"# {article['title'].replace('_', ' ')}\n", *sections]), encoding="utf-8")
        for one in paragraphs:
            evidence = (Evidence(uri, quote=one["context"].strip()),)
            asked += [EvalQuestion("copies", qa["question"], key=qa["id"], evidence=evidence) for qa in one["qas"]]
    chosen = np.random.default_rng(0).choice(len(asked), N_QUESTIONS, replace=False)
    return [asked[n] for n in sorted(chosen)]


@dataclass
class Folders:
    """The source of one lake, and what each folder holds."""

    root: Path
    rng: np.random.Generator
    texts: dict[str, str] = field(default_factory=dict)
    n_made: int = 0

    def __post_init__(self) -> None:
        self.texts = {path.name: path.name for path in sorted(self.root.iterdir())}

    def pick(self) -> str:
        return str(self.rng.choice(sorted(self.texts)))

    def fresh(self) -> str:
        """A name that sorts before, after or below the others."""
        self.n_made += 1
        return str(self.rng.choice(["a", "zz-copy-of-", "archive/2026/", "old "])) + str(self.n_made)

    def night(self) -> str:
        """Changes the folders; returns what was done."""
        spare = [name for name, text in self.texts.items() if list(self.texts.values()).count(text) > 1]
        kinds = ["copy", "move", "re-encode", *(["remove a copied one"] if spare else [])]
        kind = str(self.rng.choice(kinds))
        name = str(self.rng.choice(sorted(spare))) if kind == "remove a copied one" else self.pick()
        if kind == "copy" and len(self.texts) < 3 * N_FOLDERS:
            new = self.fresh()
            shutil.copytree(self.root / name, self.root / new)
            self.texts[new] = self.texts[name]
        elif kind == "move":
            new = self.fresh()
            (self.root / new).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).rename(self.root / new)
            self.texts[new] = self.texts.pop(name)
        elif kind == "remove a copied one":
            shutil.rmtree(self.root / name)
            self.texts.pop(name)
        else:
            kind = "re-encode"
            self._encode_anew(sorted((self.root / name).rglob("*.md")))
        return kind

    def _encode_anew(self, paths: list[Path]) -> None:
        encodings = self.rng.permutation(list(ENCODINGS))
        for path in paths:
            data = path.read_bytes()
            text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
            forms = [ENCODINGS[str(name)](text.replace("\r\n", "\n")) for name in encodings]
            path.write_bytes(next(form for form in forms if form != data))


@dataclass(frozen=True)
class Bench:
    """A lake and its source."""

    files: Path
    lake: Path

    @classmethod
    def first(cls, data: Path, work: Path) -> Bench:
        bench = cls(work / "first" / "files", work / "first" / "lake")
        if not bench.lake.exists():
            asked = corpus(data, bench.files)
            bench.run()
            add(Lake(str(bench.lake)), asked)
            lake = Lake(str(bench.lake))
            measure(lake, Index(lake).release())
        return bench

    def copied(self, folder: Path) -> Bench:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.files.parent, folder)
        return Bench(folder / "files", folder / "lake")

    def run(self, **job: Any) -> Outcome:
        words = {"sources": (f"docs={self.files}",), "lake": str(self.lake), "settings": RECIPE}
        with PlainSteps() as steps:
            return reindex(Job(**words, allow_removals=10_000, **job), steps)

    def means(self, release: str) -> dict[str, float]:
        """Mean of each measure, over the questions that are measured."""
        rows = pl.DataFrame(Index(Lake(str(self.lake))).scores(release))
        name = pl.col("level") + " " + pl.col("measure")
        found = rows.filter(pl.col("value").is_not_null()).group_by(name.alias("of")).agg(pl.col("value").mean())
        return {of: value for of, value in found.iter_rows() if of in MEASURES}

    def n_measured(self, release: str) -> int:
        rows = pl.DataFrame(Index(Lake(str(self.lake))).scores(release))
        return rows.filter(pl.col("status") == "scored")["question_id"].n_unique()

    def gate(self, outcome: Outcome) -> str:
        return str(Index(Lake(str(self.lake))).describe(outcome.release or "")["gate"])


@dataclass(frozen=True, slots=True)
class Night:
    """What a night did, and what became of it."""

    kind: str
    gate: str
    published: bool
    n_copies: int
    n_measured: int
    means: dict[str, float]


def nights(bench: Bench, seed: int, n: int) -> Iterator[Night]:
    folders = Folders(bench.files, np.random.default_rng(seed))
    for _ in range(n):
        kind, outcome = folders.night(), bench.run()
        release = outcome.release or ""
        counted = (outcome.n_copies, bench.n_measured(release))
        yield Night(kind, bench.gate(outcome), outcome.published, *counted, bench.means(release))


def report(found: list[Night], before: dict[str, float]) -> bool:
    print("| night | nights | passed | with a remark | blocked | questions measured | largest change of a mean |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for kind in [*sorted({night.kind for night in found}), "all"]:
        mine = [night for night in found if kind in (night.kind, "all")]
        gates = Counter(night.gate for night in mine)
        moved = max(abs(night.means.get(of, 0.0) - value) for night in mine for of, value in before.items())
        measured = f"{min(night.n_measured for night in mine)} to {max(night.n_measured for night in mine)}"
        counts = (gates["passed"], gates["warned"], gates["blocked"])
        print(f"| {kind} | {len(mine)} | {' | '.join(map(str, counts))} | {measured} | {moved:.4f} |", flush=True)
    copies = [night.n_copies for night in found]
    print(f"\n{fmean(copies):.0f} copies on average, at most {max(copies)}")
    return not any(night.gate == "blocked" or not night.published for night in found)


def regressions(bench: Bench, work: Path) -> bool:
    """Whether each planted regression is blocked in a lake with copies."""
    caught = []
    for name, plant in (("wrong normalisation", NORMALISATION), ("every third section dropped", SECTIONS)):
        one = bench.copied(work / "planted")
        with planted(plant, work):
            outcome = one.run()
        rows = Lake(str(one.lake)).findings(outcome.release or "").to_pylist()
        told = "; ".join(f"{row['column']} {row['observed']}" for row in rows if row["suite"] == "gate")
        print(f"| {name} | {outcome.n_copies} copies | {one.gate(outcome)} | {told} |", flush=True)
        caught.append(one.gate(outcome) == "blocked" and not outcome.published)
    return all(caught)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, required=True, help="with xquad")
    options.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "raglake-gate-copies")
    options.add_argument("--lakes", type=int, default=20)
    options.add_argument("--nights", type=int, default=10)
    given = options.parse_args()
    first, found = Bench.first(given.data, given.work), []
    before = first.means(str(Index(Lake(str(first.lake))).release().id))
    bench = first
    for seed in range(given.lakes):
        bench = first.copied(given.work / "seeded")
        for night in nights(bench, seed, given.nights):
            found.append(night)
            print(seed, night, file=sys.stderr, flush=True)
    passed = [report(found, before), regressions(bench, given.work)]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
