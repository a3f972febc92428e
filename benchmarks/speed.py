"""How long, how much memory and how much disk raglake takes, beside what people use today.

python -m benchmarks.speed --peers-python PATH [--scifact FOLDER]

Builds, runs again with nothing changed, and again with 1 % changed, over small Markdown files with an embedder that
costs nothing; with --scifact also over 1,500 abstracts with all-MiniLM-L6-v2. Writes docs/speed.md, its plots and
docs/speed.csv with each measurement; --render makes the page again from that.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.many_files import change, write_files
from benchmarks.speed_contestants import RAGLAKE, Contestant, peers, versions
from benchmarks.speed_instants import instants
from benchmarks.speed_measures import compiled_in, cost_of, disk_of, walk_seconds
from benchmarks.speed_report import write_page

STEPS = ("build", "no-op", "1 % changed")
_N_ABSTRACTS = 1500
#: Files of runs before the first measurement, in which all modules are compiled.
_N_TO_COMPILE = 100
#: Kept from one measurement to the next, so that only the first run ever compiles.
_COMPILED = Path(tempfile.gettempdir(), "raglake-benchmarks-compiled")
_ENVIRONMENT = {
    "LANCE_LOG": "error",
    "HF_HUB_OFFLINE": "1",
    "COCOINDEX_DISABLE_USAGE_TRACKING": "1",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement; ``n_files`` and ``disk_mb`` are of the store after it."""

    corpus: str
    n_documents: int
    round: int
    contestant: str
    step: str
    wall: float
    cpu: float = 0.0
    peak_mb: float = 0.0
    n_files: int = 0
    disk_mb: float = 0.0


def measure(contestant: Contestant, words: list[str], store: Path, at: tuple[str, int, int], step: str) -> Row:
    cost, _ = cost_of(words, _ENVIRONMENT | compiled_in(_COMPILED))
    n_files, n_bytes = disk_of(store)
    row = Row(*at, contestant.name, step, cost.wall, cost.cpu, cost.peak_mb, n_files, n_bytes / 1e6)
    print(
        f"{row.corpus} {row.n_documents:>7,} {row.contestant:>20} {step:>12}: {row.wall:7.2f} s wall, {row.cpu:7.2f} s "
        f"CPU, {row.peak_mb:6.0f} MB peak, {row.disk_mb:7.1f} MB in {n_files:,} files",
        flush=True,
    )
    return row


def contest(
    documents: Path,
    stores: Path,
    contestants: Sequence[Contestant],
    embedder: str,
    at: tuple[str, int, int],
    steps: Sequence[str] = STEPS,
) -> Iterator[Row]:
    """Every step of every contestant, taking turns, so that all meet the same moods of the machine."""
    for step in steps:
        if step == "1 % changed":
            change(documents, 0.01)
        for contestant in contestants:
            store = stores / contestant.name.replace(" ", "-")
            words = contestant.ingest(documents, store, embedder)
            yield measure(contestant, words, store, at, step)
            if contestant is RAGLAKE and step == "no-op":
                yield measure(contestant, contestant.plan(documents, store, embedder), store, at, "plan")
    walk = walk_seconds(documents)
    yield Row(*at, "os.walk", "no-op", walk, walk)
    if STEPS[-1] in steps:  # else there is no release to go back to
        yield from (Row(*at, "raglake", name, seconds, seconds) for name, seconds in instants(stores / "raglake"))


def small_files(work: Path, n: int, contestants: Sequence[Contestant], round_: int) -> Iterator[Row]:
    documents, stores = work / "documents", work / "stores"
    write_files(documents, n)
    yield from contest(documents, stores, contestants, "hash", ("small files", n, round_))
    for folder in (documents, stores):
        shutil.rmtree(folder)


def abstracts(
    work: Path, scifact: Path, contestants: Sequence[Contestant], round_: int, steps: Sequence[str]
) -> Iterator[Row]:
    documents, stores = work / "abstracts", work / "stores"
    write_abstracts(documents, scifact, _N_ABSTRACTS)
    yield from contest(documents, stores, contestants, "minilm", ("SciFact abstracts", _N_ABSTRACTS, round_), steps)
    for folder in (documents, stores):
        shutil.rmtree(folder)


def write_abstracts(documents: Path, scifact: Path, n: int) -> None:
    """The first abstracts of SciFact, a file each."""
    documents.mkdir()
    with (scifact / "corpus.jsonl").open() as lines:
        for line, _ in zip(lines, range(n), strict=False):
            paper = json.loads(line)
            (documents / f"{paper['_id']}.md").write_text(f"# {paper['title']}\n\n{paper['text']}\n")


def measured(args: argparse.Namespace, work: Path) -> Iterator[Row]:
    everybody = peers(args.peers_python) if args.peers_python else []
    others = [peer for peer in everybody if not args.peers or peer.name.split()[0] in args.peers]
    for _ in small_files(work, _N_TO_COMPILE, [RAGLAKE, *others], 0):
        pass
    for round_ in range(args.rounds):
        for n in args.sizes:
            contestants = [RAGLAKE, *(others if n in args.peer_sizes else [])]
            yield from small_files(work, n, contestants, round_)
        if args.scifact:
            yield from abstracts(work, args.scifact, [RAGLAKE, *others], round_, args.scifact_steps)


def machine(args: argparse.Namespace) -> dict[str, str]:
    """Facts that figures hang on; of the machine only what its maker calls it."""
    told = Path("/proc/cpuinfo").read_text().splitlines()
    cpu = next((line.split(":", 1)[1].strip() for line in told if line.startswith("model name")), "unknown cores")
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    ours = versions(RAGLAKE.python, ("lancedb", "pyarrow", "polars", "great-expectations", "tiktoken"))
    theirs = versions(args.peers_python) if args.peers_python else {}
    shown = [f"{name} {version}" for name, version in (ours | theirs).items() if version]
    return {
        "machine": f"{len(os.sched_getaffinity(0))} cores of {cpu}, {gigabytes:.0f} GiB",
        "versions": ", ".join(dict.fromkeys(shown)),
    }


def parsed() -> argparse.Namespace:
    def sizes(text: str) -> list[int]:
        return [int(size) for size in text.split(",") if size]

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers-python", help="an interpreter whose environment holds the peers")
    parser.add_argument("--peers", type=lambda text: text.split(","), help="of the peers only these: bare,LangChain")
    parser.add_argument("--scifact", type=Path, help="the folder of BEIR's SciFact, with corpus.jsonl")
    parser.add_argument("--scifact-steps", type=lambda text: text.split(","), default=STEPS, help="build,no-op")
    parser.add_argument("--sizes", type=sizes, default=[1000, 10_000, 20_000, 100_000], help="numbers of small files")
    parser.add_argument("--peer-sizes", type=sizes, default=[1000, 20_000], help="of these the ones the peers join in")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--work", type=Path, help="where documents and stores are kept meanwhile")
    parser.add_argument("--out", type=Path, default=Path("docs"))
    parser.add_argument("--append", action="store_true", help="add to the measurements that OUT/speed.csv has")
    parser.add_argument("--render", action="store_true", help="measure nothing; write the page from OUT/speed.csv")
    return parser.parse_args()


def main() -> None:
    args = parsed()
    record = args.out / "speed.csv"
    if not args.render:
        is_new = not (args.append and record.exists())
        with record.open("w" if is_new else "a") as file, tempfile.TemporaryDirectory(dir=args.work) as work:
            writer = csv.DictWriter(file, Row.__dataclass_fields__)
            if is_new:
                writer.writeheader()
            for row in measured(args, Path(work)):
                writer.writerow({k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(row).items()})
                file.flush()
        (args.out / "speed.json").write_text(json.dumps(machine(args), indent=1) + "\n")
    write_page(args.out)


if __name__ == "__main__":
    main()
