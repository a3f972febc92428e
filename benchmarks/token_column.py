"""What the columns of words cost that full text is searched by: CPU seconds of a build, bytes on disk, a search.

    python benchmarks/token_column.py --data FOLDER [--only scifact] [--rounds 2] [--tokenizers words,icu/split]

Tokenizers of Lance's own index texts as they are; ``words`` stores what it makes of them in columns of their own. They
take turns, each build in a process of its own, with an embedder that costs nothing.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import process_time

import numpy as np
from quality_sets import COLLECTIONS

import lake


def cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def searched(url: str, questions: list[str]) -> float:
    """CPU milliseconds of a search for words, at the median."""
    index, spent = lake.open_lake(url), []
    for number, question in enumerate(questions):
        begun = process_time()
        index.search(question, 10, mode="text")
        if number >= 3:
            spent.append(1e3 * (process_time() - begun))
    return float(np.median(spent))


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--data", type=Path, required=True)
    words.add_argument("--only", default="scifact")
    words.add_argument("--rounds", type=int, default=2)
    words.add_argument("--tokenizers", default="words,icu/split")
    chosen = words.parse_args()
    for name in chosen.only.split(","):
        collection = COLLECTIONS[name](chosen.data)
        questions = list(collection.questions.values())[:103]
        with tempfile.TemporaryDirectory() as place:
            files = Path(place, "files")
            collection.write(files)
            for number in range(chosen.rounds):
                for tokenizer in chosen.tokenizers.split(","):
                    url = Path(place, f"{tokenizer.replace('/', '-')}-{number}")
                    command = ["ingest", str(files), "--lake", str(url), "--embedder", "hash"]
                    begun = cpu_of_children()
                    subprocess.run(
                        [sys.executable, "-m", "flows", *command, "--text-tokenizer", tokenizer],
                        check=True,
                        stdout=subprocess.DEVNULL,
                    )
                    spent = cpu_of_children() - begun
                    n_chunks = lake.open_lake(str(url)).release().counts["n_chunks"]
                    (table,) = url.glob("tables/*/chunks__*.lance")
                    print(f"{name}, {n_chunks:,} chunks, {tokenizer}: {spent:.1f} CPU s to build")
                    held = (table, table / "_indices", url)
                    print(
                        "  MB of chunks, their indices, the lake: " + ", ".join(f"{megabytes(one):.1f}" for one in held)
                    )
                    print(f"  a search: {searched(str(url), questions):.1f} CPU ms", flush=True)


if __name__ == "__main__":
    main()
