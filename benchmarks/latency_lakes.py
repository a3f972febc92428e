"""Lakes of a wanted number of chunks, made of one folder of real texts through raglake's own ingest.

A small one holds the texts themselves. Of a large one each section takes half of the sentences of two texts, shuffled:
new texts in the words of the old, as many as wanted. To run a model over them would take hours, and a mixture's
vector lies near the middle of the two: there it is put, a little beside it, so that no two are alike.
"""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

import lake
from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake.embed import load_embedder
from lake.embed.query_encoder import load_query_encoder, query_vectors
from lake.index import Index
from lake.options import RecipeOptions
from lake.recipe import EmbedderIdentity

#: The length of what is added to a mixture's vector, beside the middle of two unit vectors.
_BESIDE = 0.3
#: Sections of one file of a large lake, and what a chunk holds of English prose on average.
_SECTIONS, _WORDS_PER_CHUNK = 20, 90
#: Words of a text that its vector is made of.
_BEGINNING = 40
#: Releases of a lake to which rights were added.
_BOTH = 2
_MARK = re.compile(r"\[(\d+)\+(\d+)\]")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


class Texts:
    """The texts of a folder, and a vector of each, kept in a file once computed."""

    def __init__(self, folder: Path, kept: Path) -> None:
        self.texts = [path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*")) if path.is_file()]
        self._kept = kept

    def written(self, files: Path, n_chunks: int) -> None:
        """As many of the texts as make about so many chunks, or mixtures of them where that takes more."""
        files.mkdir(parents=True)
        n_words = n_chunks * _WORDS_PER_CHUNK
        if sum(len(text.split()) for text in self.texts) >= n_words:
            _write_while(files, self.texts, n_words)
        else:
            _write_while(files, self._mixed(random.Random(1)), n_words)

    def _mixed(self, draw: random.Random) -> Iterator[str]:
        titled = [text.strip().partition("\n") for text in self.texts]
        sentences = [_SENTENCE.split(body.strip()) for _, _, body in titled]
        while True:
            sections = []
            for _ in range(_SECTIONS):
                a, b = draw.sample(range(len(titled)), 2)
                mixed = [s for half in (a, b) for s in draw.sample(sentences[half], (len(sentences[half]) + 1) // 2)]
                draw.shuffle(mixed)
                sections.append(f"## [{a}+{b}] {titled[a][0].lstrip('# ')}\n\n{' '.join(mixed)}\n")
            yield f"# Mixture {draw.randrange(10**9):09}\n\n" + "\n".join(sections)

    def vectors(self) -> np.ndarray:
        """Real ones of how they begin, [texts, dimensions]."""
        if not self._kept.exists():
            identity = load_embedder("minilm").identity
            beginnings = [" ".join(text.split()[:_BEGINNING]) for text in self.texts]
            np.save(self._kept, query_vectors(load_query_encoder("minilm", identity), beginnings))
        return np.asarray(np.load(self._kept))


def _write_while(files: Path, texts: Iterator[str] | Sequence[str], n_words: int) -> None:
    for number, text in enumerate(texts):
        if n_words <= 0:
            return
        place = files / f"{number // 1000:03}"
        place.mkdir(exist_ok=True)
        (place / f"{number:06}.md").write_text(text, encoding="utf-8")
        n_words -= len(text.split())


class OfMixtures:
    """Says that it is ``minilm``, whose questions it is asked; the vectors of mixtures are as said above."""

    def __init__(self, vectors: np.ndarray, identity: EmbedderIdentity) -> None:
        self._vectors, self.identity = vectors, identity

    def embed(self, texts: Sequence[str]) -> Iterator[tuple[Sequence[int], np.ndarray]]:
        """In batches of a thousand."""
        for start in range(0, len(texts), 1000):
            part = texts[start : start + 1000]
            yield range(start, start + len(part)), np.stack([self.embed_query(text) for text in part])

    def embed_query(self, text: str) -> np.ndarray:
        """The vector of a mixture's chunk, whose heading says what was mixed; below a heading within it, of any two."""
        draw = np.random.default_rng(list(text.encode()))
        beside, mark = draw.normal(size=self._vectors.shape[1]), _MARK.search(text)
        two = [int(mark[1]), int(mark[2])] if mark else draw.integers(len(self._vectors), size=2)
        middle = self._vectors[two].sum(axis=0)
        vector = middle / np.linalg.norm(middle) + _BESIDE * beside / np.linalg.norm(beside)
        return np.asarray(vector / np.linalg.norm(vector), np.float32)


def built(texts: Texts, n_chunks: int, work: Path) -> tuple[Index, str]:
    """A lake of about so many chunks under ``work``, made where it is not there yet, and its URL."""
    files, url = work / f"{n_chunks}" / "files", str(work / f"{n_chunks}" / "lake")
    if not _is_live(url):
        if not files.exists():
            texts.written(files, n_chunks)
        is_mixed = bool(_MARK.search(next(files.rglob("*.md")).read_text(encoding="utf-8")))
        embedder = OfMixtures(texts.vectors(), load_embedder("minilm").identity) if is_mixed else None
        _ingest(files, url, embedder)
    return lake.open_lake(url), url


def restricted(n_chunks: int, work: Path) -> Index:
    """The lake that was built, copied, and one file in ten of it for one of seven groups alone."""
    files, url = work / f"{n_chunks}" / "files", str(work / f"{n_chunks}" / "restricted")
    if not _is_live(url) or len(lake.open_lake(url).history().releases) < _BOTH:
        shutil.rmtree(url, ignore_errors=True)
        shutil.copytree(work / f"{n_chunks}" / "lake", url)
        names = sorted(path.relative_to(files).as_posix() for path in files.rglob("*.md"))[::10]
        rows = [f"{name},group-{number % 7}" for number, name in enumerate(names)]
        said = files / "_metadata.csv"
        said.write_text("\n".join(["path,acl", *rows]) + "\n", encoding="utf-8")
        _ingest(files, url, None)
        said.unlink()
    return lake.open_lake(url)


def _is_live(url: str) -> bool:
    return Path(url, "log").exists() and lake.open_lake(url).history().live is not None


def _ingest(files: Path, url: str, embedder: OfMixtures | None) -> None:
    with PlainSteps(embedder=embedder) as steps:
        reindex(Job((str(files),), url, settings=RecipeOptions(embedder="minilm")), steps)
