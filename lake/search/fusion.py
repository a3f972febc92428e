"""Fuses two ranked lists, by the evidence in their scores or by ranks alone.

BM25 sums, over the words of a question that a chunk holds, -ln of about the share of chunks that hold the word: how
unlikely the match would be by chance. A cosine is put on the same scale. Against the cosines of the same question with
any chunks, it lies z deviations above their mean, and chance alone gets there with a probability of at most exp(-z²/2)
(Chernoff's bound for a normal distribution), so that z²/2 is its evidence. Evidence of both retrievers adds up.
If a model can't tell chunks apart for a question, for instance in a language it never saw, no cosine stands out and
the model adds little evidence. No weight depends on the language, the model or the collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lake.embed.blas_threads import one_blas_thread

#: Reciprocal rank fusion's constant (Cormack, Clarke and Büttcher, SIGIR 2009).
RRF = 60
#: Minimum depth of each ranked list in a hybrid search; a chunk below it counts as not found by that retriever.
LEAST_DEPTH = 200
#: Number of chunks whose cosines with a question represent those of all chunks.
SAMPLE = 1024
#: Cosines that differ by less than this count as equal.
_SMALLEST_DEVIATION = 1e-3


@dataclass(frozen=True, slots=True)
class Chance:
    """Mean and upward deviation of the cosines between a question and randomly chosen chunks.

    The deviation is the root mean square of the excess above the mean. Only that side matters, and it is the wider
    one: some chunks share the question's language or subject without answering it.
    """

    mean: float
    deviation: float

    @classmethod
    def of(cls, question: np.ndarray, sample: np.ndarray) -> Chance:
        """``question`` [dimensions] and ``sample`` [n, dimensions] are unit vectors."""
        if not len(sample):
            return cls(0.0, 0.0)
        with one_blas_thread():
            cosines = (sample @ question).astype(np.float64)
        mean = float(cosines.mean())
        above = cosines[cosines > mean] - mean
        return cls(mean, float(np.sqrt(np.mean(above * above))) if len(above) else 0.0)

    def evidence(self, cosines: np.ndarray) -> np.ndarray:
        """-ln of the bound on the probability of these cosines by chance; negative below the mean."""
        z = (cosines - self.mean) / max(self.deviation, _SMALLEST_DEVIATION)
        evidence: np.ndarray = np.sign(z) * z * z / 2
        return evidence


def sample_bound(n_chunks: int) -> str | None:
    """The chunk_id below which about SAMPLE of a release's chunks lie; None if all of them should be taken.

    Ids are digests, so the lowest are a random sample that depends on the release alone.

    >>> sample_bound(1000), sample_bound(4096), sample_bound(1_000_000)
    (None, '40000000', '00431bde')
    """
    return None if n_chunks <= 2 * SAMPLE else f"{SAMPLE * 16**8 // n_chunks:08x}"


def added_evidence(
    ranks: Mapping[str, np.ndarray], scores: Mapping[str, np.ndarray], chance: Chance, alpha: float = 0.5
) -> np.ndarray:
    """Adds up the evidence of the retrievers ``vector`` and ``text``, weighted by ``alpha`` and 1 - ``alpha``.

    Rank 0 means "not found". A chunk found by text has at least the cosine of rank LEAST_DEPTH, and
    BM25 counts down to that rank, so that the order does not depend on the depth of either list.

    >>> ranks = {"vector": np.array([1, 2, 0]), "text": np.array([0, 2, 1])}
    >>> scores = {"vector": np.array([0.6, 0.4, 0.0]), "text": np.array([0.0, 5.0, 7.0])}
    >>> added_evidence(ranks, scores, Chance(0.2, 0.1)).round(3).tolist()
    [4.0, 3.5, 4.5]
    """
    cosines, by_vector = scores["vector"], ranks["vector"] > 0
    near = cosines[by_vector & (ranks["vector"] <= LEAST_DEPTH)]
    least = near.min() if len(near) else chance.mean
    cosines = np.where(by_vector, cosines, least)
    cosines = np.where(ranks["text"] > 0, np.maximum(cosines, least), cosines)
    by_text = np.where(ranks["text"] <= LEAST_DEPTH, scores["text"], 0.0)
    added: np.ndarray = alpha * chance.evidence(cosines) + (1 - alpha) * by_text
    return added


def reciprocal_ranks(*ranks: np.ndarray, weights: tuple[float, ...] | None = None) -> np.ndarray:
    """Sums weight / (60 + rank) over the retrievers; rank 0 means "not found".

    >>> reciprocal_ranks(np.array([1, 0]), np.array([2, 1])).round(5).tolist()
    [0.03252, 0.01639]
    """
    scores = np.zeros(len(ranks[0]))
    for own, weight in zip(ranks, weights or (1.0,) * len(ranks), strict=True):
        scores += np.where(own > 0, weight / (RRF + own), 0.0)
    return scores
