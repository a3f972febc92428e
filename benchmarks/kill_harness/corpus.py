"""A folder of small documents that changes at random, seeded; every text carries a word of its own."""

from __future__ import annotations

import hashlib
import random
import shutil
from collections.abc import Collection
from pathlib import Path

_WORDS = ["pump", "valve", "quay", "tide", "buoy", "winch", "ferry", "crane", "mast", "rope", "lamp", "gauge"]
_LEAST, _MOST = 25, 45


class Corpus:
    """The folder and its changes. ``model`` is what a lake must hold of it."""

    def __init__(self, folder: Path, rng: random.Random, n_files: int = 36) -> None:
        self.folder, self._rng, self._n_written = folder, rng, 0
        self._before: dict[Path, bytes] = {}
        folder.mkdir(parents=True)
        for _ in range(n_files):
            self._add()
        (folder / "blank.txt").write_text(" \n\n ")

    def model(self) -> dict[str, str]:
        """SHA-256 of each document's bytes by uri."""
        return {self._uri(path): _digest(path) for path in self._files("*.*")}

    def tokens(self) -> dict[str, str]:
        """The word that stands in a document and its copies alone, by uri."""
        return {self._uri(path): path.read_text().split(maxsplit=3)[2] for path in self._files("*.md")}

    def mutate(self) -> None:
        """Up to five changes of any kind, and one that no release can hold yet."""
        self._before = {path: path.read_bytes() for path in self._files("*.*")}
        for _ in range(self._rng.randrange(6)):
            self._rng.choice((self._edit, self._add, self._move, self._copy, self._delete, self._touch))()
        self._rng.choice((self._edit, self._add))()

    def undo(self) -> None:
        """Take the last mutation back: what a dead run saw of it must not show."""
        for path in self._files("*.*"):
            if path not in self._before:
                path.unlink()
        for path, data in self._before.items():
            if not path.exists() or path.read_bytes() != data:
                path.write_bytes(data)

    def remove(self, uri: str, digests: Collection[str]) -> None:
        """Take away a document and all that hold bytes of these digests."""
        for path in self._files("*.*"):
            if self._uri(path) == uri or _digest(path) in digests:
                path.unlink()

    def _files(self, pattern: str) -> list[Path]:
        return sorted(self.folder.rglob(pattern))

    def _uri(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def _any(self) -> Path:
        return self._rng.choice(self._files("*.md"))

    def _place(self) -> Path:
        return self.folder / self._rng.choice("abc") / f"{self._rng.getrandbits(32):08x}.md"

    def _write(self, path: Path) -> None:
        self._n_written += 1
        token = f"rev{self._n_written:06}"
        sections = (
            f"## Part {n}\n\n{token} " + " ".join(self._rng.choices(_WORDS, k=self._rng.randrange(20, 120))) + "."
            for n in range(self._rng.randrange(1, 4))
        )
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n\n".join([f"# Revision {token}", *sections]) + "\n")

    def _add(self) -> None:
        if len(self._files("*.md")) < _MOST:
            self._write(self._place())
        else:
            self._edit()

    def _edit(self) -> None:
        self._write(self._any())

    def _move(self) -> None:
        self._any().rename(self._new_place())

    def _copy(self) -> None:
        if len(self._files("*.md")) < _MOST:
            shutil.copy2(self._any(), self._new_place())

    def _delete(self) -> None:
        if len(self._files("*.md")) > _LEAST:
            self._any().unlink()

    def _touch(self) -> None:
        self._any().touch()

    def _new_place(self) -> Path:
        place = self._place()
        place.parent.mkdir(exist_ok=True)
        return place


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
