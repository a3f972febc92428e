"""The torture test that other indexing pipelines were put through, with every figure asserted.

105 files of 20 paragraphs: 100 different ones that share one paragraph of boilerplate, and 5 copies.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

import lake
from flows.reindex import Outcome
from lake.embed import load_embedder
from lake.errors import RefusedError, TransientError
from lake.index import Index
from lake.options import RecipeOptions

ONE_CHUNK_PER_PARAGRAPH = RecipeOptions(
    embedder="hash", child_tokens=48, overlap_tokens=0, heading_tokens=0, parent_tokens=1200
)
BOILERPLATE = (
    "All readings are taken under the harbour master's rules, and nobody may rely on them " + "for navigation " * 8
)
WORDS = ["crane", "tide", "pilot", "quay", "buoy", "rope", "dredge", "signal", "beacon", "ballast", "winch", "barge"]


class CountingEmbedder:
    """The hash embedder, counting what it is given and failing once it has done ``dies_after`` texts."""

    def __init__(self) -> None:
        self._inner = load_embedder("hash")
        self.identity = self._inner.identity
        self.n_texts = 0
        self.dies_after: int | None = None

    def embed(self, texts: Sequence[str]) -> Iterator[tuple[Sequence[int], np.ndarray]]:
        for start in range(0, len(texts), 50):
            if self.dies_after is not None and self.n_texts >= self.dies_after:
                raise TransientError("the embedding service is gone")
            part = texts[start : start + 50]
            self.n_texts += len(part)
            for positions, vectors in self._inner.embed(part):
                yield [start + position for position in positions], vectors

    def embed_query(self, text: str) -> np.ndarray:
        return self._inner.embed_query(text)

    def count(self) -> int:
        counted, self.n_texts = self.n_texts, 0
        return counted


def paragraph(rng: random.Random) -> str:
    return " ".join(rng.choices(WORDS, k=24)) + f" {rng.getrandbits(40):010x}."


def write(path: Path, rng: random.Random) -> None:
    paragraphs = [paragraph(rng) for _ in range(19)]
    path.write_text("\n\n".join([*paragraphs[:10], BOILERPLATE, *paragraphs[10:]]))


@pytest.fixture
def corpus(source: Path) -> Path:
    rng = random.Random(7)
    for number in range(100):
        write(source / f"report-{number:03}.txt", rng)
    for number in range(5):
        shutil.copy(source / f"report-{number:03}.txt", source / f"copy-{number:03}.txt")
    return source


def seen_by(index: Index) -> tuple[str, list[tuple[str, str]]]:
    release = index.release()
    table = index.dataset("chunks", release.id).to_table(columns=["chunk_id", "text"])
    return release.id, sorted(zip(table["chunk_id"].to_pylist(), table["text"].to_pylist(), strict=True))


def test_every_text_is_embedded_once_and_no_reader_sees_a_broken_run(
    corpus: Path, lake_url: str, ingest: Callable[..., Outcome]
) -> None:
    embedder = CountingEmbedder()
    night = {"embedder": embedder, "settings": ONE_CHUNK_PER_PARAGRAPH, "shard_documents": 20}

    built = ingest(**night)
    assert (embedder.count(), built.n_chunks, built.n_texts_embedded) == (1901, 2100, 1901)
    index = lake.open_lake(lake_url)

    for path in corpus.iterdir():
        path.touch()
    assert ingest(**night).reason == "nothing to do"
    assert embedder.count() == 0

    path = corpus / "report-050.txt"
    path.write_text(path.read_text().replace(path.read_text().split("\n\n")[3], paragraph(random.Random(8))))
    edited = ingest(**night)
    assert (embedder.count(), edited.changed, edited.n_chunks) == (1, 1, 2100)

    (corpus / "report-060.txt").rename(corpus / "renamed.txt")
    renamed = ingest(**night)
    assert (embedder.count(), renamed.moved, renamed.added, renamed.removed) == (0, 1, 0, 0)
    uris = index.dataset("documents").to_table(columns=["uri"])["uri"].to_pylist()
    assert "renamed.txt" in uris
    assert "report-060.txt" not in uris

    (corpus / "report-070.txt").unlink()
    deleted = ingest(**night)
    assert (embedder.count(), deleted.removed, deleted.n_chunks) == (0, 1, 2080)
    assert index.dataset("chunks").count_rows(filter=None) == 2080

    before = seen_by(index)
    rng = random.Random(9)
    for number in range(50):
        write(corpus / f"report-{number:03}.txt", rng)
    embedder.dies_after = 300
    with pytest.raises(TransientError, match="service is gone"):
        ingest(**night)
    assert embedder.count() == 300
    assert seen_by(index) == before
    assert seen_by(lake.open_lake(lake_url)) == before

    embedder.dies_after = None
    recovered = ingest(**night)
    assert embedder.count() == 650
    assert recovered.published
    assert seen_by(index) != before

    half = sorted(corpus.iterdir())[::2]
    for path in half:
        path.rename(path.with_name(f".{path.name}"))
    live = seen_by(index)
    with pytest.raises(RefusedError, match=r"52 of 104 documents .* --allow-removals 52"):
        ingest(**night)
    assert seen_by(index) == live
    assert embedder.count() == 0
