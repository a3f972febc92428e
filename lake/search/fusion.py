"""Two ranked lists into one: by what their scores say against chance, or by ranks alone.

BM25 sums, over the words of a question that a chunk holds, -ln of about the share of chunks that hold the word: how
unlikely the match would be by chance. A cosine is put on the same scale. Against the cosines of the same question with
any chunks, it lies z deviations above their mean, and chance alone gets there with a probability of at most exp(-z²/2)
(Chernoff's bound for a normal distribution), so that z²/2 is its evidence. Evidence of both legs adds up.
A model that can't tell chunks apart for a question, say in a language it never saw, finds none that stand out, and
says little by itself; no weight has to know the language, the model or the collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lake.embed.blas_threads import one_blas_thread

#: Reciprocal rank fusion's constant (Cormack, Clarke and Büttcher, SIGIR 2009).
RRF = 60
#: Each leg of a hybrid search looks at least so deep: what one did not reach counts there as not found.
LEAST_DEPTH = 200
#: Chunks whose cosines with a question stand for those of all chunks.
SAMPLE = 1024
#: Cosines that differ by less than this do not differ.
_SMALLEST_DEVIATION = 1e-3


@dataclass(frozen=True, slots=True)
class Chance:
    """The cosines between a question and chunks taken at random: their mean, and how far they deviate upwards.

    The deviation is the root mean square of what lies above the mean, since only that side is looked at and it is the
    wider one: some chunks share the question's language or subject, and answer it none the more.
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
        """-ln of the bound on the probability that chance brings such a cosine; negative below the mean."""
        z = (cosines - self.mean) / max(self.deviation, _SMALLEST_DEVIATION)
        evidence: np.ndarray = np.sign(z) * z * z / 2
        return evidence


def sample_bound(n_chunks: int) -> str | None:
    """The chunk_id below which about SAMPLE of a release's chunks lie; None where all of them should be taken.

    Ids are digests, so the lowest are a sample at random that the release alone decides.

    >>> sample_bound(1000), sample_bound(4096), sample_bound(1_000_000)
    (None, '40000000', '00431bde')
    """
    return None if n_chunks <= 2 * SAMPLE else f"{SAMPLE * 16**8 // n_chunks:08x}"


def added_evidence(
    ranks: Mapping[str, np.ndarray], scores: Mapping[str, np.ndarray], chance: Chance, alpha: float = 0.5
) -> np.ndarray:
    """Scores by the evidence of the legs ``vector`` (cosines) and ``text`` (BM25), weighed ``alpha`` and 1 - ``alpha``.

    Rank 0 says that a leg did not find a chunk. What the text found has at least the cosine of rank LEAST_DEPTH, and
    BM25 counts down to that rank: so the order does not depend on how deep either leg looked.

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
    """Each leg gives weight / (60 + rank) to what it found; rank 0 says that it did not.

    >>> reciprocal_ranks(np.array([1, 0]), np.array([2, 1])).round(5).tolist()
    [0.03252, 0.01639]
    """
    scores = np.zeros(len(ranks[0]))
    for leg, weight in zip(ranks, weights or (1.0,) * len(ranks), strict=True):
        scores += np.where(leg > 0, weight / (RRF + leg), 0.0)
    return scores
