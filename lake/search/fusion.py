"""Fuses ranked lists, by the evidence in their scores or by ranks alone.

BM25 sums, over the words of a question that a chunk holds, -ln of about the share of chunks that hold the word: how
unlikely the match would be by chance. A cosine is put on the same scale. Against the cosines of the same question with
any chunks, it lies z deviations above their mean, and chance alone gets there with a probability of at most exp(-z²/2)
(Chernoff's bound for a normal distribution), so that z²/2 is its evidence. Evidence of all retrievers adds up.
If a model can't tell chunks apart for a question, for instance in a language it never saw, no cosine stands out and
the model adds little evidence. No weight depends on the language, the model or the collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lake.embed.blas_threads import one_blas_thread
from lake.recipe import SPARSE

if TYPE_CHECKING:
    from lake.recipe import Recipe

#: Reciprocal rank fusion's constant (Cormack, Clarke and Büttcher, SIGIR 2009).
RRF = 60
#: Minimum depth of each ranked list in a hybrid search; a chunk below it counts as not found by that retriever.
LEAST_DEPTH = 200
#: Number of texts whose cosines with a question represent those of all: enough that another sample moves no score of a
#: collection by more than .001.
SAMPLE = 4096
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
        with one_blas_thread():
            return cls.of_cosines(sample @ question)

    @classmethod
    def of_cosines(cls, found: np.ndarray) -> Chance:
        """``found`` are those with the sample."""
        if not len(found):
            return cls(0.0, 0.0)
        cosines = found.astype(np.float64)
        mean = float(cosines.mean())
        above = cosines[cosines > mean] - mean
        return cls(mean, float(np.sqrt(np.mean(above * above))) if len(above) else 0.0)

    def evidence(self, cosines: np.ndarray) -> np.ndarray:
        """-ln of the bound on the probability of these cosines by chance; negative below the mean."""
        z = (cosines - self.mean) / max(self.deviation, _SMALLEST_DEVIATION)
        evidence: np.ndarray = np.sign(z) * z * z / 2
        return evidence


@dataclass(frozen=True, slots=True)
class TermChance:
    """Mean of the dot products between a question and any chunks by a sparse model, and their mean excess above it.

    Like BM25 they add up over terms, and few chunks hold a rare one, so that their tail falls off like an exponential:
    chance alone exceeds the mean by x with a probability of about exp(-x / excess).
    """

    mean: float
    excess: float

    @classmethod
    def of(cls, scores: np.ndarray) -> TermChance:
        """``scores`` [n] of chunks; 0 of those that share no term."""
        if not len(scores):
            return cls(0.0, 0.0)
        mean = float(scores.mean())
        above = scores[scores > mean] - mean
        return cls(mean, float(above.mean()) if len(above) else 0.0)

    def evidence(self, scores: np.ndarray) -> np.ndarray:
        """-ln of the probability of these scores by chance; negative below the mean."""
        evidence: np.ndarray = (scores - self.mean) / max(self.excess, _SMALLEST_DEVIATION)
        return evidence


def are_enough(n_texts: int) -> bool:
    """Whether so many texts represent all."""
    return n_texts >= SAMPLE // 2


def sample_bound(n_chunks: int) -> str | None:
    """The text_digest below which about SAMPLE of a release's chunks lie; None if all of them should be taken.

    The lowest digests are a random sample that depends on the texts alone: the same documents elsewhere have the same.

    >>> sample_bound(1000), sample_bound(16_384), sample_bound(1_000_000)
    (None, '40000000', '010c6f7a')
    """
    return None if n_chunks <= 2 * SAMPLE else f"{SAMPLE * 16**8 // n_chunks:08x}"


def shares(recipe: Recipe, weights: Mapping[str, float]) -> dict[str, float]:
    """The share of each column of vectors in their common weight.

    ``weights`` are by the embedder's name, 1 for one that is not named; ``sparse`` names any sparse model. Names of
    other embedders have no effect, so that releases before and after a change of models can be searched alike; nor have
    weights that leave no embedder.
    """
    columns = recipe.vector_columns
    usual = {True: weights.get(SPARSE, 1), False: 1}
    found = {column: float(weights.get(one.name, usual[one.is_sparse])) for column, one in columns.items()}
    total = sum(found.values())
    return {column: weight / total if total else 1 / len(found) for column, weight in found.items()}


def retriever_weights(of_vectors: Mapping[str, float], alpha: float | None) -> dict[str, float]:
    """The weight of each retriever in a hybrid search: ``alpha`` for all vectors together, the rest for words.

    Without an ``alpha``, words weigh as much as the vectors of one embedder do on average.

    >>> retriever_weights({"vector": 1.0}, None), retriever_weights({"vector": 0.75, "vector_2": 0.25}, 0.8)
    ({'vector': 0.5, 'text': 0.5}, {'vector': 0.6000000000000001, 'vector_2': 0.2, 'text': 0.19999999999999996})
    """
    together = len(of_vectors) / (len(of_vectors) + 1) if alpha is None else alpha
    return {column: together * share for column, share in of_vectors.items()} | {"text": 1 - together}


def evidence(
    ranks: Mapping[str, np.ndarray],
    scores: Mapping[str, np.ndarray],
    chances: Mapping[str, Chance | TermChance],
    weights: Mapping[str, float],
) -> dict[str, np.ndarray]:
    """The weighted evidence of each retriever; the sum orders the chunks.

    ``chances`` are those of the retrievers by vectors. Rank 0 means "not found". A chunk that another retriever found
    has at least the cosine of rank LEAST_DEPTH, and BM25 counts down to that rank, so that the order does not depend
    on the depth of any list.

    >>> ranks = {"vector": np.array([1, 2, 0]), "text": np.array([0, 2, 1])}
    >>> scores = {"vector": np.array([0.6, 0.4, 0.0]), "text": np.array([0.0, 5.0, 7.0])}
    >>> found = evidence(ranks, scores, {"vector": Chance(0.2, 0.1)}, {"vector": 0.5, "text": 0.5})
    >>> sum(found.values()).round(3).tolist()
    [4.0, 3.5, 4.5]
    """
    found: dict[str, np.ndarray] = {}
    for name, chance in chances.items():
        elsewhere = np.any([ranks[other] > 0 for other in ranks if other != name], axis=0)
        found[name] = weights[name] * chance.evidence(_cosines(ranks[name], scores[name], elsewhere, chance))
    if "text" in ranks:
        found["text"] = weights["text"] * np.where(ranks["text"] <= LEAST_DEPTH, scores["text"], 0.0)
    return found


def _cosines(ranks: np.ndarray, cosines: np.ndarray, elsewhere: np.ndarray, chance: Chance | TermChance) -> np.ndarray:
    """Cosines of all candidates; ``elsewhere``: those that another retriever found."""
    by_vector = ranks > 0
    near = cosines[by_vector & (ranks <= LEAST_DEPTH)]
    least = near.min() if len(near) else chance.mean
    cosines = np.where(by_vector, cosines, least)
    return np.where(elsewhere, np.maximum(cosines, least), cosines)


def reciprocal_ranks(*ranks: np.ndarray, weights: tuple[float, ...] | None = None) -> np.ndarray:
    """Sums weight / (60 + rank) over the retrievers; rank 0 means "not found".

    >>> reciprocal_ranks(np.array([1, 0]), np.array([2, 1])).round(5).tolist()
    [0.03252, 0.01639]
    """
    scores = np.zeros(len(ranks[0]))
    for own, weight in zip(ranks, weights or (1.0,) * len(ranks), strict=True):
        scores += np.where(own > 0, weight / (RRF + own), 0.0)
    return scores
