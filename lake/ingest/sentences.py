"""How much the meaning changes between the sentences of documents, by vectors that are kept as those of chunks are."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from lake.chunk.turns import Sentences
from lake.embed import prompt_tokens
from lake.embed.base import RefusedTexts
from lake.ids import text_digest
from lake.ingest.sound_vectors import SoundVectors
from lake.ingest.vectors_in_hand import VectorsInHand

if TYPE_CHECKING:
    from collections.abc import Callable

    from lake.directory import Lake
    from lake.embed.base import Embedder
    from lake.recipe import Recipe
    from lake.releases.values import Release
    from lake.storage.keyed_files import KeyedFiles

#: Sentences on each side of a border whose mean vectors are compared: one alone says little.
_AROUND = 3
#: The change at a border before which no sentence of the same run stands.
_NO_BORDER = -1.0
_SPOKEN = {"text_digest": pl.String, "n_tokens": pl.Int32}
#: Embedders are used by one thread at a time, as in the step that embeds chunks.
_EMBEDDING = threading.Lock()


@dataclass(frozen=True, slots=True)
class Read:
    """Sentences with their texts, and the digests by which their vectors are kept."""

    sentences: Sentences
    texts: tuple[str, ...]
    digests: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digests", tuple(map(text_digest, self.texts)))


class SentenceVectors:
    """Vectors of sentences, from the lake if it has them.

    ``load`` returns the embedder once one is needed. ``may_cost`` is called with the tokens of sentences before they
    are embedded, and raises if they cost too much.
    """

    def __init__(
        self, lake: Lake, recipe: Recipe, load: Callable[[], Embedder], may_cost: Callable[[int], None]
    ) -> None:
        self._lake, self._recipe, self._load, self._may_cost = lake, recipe, load, may_cost

    def changes(self, documents: Sequence[Read]) -> list[list[float]]:
        """For each document, how much the meaning changes at the border before each of its sentences.

        The distance of the mean vectors before and after it, from 0 to 2; -1 if the sentence begins a run.
        """
        texts = {d: text for one in documents for d, text in zip(one.digests, one.texts, strict=True)}
        tokens = {d: n for one in documents for d, n in zip(one.digests, one.sentences.n_tokens, strict=True)}
        with _EMBEDDING:
            known = self._known(texts, tokens)
        blank = np.zeros(self._recipe.embedder.dimensions, np.float32)
        found = []
        for one in documents:
            vectors = np.array([known.get(digest, blank) for digest in one.digests]).reshape(-1, len(blank))
            found.append(changes(vectors, one.sentences.runs))
        return found

    def _known(self, texts: dict[str, str], tokens: dict[str, int]) -> dict[str, np.ndarray]:
        """Vectors by digest, as they are stored; none of a text that the model refuses."""
        files = self._lake.vectors(self._recipe)
        files.refresh()
        wanted = files.missing(texts)
        if wanted:
            of_prompt = prompt_tokens(self._recipe.embedder)
            self._may_cost(sum(tokens[digest] + of_prompt for digest in wanted))
            self._embed(wanted, [texts[digest] for digest in wanted])
            files.refresh()
        absent = set(files.missing(texts))
        stored = [digest for digest in texts if digest not in absent]
        if not stored:
            return {}
        column = files.read(stored, ["vector"]).column("vector").combine_chunks()
        values = column.flatten().to_numpy(zero_copy_only=False).reshape(len(stored), -1).astype(np.float32)
        return dict(zip(stored, values, strict=True))

    def _embed(self, digests: Sequence[str], texts: Sequence[str]) -> None:
        waiting = VectorsInHand(self._lake, self._recipe)
        try:
            for positions, batch in SoundVectors(self._load()).embed(texts):
                waiting.add([digests[position] for position in positions], batch)
        except RefusedTexts:
            pass  # what no vector is known of is no place to cut at
        finally:
            waiting.store()


def changes(vectors: np.ndarray, runs: Sequence[int]) -> list[float]:
    """The change before each sentence, from unit vectors [n, dimensions]; a row of zeros says nothing.

    >>> changes(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]), [0, 0, 0, 1])
    [-1.0, 0.292893, 1.0, -1.0]
    """
    found: list[float] = []
    for _, members in groupby(range(len(runs)), key=runs.__getitem__):
        found += _in_run(vectors[list(members)])
    return found


def _in_run(vectors: np.ndarray) -> Iterator[float]:
    yield _NO_BORDER
    for i in range(1, len(vectors)):
        before, after = vectors[max(0, i - _AROUND) : i].sum(axis=0), vectors[i : i + _AROUND].sum(axis=0)
        lengths = float(np.linalg.norm(before) * np.linalg.norm(after))
        yield round(max(0.0, 1 - float(before @ after) / lengths), 6) if lengths else 0.0


def new_sentences(lake: Lake, content_ids: Sequence[str], vectors: KeyedFiles, recipe: Recipe) -> dict[str, int]:
    """Tokens, by digest, of these contents' sentences that ``vectors`` did not hold when they were last refreshed."""
    if not recipe.chunking.is_semantic:
        return {}
    tokens = dict(_spoken(lake, content_ids).iter_rows())
    of_prompt = prompt_tokens(recipe.embedder)
    return {digest: tokens[digest] + of_prompt for digest in vectors.missing(tokens)}


def sentences_of_release(lake: Lake, release: Release) -> pl.DataFrame:
    """The sentences that were embedded for a release's chunks: ``text_digest`` and ``n_tokens``."""
    if not release.recipe.chunking.is_semantic:
        return pl.DataFrame(schema=_SPOKEN)
    documents = lake.tables(release.generation).at("documents", release.versions["documents"])
    return _spoken(lake, documents.scan(["content_id"]).column("content_id").to_pylist())


def _spoken(lake: Lake, content_ids: Sequence[str]) -> pl.DataFrame:
    lake.contents.refresh()
    absent = set(lake.contents.missing(content_ids))
    stored = [content_id for content_id in content_ids if content_id not in absent]
    rows = lake.contents.read(stored, ["sentences"]).column("sentences").to_pylist()
    return pl.DataFrame([one for sentences in rows for one in sentences or ()], schema=_SPOKEN).unique("text_digest")
