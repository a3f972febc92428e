"""How often the first hits of a question of one word hold this word, and not only other forms of it.

    python benchmarks/very_words.py --data FOLDER [--only docs] [--n 100] [--work FOLDER]

Questions are words whose stem occurs in other forms in at least five chunks more, and as asked in at least two.
"""

from __future__ import annotations

import argparse
import random
import re
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from time import process_time

import numpy as np
from quality import built
from quality_sets import COLLECTIONS

from lake.index import Index
from lake.options import RecipeOptions
from lake.tables.folding import stemmed

_RARER_BY, _LEAST, _TOP = 5, 2, 5


def rare_forms(texts: list[str], n: int) -> list[str]:
    """``n`` words, each the rarest form of its stem."""
    forms: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for text in texts:
        for word in set(re.findall(r"[a-z]{3,}", text.lower())):
            forms[stemmed(word, "english")][word] += 1
    found = []
    for counts in forms.values():
        word = min(counts, key=lambda one: (counts[one], one))
        if counts[word] >= _LEAST and counts.total() - counts[word] >= _RARER_BY:
            found.append(word)
    random.Random(1).shuffle(found := sorted(found))
    return found[:n]


def measured(index: Index, words: list[str], mode: str) -> str:
    index.search(words[0], _TOP, mode=mode)  # loads models and tables
    start, held = process_time(), []
    for word in words:
        texts = index.search(word, _TOP, mode=mode, expand="none")["text"].to_pylist()
        held.append([bool(re.search(rf"(?<![^\W_]){word}(?![^\W_])", text.lower())) for text in texts])
    cpu = 1e3 * (process_time() - start) / len(words)
    first, of_five = np.mean([each[0] for each in held]), np.mean([sum(each) for each in held])
    return f"{mode}: the first hit holds the word {first:.2f}, of five {of_five:.2f}, CPU ms {cpu:.1f}"


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--data", type=Path, required=True)
    words.add_argument("--only", default="docs")
    words.add_argument("--n", type=int, default=100)
    words.add_argument("--work", type=Path, default=Path(tempfile.gettempdir(), "raglake-quality"))
    chosen = words.parse_args()
    for name in chosen.only.split(","):
        index = built(COLLECTIONS[name](chosen.data), RecipeOptions(embedder="minilm"), chosen.work)
        asked = rare_forms(index.dataset("chunks").to_table(columns=["text"]).column("text").to_pylist(), chosen.n)
        for mode in ("text", "hybrid"):
            print(f"{name}, {len(asked)} words, {measured(index, asked, mode)}", flush=True)


if __name__ == "__main__":
    main()
