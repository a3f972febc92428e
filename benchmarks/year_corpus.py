"""The documents of benchmarks/year.py: a folder of small Markdown files that changes a little every night."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from pathlib import Path

_WORDS = 4000
_PARAGRAPH_WORDS = 45


@dataclass(frozen=True, slots=True)
class Changes:
    """How many documents a night touched, by kind."""

    edited: int = 0
    added: int = 0
    removed: int = 0
    moved: int = 0


class Corpus:
    """Documents of about 1 KB, three sections each; everything follows from the seed."""

    def __init__(self, folder: Path, n_documents: int, seed: int) -> None:
        self._folder, self._rng = folder, random.Random(seed)
        rng = self._rng
        self.words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(3, 9))) for _ in range(_WORDS)]
        self._n_made = self._stamp = 0
        for number in range(100):
            (folder / f"{number:02}").mkdir(parents=True)
        self._paths: list[Path] = []
        for _ in range(n_documents):
            self._add()

    def night(self) -> Changes:
        """Edit about 0.5 % of the documents, add, remove and move a few; nothing on one night in ten."""
        rng = self._rng
        if rng.random() < 0.1:
            return Changes()
        changes = Changes(
            rng.randint(1, len(self._paths) // 100), rng.randint(0, 5), rng.randint(0, 4), rng.randint(0, 3)
        )
        for path in rng.sample(self._paths, changes.edited):
            sections = path.read_text().split("\n\n")
            sections[rng.randrange(1, len(sections))] = self._paragraph()
            self._write(path, "\n\n".join(sections))
        for _ in range(changes.removed):
            self._taken().unlink()
        for _ in range(changes.moved):
            path = self._taken()
            self._paths.append(path.rename(self._place()))
        for _ in range(changes.added):
            self._add()
        return changes

    def question(self) -> str:
        return " ".join(self._rng.choices(self.words, k=3))

    def _taken(self) -> Path:
        return self._paths.pop(self._rng.randrange(len(self._paths)))

    def _add(self) -> None:
        path = self._place()
        parts = [f"# Document {self._n_made}", self._paragraph()]
        for _ in range(2):
            parts += [f"## On {self._rng.choice(self.words)}", self._paragraph()]
        self._write(path, "\n\n".join(parts))
        self._paths.append(path)

    def _place(self) -> Path:
        self._n_made += 1
        return self._folder / f"{self._rng.randrange(100):02}" / f"{self._n_made:06}.md"

    def _paragraph(self) -> str:
        return " ".join(self._rng.choices(self.words, k=_PARAGRAPH_WORDS)).capitalize() + "."

    def _write(self, path: Path, text: str) -> None:
        # Stamps that never come twice and lie well in the past, so that no scan has to let the clock pass them.
        self._stamp += 1
        path.write_text(text)
        os.utime(path, (1_600_000_000 + self._stamp,) * 2)
